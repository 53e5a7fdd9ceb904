package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"guichet/platform/server"
	"guichet/platform/wire"

	"go.uber.org/goleak"
)

// Fyne starts a goroutine when it is imported.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreCurrent()) }

// hang is how long anything may take before a test counts as hung.
const hang = 60 * time.Second

func startServer(t *testing.T) wire.Ready {
	t.Helper()
	s, err := server.New(context.Background(), server.Config{Dev: true, Data: t.TempDir(), Listen: "127.0.0.1:0", MQTTListen: "127.0.0.1:0",
		MediaListen: "127.0.0.1:0", TURNListen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan wire.Ready, 1), make(chan error, 1)
	go func() { ended <- s.Run(ctx, func(r wire.Ready) { ready <- r }) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-ended, s.Close()); err != nil {
			t.Error(err)
		}
	})
	return <-ready
}

// program is a run of the desktop program in this process.
type program struct {
	t         *testing.T
	out, errs *lines
	cancel    context.CancelFunc
	status    chan int
}

func launch(t *testing.T, args ...string) *program {
	t.Helper()
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	ctx, cancel := context.WithCancel(context.Background())
	p := &program{t: t, out: newLines(), errs: newLines(), cancel: cancel, status: make(chan int, 1)}
	go func() { p.status <- run(ctx, args, p.out, p.errs) }()
	t.Cleanup(func() {
		p.end()
		if t.Failed() {
			t.Logf("standard output:\n%s\nstandard error:\n%s", p.out, p.errs)
		}
	})
	return p
}

// end asks the program to end, as a signal does, and returns its status.
func (p *program) end() int {
	p.cancel()
	return p.wait()
}

// wait returns the status of a program that ends by itself.
func (p *program) wait() int {
	p.t.Helper()
	select {
	case s := <-p.status:
		p.status <- s
		return s
	case <-time.After(hang):
		p.t.Fatal("the program does not end")
		return -1
	}
}

// until waits for a line of JSON that fits.
func (p *program) until(what string, fits func(line map[string]any) bool) map[string]any {
	p.t.Helper()
	var found map[string]any
	p.out.until(p.t, what, func(text string) bool {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			p.t.Fatalf("standard output holds %q", text)
		}
		found = line
		return fits(line)
	})
	return found
}

// is returns what fits lines of an event with some values.
func is(event string, values map[string]any) func(map[string]any) bool {
	return func(line map[string]any) bool {
		for k, v := range values {
			if line[k] != v {
				return false
			}
		}
		return line["event"] == event
	}
}

// lines is a writer that lets tests wait for lines.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
	news chan struct{}
}

func newLines() *lines { return &lines{news: make(chan struct{})} }

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.news)
	l.news = make(chan struct{})
	return l.text.Write(b)
}

func (l *lines) String() string { l.mu.Lock(); defer l.mu.Unlock(); return l.text.String() }

func (l *lines) until(t *testing.T, what string, fits func(string) bool) {
	t.Helper()
	deadline := time.After(hang)
	for read := 0; ; {
		l.mu.Lock()
		text, news := l.text.String(), l.news
		l.mu.Unlock()
		for {
			line, _, whole := strings.Cut(text[read:], "\n")
			if !whole {
				break
			}
			read += len(line) + 1
			if fits(line) {
				return
			}
		}
		select {
		case <-news:
		case <-deadline:
			t.Fatalf("no line: %s", what)
		}
	}
}

// visit signs a person in on the server's page, as a browser without scripts.
func visit(t *testing.T, page, name, password string) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	hc := &http.Client{Jar: jar, Transport: &http.Transport{DisableKeepAlives: true}}
	read := func(answer *http.Response, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("status %d, %v: %s", answer.StatusCode, err, body)
		}
		return string(body)
	}
	form := read(hc.Get(page))
	hidden := regexp.MustCompile(`name="request" value="([^"]+)"`).FindStringSubmatch(form)
	u, err := url.Parse(page)
	if err != nil || hidden == nil {
		t.Fatalf("no form: %s", form)
	}
	done := read(hc.PostForm(u.Scheme+"://"+u.Host+"/sign-in", url.Values{"request": {hidden[1]}, "username": {name}, "password": {password}}))
	if !strings.Contains(done, "You are signed in.") {
		t.Errorf("the browser shows %s", done)
	}
}

