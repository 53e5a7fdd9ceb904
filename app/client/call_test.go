package client

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"guichet/platform/wire"
)

// both starts a call of two who hear each other.
func both(t *testing.T, h *host, addressOfA string) (a, b *member) {
	t.Helper()
	a, b = enter(t, h, addressOfA, 'a'), enter(t, h, h.URL, 'b')
	conference := b.conference()
	a.join(conference)
	b.join(conference)
	a.hears('b', 5)
	b.hears('a', 5)
	return a, b
}

func present(s CallState) (n int) {
	for _, p := range s.Conference.Participants {
		n += len(p.Endpoints)
	}
	return n
}

func muted(s CallState, kind string) (n int) {
	for _, p := range s.Conference.Participants {
		for _, e := range p.Endpoints {
			for _, stream := range e.Streams {
				if s.Conference.Metadata[wire.TrackMuted(kind, stream.ID)] == "true" {
					n++
				}
			}
		}
	}
	return n
}

func TestTwoHearEachOtherMuteAndLeave(t *testing.T) {
	h := startServer(t)
	a, b := both(t, h, h.URL)
	a.until("all media is connected", func(m *member) bool { return m.state.Sending && m.state.Receiving && m.state.Online })
	a.call.SetMuted(Audio, true)
	b.until("b sees a muted", func(m *member) bool { return muted(m.state, Audio) == 1 })
	a.call.SetMuted(Audio, false)
	b.until("b sees a unmuted", func(m *member) bool { return muted(m.state, Audio) == 0 })
	if err := a.call.Leave("hung up"); err != nil {
		t.Error(err)
	}
	b.until("b sees a leave", func(m *member) bool { return present(m.state) == 1 })
	b.until("b views nothing", func(m *member) bool { return m.state.Receiving })
}

func TestEndForAll(t *testing.T) {
	h := startServer(t)
	a, b := both(t, h, h.URL)
	if err := a.call.End("done"); err != nil {
		t.Error(err)
	}
	b.until("b is told of the end", func(m *member) bool { return m.state.Ended && m.state.Err == nil && m.state.Reason == "done" })
}

// TestCutKeepsTheCall: without the broker and the API media goes on, and what
// happened meanwhile is known afterwards.
func TestCutKeepsTheCall(t *testing.T) {
	h := startServer(t)
	p := startProxy(t, h)
	a, b := both(t, h, p.url())
	endpoint := a.now().Endpoint
	p.setBroken(true)
	a.until("a is offline", func(m *member) bool { return !m.state.Online })
	b.call.SetMuted(Audio, true)
	b.until("b is muted", func(m *member) bool { return muted(m.state, Audio) == 1 })
	a.hears('b', 10)
	b.hears('a', 10)
	p.setBroken(false)
	a.until("a learns that b is muted", func(m *member) bool { return m.state.Online && muted(m.state, Audio) == 1 })
	if s := a.now(); s.Endpoint != endpoint || !s.Sending {
		t.Errorf("a lost its place: %+v", s)
	}
}

// TestForgottenEndpointComesBack: the server threw the endpoint out; it comes
// back as another and publishes anew, still muted.
func TestForgottenEndpointComesBack(t *testing.T) {
	h := startServer(t)
	a, b := both(t, h, h.URL)
	a.call.SetMuted(Video, true)
	b.until("b sees a without picture", func(m *member) bool { return muted(m.state, Video) == 1 })
	old := a.now().Endpoint
	if err := a.client.UnregisterEndpoint(t.Context(), old, "test"); err != nil {
		t.Fatal(err)
	}
	a.until("a is back", func(m *member) bool {
		return m.state.Joined && m.state.Endpoint != "" && m.state.Endpoint != old && m.state.Sending
	})
	b.until("b sees a without picture again", func(m *member) bool { return present(m.state) == 2 && muted(m.state, Video) == 1 })
	a.hears('b', 5)
	b.hears('a', 5)
}

// TestServerRestart: the server stops and comes back; both are in the call and
// hear each other without anybody's doing.
func TestServerRestart(t *testing.T) {
	h := startServer(t)
	a, b := both(t, h, h.URL)
	stream := a.now().Stream
	h.stop()
	a.until("a is offline", func(m *member) bool { return !m.state.Online })
	b.until("b is offline", func(m *member) bool { return !m.state.Online })
	h.start()
	for _, m := range []*member{a, b} {
		m.until("back with media", func(m *member) bool { return m.state.Online && m.state.Joined && m.state.Sending && m.state.Receiving })
	}
	a.until("a publishes anew", func(m *member) bool { return m.state.Stream != stream })
	a.hears('b', 5)
	b.hears('a', 5)
}

func TestRefusals(t *testing.T) {
	h := startServer(t)
	a := enter(t, h, h.URL, 'a')
	a.join("nowhere")
	a.until("an unknown conference ends the call", func(m *member) bool { return m.state.Ended && code(m.state.Err) == wire.CodeNotFound })
	if _, err := a.link.Join(CallConfig{Conference: "not an id", OnState: func(CallState) {}}); code(err) != wire.CodeInvalid {
		t.Errorf("a bad id: %v", err)
	}
	a.tokens.die()
	a.link.Hurry()
	a.until("the end of the sign-in is told", func(m *member) bool { return errors.Is(m.status.Err, ErrSignedOut) })
}

// TestReconnectTakesAFreshToken: each reconnect asks for a token of its own.
func TestReconnectTakesAFreshToken(t *testing.T) {
	h := startServer(t)
	p := startProxy(t, h)
	a := enter(t, h, p.url(), 'a')
	a.until("online", func(m *member) bool { return m.status.Online })
	a.tokens.mu.Lock()
	before := a.tokens.made
	a.tokens.mu.Unlock()
	p.setBroken(true)
	a.until("offline", func(m *member) bool { return !m.status.Online && m.status.Err != nil })
	p.setBroken(false)
	a.until("online again", func(m *member) bool { return m.status.Online })
	a.tokens.mu.Lock()
	defer a.tokens.mu.Unlock()
	if a.tokens.made-before < 2 { // the beat's and the broker's
		t.Errorf("%d tokens were asked for", a.tokens.made-before)
	}
}

// TestTokenRefusedByTheBroker: CONNACK tells no more than "no", so the token
// counts as refused and the next try has another.
func TestTokenRefusedByTheBroker(t *testing.T) {
	h := startServer(t)
	hc := &http.Client{Transport: &http.Transport{}}
	defer hc.CloseIdleConnections()
	good := &tokens{url: h.URL, hc: hc}
	var asked atomic.Int64
	refused := make(chan string, 8)
	c, err := New(Config{Server: h.URL, HTTP: hc, Refused: func(token string) { refused <- token },
		Token: func(ctx context.Context) (string, error) {
			if asked.Add(1) == 2 { // the first registers, the second connects
				return "garbage", nil
			}
			return good.token(ctx)
		}})
	if err != nil {
		t.Fatal(err)
	}
	online := make(chan struct{})
	var once sync.Once
	link := c.Connect(ConnectionConfig{OnStatus: func(s Status) {
		if s.Online {
			once.Do(func() { close(online) })
		}
	}})
	defer link.Close()
	if got := <-refused; got != "garbage" {
		t.Error("a good token counts as refused")
	}
	select {
	case <-online:
	case <-time.After(hang):
		t.Error("never online with a good token")
	}
}
