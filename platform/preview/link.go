package preview

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strconv"
	"time"
)

// linkLife is how long a link shows its room.
const linkLife = time.Hour

// Query returns the parameters of a link that shows a room for a while to whoever
// knows it: an expiry, and a signature over room and expiry.
func (s *Service) Query(r Room) url.Values {
	expires := strconv.FormatInt(s.cfg.Now().Add(linkLife).Unix(), 10)
	return url.Values{"organization": {r.Organization}, "expires": {expires},
		"signature": {base64.RawURLEncoding.EncodeToString(s.sign(r, expires))}}
}

func (s *Service) sign(r Room, expires string) []byte {
	h := hmac.New(sha256.New, s.cfg.Key)
	h.Write([]byte(r.Organization + "\x00" + r.Session + "\x00" + expires)) // never fails
	return h.Sum(nil)
}

// Check returns the room that a link shows. It fails with ErrLink when no such
// link was made, and with ErrLinkExpired.
func (s *Service) Check(session string, q url.Values) (Room, error) {
	r := Room{q.Get("organization"), session}
	expires := q.Get("expires")
	given, err := base64.RawURLEncoding.DecodeString(q.Get("signature"))
	if err != nil || !hmac.Equal(given, s.sign(r, expires)) {
		return Room{}, ErrLink
	}
	at, err := strconv.ParseInt(expires, 10, 64)
	if err != nil {
		return Room{}, ErrLink
	}
	if s.cfg.Now().Unix() >= at {
		return Room{}, ErrLinkExpired
	}
	return r, nil
}
