package relay

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/pion/stun/v4"
	"github.com/pion/turn/v5"
)

// CredentialLife is how long a credential may open new relays. A relay that is
// open lives on while it is refreshed.
const CredentialLife = 5 * time.Minute

// Credential returns a user name and a password for the relays of user, after
// the form of "A REST API for access to TURN services"
// (draft-uberti-behave-turn-rest-00) with SHA-256.
func (r *Relay) Credential(user string) (username, password string) {
	username = strconv.FormatInt(r.now().Add(CredentialLife).Unix(), 10) + ":" + user
	return username, r.password(username)
}

func (r *Relay) password(username string) string {
	mac := hmac.New(sha256.New, r.secret)
	mac.Write([]byte(username))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func userOf(username string) string {
	_, user, _ := strings.Cut(username, ":")
	return user
}

// authenticate answers the key of a user name. An expired credential may keep
// alive what it opened, so that a long call outlives it, and open nothing.
func (r *Relay) authenticate(a *turn.RequestAttributes) (string, []byte, bool) {
	stamp, user, found := strings.Cut(a.Username, ":")
	expiry, err := strconv.ParseInt(stamp, 10, 64)
	if !found || user == "" || err != nil {
		return "", nil, false
	}
	if r.now().Unix() > expiry && (a.Method == stun.MethodAllocate || !r.live(a.Username)) {
		return "", nil, false
	}
	return a.Username, turn.GenerateAuthKey(a.Username, a.Realm, r.password(a.Username)), true
}

// live tells whether a relay opened with this very credential still exists.
func (r *Relay) live(username string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.relays[userOf(username)] {
		if c.username == username {
			return true
		}
	}
	return false
}
