package oauth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"guichet/platform/oauth"
	"guichet/platform/store"
	"guichet/platform/wire"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// signing is made once and shared: making a key takes longer than most tests.
var signing = sync.OnceValues(oauth.NewSigning)

const redirect = "http://127.0.0.1:43210/callback"

// service is a token service on a real store behind a real server.
type service struct {
	*oauth.Service
	t     testing.TB
	url   string
	store *store.Store
	users map[string]string
	clock atomic.Int64 // seconds that the clock is ahead
	log   *syncBuffer
}

func start(t testing.TB, options ...func(*oauth.Config)) *service {
	t.Helper()
	s := &service{t: t, log: &syncBuffer{}}
	var handler atomic.Pointer[http.Handler]
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*handler.Load()).ServeHTTP(w, r) }))
	s.url = web.URL
	var err error
	if s.store, err = store.Open(context.Background(), t.TempDir()); err != nil {
		t.Fatal(err)
	}
	shared, err := signing()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.store.ReplaceSigningKeys(context.Background(), "", &shared.Key, nil, false); err != nil {
		t.Fatal(err)
	}
	c := oauth.Config{Issuer: web.URL, Store: s.store, Vault: shared.Vault, Tickets: tickets{}, Argon2: oauth.Argon2{Memory: 8, Passes: 1, Threads: 1},
		Now:    func() time.Time { return time.Now().Add(time.Duration(s.clock.Load()) * time.Second) },
		Logger: slog.New(slog.NewJSONHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	for _, o := range options {
		o(&c)
	}
	if s.Service, err = oauth.New(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	if s.users, err = oauth.SeedDev(context.Background(), s.Service); err != nil {
		t.Fatal(err)
	}
	h := s.Handler()
	handler.Store(&h)
	t.Cleanup(func() {
		web.Close()
		http.DefaultClient.CloseIdleConnections()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := s.store.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// tickets redeems "abc-def" for whoever asks.
type tickets struct{}

func (tickets) Redeem(_ context.Context, id, key string) (oauth.TicketGrant, error) {
	if id != "abc-def" {
		return oauth.TicketGrant{}, errNoTicket
	}
	return oauth.TicketGrant{Organization: "default", UserID: "guest-" + key, Conference: "c1", Ticket: id, Name: "Guest",
		Expires: time.Now().Add(4 * time.Hour)}, nil
}

// answer is a response with its body read.
type answer struct {
	*http.Response
	body []byte
}

func (a answer) token(t testing.TB) wire.Token {
	t.Helper()
	var v wire.Token
	if err := json.Unmarshal(a.body, &v); err != nil || a.StatusCode != http.StatusOK || v.AccessToken == "" {
		t.Fatalf("no token: %s %s %v", a.Status, a.body, err)
	}
	return v
}

// refused fails the test unless the answer is the error.
func (a answer) refused(t testing.TB, status int, code string) wire.TokenError {
	t.Helper()
	var v wire.TokenError
	if err := json.Unmarshal(a.body, &v); err != nil || a.StatusCode != status || v.Code != code {
		t.Errorf("got %s %s, want %d %s", a.Status, a.body, status, code)
	}
	if h := a.Header; h.Get("Cache-Control") != "no-store" || h.Get("Pragma") != "no-cache" {
		t.Errorf("an answer that caches keep: %v", h)
	}
	return v
}

func read(t testing.TB, r *http.Response, err error) answer {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{r, body}
}

// post sends a form; authorization is a whole header or empty.
func (s *service) post(path, form, authorization string) answer {
	s.t.Helper()
	q, err := http.NewRequest(http.MethodPost, s.url+path, strings.NewReader(form))
	if err != nil {
		s.t.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if authorization != "" {
		q.Header.Set("Authorization", authorization)
	}
	r, err := http.DefaultClient.Do(q)
	return read(s.t, r, err)
}

func (s *service) token(form string) answer {
	s.t.Helper()
	return s.post("/security/oauth/token", form, "")
}

// browser keeps cookies and follows no redirect.
func browser() *http.Client {
	jar, _ := cookiejar.New(nil) // never fails without options
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

var hidden = regexp.MustCompile(`name="request" value="([^"]+)"`)

// authorizeURL asks for a code with a challenge; change alters the parameters.
func (s *service) authorizeURL(challenge string, change ...func(url.Values)) string {
	q := url.Values{"response_type": {"code"}, "client_id": {"guichet"}, "redirect_uri": {redirect}, "state": {"st"},
		"code_challenge": {challenge}, "code_challenge_method": {"S256"}, "scope": {"openid profile"}, "nonce": {"nn"}}
	for _, c := range change {
		c(q)
	}
	return s.url + "/security/oauth/authorize?" + q.Encode()
}

// page opens the sign-in page and returns its hidden field.
func (s *service) page(b *http.Client, address string) string {
	s.t.Helper()
	r, err := b.Get(address)
	a := read(s.t, r, err)
	m := hidden.FindSubmatch(a.body)
	if a.StatusCode != http.StatusOK || m == nil {
		s.t.Fatalf("no sign-in page: %s %s", a.Status, a.body)
	}
	return string(m[1])
}

func (s *service) signIn(b *http.Client, field, name, password string) answer {
	s.t.Helper()
	r, err := b.PostForm(s.url+"/sign-in", url.Values{"request": {field}, "username": {name}, "password": {password}})
	return read(s.t, r, err)
}

// code signs agent1 in and returns the code.
func (s *service) code(address string) string {
	s.t.Helper()
	b := browser()
	defer b.CloseIdleConnections()
	a := s.signIn(b, s.page(b, address), "agent1", s.users["agent1"])
	at, err := a.Location()
	if err != nil || a.StatusCode != http.StatusSeeOther || at.Query().Get("code") == "" {
		s.t.Fatalf("no code: %s %s %v", a.Status, a.body, err)
	}
	return at.Query().Get("code")
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