// as makes a request as the demo application.
func as(t *testing.T, ready wire.Ready, path string, in, out any) {
	t.Helper()
	hc := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := hc.PostForm(ready.URL+"/security/oauth/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {"test"}, "client_secret": {"secret"}})
	if err != nil {
		t.Fatal(err)
	}
	var token wire.Token
	if err := errors.Join(json.NewDecoder(answer.Body).Decode(&token), answer.Body.Close()); err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, ready.URL+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token.AccessToken)
	r.Header.Set("Content-Type", "application/json")
	if answer, err = hc.Do(r); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(json.NewDecoder(answer.Body).Decode(out), answer.Body.Close()); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: status %d, %v", path, answer.StatusCode, err)
	}
}

func TestBadFlagsEndWithStatus2(t *testing.T) {
	for _, args := range [][]string{{"--server", "ftp://x"}, {"--nonsense"}, {"--headless"}, {"--data", "/dev/null/x"}} {
		var out, errs bytes.Buffer
		if status := run(t.Context(), args, &out, &errs); status != 2 || strings.Count(errs.String(), "\n") != 1 || out.Len() > 0 {
			t.Errorf("%v: status %d, %q", args, status, errs.String())
		}
	}
}

// TestHeadlessCall: an agent signs in on the server's page and meets a customer
// who came by a link; both run without a window.
func TestHeadlessCall(t *testing.T) {
	ready := startServer(t)
	var conference wire.Summary
	as(t, ready, "/rtc-api/conferences/create", wire.CreateConference{}, &conference)
	var ticket wire.Ticket
	as(t, ready, "/security/ticket", wire.CreateTicket{Type: wire.TicketSingleUse, Properties: map[string]string{wire.PropertyConferenceID: conference.ID}}, &ticket)

	data := t.TempDir()
	agentArgs := []string{"--headless", "--server", ready.URL, "--data", data, "--join", conference.ID, "--camera", "pattern:17", "--microphone", "tone:440", "--speaker", "none"}
	agent := launch(t, agentArgs...)
	agent.errs.until(t, "the sign-in page's address", func(line string) bool {
		_, page, found := strings.Cut(line, "Open this address to sign in: ")
		if found {
			visit(t, page, "agent1", ready.Users["agent1"])
		}
		return found
	})
	agent.until("in the call", is("phase", map[string]any{"phase": "call"}))

	customer := launch(t, "--headless", "--data", t.TempDir(), "--join", ticket.URL, "--name", "Maria", "--camera", "pattern:34", "--microphone", "none", "--speaker", "none")
	agent.until("the customer", is("participant", map[string]any{"name": "Maria", "self": false, "muted": true, "cameraOff": false, "hasVideo": true}))
	agent.until("the customer's picture", is("frame", map[string]any{"pattern": 34.0}))
	customer.until("the agent's picture", is("frame", map[string]any{"pattern": 17.0}))
	customer.until("the agent's voice", func(line map[string]any) bool {
		levels, _ := line["endpoints"].(map[string]any)
		for _, l := range levels {
			if l.(float64) > 0.5 {
				return true
			}
		}
		return false
	})
	if status := customer.end(); status != 0 {
		t.Errorf("the customer ends with status %d", status)
	}
	agent.until("the customer's leaving", is("left", map[string]any{"name": "Maria"}))
	if status := agent.end(); status != 0 {
		t.Errorf("the agent ends with status %d", status)
	}
	secret := ready.Users["agent1"]
	if s := agent.errs.String() + agent.out.String(); strings.Contains(s, secret) || strings.Contains(s, "eyJ") || strings.Contains(customer.errs.String(), ticket.ID) {
		t.Error("a secret is printed")
	}

	again := launch(t, agentArgs...)
	again.until("in the call without signing in", is("phase", map[string]any{"phase": "call"}))
	if strings.Contains(again.errs.String(), "Open this address") {
		t.Error("asks to sign in a second time")
	}
}

// TestHeadlessEndsWhenItCannotJoin with a sentence and status 1.
func TestHeadlessEndsWhenItCannotJoin(t *testing.T) {
	ready := startServer(t)
	p := launch(t, "--headless", "--data", t.TempDir(), "--join", ready.URL+"/t/zzz-zzz")
	if status := p.wait(); status != 1 || !strings.Contains(p.errs.String(), "You are not signed in.") {
		t.Errorf("status %d: %s", status, p.errs)
	}
}
