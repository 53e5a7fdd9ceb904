package idp_test

import (
	"errors"
	"testing"
	"time"

	"guichet/platform/oauth/idp"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
)

func TestPersonSignsIn(t *testing.T) {
	f := newFake(t)
	c := newClient(t)
	p := f.provider()
	p.Parameters = map[string]string{"prompt": "login", "acr_values": "a b"}
	got, err := f.signIn(t, c, p)
	if err != nil {
		t.Fatal(err)
	}
	if got.Subject != "person-1" || got.Name != "Ann Lee" || !cmp.Equal(got.Claims["groups"], []string{"desk", "night"}) {
		t.Errorf("person %+v", got)
	}
	for name, want := range map[string]string{"tenant": "7", "prompt": "login", "acr_values": "a b", "response_type": "code", "client_id": "guichet",
		"redirect_uri": redirectURI, "state": state, "scope": "openid profile", "code_challenge_method": "S256"} {
		if f.asked.Get(name) != want {
			t.Errorf("the request has %s=%q, not %q", name, f.asked.Get(name), want)
		}
	}
	if f.authStyle != "basic" {
		t.Errorf("the secret came by %s", f.authStyle)
	}
	if _, err := f.signIn(t, c, p); err != nil {
		t.Fatal(err)
	}
	if n := f.count("/.well-known/openid-configuration"); n != 1 {
		t.Errorf("metadata were read %d times", n)
	}
	if n := f.count("/jwks"); n != 1 {
		t.Errorf("keys were read %d times", n)
	}
}

func TestWaysToTellTheSecret(t *testing.T) {
	for name, tc := range map[string]struct {
		methods any
		secret  string
		want    string
	}{
		"silence":       {nil, secret, "basic"},
		"both":          {[]string{"client_secret_post", "client_secret_basic"}, secret, "basic"},
		"post":          {[]string{"client_secret_post"}, secret, "post"},
		"public":        {[]string{"none"}, "", "none"},
		"nothing known": {[]string{"private_key_jwt"}, secret, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.metadata["token_endpoint_auth_methods_supported"] = tc.methods
			p := f.provider()
			p.ClientSecret = tc.secret
			_, err := f.signIn(t, newClient(t), p)
			if (err == nil) != (tc.want != "") || f.authStyle != tc.want {
				t.Errorf("by %q, not %q: %v", f.authStyle, tc.want, err)
			}
		})
	}
}

func TestPKCEIsLeftOutWhereItIsOff(t *testing.T) {
	f := newFake(t)
	p := f.provider()
	p.PKCE = false
	if _, err := f.signIn(t, newClient(t), p); err != nil || f.asked.Has("code_challenge") {
		t.Errorf("asked with a challenge: %v, error %v", f.asked.Has("code_challenge"), err)
	}
}

func TestUserinfoFillsWhatTheTokenLacks(t *testing.T) {
	f := newFake(t)
	f.metadata["userinfo_endpoint"] = f.URL + "/userinfo"
	c := newClient(t)
	f.userinfo = map[string]any{"sub": "person-1", "name": "From Userinfo"}
	if p, err := f.signIn(t, c, f.provider()); err != nil || p.Name != "Ann Lee" || f.count("/userinfo") != 0 {
		t.Errorf("%+v asked for userinfo in vain: %v", p, err)
	}
	f.claims = map[string]any{"name": nil}
	f.userinfo = map[string]any{"sub": "person-1", "name": "From Userinfo", "groups": []string{"forged"}, "team": map[string]any{"id": 7}}
	p, err := f.signIn(t, c, f.provider())
	if err != nil {
		t.Fatal(err)
	}
	if p.Name != "From Userinfo" || !cmp.Equal(p.Claims["groups"], []string{"desk", "night"}) || !cmp.Equal(p.Claims["team.id"], []string{"7"}) {
		t.Errorf("person %+v", p)
	}
	for name, userinfo := range map[string]map[string]any{"other": {"sub": "person-2", "name": "Mallory"}, "nobody": {"name": "Mallory"}, "number": {"sub": 1}} {
		f.change(func() { f.userinfo = userinfo })
		if _, err := f.signIn(t, c, f.provider()); !errors.Is(err, idp.ErrUntrusted) {
			t.Errorf("userinfo of %s: %v", name, err)
		}
	}
}

