package idp_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"guichet/platform/oauth/idp"
	"guichet/platform/wire"

	jose "github.com/go-jose/go-jose/v4"
	"go.uber.org/goleak"
)

// TestMain runs all tests in an environment with proxies, which nobody may ask.
func TestMain(m *testing.M) {
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY"} {
		if err := os.Setenv(name, "http://127.0.0.1:1"); err != nil {
			panic(err)
		}
	}
	goleak.VerifyTestMain(m)
}

const (
	secret      = "s3cret/with+signs"
	accessToken = "access-token-of-the-person"
	redirectURI = "https://guichet.example/oauth/providers/acme/callback"
	state       = "state-of-the-caller"
)

// noon is when the tests take place; both clocks stand still unless moved.
func noon() time.Time { return time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC) }

// clock is a clock that a test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.at }

func (c *clock) pass(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.at = c.at.Add(d) }

func home() []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")} }

// newClient returns a client whose log must never hold a secret.
func newClient(t *testing.T, change ...func(*idp.Config)) *idp.Client {
	t.Helper()
	var log bytes.Buffer
	config := idp.Config{Networks: home(), Now: noon, Logger: slog.New(slog.NewJSONHandler(&log, nil))}
	for _, f := range change {
		f(&config)
	}
	c, err := idp.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		discreet(t, "log", log.String())
	})
	return c
}

// discreet fails when a text holds what it must not.
func discreet(t *testing.T, what, s string, secrets ...string) {
	t.Helper()
	for _, word := range append(secrets, secret, url.QueryEscape(secret), accessToken) {
		if word != "" && strings.Contains(s, word) {
			t.Errorf("the %s tells a secret: %s", what, s)
		}
	}
}

// fake is an OpenID provider that does as it should until a test changes it.
type fake struct {
	*httptest.Server
	mu        sync.Mutex
	key       crypto.Signer
	kid       string
	algorithm jose.SignatureAlgorithm
	jwks      []jose.JSONWebKey
	metadata  map[string]any // replaces what is published; nil values remove
	claims    map[string]any // replaces claims of the id_token; nil values remove
	header    map[string]any // adds to the header of the id_token
	tokenType string
	token     string // replaces the id_token
	userinfo  map[string]any
	tamper    func(answer url.Values)            // changes what the browser brings back
	override  map[string]http.HandlerFunc        // by path
	issue     func(claims map[string]any) string // replaces the signature
	codes     map[string]url.Values              // what was asked for
	hits      map[string]int                     // by path
	authStyle string                             // of the last token request
	asked     url.Values                         // the last authorization request
}

func ecKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := unstarted(t)
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Server.Close)
	return f
}

func unstarted(t *testing.T) *fake {
	f := &fake{key: ecKey(t), kid: "key-1", tokenType: "Bearer", algorithm: jose.ES256, metadata: map[string]any{}, claims: map[string]any{}, header: map[string]any{},
		override: map[string]http.HandlerFunc{}, codes: map[string]url.Values{}, hits: map[string]int{}}
	f.publish(f.kid, f.key.Public(), string(f.algorithm))
	return f
}

// publish replaces the keys.
func (f *fake) publish(kid string, public any, algorithm string) {
	f.jwks = []jose.JSONWebKey{{Key: public, KeyID: kid, Use: "sig", Algorithm: algorithm}}
}

func (f *fake) provider() idp.Provider {
	return idp.Provider{ID: "acme", Kind: wire.ProviderOIDC, Issuer: f.URL, ClientID: "guichet", ClientSecret: secret, PKCE: true, RedirectURI: redirectURI}
}

func merged(m map[string]any, changes map[string]any) map[string]any {
	m = maps.Clone(m)
	for k, v := range changes {
		if m[k] = v; v == nil {
			delete(m, k)
		}
	}
	return m
}

func respond(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.hits[r.URL.Path]++
	h := f.override[r.URL.Path]
	f.mu.Unlock()
	if h != nil {
		h(w, r)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		respond(w, 200, merged(map[string]any{
			"issuer": f.URL, "authorization_endpoint": f.URL + "/authorize?tenant=7", "token_endpoint": f.URL + "/token", "jwks_uri": f.URL + "/jwks",
			"response_types_supported": []string{"code"}, "id_token_signing_alg_values_supported": []string{string(f.algorithm)},
			"code_challenge_methods_supported": []string{"S256"}, "authorization_response_iss_parameter_supported": true,
		}, f.metadata))
	case "/jwks":
		respond(w, 200, jose.JSONWebKeySet{Keys: f.jwks})
	case "/authorize":
		f.authorize(w, r)
	case "/token":
		f.redeem(w, r)
	case "/userinfo":
		if r.Header.Get("Authorization") != "Bearer "+accessToken {
			respond(w, 401, map[string]any{"error": "invalid_token"})
			return
		}
		respond(w, 200, f.userinfo)
	default:
		http.NotFound(w, r)
	}
}

