package client

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"guichet/platform/wire"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

func (m *member) direct() string {
	m.t.Helper()
	s, err := m.client.CreateConference(m.t.Context(), wire.CreateConference{Mode: wire.ModeP2P})
	if err != nil || s.Mode != wire.ModeP2P {
		m.t.Fatalf("%+v, %v", s, err)
	}
	return s.ID
}

// among starts a call in mode P2P of some who hear each other.
func among(t *testing.T, members ...*member) {
	t.Helper()
	conference := members[0].direct()
	for _, m := range members {
		m.join(conference)
	}
	allHear(members...)
}

func allHear(members ...*member) {
	for _, m := range members {
		m.t.Helper()
		for _, other := range members {
			if other != m {
				m.hears(other.mark, 5)
			}
		}
	}
}

// TestDirectCall: in mode P2P three hear each other without the SFU, mute, and
// are gone when they leave.
func TestDirectCall(t *testing.T) {
	h := startServer(t)
	a, b, c := enter(t, h, h.URL, 'a'), enter(t, h, h.URL, 'b'), enter(t, h, h.URL, 'c')
	among(t, a, b, c)
	a.until("all media is connected", func(m *member) bool { return m.state.Sending && m.state.Receiving && m.state.Online })
	a.call.SetMuted(Audio, true)
	b.until("b sees a muted", func(m *member) bool { return muted(m.state, Audio) == 1 })
	if err := c.call.Leave("hung up"); err != nil {
		t.Error(err)
	}
	b.until("b sees c leave", func(m *member) bool { return present(m.state) == 2 })
	allHear(a, b)
	if err := a.call.End("done"); err != nil {
		t.Error(err)
	}
	b.until("b is told of the end", func(m *member) bool { return m.state.Ended && m.state.Reason == "done" })
}

// TestDirectHold: nobody stands between, so while the call is on hold the
// participants themselves send and play nothing.
func TestDirectHold(t *testing.T) {
	h := startServer(t)
	a, b := enter(t, h, h.URL, 'a'), enter(t, h, h.URL, 'b')
	among(t, a, b)
	hold := func(on bool) {
		t.Helper()
		if err := b.call.SetHold(t.Context(), on); err != nil {
			t.Fatal(err)
		}
		for _, m := range []*member{a, b} {
			m.until("the hold is known", func(m *member) bool { return (m.state.Conference.Metadata[wire.MetadataOnHold] == "true") == on })
		}
	}
	for range 2 {
		hold(true)
		for n := range uint16(100) {
			p := &rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: 40_000 + n}, Payload: []byte{'x', 2, 3}}
			if err := a.out.WriteAudio(p); err != nil {
				t.Error(err)
			}
		}
		hold(false)
		allHear(a, b)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := b.heard['x']; n != 0 {
		t.Errorf("%d packets were heard during the hold", n)
	}
}

// TestDirectMediaOutlivesTheServer: media goes on while the server is away, and
// nothing is published anew when it is back.
func TestDirectMediaOutlivesTheServer(t *testing.T) {
	h := startServer(t)
	a, b := enter(t, h, h.URL, 'a'), enter(t, h, h.URL, 'b')
	among(t, a, b)
	before := []CallState{a.now(), b.now()}
	h.stop()
	a.until("a is offline", func(m *member) bool { return !m.state.Online })
	b.until("b is offline", func(m *member) bool { return !m.state.Online })
	allHear(a, b)
	h.start()
	for i, m := range []*member{a, b} {
		m.until("back", func(m *member) bool { return m.state.Online && m.state.Joined && m.state.Sending && m.state.Receiving })
		if now := m.now(); now.Stream != before[i].Stream || now.Endpoint != before[i].Endpoint {
			t.Errorf("%c is another after the restart: %+v, was %+v", m.mark, now, before[i])
		}
	}
	allHear(a, b)
	c := enter(t, h, h.URL, 'c') // who comes later is served as well
	c.join(a.now().Conference.ID)
	allHear(a, b, c)
}

// TestDirectPeerIsLost: a viewer whose peer is gone views anew, and so do all
// when the publisher has another stream or endpoint.
func TestDirectPeerIsLost(t *testing.T) {
	h := startServer(t)
	a, b := enter(t, h, h.URL, 'a'), enter(t, h, h.URL, 'b')
	views := &spy{path: "/viewStream", base: b.tokens.hc.Transport, seen: make(chan []byte, 64)}
	c := enterBy(t, h, h.URL, 'c', views)
	among(t, a, b, c)
	// c's next wish to view a's stream.
	next := func() (view wire.ViewStream) {
		t.Helper()
		for guard := time.After(hang); view.StreamID != a.now().Stream; {
			select {
			case body := <-views.seen:
				if err := json.Unmarshal(body, &view); err != nil {
					t.Fatal(err)
				}
			case <-guard:
				t.Fatal("a's stream is not viewed anew")
			}
		}
		return view
	}
	view := next()
	// The publisher is told that c views no more, and closes its peer.
	err := c.client.StopViewStream(t.Context(), wire.StreamRef{ConferenceID: view.ConferenceID, UserEndpointID: view.UserEndpointID,
		StreamID: view.StreamID, ViewerID: view.ViewerID})
	if err != nil {
		t.Fatal(err)
	}
	if again := next(); again.ViewerID == view.ViewerID {
		t.Error("the new view has the id of the old one")
	}
	allHear(a, b, c)

	old := a.now()
	if err := a.client.UnpublishStream(t.Context(), wire.StreamRef{ConferenceID: old.Conference.ID, UserEndpointID: old.Endpoint, StreamID: old.Stream}); err != nil {
		t.Fatal(err)
	}
	a.until("a publishes anew", func(m *member) bool { return m.state.Stream != "" && m.state.Stream != old.Stream })
	allHear(a, b, c)

	if err := a.client.UnregisterEndpoint(t.Context(), old.Endpoint, "test"); err != nil {
		t.Fatal(err)
	}
	a.until("a is back", func(m *member) bool {
		return m.state.Joined && m.state.Endpoint != "" && m.state.Endpoint != old.Endpoint
	})
	allHear(a, b, c)
}

