package oauth_test

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"guichet/platform/oauth"
)

// roomClaims are those of a room token of the demo application, in words of the
// room package.
func roomClaims(exp int64) map[string]any {
	return map[string]any{"type": "video", "project_id": "project_id", "user_name": "Anna", "jti": "t1", "iat": time.Now().Unix(), "exp": exp,
		"room": map[string]any{"name": "r"}}
}

func (s *service) roomToken(exp time.Duration, version int64) string {
	s.t.Helper()
	token, err := s.SignRoomToken(context.Background(), oauth.Identity{Access: oauth.Access{Organization: "default", ClientID: "project_id", Version: version}},
		"192.0.2.1", roomClaims(time.Now().Add(exp).Unix()))
	if err != nil {
		s.t.Fatal(err)
	}
	return token
}

// parts are the header and the claims of a token.
func parts(t *testing.T, token string) (header, claims map[string]any, segments []string) {
	t.Helper()
	segments = strings.Split(token, ".")
	for i, v := range []*map[string]any{&header, &claims} {
		text, err := base64.RawURLEncoding.DecodeString(segments[i])
		if err != nil || json.Unmarshal(text, v) != nil {
			t.Fatal(err)
		}
	}
	return header, claims, segments
}

func TestRoomTokenSpeaksForAGuest(t *testing.T) {
	s := start(t)
	token := s.roomToken(time.Hour, 1)
	id, err := s.Verify(token)
	if err != nil {
		t.Fatal(err)
	}
	if id.Organization != "default" || id.ClientID != "project_id" || !strings.HasPrefix(id.UserID, "room-") || strings.Contains(id.UserID, "t1") || id.Name != "Anna" ||
		!id.IsCustomer() || id.Late || id.Conference != "" || time.Until(id.Expires) < 59*time.Minute {
		t.Errorf("identity %+v", id)
	}
	var room struct{ Room struct{ Name string } }
	if err := json.Unmarshal(id.Room, &room); err != nil || room.Room.Name != "r" {
		t.Errorf("claims %s, %v", id.Room, err)
	}
	for scope, want := range map[string]bool{oauth.ScopeConferencesRead: true, oauth.ScopeConferencesWrite: true, oauth.ScopeEndpointsWrite: true, oauth.ScopeVideo: false,
		oauth.ScopeTicketsRead: false, oauth.ScopeTicketsWrite: false, oauth.ScopeRoomsWrite: false, oauth.ScopeReportsRead: false, oauth.ScopeApplicationAdmin: false} {
		if id.May(scope) != want {
			t.Errorf("%s: %v", scope, !want)
		}
	}
	if again, err := s.Verify(s.roomToken(time.Hour, 1)); err != nil || again.UserID != id.UserID {
		t.Errorf("another user by the same id: %+v, %v", again, err)
	}
}