func (f *fake) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	f.asked = q
	code := "code-" + rand.Text()
	f.codes[code] = q
	answer := url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {f.URL}}
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+answer.Encode(), http.StatusSeeOther)
}

func (f *fake) redeem(w http.ResponseWriter, r *http.Request) {
	id, given, basic := r.BasicAuth()
	f.authStyle = "basic"
	if basic {
		id, _ = url.QueryUnescape(id)
		given, _ = url.QueryUnescape(given)
	} else {
		id, given = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
		if f.authStyle = "post"; given == "" {
			f.authStyle = "none"
		}
	}
	if id != "guichet" || f.authStyle != "none" && given != secret {
		respond(w, 401, map[string]any{"error": "invalid_client"})
		return
	}
	code := r.PostFormValue("code")
	asked, known := f.codes[code]
	delete(f.codes, code)
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !known || r.PostFormValue("redirect_uri") != asked.Get("redirect_uri") ||
		asked.Get("code_challenge") != "" && asked.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(sum[:]) {
		respond(w, 400, map[string]any{"error": "invalid_grant", "error_description": "code " + code + " of " + secret})
		return
	}
	respond(w, 200, map[string]any{"access_token": accessToken, "token_type": f.tokenType, "expires_in": 60, "id_token": f.idToken(asked.Get("nonce"))})
}

func (f *fake) idToken(nonce string) string {
	claims := merged(map[string]any{"iss": f.URL, "aud": "guichet", "sub": "person-1", "name": "Ann Lee", "nonce": nonce,
		"iat": noon().Unix(), "exp": noon().Add(time.Minute).Unix(), "groups": []string{"desk", "night"}}, f.claims)
	if f.token != "" {
		return f.token
	}
	if f.issue != nil {
		return f.issue(claims)
	}
	return f.signed(f.key, f.algorithm, merged(map[string]any{"typ": "JWT", "kid": f.kid}, f.header), claims)
}

// signed signs claims under any header.
func (f *fake) signed(key any, algorithm jose.SignatureAlgorithm, header, claims map[string]any) string {
	options := &jose.SignerOptions{}
	for k, v := range header {
		options.WithHeader(jose.HeaderKey(k), v)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, options)
	if err != nil {
		panic(err)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	token, err := signer.Sign(body)
	if err != nil {
		panic(err)
	}
	text, err := token.CompactSerialize()
	if err != nil {
		panic(err)
	}
	return text
}

// count is how often a path was asked for.
func (f *fake) count(path string) int { f.mu.Lock(); defer f.mu.Unlock(); return f.hits[path] }

// change changes the fake while it runs.
func (f *fake) change(do func()) { f.mu.Lock(); defer f.mu.Unlock(); do() }

// browse opens an address as a browser does, and returns where it is sent.
func browse(t *testing.T, address string) url.Values {
	t.Helper()
	browser := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := browser.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	to, err := answer.Location()
	if err != nil {
		t.Fatalf("the provider does not send the browser back: %v", err)
	}
	return to.Query()
}

// signIn does both halves and the browser between them.
func (f *fake) signIn(t *testing.T, c *idp.Client, p idp.Provider) (idp.Person, error) {
	t.Helper()
	transit := idp.NewTransit()
	to, err := c.AuthorizeURL(t.Context(), p, state, transit)
	if err != nil {
		discreet(t, "error", err.Error())
		return idp.Person{}, err
	}
	answer := browse(t, to)
	code := answer.Get("code")
	if f.tamper != nil {
		f.tamper(answer)
	}
	return finish(t, c, p, transit, answer, code)
}

func finish(t *testing.T, c *idp.Client, p idp.Provider, transit idp.Transit, answer url.Values, code string) (idp.Person, error) {
	t.Helper()
	person, err := c.Finish(context.WithoutCancel(t.Context()), p, transit, answer)
	if err != nil {
		discreet(t, "error", err.Error(), code, transit.Nonce, transit.Verifier)
		if person.Subject != "" || person.Claims != nil {
			t.Errorf("a person comes with the error %v", err)
		}
	}
	return person, err
}
