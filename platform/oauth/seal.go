package oauth

import (
	"encoding/base64"
	"encoding/json"
	"time"
)

// Kinds of what is sealed, so that none passes for another.
const (
	sealedSignIn   = "sign-in"  // an authorization on its way through the sign-in page
	sealedDecision = "decision" // a device that somebody who signed in decides about
	sealedFlight   = "flight"   // an authorization on its way through an identity provider
)

// sealed is a value on its way through a browser.
type sealed struct {
	Value   json.RawMessage
	Expires int64
}

// seal writes a value into a text that only this browser can send back, and
// nobody else can read or change.
func (s *Service) seal(browser, kind string, v any, life time.Duration) (string, error) {
	value, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(sealed{value, s.now().Add(life).Unix()})
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(s.pages.Seal(kind, browser, body)), nil
}

// unseal reads such a text into v, if it is ours, of this browser, of this kind
// and not too old.
func (s *Service) unseal(browser, kind, text string, v any) bool {
	body, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if browser == "" || err != nil {
		return false
	}
	plain, err := s.pages.Open(kind, browser, body)
	var found sealed
	return err == nil && json.Unmarshal(plain, &found) == nil && s.now().Unix() < found.Expires && json.Unmarshal(found.Value, v) == nil
}
