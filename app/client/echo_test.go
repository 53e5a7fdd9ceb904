package client

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"guichet/platform/wire"
)

// ticketTo makes a link to a conference.
func (m *member) ticketTo(conference string) string {
	m.t.Helper()
	k, err := m.client.CreateTicket(m.t.Context(), wire.CreateTicket{Type: wire.TicketMultiUse, Properties: map[string]string{wire.PropertyConferenceID: conference}})
	if err != nil {
		m.t.Fatal(err)
	}
	return k.URL
}

// TestReadme builds the program that README shows, to the letter, and talks to
// it in a call.
func TestReadme(t *testing.T) {
	source, err := os.ReadFile("echo/main.go")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), "```go\n"+string(source)+"```\n") {
		t.Error("README shows another program than app/client/echo/main.go")
	}
	program := filepath.Join(t.TempDir(), "echo")
	if out, err := exec.Command("go", "build", "-o", program, "./echo").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	h := startServer(t)
	a := enter(t, h, h.URL, 'a')
	conference := a.conference()
	a.join(conference)
	cmd := exec.Command(program, a.ticketTo(conference))
	var errs bytes.Buffer
	cmd.Stderr = &errs
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("it printed %s", &errs)
		}
	})
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it has ended, unless the test failed
		_ = cmd.Wait()
	})
	a.until("the program comes", func(m *member) bool { return present(m.state) == 2 })
	a.say("hello")
	a.hearsSaid("hello", "You wrote: hello")
	if p := a.now().Participants(); !slices.ContainsFunc(p, func(p Participant) bool { return p.Name == "Echo" && p.Customer }) {
		t.Errorf("participants %+v", p)
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	a.until("the program leaves", func(m *member) bool { return present(m.state) == 1 })
}

// TestTokensAreRenewed: a guest and an application get another token when the
// server did not take theirs, and learn when there will be none any more.
func TestTokensAreRenewed(t *testing.T) {
	h := startServer(t)
	app, err := NewApplication(Config{Server: h.URL}, "test", "secret")
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close()
	s, err := app.CreateConference(t.Context(), wire.CreateConference{})
	if err != nil {
		t.Fatal(err)
	}
	k, err := app.CreateTicket(t.Context(), wire.CreateTicket{Type: wire.TicketSingleUse, Properties: map[string]string{wire.PropertyConferenceID: s.ID}})
	if err != nil {
		t.Fatal(err)
	}
	guest, conference, err := NewGuest(t.Context(), Config{}, k.URL, "key")
	if err != nil || conference != s.ID {
		t.Fatalf("conference %q, %v", conference, err)
	}
	defer guest.Close()
	for name, c := range map[string]*Client{"application": app, "guest": guest} {
		var was [3]string
		for i := range was {
			if was[i], err = c.cfg.Token(t.Context()); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if i == 1 {
				c.cfg.Refused(was[i])
			}
		}
		if was[0] != was[1] || was[1] == was[2] {
			t.Errorf("%s: renewed without need, or not when refused", name)
		}
		if _, err := c.RegisterEndpoint(t.Context(), wire.RegisterEndpoint{KeepAliveSeconds: 30}); err != nil {
			t.Errorf("%s: the new token does not work: %v", name, err)
		}
	}
	if _, _, err := NewGuest(t.Context(), Config{}, k.URL, "another key"); err == nil {
		t.Error("a link for one is taken by another")
	}
	wrong, err := NewApplication(Config{Server: h.URL, HTTP: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}, "test", "wrong")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := wrong.cfg.Token(t.Context()); !errors.Is(err, ErrSignedOut) {
		t.Errorf("a wrong secret: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (&tokenSource{now: make(chan tokenState)}).get(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("while another renews: %v", err)
	}
}