func TestCodeIsTakenOnce(t *testing.T) {
	f := newFake(t)
	c, p := newClient(t), f.provider()
	transit := idp.NewTransit()
	to, err := c.AuthorizeURL(t.Context(), p, state, transit)
	if err != nil {
		t.Fatal(err)
	}
	answer := browse(t, to)
	if _, err := finish(t, c, p, transit, answer, answer.Get("code")); err != nil {
		t.Fatal(err)
	}
	_, err = finish(t, c, p, transit, answer, answer.Get("code"))
	var refused *idp.RefusedError
	if !errors.Is(err, idp.ErrRefused) || !errors.As(err, &refused) || refused.Code != "invalid_grant" {
		t.Errorf("replay: %v", err)
	}
}

func TestCodeOfAnotherBrowserIsRefused(t *testing.T) {
	f := newFake(t)
	c, p := newClient(t), f.provider()
	to, err := c.AuthorizeURL(t.Context(), p, state, idp.NewTransit())
	if err != nil {
		t.Fatal(err)
	}
	answer := browse(t, to)
	if _, err := finish(t, c, p, idp.NewTransit(), answer, answer.Get("code")); !errors.Is(err, idp.ErrRefused) {
		t.Errorf("verifier of another: %v", err)
	}
	// Where PKCE is off, the nonce is what tells.
	p.PKCE = false
	if to, err = c.AuthorizeURL(t.Context(), p, state, idp.NewTransit()); err != nil {
		t.Fatal(err)
	}
	answer = browse(t, to)
	if _, err := finish(t, c, p, idp.NewTransit(), answer, answer.Get("code")); !errors.Is(err, idp.ErrUntrusted) {
		t.Errorf("nonce of another: %v", err)
	}
	answer = browse(t, to)
	before := f.count("/token")
	for _, transit := range []idp.Transit{{}, {Nonce: idp.NewTransit().Nonce}, {Verifier: idp.NewTransit().Verifier}} {
		if _, err := finish(t, c, p, transit, answer, answer.Get("code")); !errors.Is(err, idp.ErrUntrusted) || f.count("/token") != before {
			t.Errorf("transit %v: %v", transit, err)
		}
	}
}

