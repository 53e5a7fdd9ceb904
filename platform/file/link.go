package file

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"time"

	"guichet/platform/wire"
)

// link makes an address that opens a file for a while: whoever knows it may read
// the file, so it carries an expiry and a signature over both.
func (s *Service) link(id string) wire.SignedURL {
	expires := s.Now().Add(linkLife)
	q := url.Values{"expires": {strconv.FormatInt(expires.Unix(), 10)}}
	q.Set("signature", base64.RawURLEncoding.EncodeToString(s.sign(id, q.Get("expires"))))
	return wire.SignedURL{URL: s.PublicURL + "/files/" + id + "?" + q.Encode(), ExpiresAt: wire.NewTime(time.Unix(expires.Unix(), 0))}
}

func (s *Service) sign(id, expires string) []byte {
	h := hmac.New(sha256.New, s.Key)
	h.Write([]byte(id + "\x00" + expires)) // never fails; neither holds a zero byte
	return h.Sum(nil)
}

// Open returns the file of a link. It fails with ErrLink when no such link was
// made, and with ErrLinkExpired.
func (s *Service) Open(ctx context.Context, id, expires, signature string) (Record, *os.File, error) {
	given, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil || wire.CheckID("file", id) != nil || !hmac.Equal(given, s.sign(id, expires)) {
		return Record{}, nil, ErrLink
	}
	at, err := strconv.ParseInt(expires, 10, 64)
	if err != nil {
		return Record{}, nil, ErrLink
	}
	if s.Now().Unix() >= at {
		return Record{}, nil, ErrLinkExpired
	}
	r, _, err := s.Store.File(ctx, "", id, Reader{})
	if err != nil {
		return Record{}, nil, err
	}
	f, err := os.Open(s.folder.file(r.ID))
	if err != nil {
		return Record{}, nil, fmt.Errorf("open file: %w", err)
	}
	return r, f, nil
}
