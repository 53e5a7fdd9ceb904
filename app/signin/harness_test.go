package signin

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/oauth2"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// issuer is a fake authorization server. It checks what a client must send and
// remembers the rest.
type issuer struct {
	*httptest.Server
	t *testing.T

	mu        sync.Mutex
	claimed   string // issuer in the metadata, the own address when empty
	challenge string
	redirect  string
	refresh   string // the one refresh token that is valid
	made      int    // tokens so far
	lifetime  int64
	revoked   []string
	refusal   string        // answer every token request with this error
	hold      chan struct{} // token requests wait for it
	waiting   chan struct{} // told of each that does
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{t: t, lifetime: 600, refresh: "refresh-0", waiting: make(chan struct{}, 8)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", i.metadata)
	mux.HandleFunc("POST /token", i.token)
	mux.HandleFunc("POST /revoke", func(_ http.ResponseWriter, r *http.Request) {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.revoked = append(i.revoked, r.PostFormValue("token"))
	})
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) metadata(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	name := i.claimed
	if name == "" {
		name = i.URL
	}
	json.NewEncoder(w).Encode(map[string]any{"issuer": name, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token",
		"revocation_endpoint": i.URL + "/revoke", "scopes_supported": []string{"openid", "profile", "offline_access", "any", "more"},
		"authorization_response_iss_parameter_supported": true})
}

func (i *issuer) token(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	hold := i.hold
	i.mu.Unlock()
	if hold != nil {
		i.waiting <- struct{}{}
		<-hold
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	refuse := func(code string) {
		w.WriteHeader(http.StatusBadRequest)
		json.NewEncoder(w).Encode(map[string]string{"error": code, "error_description": "secret-in-the-answer"})
	}
	switch {
	case i.refusal != "":
		refuse(i.refusal)
		return
	case r.PostFormValue("grant_type") == "authorization_code":
		sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
		if r.PostFormValue("code") != "the-code" || r.PostFormValue("client_id") != Application || r.PostFormValue("redirect_uri") != i.redirect ||
			base64.RawURLEncoding.EncodeToString(sum[:]) != i.challenge {
			refuse("invalid_grant")
			return
		}
	case r.PostFormValue("refresh_token") != i.refresh:
		refuse("invalid_grant")
		return
	}
	i.made++
	i.refresh = fmt.Sprintf("refresh-%d", i.made)
	json.NewEncoder(w).Encode(map[string]any{"access_token": accessToken(i.made), "token_type": "bearer", "expires_in": i.lifetime, "refresh_token": i.refresh})
}

// accessToken is shaped like the server's: a JWT whose payload names a person.
func accessToken(n int) string {
	payload := fmt.Sprintf(`{"sub":"agent1","name":"Anna","authorities":["ROLE_AGENT"],"n":%d}`, n)
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".c2ln"
}

// browser follows the sign-in page's address and comes back as told.
type browser struct {
	i      *issuer
	change func(back url.Values) // what the answer says differently
	pages  chan string           // what the person is shown
}

// open is an Opener: the person signs in at once.
func (b *browser) open(page string) error {
	u, err := url.Parse(page)
	if err != nil {
		return err
	}
	q := u.Query()
	b.i.mu.Lock()
	b.i.challenge, b.i.redirect = q.Get("code_challenge"), q.Get("redirect_uri")
	b.i.mu.Unlock()
	if q.Get("code_challenge_method") != "S256" || q.Get("response_type") != "code" || q.Get("client_id") != Application || q.Get("scope") != "openid profile offline_access any" {
		b.i.t.Errorf("the page is asked for with %v", q)
	}
	back := url.Values{"code": {"the-code"}, "state": {q.Get("state")}, "iss": {b.i.URL}}
	if b.change != nil {
		b.change(back)
	}
	go b.visit(q.Get("redirect_uri") + "?" + back.Encode())
	return nil
}

func (b *browser) visit(address string) {
	hc := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := hc.Get(address)
	if err != nil {
		b.pages <- err.Error()
		return
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	b.pages <- fmt.Sprintf("%d %s %s", answer.StatusCode, answer.Header.Get("Content-Security-Policy"), body)
}

func newBrowser(i *issuer, change func(url.Values)) *browser {
	return &browser{i: i, change: change, pages: make(chan string, 4)}
}

// accounts makes Accounts whose log must hold no secret.
func accounts(t *testing.T, v Vault, open func(string) error) (*Accounts, *log) {
	t.Helper()
	l := &log{}
	a, err := New(Config{Vault: v, Opener: open, Logger: slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.HTTP().CloseIdleConnections)
	return a, l
}

// log is everything that was logged.
type log struct {
	mu   sync.Mutex
	text []byte
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, b...)
	return len(b), nil
}

func (l *log) String() string { l.mu.Lock(); defer l.mu.Unlock(); return string(l.text) }

// fakeKeyring is a keyring in memory that can be missing.
type fakeKeyring struct {
	err error
	by  map[string]string
}

func (k *fakeKeyring) Get(_, name string) (string, error) { return k.by[name], k.err }
func (k *fakeKeyring) Set(_, name, secret string) error {
	if k.err == nil {
		k.by[name] = secret
	}
	return k.err
}
func (k *fakeKeyring) Delete(_, name string) error { delete(k.by, name); return k.err }

func tokenOf(access string) *oauth2.Token { return &oauth2.Token{AccessToken: access} }
