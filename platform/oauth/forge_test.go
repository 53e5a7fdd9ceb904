package oauth_test

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"guichet/platform/oauth"

	jose "github.com/go-jose/go-jose/v4"
	"golang.org/x/oauth2"
)

func private(t *testing.T) (*rsa.PrivateKey, string) {
	t.Helper()
	shared, err := signing()
	if err != nil {
		t.Fatal(err)
	}
	der, err := shared.Private()
	if err != nil {
		t.Fatal(err)
	}
	p, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		t.Fatal(err)
	}
	return p.(*rsa.PrivateKey), shared.Key.ID
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// forge signs with any key under any header.
func forge(t *testing.T, key *rsa.PrivateKey, header, claims map[string]any) string {
	t.Helper()
	input := encoded(t, header) + "." + encoded(t, claims)
	sum := sha256.Sum256([]byte(input))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, 5, sum[:]) // crypto.SHA256
	if err != nil {
		t.Fatal(err)
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(sig)
}

func with(m map[string]any, k string, v any) map[string]any {
	m = maps.Clone(m)
	if m[k] = v; v == nil {
		delete(m, k)
	}
	return m
}

// TestForgedTokensAreRefused starts from a token that is good, so that each case
// fails for its own reason alone.
func TestForgedTokensAreRefused(t *testing.T) {
	s := start(t)
	key, kid := private(t)
	foreign, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Unix()
	header := map[string]any{"alg": "RS256", "typ": "at+jwt", "kid": kid}
	claims := map[string]any{"iss": s.url, "aud": s.url, "sub": "agent1", "exp": now + 600, "iat": now, "jti": "j", "client_id": "guichet",
		"userId": "agent1", "authorities": []string{oauth.RoleAgent}, "scope": "any", "organization": "default"}
	good := forge(t, key, header, claims)
	if _, err := s.Verify(good); err != nil {
		t.Fatalf("the good token: %v", err)
	}
	part := strings.Split(good, ".")
	publicDER, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: publicDER})
	mac := func(secret []byte) string {
		input := encoded(t, with(header, "alg", "HS256")) + "." + part[1]
		m := hmac.New(sha256.New, secret)
		m.Write([]byte(input))
		return input + "." + base64.RawURLEncoding.EncodeToString(m.Sum(nil))
	}
	own := jose.JSONWebKey{Key: &foreign.PublicKey, KeyID: kid}
	code := s.code(s.authorizeURL(oauth2.S256ChallengeFromVerifier(verifier)))
	answered := s.token("grant_type=authorization_code&client_id=guichet&code=" + code + "&redirect_uri=" + redirect + "&code_verifier=" + verifier).token(t)

	for name, token := range map[string]string{
		"empty":                "",
		"dots":                 "..",
		"alg none":             encoded(t, map[string]any{"alg": "none", "typ": "at+jwt", "kid": kid}) + "." + part[1] + ".",
		"alg None, signed":     encoded(t, with(header, "alg", "None")) + "." + part[1] + "." + part[2],
		"HS256 with PEM":       mac(publicPEM),
		"HS256 with DER":       mac(publicDER),
		"RS512 in the header":  forge(t, key, with(header, "alg", "RS512"), claims),
		"unknown kid":          forge(t, key, with(header, "kid", "other"), claims),
		"no kid":               forge(t, key, with(header, "kid", nil), claims),
		"kid is a path":        forge(t, foreign, with(header, "kid", "../../../../dev/null"), claims),
		"foreign key, our kid": forge(t, foreign, header, claims),
		"jwk in the header":    forge(t, foreign, with(header, "jwk", own), claims),
		"jku in the header":    forge(t, foreign, with(header, "jku", "https://evil.example/jwks"), claims),
		"unknown crit":         forge(t, key, with(with(header, "crit", []string{"x"}), "x", 1), claims),
		"no signature":         part[0] + "." + part[1] + ".",
		"swapped payload":      part[0] + "." + encoded(t, with(claims, "userId", "admin1")) + "." + part[2],
		"type JWT":             forge(t, key, with(header, "typ", "JWT"), claims),
		"no type":              forge(t, key, with(header, "typ", nil), claims),
		"an id token":          answered.IDToken,
		"a refresh token":      answered.RefreshToken,
		"JSON serialization":   `{"protected":"` + part[0] + `","payload":"` + part[1] + `","signature":"` + part[2] + `"}`,
		"another issuer":       forge(t, key, header, with(claims, "iss", "https://evil.example")),
		"another audience":     forge(t, key, header, with(claims, "aud", "guichet")),
		"expired":              forge(t, key, header, with(claims, "exp", now)),
		"no expiry":            forge(t, key, header, with(claims, "exp", nil)),
		"issued in the future": forge(t, key, header, with(claims, "iat", now+100)),
		"not yet valid":        forge(t, key, header, with(claims, "nbf", now+100)),
		"no user":              forge(t, key, header, with(claims, "userId", nil)),
		"no organization":      forge(t, key, header, with(claims, "organization", nil)),
		"too long":             forge(t, key, header, with(claims, "x", strings.Repeat("x", 9000))),
		"seed":                 "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJzZXJ2aWNlIiwiZXhwIjoxNjMzNTE2NDIxfQ.AAAA",
	} {
		if id, err := s.Verify(token); !errors.Is(err, oauth.ErrInvalidToken) {
			t.Errorf("%s: %+v, %v", name, id, err)
		}
	}
	if answered.IDToken == "" {
		t.Error("there is no id token")
	}
	if _, err := s.Verify(forge(t, key, header, with(claims, "iat", now+30))); err != nil {
		t.Errorf("a clock half a minute ahead: %v", err)
	}
}

func TestAccessTokenOfItsTime(t *testing.T) {
	s := start(t)
	v := s.token("grant_type=client_credentials&client_id=test&client_secret=secret").token(t)
	s.clock.Store(598)
	if _, err := s.Verify(v.AccessToken); err != nil {
		t.Errorf("in its last seconds: %v", err)
	}
	s.clock.Store(601)
	if _, err := s.Verify(v.AccessToken); !errors.Is(err, oauth.ErrInvalidToken) {
		t.Errorf("after its time: %v", err)
	}
}

// TestClaims holds the token against the contract and RFC 9068.
func TestClaims(t *testing.T) {
	s := start(t)
	v := s.token("grant_type=client_credentials&client_id=hgranger&client_secret=Cr00k$h@nk$").token(t)
	signed, err := jose.ParseSignedCompact(v.AccessToken, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	r := s.get("/security/oauth/jwks")
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(r.body, &set); err != nil || len(set.Keys) != 1 || !set.Keys[0].IsPublic() {
		t.Fatalf("keys %s, %v", r.body, err)
	}
	h := signed.Signatures[0].Protected
	body, err := signed.Verify(set.Key(h.KeyID)[0])
	if err != nil || h.ExtraHeaders[jose.HeaderType] != "at+jwt" {
		t.Errorf("header %+v, %v", h, err)
	}
	var c map[string]any
	if err := json.Unmarshal(body, &c); err != nil {
		t.Fatal(err)
	}
	for _, k := range []string{"iss", "sub", "aud", "exp", "iat", "jti", "client_id", "userId", "scope", "organization"} {
		if c[k] == nil || c[k] == "" {
			t.Errorf("claim %s is missing", k)
		}
	}
	if roles, ok := c["authorities"].([]any); !ok || len(roles) != 0 || c["scope"] != "voice.webrtc" || c["userId"] != "hgranger" {
		t.Errorf("claims %v", c)
	}
}