// TestDirectViewWithoutEvents: who asks while the publisher is offline is served
// when it is back.
func TestDirectViewWithoutEvents(t *testing.T) {
	h := startServer(t)
	p := startProxy(t, h)
	a, b := enter(t, h, p.url(), 'a'), enter(t, h, h.URL, 'b')
	among(t, a, b)
	p.setBroken(true)
	a.until("a is offline", func(m *member) bool { return !m.state.Online })
	c := enter(t, h, h.URL, 'c').join(b.now().Conference.ID)
	c.hears('b', 5)
	p.setBroken(false)
	allHear(a, b, c)
}

// spy sees the bodies of the requests of a path.
type spy struct {
	path string
	base http.RoundTripper
	seen chan []byte
}

func (s *spy) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, s.path) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
		s.seen <- body
	}
	return s.base.RoundTrip(r)
}

// sink takes what passes a gate.
type sink struct {
	webrtc.TrackLocalWriter
	numbers []uint16
}

func (s *sink) WriteRTP(h *rtp.Header, payload []byte) (int, error) {
	s.numbers = append(s.numbers, h.SequenceNumber)
	return len(payload), nil
}

// TestGate: packets are numbered as if nothing had been left out, across wraps
// too, and video begins with a key frame, which is asked for.
func TestGate(t *testing.T) {
	key, delta, rest := []byte{0x10, 0x10, 0, 0}, []byte{0x10, 0x11, 0, 0}, []byte{0x00, 0x10, 0, 0}
	var hold atomic.Bool
	asked := 0
	g := &gate{hold: &hold, need: func() { asked++ }}
	var out sink
	w := &gatedWriter{TrackLocalWriter: &out, gate: g, video: true}
	next := uint16(65_530)
	send := func(payloads ...[]byte) {
		t.Helper()
		for _, p := range payloads {
			h := rtp.Header{SequenceNumber: next}
			if _, err := w.WriteRTP(&h, p); err != nil || h.SequenceNumber != next {
				t.Errorf("%v, and the others' header has %d for %d", err, h.SequenceNumber, next)
			}
			next++
		}
	}
	send(key, delta) // nobody is connected
	g.open.Store(true)
	send(delta, rest, key, rest, delta) // from the key frame on
	if want := []uint16{65_530, 65_531, 65_532}; !slices.Equal(out.numbers, want) || asked != 1 {
		t.Errorf("numbers %v, want %v; asked %d times", out.numbers, want, asked)
	}
	hold.Store(true)
	for range 70_000 {
		send(key)
	}
	hold.Store(false)
	for range askEvery + 1 {
		send(delta)
	}
	if asked != 3 {
		t.Errorf("asked %d times", asked)
	}
	send(key, delta)
	if want := []uint16{65_530, 65_531, 65_532, 65_533, 65_534}; !slices.Equal(out.numbers, want) {
		t.Errorf("numbers %v, want %v", out.numbers, want)
	}
}

// TestRelay: what comes for a view waits for its peer, within bounds, and what
// comes for none goes nowhere.
func TestRelay(t *testing.T) {
	var r relay
	found := func(n int) wire.ViewEvent {
		return wire.ViewEvent{Event: wire.Event{Type: wire.EventStreamICECandidatesFound}, ViewerID: "v", ICECandidates: make([]wire.ICECandidate, n)}
	}
	r.take(found(1))
	box := r.open("v")
	if r.open("v") != nil {
		t.Error("a box is made twice")
	}
	r.take(found(maxLetters))
	r.take(found(1))
	if n := len(box.letters()); n != maxLetters {
		t.Errorf("%d candidates", n)
	}
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() { r.take(wire.ViewEvent{Event: wire.Event{Type: wire.EventStreamViewStopped}, ViewerID: "v"}) })
	}
	both.Wait()
	<-box.gone
	r.close("v")
	for i := range maxBoxes {
		if r.open(string(rune('a'+i))) == nil {
			t.Fatal("too few boxes")
		}
	}
	if r.open("more") != nil {
		t.Error("too many boxes")
	}
}