// TestForgedRoomTokensAreRefused starts from a token that is good, so that each
// case fails for its own reason alone.
func TestForgedRoomTokensAreRefused(t *testing.T) {
	s := start(t)
	key, kid := private(t)
	foreign, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Unix()
	good := s.roomToken(time.Hour, 1)
	header, claims, part := parts(t, good)
	if _, err := s.Verify(forge(t, key, header, claims)); err != nil {
		t.Fatalf("the good token: %v", err)
	}
	publicDER, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	input := encoded(t, with(header, "alg", "HS256")) + "." + part[1]
	mac := hmac.New(sha256.New, publicDER)
	mac.Write([]byte(input))
	access := s.token("grant_type=client_credentials&client_id=test&client_secret=secret").token(t).AccessToken
	_, accessClaims, accessPart := parts(t, access)
	for name, token := range map[string]string{
		"alg none":                         encoded(t, with(header, "alg", "none")) + "." + part[1] + ".",
		"HS256 with the public key":        input + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)),
		"swapped payload":                  part[0] + "." + encoded(t, with(claims, "organization", "other")) + "." + part[2],
		"no signature":                     part[0] + "." + part[1] + ".",
		"unknown kid":                      forge(t, key, with(header, "kid", "other"), claims),
		"no kid":                           forge(t, key, with(header, "kid", nil), claims),
		"kid is a path":                    forge(t, foreign, with(header, "kid", "../../dev/null"), claims),
		"foreign key, our kid":             forge(t, foreign, with(header, "kid", kid), claims),
		"jku in the header":                forge(t, foreign, with(header, "jku", "https://evil.example/jwks"), claims),
		"unknown crit":                     forge(t, key, with(with(header, "crit", []string{"x"}), "x", 1), claims),
		"as an access token":               forge(t, key, with(header, "typ", "at+jwt"), claims),
		"as an access token, our audience": forge(t, key, with(header, "typ", "at+jwt"), with(claims, "aud", s.url)),
		"as an id token":                   forge(t, key, with(header, "typ", "JWT"), claims),
		"no type":                          forge(t, key, with(header, "typ", nil), claims),
		"an access token as a room token":  forge(t, key, header, accessClaims),
		"an access token's payload":        part[0] + "." + accessPart[1] + "." + part[2],
		"another issuer":                   forge(t, key, header, with(claims, "iss", "https://evil.example")),
		"the audience of access tokens":    forge(t, key, header, with(claims, "aud", s.url)),
		"no audience":                      forge(t, key, header, with(claims, "aud", nil)),
		"another type of claims":           forge(t, key, header, with(claims, "type", "audio")),
		"another subject":                  forge(t, key, header, with(claims, "sub", "agent1")),
		"another id":                       forge(t, key, header, with(claims, "jti", "t2")),
		"no id":                            forge(t, key, header, with(claims, "jti", nil)),
		"no organization":                  forge(t, key, header, with(claims, "organization", nil)),
		"another organization":             forge(t, key, header, with(claims, "organization", "other")),
		"no application":                   forge(t, key, header, with(claims, "project_id", nil)),
		"an application that is not there": forge(t, key, header, with(claims, "project_id", "nobody")),
		"no expiry":                        forge(t, key, header, with(claims, "exp", nil)),
		"expired":                          forge(t, key, header, with(claims, "exp", now-1)),
		"issued in the future":             forge(t, key, header, with(claims, "iat", now+100)),
		"not yet valid":                    forge(t, key, header, with(claims, "nbf", now+100)),
		"too long":                         forge(t, key, header, with(claims, "x", strings.Repeat("x", 64<<10))),
	} {
		if id, err := s.Verify(token); !errors.Is(err, oauth.ErrInvalidToken) {
			t.Errorf("%s: %+v, %v", name, id, err)
		}
	}
}

