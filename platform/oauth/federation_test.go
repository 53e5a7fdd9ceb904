package oauth_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"guichet/platform/oauth"
	"guichet/platform/oauth/idp"
	"guichet/platform/wire"

	jose "github.com/go-jose/go-jose/v4"
)

// provider is an organization's OpenID provider: it signs its one person in at
// once. It stands for the real ones that the package idp is tested with.
type provider struct {
	*httptest.Server
	t      *testing.T
	signer jose.Signer

	mu     sync.Mutex
	person map[string]any
	nonces map[string]string // by code
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{t: t, person: map[string]any{"sub": "u-1", "name": "Carla", "groups": []string{"tellers"}}, nonces: map[string]string{}}
	p.signer, err = jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "k"}}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	answer := func(path string, v func(*http.Request) any) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if err := json.NewEncoder(w).Encode(v(r)); err != nil {
				t.Error(err)
			}
		})
	}
	answer("/.well-known/openid-configuration", func(*http.Request) any {
		return map[string]any{"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/jwks",
			"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"ES256"},
			"code_challenge_methods_supported": []string{"S256"}, "authorization_response_iss_parameter_supported": true}
	})
	answer("/jwks", func(*http.Request) any {
		return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &key.PublicKey, KeyID: "k", Algorithm: "ES256", Use: "sig"}}}
	})
	mux.HandleFunc("/authorize", func(w http.ResponseWriter, r *http.Request) {
		q, code := r.URL.Query(), rand.Text()
		p.mu.Lock()
		p.nonces[code] = q.Get("nonce")
		p.mu.Unlock()
		http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {p.URL}}.Encode(), http.StatusFound)
	})
	answer("/token", func(r *http.Request) any {
		p.mu.Lock()
		defer p.mu.Unlock()
		nonce, ok := p.nonces[r.FormValue("code")]
		if !ok {
			return map[string]any{"error": "invalid_grant"}
		}
		delete(p.nonces, r.FormValue("code"))
		claims := maps.Clone(p.person)
		now := time.Now().Unix()
		maps.Copy(claims, map[string]any{"iss": p.URL, "aud": "guichet", "nonce": nonce, "iat": now, "exp": now + 300})
		body, err := json.Marshal(claims)
		if err != nil {
			t.Error(err)
		}
		signed, err := p.signer.Sign(body)
		if err != nil {
			t.Error(err)
		}
		token, err := signed.CompactSerialize()
		if err != nil {
			t.Error(err)
		}
		return map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": token}
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

func (p *provider) is(claim string, v any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.person[claim] = v
}

func (p *provider) settings() oauth.StoredProvider {
	return oauth.StoredProvider{Name: "The bank", Enabled: true, Mappings: []wire.RoleMapping{{Claim: "groups", Value: "tellers", Role: "agent"}, {Claim: "groups", Value: "heads", Role: "supervisor"}},
		Provider: idp.Provider{Kind: wire.ProviderOIDC, Issuer: p.URL, ClientID: "guichet", ClientSecret: "s3cret-of-the-provider", PKCE: true}}
}

func federated(t *testing.T) (*service, *provider, oauth.StoredProvider) {
	t.Helper()
	s := start(t, func(c *oauth.Config) { c.ProviderNetworks = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	p := newProvider(t)
	stored, err := s.AddProvider(context.Background(), admin(), p.settings())
	if err != nil {
		t.Fatal(err)
	}
	return s, p, stored
}

// depart follows the sign-in page's link to the provider and returns where that
// sends the browser back to.
func (s *service) depart(b *http.Client, id string) string {
	s.t.Helper()
	field := s.page(b, s.authorizeURL(challenge))
	r, err := b.Get(s.url + "/sign-in/with?" + url.Values{"provider": {id}, "request": {field}}.Encode())
	a := read(s.t, r, err)
	if a.StatusCode != http.StatusSeeOther {
		s.t.Fatalf("%s %s", a.Status, a.body)
	}
	r, err = b.Get(a.Header.Get("Location"))
	return read(s.t, r, err).Header.Get("Location")
}

func (s *service) land(b *http.Client, address string) answer {
	s.t.Helper()
	r, err := b.Get(address)
	return read(s.t, r, err)
}

// tokenOf exchanges the code of an answer to the desktop.
func (s *service) tokenOf(a answer) wire.Token {
	s.t.Helper()
	at, err := a.Location()
	if err != nil || at.Query().Get("code") == "" {
		s.t.Fatalf("no code: %s %s", a.Status, a.body)
	}
	return s.token(exchange(at.Query().Get("code"))).token(s.t)
}

func TestSignInThroughAProvider(t *testing.T) {
	s, p, stored := federated(t)
	b := browser()
	defer b.CloseIdleConnections()
	r, err := b.Get(s.authorizeURL(challenge))
	if a := read(t, r, err); !strings.Contains(string(a.body), "Sign in with The bank") {
		t.Errorf("the page offers no provider: %s", a.body)
	}
	v := s.tokenOf(s.land(b, s.depart(b, stored.ID)))
	id, err := s.Verify(v.AccessToken)
	if err != nil || !strings.HasPrefix(id.UserID, "person-") || id.Name != "Carla" || !slices.Equal(id.Roles, []string{oauth.RoleUser, oauth.RoleAgent}) {
		t.Fatalf("%+v, %v", id, err)
	}
	// The same person again, with another name and more roles: the same user.
	p.is("name", "Carla C")
	p.is("groups", []string{"tellers", "heads"})
	again, err := s.Verify(s.tokenOf(s.land(b, s.depart(b, stored.ID))).AccessToken)
	if err != nil || again.UserID != id.UserID || again.Name != "Carla C" || !again.Has(oauth.RoleSupervisor) {
		t.Fatalf("%+v, %v", again, err)
	}
	s.lives(v.AccessToken)
	// Roles that are no longer given are lost, and what carried them with them.
	p.is("groups", []string{"heads"})
	third := s.tokenOf(s.land(b, s.depart(b, stored.ID)))
	s.dead(v.AccessToken)
	if id, err := s.Verify(third.AccessToken); err == nil && id.Has(oauth.RoleAgent) {
		t.Errorf("%+v", id)
	}
	// An administrator's roles stay beside those of the provider.
	u, err := s.UserByName(context.Background(), "default", id.UserID)
	if err != nil || u.Subject != "u-1" || u.Provider != stored.ID {
		t.Fatal(u, err)
	}
	if _, err := s.ChangeUser(context.Background(), admin(), u.ID, u.Version, oauth.User{DisplayName: u.DisplayName, Roles: []string{oauth.RoleAdmin}}, false); err != nil {
		t.Fatal(err)
	}
	fourth, err := s.Verify(s.tokenOf(s.land(b, s.depart(b, stored.ID))).AccessToken)
	if err != nil || !fourth.Has(oauth.RoleAdmin) || !fourth.Has(oauth.RoleSupervisor) {
		t.Errorf("%+v, %v", fourth, err)
	}
	// Somebody else with the same name is somebody else.
	p.is("sub", "u-2")
	other, err := s.Verify(s.tokenOf(s.land(b, s.depart(b, stored.ID))).AccessToken)
	if err != nil || other.UserID == id.UserID || other.Has(oauth.RoleAdmin) {
		t.Errorf("%+v, %v", other, err)
	}
}

func TestProvidersAnswerThatIsNotOurs(t *testing.T) {
	s, p, stored := federated(t)
	second := newProvider(t)
	other, err := s.AddProvider(context.Background(), admin(), second.settings())
	if err != nil {
		t.Fatal(err)
	}
	b, stranger := browser(), browser()
	defer b.CloseIdleConnections()
	defer stranger.CloseIdleConnections()
	refused := func(what string, a answer) {
		t.Helper()
		if a.StatusCode < 400 || a.Header.Get("Location") != "" || a.StatusCode >= 500 && a.StatusCode != 502 {
			t.Errorf("%s: %s to %q", what, a.Status, a.Header.Get("Location"))
		}
	}
	s.page(stranger, s.authorizeURL(challenge)) // has a cookie of its own
	back := s.depart(b, stored.ID)
	refused("login CSRF: another browser", s.land(stranger, back))
	refused("cross-IdP: at another provider's path", s.land(b, strings.Replace(back, stored.ID, other.ID, 1)))
	refused("mix-up: another issuer", s.land(b, strings.Replace(back, url.QueryEscape(p.URL), url.QueryEscape(second.URL), 1)))
	back = s.depart(b, stored.ID)
	at, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	without := func(parameter string) string {
		q := at.Query()
		q.Del(parameter)
		return s.url + at.Path + "?" + q.Encode()
	}
	refused("no state", s.land(b, without("state")))
	refused("no issuer", s.land(b, without("iss")))
	back = s.depart(b, stored.ID)
	refused("repeated state", s.land(b, back+"&state=x"))
	if a := s.land(b, back); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("the good one: %s %s", a.Status, a.body)
	}
	refused("a second time", s.land(b, back))
	back = s.depart(b, stored.ID)
	refused("a code of another's", s.land(b, strings.Replace(back, "code=", "code=x", 1)))
	back = s.depart(b, stored.ID)
	s.clock.Add(601)
	refused("too late", s.land(b, back))
	refused("the person said no", func() answer {
		at, err := url.Parse(s.depart(b, stored.ID))
		if err != nil {
			t.Fatal(err)
		}
		return s.land(b, s.url+at.Path+"?"+url.Values{"error": {"access_denied"}, "state": at.Query()["state"], "iss": {p.URL}}.Encode())
	}())
	r, err := stranger.Get(s.url + "/sign-in/with?provider=" + stored.ID + "&request=" + url.QueryEscape(s.page(b, s.authorizeURL(challenge))))
	refused("another browser's page", read(t, r, err))
	r, err = b.Get(s.url + "/sign-in/with?provider=nobody&request=" + url.QueryEscape(s.page(b, s.authorizeURL(challenge))))
	refused("an unknown provider", read(t, r, err))
}

func TestWhoMayNotComeIn(t *testing.T) {
	s, p, stored := federated(t)
	ctx := context.Background()
	b := browser()
	defer b.CloseIdleConnections()
	p.is("groups", []string{"cleaners"})
	if a := s.land(b, s.depart(b, stored.ID)); a.StatusCode != 403 || !strings.Contains(string(a.body), "no role") {
		t.Errorf("without a role: %s %s", a.Status, a.body)
	}
	p.is("groups", []string{"tellers"})
	v := s.tokenOf(s.land(b, s.depart(b, stored.ID)))
	u, err := s.UserByName(ctx, "default", v.Subject)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.ChangeUser(ctx, admin(), u.ID, u.Version, oauth.User{DisplayName: "Carla"}, true); err != nil {
		t.Fatal(err)
	}
	s.dead(v.AccessToken)
	if a := s.land(b, s.depart(b, stored.ID)); a.StatusCode != 403 || !strings.Contains(string(a.body), "disabled") {
		t.Errorf("disabled: %s %s", a.Status, a.body)
	}
	if _, _, err := s.RenewPassword(ctx, admin(), u.ID); err == nil {
		t.Error("a provider's person has a password")
	}
	field := s.page(b, s.authorizeURL(challenge))
	if a := s.signIn(b, field, u.ID, ""); a.StatusCode != 403 {
		t.Errorf("without a password: %s", a.Status)
	}

	p.is("sub", "u-3")
	v = s.tokenOf(s.land(b, s.depart(b, stored.ID)))
	underWay := s.depart(b, stored.ID)
	stored.Enabled = false
	if stored, err = s.ChangeProvider(ctx, admin(), stored); err != nil {
		t.Fatal(err)
	}
	s.dead(v.AccessToken)
	s.token(refresh(v.RefreshToken)).refused(t, 400, "invalid_grant")
	if a := s.land(b, underWay); a.StatusCode != 400 {
		t.Errorf("through a disabled provider: %s", a.Status)
	}
	r, err := b.Get(s.authorizeURL(challenge))
	if a := read(t, r, err); strings.Contains(string(a.body), "The bank") {
		t.Error("a disabled provider is offered")
	}
}

func TestProviderSettings(t *testing.T) {
	s, p, stored := federated(t)
	ctx := context.Background()
	if stored.ClientSecret != "" || len(stored.SealedSecret) == 0 || strings.Contains(string(stored.SealedSecret), "s3cret") {
		t.Errorf("the secret lies open: %+v", stored)
	}
	change := func(f func(*oauth.StoredProvider)) error {
		v := p.settings()
		f(&v)
		_, err := s.AddProvider(ctx, admin(), v)
		return err
	}
	for name, f := range map[string]func(*oauth.StoredProvider){
		"no name":           func(v *oauth.StoredProvider) { v.Name = "" },
		"no issuer":         func(v *oauth.StoredProvider) { v.Issuer = "" },
		"metadata service":  func(v *oauth.StoredProvider) { v.Issuer = "https://169.254.169.254/" },
		"private network":   func(v *oauth.StoredProvider) { v.Issuer = "https://10.0.0.1/" },
		"role of a service": func(v *oauth.StoredProvider) { v.Roles = []string{"service"} },
		"mapping to customer": func(v *oauth.StoredProvider) {
			v.Mappings = []wire.RoleMapping{{Claim: "a", Value: "b", Role: "customer"}}
		},
		"mapping of nothing":    func(v *oauth.StoredProvider) { v.Mappings = []wire.RoleMapping{{Role: "agent"}} },
		"Genesys without a pin": func(v *oauth.StoredProvider) { v.Kind, v.Issuer, v.Region = wire.ProviderGenesys, "", "mypurecloud.de" },
	} {
		var sentence *oauth.BadSettings
		if err := change(f); !errors.As(err, &sentence) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A change without a secret keeps it.
	b := browser()
	defer b.CloseIdleConnections()
	changed, err := s.ChangeProvider(ctx, admin(), stored)
	if err != nil || changed.Version != 2 {
		t.Fatal(changed, err)
	}
	if _, err := s.ChangeProvider(ctx, admin(), stored); !errors.Is(err, oauth.ErrChanged) {
		t.Errorf("of an old version: %v", err)
	}
	s.tokenOf(s.land(b, s.depart(b, stored.ID)))
	trial, err := s.TryProvider(ctx, admin(), stored.ID)
	if err != nil || !trial.OK {
		t.Errorf("%+v, %v", trial, err)
	}
	p.Close()
	if trial, err = s.TryProvider(ctx, admin(), stored.ID); err != nil || trial.OK || trial.Steps[len(trial.Steps)-1].OK {
		t.Errorf("of a dead provider: %+v, %v", trial, err)
	}
	other := admin()
	other.Organization = "elsewhere"
	if err := s.RemoveProvider(ctx, other, stored.ID); !errors.Is(err, oauth.ErrUnknown) {
		t.Errorf("another organization: %v", err)
	}
	if err := s.RemoveProvider(ctx, admin(), stored.ID); err != nil {
		t.Fatal(err)
	}
}
