package oauth_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"guichet/platform/oauth"

	"golang.org/x/oauth2"
)

const verifier = "0123456789-0123456789-0123456789-0123456789-abc"

var challenge = oauth2.S256ChallengeFromVerifier(verifier)

func (s *service) get(path string) answer {
	s.t.Helper()
	r, err := http.Get(s.url + path)
	return read(s.t, r, err)
}

func exchange(code string, change ...func(url.Values)) string {
	q := url.Values{"grant_type": {"authorization_code"}, "client_id": {"guichet"}, "code": {code}, "redirect_uri": {redirect}, "code_verifier": {verifier}}
	for _, c := range change {
		c(q)
	}
	return q.Encode()
}

func set(k, v string) func(url.Values) { return func(q url.Values) { q.Set(k, v) } }
func del(k string) func(url.Values)    { return func(q url.Values) { q.Del(k) } }

func (s *service) dead(accessToken string) {
	s.t.Helper()
	if _, err := s.Verify(accessToken); !errors.Is(err, oauth.ErrInvalidToken) {
		s.t.Errorf("the access token lives: %v", err)
	}
}

func (s *service) lives(accessToken string) {
	s.t.Helper()
	if _, err := s.Verify(accessToken); err != nil {
		s.t.Errorf("the access token is dead: %v", err)
	}
}

func TestCodeReplayEndsTheGrant(t *testing.T) {
	s := start(t)
	code := s.code(s.authorizeURL(challenge))
	v := s.token(exchange(code)).token(t)
	s.lives(v.AccessToken)
	s.token(exchange(code)).refused(t, 400, "invalid_grant")
	s.dead(v.AccessToken)
	s.token("grant_type=refresh_token&client_id=guichet&refresh_token="+v.RefreshToken).refused(t, 400, "invalid_grant")
}