// TestRoomTokenIsNothingElse tries it where access tokens are taken.
func TestRoomTokenIsNothingElse(t *testing.T) {
	s := start(t)
	token := s.roomToken(time.Hour, 1)
	request, err := http.NewRequest("GET", s.url+"/security/oauth/userinfo", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	r, err := http.DefaultClient.Do(request)
	if got := read(t, r, err); got.StatusCode != http.StatusUnauthorized && got.StatusCode != http.StatusNotFound {
		t.Errorf("userinfo: %s %s", got.Status, got.body)
	}
	if got := s.asked("/security/oauth/introspect", url.Values{"token": {token}}, "test", "secret"); strings.TrimSpace(string(got.body)) != `{"active":false}` {
		t.Errorf("introspection: %s", got.body)
	}
}

func (s *service) asked(path string, form url.Values, id, secret string) answer {
	s.t.Helper()
	request, err := http.NewRequest("POST", s.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(id, secret)
	r, err := http.DefaultClient.Do(request)
	return read(s.t, r, err)
}

// TestRoomTokenStaysWithItsHolder: after its time it is good for who is in the
// room, for a while at a time.
func TestRoomTokenStaysWithItsHolder(t *testing.T) {
	inside := false
	s := start(t, func(c *oauth.Config) { c.Stays = func(context.Context, oauth.Identity) bool { return inside } })
	token := s.roomToken(time.Hour, 1)
	for _, tc := range []struct {
		name         string
		after        int64
		inside, good bool
		late         bool
		least        time.Duration // of what is left
	}{
		{"in its time", 0, false, true, false, 50 * time.Minute},
		{"near its end, outside", 3590, false, true, false, time.Second},
		{"near its end, inside", 3590, true, true, false, 9 * time.Minute},
		{"late, outside", 3601, false, false, false, 0},
		{"late, inside", 3601, true, true, true, 9 * time.Minute},
		{"a year later, inside", 366 * 86400, true, true, true, 9 * time.Minute},
		{"a year later, outside", 366 * 86400, false, false, false, 0},
	} {
		s.clock.Store(tc.after)
		inside = tc.inside
		id, err := s.Verify(token)
		left := time.Until(id.Expires) + time.Duration(tc.after)*time.Second*-1
		if tc.good != (err == nil) || id.Late != tc.late || tc.good && left < tc.least {
			t.Errorf("%s: %+v, %v, %v left", tc.name, id.Late, err, left)
		}
		if !tc.good && !errors.Is(err, oauth.ErrExpiredToken) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

func TestRevokedRoomTokens(t *testing.T) {
	ctx := context.Background()
	admin := oauth.Actor{Organization: "default", UserID: "admin1"}
	project := oauth.Application{ID: "rooms", Organization: "default", Scopes: []string{oauth.ScopeVideo}, AllowBasic: true}
	sign := func(s *service, version int64) string {
		t.Helper()
		claims := roomClaims(time.Now().Add(1000 * time.Hour).Unix())
		claims["project_id"] = "rooms"
		token, err := s.SignRoomToken(ctx, oauth.Identity{Access: oauth.Access{Organization: "default", ClientID: "rooms", Version: version}}, "192.0.2.1", claims)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	for name, end := range map[string]func(s *service, token, secret string) error{
		"the token itself, by its application": func(s *service, token, secret string) error {
			if a := s.asked("/security/oauth/revoke", url.Values{"token": {token}}, "rooms", secret); a.StatusCode != 200 {
				t.Errorf("%s %s", a.Status, a.body)
			}
			return nil
		},
		"the application is removed": func(s *service, _, _ string) error { return s.RemoveApplication(ctx, admin, "rooms") },
		"the application is disabled": func(s *service, _, _ string) error {
			_, err := s.ChangeApplication(ctx, admin, 1, project, true)
			return err
		},
		"the application may no longer make tokens": func(s *service, _, _ string) error {
			to := project
			to.Scopes = []string{oauth.ScopeTicketsRead}
			_, err := s.ChangeApplication(ctx, admin, 1, to, false)
			return err
		},
		"the key": func(s *service, _, _ string) error { return s.RotateKey(ctx, admin, true) },
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			secret, err := s.AddApplication(ctx, admin, project)
			if err != nil {
				t.Fatal(err)
			}
			token := sign(s, 1)
			if _, err := s.Verify(token); err != nil {
				t.Fatal(err)
			}
			if a := s.asked("/security/oauth/revoke", url.Values{"token": {token}}, "test", "secret"); a.StatusCode != 200 {
				t.Errorf("by another: %s", a.Status)
			}
			if _, err := s.Verify(token); err != nil {
				t.Errorf("another application revoked it: %v", err)
			}
			if err := end(s, token, secret); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Verify(token); !errors.Is(err, oauth.ErrInvalidToken) {
				t.Errorf("at once: %v", err)
			}
			// It is remembered as long as the token could live, and by who starts later.
			s.clock.Store(500 * 3600)
			if err := s.SweepNow(ctx); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Verify(token); !errors.Is(err, oauth.ErrInvalidToken) {
				t.Errorf("weeks later: %v", err)
			}
		})
	}
}
