package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"guichet/platform/wire"

	"github.com/pion/webrtc/v4"
)

// callRounds is how many kills one conference sees before the next one begins.
const callRounds = 8

// deed is a change that a worker asked for. mark tells its event from all
// others.
type deed struct {
	mark  string
	acked bool
}

// hall is a conference with what its workers did and what its observers have
// seen.
type hall struct {
	*program
	token, id string
	offer     string
	workers   []*guest
	observers []*observer
	over      []string // conferences whose end was acknowledged

	mu     sync.Mutex
	said   map[string]bool // marks that somebody has asked for
	bodies map[int64]string
	lines  map[int64]wire.MessageEvent // of the chat, by seq
	news   chan struct{}
	faults []error

	replay *replay
	callTally
}

// callTally is what the test has seen, so that it cannot pass by doing nothing.
type callTally struct {
	kills, events, acked, lost, doubtful, again, conferences int
}

func (c callTally) String() string {
	return fmt.Sprintf("%d kills, %d conferences; %d events, %d delivered again; %d changes acknowledged and found, %d in doubt of which %d happened",
		c.kills, c.conferences, c.events, c.again, c.acked, c.doubtful, c.doubtful-c.lost)
}

func (h *hall) errorf(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.faults = append(h.faults, fmt.Errorf(format, args...))
}

func (h *hall) report(t *testing.T) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, fault := range h.faults {
		t.Error(fault)
	}
	h.faults = nil
}

// post asks for an operation of conferences.
func (h *hall) post(want int, operation string, body, into any) error {
	return h.expect(http.DefaultClient, want, "POST", "/rtc-api/conferences/"+operation, h.token, body, into)
}

func (h *hall) register() (id string, err error) {
	err = h.expect(http.DefaultClient, 200, "POST", "/rtc-api/users/endpoints", h.token, wire.RegisterEndpoint{KeepAliveSeconds: wire.MaxKeepAliveSeconds}, &id)
	return id, err
}

// signIn takes a token, which lives longer than a round.
func (h *hall) signIn(t *testing.T) {
	t.Helper()
	v, _, err := h.program.token(url.Values{"grant_type": {"client_credentials"}, "client_id": {"robot"}, "client_secret": {h.secret}})
	if err != nil {
		t.Fatal(err)
	}
	h.token = v.AccessToken
}

// begin makes a conference, after the end of the last one, and has the
// observers join it before anybody else.
func (h *hall) begin(t *testing.T) {
	t.Helper()
	if h.id != "" {
		if err := h.post(204, "end", wire.LeaveConference{ConferenceID: h.id, Reason: "enough"}, nil); err != nil {
			t.Fatal(err)
		}
		h.over = append(h.over, h.id)
	}
	var c wire.Summary
	if err := h.post(200, "create", wire.CreateConference{}, &c); err != nil {
		t.Fatal(err)
	}
	h.id, h.replay = c.ID, newReplay(c.ID, c.Version)
	h.conferences++
	h.said, h.bodies, h.lines = map[string]bool{}, map[int64]string{}, map[int64]wire.MessageEvent{}
	for i, o := range h.observers {
		if o.endpoint == "" {
			id, err := h.register()
			if err != nil {
				t.Fatal(err)
			}
			o.endpoint = id
		}
		h.said[fmt.Sprintf("join observer %d", i)] = true
		if err := h.post(200, "join", wire.JoinConference{ConferenceID: h.id, UserEndpointID: o.endpoint, Metadata: fmt.Appendf(nil, `{"name":"observer %d"}`, i)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	for i, o := range h.observers {
		// Its own joined event is the first that it sees.
		o.upTo, o.seen, o.lines = c.Version+int64(i), map[int64]bool{}, map[int64]bool{}
	}
	for _, w := range h.workers {
		w.in, w.streams, w.keys, w.deeds, w.checked = false, nil, nil, nil, 0
	}
}

// TestKillLosesNoCall kills the server at random moments of calls. Afterwards
// every acknowledged change is there, what was not acknowledged is there wholly
// or not at all, no news was of something that did not last, and what an
// endpoint receives past its cursor leads to exactly the state.
func TestKillLosesNoCall(t *testing.T) {
	const workers, clerks = 6, 2
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	h := &hall{program: build(t), news: make(chan struct{}, 1), offer: anOffer(t)}
	defer h.kill()
	// One reads all along, the other only after each start.
	h.observers = []*observer{{hall: h}, {hall: h}}
	for n := range workers {
		h.workers = append(h.workers, &guest{hall: h, name: fmt.Sprintf("w%d", n)})
	}
	d := &desk{hall: h, tickets: map[string]*slip{}}
	began := time.Now()
	h.start()
	h.signIn(t)
	for round := range rounds(t) {
		if round%callRounds == 0 {
			h.begin(t)
		}
		h.observers[0].connect(t)
		killAfter := int64(1 + chance.IntN(500))
		var acknowledged atomic.Int64
		now := make(chan struct{})
		count := func() {
			if acknowledged.Add(1) == killAfter {
				close(now)
			}
		}
		var all sync.WaitGroup
		for n, w := range h.workers {
			w.chance = rand.New(rand.NewPCG(seed, uint64(1+round*100+n)))
			all.Go(func() { h.work(w.step, count) })
		}
		for n := range clerks {
			c := rand.New(rand.NewPCG(seed, uint64(1+round*100+workers+n)))
			all.Go(func() { h.work(func() error { return d.step(c) }, count) })
		}
		select {
		case <-now:
		case <-time.After(hang):
			t.Fatal("the workers do nothing")
		}
		h.kill()
		all.Wait()
		h.kills++
		h.observers[0].close()
		h.start()
		h.signIn(t)
		h.check(t)
		d.check(t)
		if h.report(t); t.Failed() {
			t.Fatalf("round %d", round)
		}
	}
	t.Logf("%v; %v; %v", h.callTally, d, time.Since(began).Round(time.Second))
	if h.events == 0 || h.acked == 0 || d.redeemed == 0 || d.revoked == 0 {
		t.Error("the kills came before anything was done")
	}
}

// work does one thing after the other until an answer is lost.
func (h *hall) work(step func() error, acknowledged func()) {
	for {
		switch err := step(); {
		case errors.Is(err, errLost):
			return
		case err != nil:
			h.errorf("worker: %w", err)
			return
		}
		acknowledged()
	}
}

// anOffer is what publishers send: of a camera that never connects.
func anOffer(t *testing.T) string {
	t.Helper()
	pc, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close()
	if _, err := pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}); err != nil {
		t.Fatal(err)
	}
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	return offer.SDP
}
