package oauth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
)

// sealed is a checked authorization request on its way through a sign-in page.
type sealed struct {
	Authorization authorization
	Expires       int64
}

// seal writes a request into a field that only this browser can send back.
func (s *Service) seal(browser string, q authorization) (string, error) {
	body, err := json.Marshal(sealed{q, s.now().Add(signInLife).Unix()})
	if err != nil {
		return "", err
	}
	enc := base64.RawURLEncoding.EncodeToString
	return enc(body) + "." + enc(s.mac(browser, body)), nil
}

// unseal reads such a field, if it is ours, of this browser and not too old.
func (s *Service) unseal(browser, field string) (authorization, bool) {
	encoded, tag, _ := strings.Cut(field, ".")
	body, err := base64.RawURLEncoding.DecodeString(encoded)
	mac, macErr := base64.RawURLEncoding.DecodeString(tag)
	var v sealed
	if browser == "" || err != nil || macErr != nil || !hmac.Equal(mac, s.mac(browser, body)) ||
		json.Unmarshal(body, &v) != nil || s.now().Unix() >= v.Expires {
		return authorization{}, false
	}
	return v.Authorization, true
}

func (s *Service) mac(browser string, body []byte) []byte {
	m := hmac.New(sha256.New, s.sealKey)
	m.Write([]byte(browser + "\x00"))
	m.Write(body)
	return m.Sum(nil)
}
