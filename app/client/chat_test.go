package client

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"guichet/platform/wire"
)

func (m *member) hearsSaid(want ...string) {
	m.t.Helper()
	m.until(fmt.Sprintf("reads %q", want), func(m *member) bool { return slices.Equal(m.said, want) })
}

func (m *member) say(text string) {
	m.t.Helper()
	if _, err := m.call.SendMessage(m.t.Context(), "", text); err != nil {
		m.t.Fatal(err)
	}
}

// TestChat: both read the same in one order; a message sent again with its id is
// none; who comes later reads all, and a gap is filled.
func TestChat(t *testing.T) {
	h := startServer(t)
	a, b := both(t, h, h.URL)
	a.say("one")
	b.say("two")
	first, err := a.call.SendMessage(t.Context(), "mine", "three")
	if err != nil {
		t.Fatal(err)
	}
	again, err := a.call.SendMessage(t.Context(), "mine", "three")
	if err != nil || again != first || first.Seq != 3 || first.Name != "a" {
		t.Errorf("%+v, then %+v, %v", first, again, err)
	}
	for _, m := range []*member{a, b, enter(t, h, h.URL, 'c').join(a.conferenceID)} {
		m.hearsSaid("one", "two", "three")
	}
	b.link.calls.remove(b.call) // its events are lost
	a.say("four")
	a.hearsSaid("one", "two", "three", "four")
	b.link.calls.add(b.call)
	a.say("five")
	b.hearsSaid("one", "two", "three", "four", "five")
	for _, bad := range []string{"", "bell \a", strings.Repeat("x", wire.MaxMessage+1)} {
		if _, err := a.call.SendMessage(t.Context(), "", bad); code(err) != wire.CodeInvalid {
			t.Errorf("%.10q: %v", bad, err)
		}
	}
	if err := a.call.Leave("test"); err != nil {
		t.Error(err)
	}
	if _, err := a.call.SendMessage(t.Context(), "", "late"); !errors.Is(err, ErrCallEnded) {
		t.Errorf("after the call: %v", err)
	}
}

// forgetful loses the answers to some requests after the server has done them.
type forgetful struct {
	http.RoundTripper
	lose atomic.Int64
}

// RoundTrip implements http.RoundTripper.
func (f *forgetful) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := f.RoundTripper.RoundTrip(r)
	if err == nil && strings.HasSuffix(r.URL.Path, "/sendMessage") && f.lose.Add(-1) >= 0 {
		answer.Body.Close()
		return nil, errors.New("the answer is lost")
	}
	return answer, err
}

// TestChatOverAnOutage: a lost answer makes no second message, and what is
// written and said meanwhile comes through when the network is back.
func TestChatOverAnOutage(t *testing.T) {
	h := startServer(t)
	p := startProxy(t, h)
	a, b := both(t, h, p.url())
	f := &forgetful{RoundTripper: a.client.cfg.HTTP.Transport}
	f.lose.Store(2)
	a.client.cfg.HTTP.Transport = f
	a.say("one")
	b.hearsSaid("one")
	p.setBroken(true)
	a.until("offline", func(m *member) bool { return !m.state.Online })
	b.say("two")
	sent := make(chan error, 1)
	go func() {
		_, err := a.call.SendMessage(t.Context(), "", "three")
		sent <- err
	}()
	p.setBroken(false)
	select {
	case err := <-sent:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(hang):
		t.Fatal("the message does not go out when the network is back")
	}
	a.hearsSaid("one", "two", "three")
	b.hearsSaid("one", "two", "three")
}