func TestAlgorithms(t *testing.T) {
	for _, algorithm := range []jose.SignatureAlgorithm{jose.RS256, jose.RS512, jose.PS256, jose.ES384, jose.EdDSA} {
		t.Run(string(algorithm), func(t *testing.T) {
			f := newFake(t)
			f.key, f.algorithm = keyFor(t, algorithm), algorithm
			f.publish(f.kid, f.key.Public(), "")
			f.claims["at_hash"] = atHash(algorithm, accessToken)
			if _, err := f.signIn(t, newClient(t), f.provider()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTokenWithoutKidIsTakenWhereOneKeyFits(t *testing.T) {
	f := newFake(t)
	f.header["kid"] = nil
	c := newClient(t)
	if _, err := f.signIn(t, c, f.provider()); err != nil {
		t.Error(err)
	}
	f.change(func() {
		f.jwks = append(f.jwks, jose.JSONWebKey{Key: keyFor(t, jose.ES384).Public(), KeyID: "key-2"}, jose.JSONWebKey{Key: keyFor(t, jose.EdDSA).Public(), KeyID: "key-3"})
	})
	if _, err := f.signIn(t, newClient(t), f.provider()); err != nil {
		t.Errorf("beside keys of other algorithms: %v", err)
	}
	f.change(func() { f.jwks = append(f.jwks, jose.JSONWebKey{Key: ecKey(t).Public(), KeyID: "key-4"}) })
	other := newClient(t)
	if _, err := f.signIn(t, other, f.provider()); !errors.Is(err, idp.ErrUntrusted) {
		t.Errorf("two keys fit: %v", err)
	}
}

// What a parameter asks for must have happened: the browser could have left the
// parameter out.
func TestParametersAreCheckedInTheToken(t *testing.T) {
	ago := func(d time.Duration) int64 { return noon().Add(-d).Unix() }
	for name, tc := range map[string]struct {
		parameter, value string
		claims           map[string]any
		want             error
	}{
		"just now":            {"max_age", "60", map[string]any{"auth_time": ago(2 * time.Minute)}, nil},
		"long ago":            {"max_age", "60", map[string]any{"auth_time": ago(2*time.Minute + time.Second)}, idp.ErrUntrusted},
		"nobody knows when":   {"max_age", "60", nil, idp.ErrUntrusted},
		"when is a text":      {"max_age", "60", map[string]any{"auth_time": "x"}, idp.ErrUntrusted},
		"of the domain":       {"hd", "acme.example", map[string]any{"hd": "acme.example"}, nil},
		"of another domain":   {"hd", "acme.example", map[string]any{"hd": "other.example"}, idp.ErrOrganization},
		"of no domain":        {"hd", "acme.example", nil, idp.ErrOrganization},
		"of a list of domain": {"hd", "acme.example", map[string]any{"hd": []string{"acme.example"}}, idp.ErrOrganization},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.claims = tc.claims
			p := f.provider()
			p.Parameters = map[string]string{tc.parameter: tc.value}
			if _, err := f.signIn(t, newClient(t), p); !errors.Is(err, tc.want) || tc.want != nil && !errors.Is(err, idp.ErrUntrusted) {
				t.Error(err)
			}
		})
	}
}

func TestKeysRotate(t *testing.T) {
	f := newFake(t)
	at := &clock{at: noon()}
	c := newClient(t, func(config *idp.Config) { config.Now = at.now })
	sign := func() error {
		t.Helper()
		f.change(func() { f.claims = map[string]any{"iat": at.now().Unix(), "exp": at.now().Add(time.Minute).Unix()} })
		_, err := f.signIn(t, c, f.provider())
		return err
	}
	if err := sign(); err != nil {
		t.Fatal(err)
	}
	rotate := func(kid string) {
		f.change(func() { f.key, f.kid = ecKey(t), kid; f.publish(kid, f.key.Public(), "ES256") })
	}
	rotate("key-2")
	if err := sign(); err != nil || f.count("/jwks") != 2 {
		t.Fatalf("after the rotation keys were read %d times: %v", f.count("/jwks"), err)
	}
	// Now somebody invents key ids: the provider is not asked for each of them.
	mine := ecKey(t)
	f.change(func() {
		f.issue = func(claims map[string]any) string {
			return f.signed(mine, jose.ES256, map[string]any{"kid": "invented-" + claims["nonce"].(string)}, claims)
		}
	})
	for range 5 {
		if err := sign(); !errors.Is(err, idp.ErrUntrusted) {
			t.Errorf("foreign key: %v", err)
		}
	}
	if f.count("/jwks") != 2 {
		t.Errorf("invented key ids let keys be read %d times", f.count("/jwks"))
	}
	at.pass(time.Minute)
	for range 5 {
		_ = sign()
	}
	if f.count("/jwks") != 3 {
		t.Errorf("a minute later keys were read %d times, not 3", f.count("/jwks"))
	}
	// A key that was withdrawn is not taken for longer than the cache lives.
	f.change(func() { f.issue = nil })
	old, kid := f.key, f.kid
	rotate("key-3")
	f.change(func() { f.key, f.kid = old, kid })
	at.pass(6 * time.Minute)
	if err := sign(); !errors.Is(err, idp.ErrUntrusted) {
		t.Errorf("withdrawn key: %v", err)
	}
}