func TestCodeRaceHasOneWinner(t *testing.T) {
	s := start(t)
	code := s.code(s.authorizeURL(challenge))
	var won atomic.Int32
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			if a := s.token(exchange(code)); a.StatusCode == http.StatusOK {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	if won.Load() > 1 {
		t.Errorf("%d callers got the code", won.Load())
	}
}

func TestCodeOfAnotherClient(t *testing.T) {
	s := start(t)
	if _, err := s.AddApplication(context.Background(), oauth.Console(), oauth.Application{ID: "other", Public: true, RedirectURIs: []string{"http://127.0.0.1/callback"}}); err != nil {
		t.Fatal(err)
	}
	code := s.code(s.authorizeURL(challenge))
	s.token(exchange(code, set("client_id", "other"))).refused(t, 400, "invalid_grant")
	s.token(exchange(code)).token(t) // the stranger did not burn it
}

func TestCodeExchangeNeedsAllItsParts(t *testing.T) {
	s := start(t)
	for name, change := range map[string]func(url.Values){
		"no verifier":     del("code_verifier"),
		"wrong verifier":  set("code_verifier", strings.Repeat("x", 43)),
		"the challenge":   set("code_verifier", challenge),
		"short verifier":  set("code_verifier", "x"),
		"other port":      set("redirect_uri", "http://127.0.0.1:43211/callback"),
		"other path":      set("redirect_uri", redirect+"/"),
		"the unknown one": set("code", "x"),
	} {
		code := s.code(s.authorizeURL(challenge))
		s.token(exchange(code, change)).refused(t, 400, "invalid_grant")
		if name == "wrong verifier" {
			s.token(exchange(code)).refused(t, 400, "invalid_grant") // one try
		}
	}
	s.token(exchange("x", del("redirect_uri"))).refused(t, 400, "invalid_request")
	code := s.code(s.authorizeURL(challenge))
	s.clock.Store(60)
	s.token(exchange(code)).refused(t, 400, "invalid_grant")
}

func TestPKCE(t *testing.T) {
	s := start(t)
	for name, change := range map[string][]func(url.Values){
		"none":             {del("code_challenge"), del("code_challenge_method")},
		"plain":            {set("code_challenge_method", "plain")},
		"method left out":  {del("code_challenge_method")},
		"only a method":    {del("code_challenge")},
		"short challenge":  {set("code_challenge", challenge[1:])},
		"padded challenge": {set("code_challenge", challenge[1:]+"=")},
	} {
		if e := s.refusedAuthorization(change...); e.Get("error") != "invalid_request" {
			t.Errorf("%s: %v", name, e)
		}
	}
}

// TestStrippedChallenge is the downgrade of RFC 9700, section 4.8.2: somebody
// cut the challenge out of the request of an application that may go without.
func TestStrippedChallenge(t *testing.T) {
	s := start(t)
	confidential := []func(url.Values){set("client_id", "YOUR_CLIENT_ID"), del("scope")}
	without := append(confidential, del("code_challenge"), del("code_challenge_method"))
	secret := []func(url.Values){set("client_id", "YOUR_CLIENT_ID"), set("client_secret", "YOUR_CLIENT_SECRET")}

	code := s.code(s.authorizeURL("", without...))
	s.token(exchange(code, secret...)).refused(t, 400, "invalid_grant")
	code = s.code(s.authorizeURL("", without...))
	s.token(exchange(code, append(secret, del("code_verifier"))...)).token(t)
	code = s.code(s.authorizeURL(challenge, confidential...))
	s.token(exchange(code, append(secret, del("code_verifier"))...)).refused(t, 400, "invalid_grant")
	code = s.code(s.authorizeURL(challenge, confidential...))
	s.token(exchange(code, set("client_id", "YOUR_CLIENT_ID"))).refused(t, 401, "invalid_client")
}

func refresh(token string, change ...func(url.Values)) string {
	q := url.Values{"grant_type": {"refresh_token"}, "client_id": {"guichet"}, "refresh_token": {token}}
	for _, c := range change {
		c(q)
	}
	return q.Encode()
}

func TestRefreshReplayEndsTheFamily(t *testing.T) {
	s := start(t)
	first := s.token(exchange(s.code(s.authorizeURL(challenge)))).token(t)
	second := s.token(refresh(first.RefreshToken)).token(t)
	third := s.token(refresh(second.RefreshToken)).token(t)
	s.token(refresh(first.RefreshToken)).refused(t, 400, "invalid_grant")
	s.token(refresh(third.RefreshToken)).refused(t, 400, "invalid_grant")
	for _, v := range []string{first.AccessToken, second.AccessToken, third.AccessToken} {
		s.dead(v)
	}
}

func TestRefreshRaceHasOneWinner(t *testing.T) {
	s := start(t)
	v := s.token(exchange(s.code(s.authorizeURL(challenge)))).token(t)
	var won atomic.Int32
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if a := s.token(refresh(v.RefreshToken)); a.StatusCode == http.StatusOK {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	if won.Load() > 1 {
		t.Errorf("%d callers got a successor", won.Load())
	}
	s.dead(v.AccessToken)
}

func TestRefreshScopes(t *testing.T) {
	s := start(t)
	v := s.token(exchange(s.code(s.authorizeURL(challenge)))).token(t)
	for _, more := range []string{"any", "openid any", "OPENID"} {
		s.token(refresh(v.RefreshToken, set("scope", more))).refused(t, 400, "invalid_scope")
	}
	narrow := s.token(refresh(v.RefreshToken, set("scope", "profile"))).token(t)
	if narrow.Scope != "profile" || narrow.IDToken != "" {
		t.Errorf("narrowed to %q", narrow.Scope)
	}
	if whole := s.token(refresh(narrow.RefreshToken)).token(t); whole.Scope != "openid profile" || whole.IDToken == "" {
		t.Errorf("the grant shrank to %q", whole.Scope)
	}
	s.token("grant_type=client_credentials&client_id=test&client_secret=secret&scope=video").refused(t, 400, "invalid_scope")
}

func TestRefreshOfAnotherClient(t *testing.T) {
	s := start(t)
	v := s.token(exchange(s.code(s.authorizeURL(challenge)))).token(t)
	s.post("/security/oauth/token", refresh(v.RefreshToken, del("client_id")), "Basic Y3VzdG9tZXI6").refused(t, 400, "invalid_grant")
	s.token(refresh(v.RefreshToken)).token(t)
}

func TestRefreshEnds(t *testing.T) {
	s := start(t)
	v := s.token(exchange(s.code(s.authorizeURL(challenge)))).token(t)
	s.clock.Store(12*3600 - 5)
	v = s.token(refresh(v.RefreshToken)).token(t)
	if v.ExpiresIn > 6 {
		t.Errorf("the token outlives its session by %d s", v.ExpiresIn)
	}
	s.clock.Store(12*3600 + 5)
	s.token(refresh(v.RefreshToken)).refused(t, 400, "invalid_grant")
}

func TestRevocation(t *testing.T) {
	s := start(t)
	const path = "/security/oauth/revoke"
	v := s.token(exchange(s.code(s.authorizeURL(challenge)))).token(t)
	for name, form := range map[string]string{
		"stranger's access":  "client_id=customer&token=" + v.AccessToken,
		"stranger's refresh": "client_id=customer&token=" + v.RefreshToken,
		"nonsense":           "client_id=guichet&token=x&token_type_hint=nonsense",
	} {
		if a := s.post(path, form, ""); a.StatusCode != http.StatusOK || len(a.body) != 0 {
			t.Errorf("%s: %s %s", name, a.Status, a.body)
		}
	}
	s.lives(v.AccessToken)
	s.post(path, "client_id=guichet&token="+v.AccessToken, "")
	s.dead(v.AccessToken)
	w := s.token(refresh(v.RefreshToken)).token(t)
	s.post(path, "client_id=guichet&token_type_hint=refresh_token&token="+w.RefreshToken, "")
	s.dead(w.AccessToken)
	s.token(refresh(w.RefreshToken)).refused(t, 400, "invalid_grant")
	s.post(path, "client_id=test&client_secret=wrong&token=x", "").refused(t, 401, "invalid_client")
}
