package server

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"guichet/platform/oauth"
	"guichet/platform/wire"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long anything may take before a test counts as hung.
const patience = 30 * time.Second

// running is a whole server in this process.
type running struct {
	wire.Ready
	t      *testing.T
	server *Server
}

// freePorts is a server with demo users on free ports. Its passwords are hashed
// at a cost that a server can be started with in each test; what they cost is
// tested where they are hashed.
func freePorts(t *testing.T) Config {
	t.Helper()
	return Config{Dev: true, Data: t.TempDir(), Listen: "127.0.0.1:0", MQTTListen: "127.0.0.1:0", MediaListen: "127.0.0.1:0", TURNListen: "127.0.0.1:0",
		hashCost: oauth.Argon2{Memory: 64, Passes: 1, Threads: 1}}
}

// serve runs a server with demo users on free ports until the test ends.
func serve(t *testing.T, change func(*Config)) *running {
	t.Helper()
	c := freePorts(t)
	if change != nil {
		change(&c)
	}
	s, err := New(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ready := make(chan wire.Ready, 1)
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, func(r wire.Ready) { ready <- r }) }()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &running{Ready: <-ready, t: t, server: s}
}

// caller speaks REST with one token.
type caller struct {
	*running
	token string
}

// application signs in with client credentials.
func (r *running) application(id, secret string) caller {
	r.t.Helper()
	return caller{r, r.grant("", url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}}).AccessToken}
}

// customer redeems a ticket.
func (r *running) customer(ticket, browserKey string) (caller, wire.Token) {
	r.t.Helper()
	token := r.grant("customer", url.Values{"grant_type": {"password"}, "username": {ticket}, "password": {browserKey}})
	return caller{r, token.AccessToken}, token
}

func (r *running) grant(basic string, form url.Values) wire.Token {
	r.t.Helper()
	request, err := http.NewRequest("POST", r.URL+"/security/oauth/token", strings.NewReader(form.Encode()))
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if basic != "" {
		request.SetBasicAuth(basic, "")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	var token wire.Token
	if err := json.Unmarshal(body, &token); err != nil || token.AccessToken == "" {
		r.t.Fatalf("token: status %d: %s", response.StatusCode, body)
	}
	return token
}

// answer is what came back.
type answer struct {
	t      *testing.T
	status int
	header http.Header
	body   []byte
}

func (a answer) into(v any) {
	a.t.Helper()
	if a.status >= 300 {
		a.t.Fatalf("status %d: %s", a.status, a.body)
	}
	if err := json.Unmarshal(a.body, v); err != nil {
		a.t.Fatalf("%v in %s", err, a.body)
	}
}

// refused checks status and code of an error.
func (a answer) refused(what string, status int, code wire.Code) {
	a.t.Helper()
	var e wire.Error
	if err := json.Unmarshal(a.body, &e); err != nil || a.status != status || e.Code != code || e.Message == "" {
		a.t.Errorf("%s: status %d, body %s; want %d with code %s", what, a.status, a.body, status, code)
	}
}

func (c caller) send(method, path, kind string, body []byte) answer {
	c.t.Helper()
	request, err := http.NewRequest(method, c.URL+path, bytes.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer{c.t, response.StatusCode, response.Header, got}
}

func (c caller) post(path string, v any) answer {
	c.t.Helper()
	body, err := json.Marshal(v)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.send("POST", path, "application/json", body)
}

func (c caller) get(path string) answer { c.t.Helper(); return c.send("GET", path, "", nil) }

// do posts a conference operation and expects success.
func (c caller) do(operation string, v any) answer {
	c.t.Helper()
	a := c.post("/rtc-api/conferences/"+operation, v)
	if a.status >= 300 {
		c.t.Fatalf("%s: status %d: %s", operation, a.status, a.body)
	}
	return a
}

func (c caller) endpoint() (id string) {
	c.t.Helper()
	c.post("/rtc-api/users/endpoints", wire.RegisterEndpoint{KeepAliveSeconds: 600}).into(&id)
	return id
}

func (c caller) state(conference string) (s wire.Conference) {
	c.t.Helper()
	c.get("/rtc-api/conferences/" + conference + "/simpleView").into(&s)
	return s
}
