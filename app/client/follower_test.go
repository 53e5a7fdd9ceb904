package client

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"guichet/platform/wire"

	"github.com/google/go-cmp/cmp"
)

// model is the server's side of a conference: it makes the events and knows
// the state after each.
type model struct {
	random *rand.Rand
	now    wire.Conference
	events []wire.Event
	states []wire.Conference // states[i] is before event i+1; versions begin at 1
	next   int
}

func newModel(r *rand.Rand) *model {
	m := &model{random: r, now: wire.Conference{ID: "c1", Mode: wire.ModeRouter, Version: 1, Metadata: map[string]string{}, Participants: []wire.Participant{}}}
	m.states = append(m.states, clone(m.now))
	return m
}

// emit records an event with the state that it leads to. The state is made by
// plain code of its own, not by the Follower under test.
func (m *model) emit(e wire.Event, change func()) {
	v := m.now.Version
	e.ConferenceID, e.ConferenceVersion = "c1", &v
	change()
	m.now.Version++
	m.events = append(m.events, e)
	m.states = append(m.states, clone(m.now))
}

func (m *model) step() {
	user := fmt.Sprintf("u%d", m.random.IntN(3))
	endpoint := fmt.Sprintf("%s-e%d", user, m.random.IntN(2))
	p := slices.IndexFunc(m.now.Participants, func(p wire.Participant) bool { return p.ID == user })
	n := -1
	if p >= 0 {
		n = slices.IndexFunc(m.now.Participants[p].Endpoints, func(n wire.Endpoint) bool { return n.ID == endpoint })
	}
	e := wire.Event{UserID: user, UserEndpointID: endpoint}
	if n < 0 {
		e.Type = wire.EventJoined
		m.emit(e, func() {
			joined := wire.Endpoint{ID: endpoint, Streams: []wire.Stream{}}
			if p < 0 {
				m.now.Participants = append(m.now.Participants, wire.Participant{ID: user, Endpoints: []wire.Endpoint{joined}})
				return
			}
			m.now.Participants[p].Endpoints = append(m.now.Participants[p].Endpoints, joined)
		})
		return
	}
	at := &m.now.Participants[p].Endpoints[n]
	switch streams := len(at.Streams); {
	case streams == 0 && m.random.IntN(3) == 0:
		e.Type = wire.EventLeft
		m.emit(e, func() {
			ends := slices.Delete(m.now.Participants[p].Endpoints, n, n+1)
			m.now.Participants[p].Endpoints = ends
			if len(ends) == 0 {
				m.now.Participants = slices.Delete(m.now.Participants, p, p+1)
			}
		})
	case streams == 0:
		m.next++
		e.Type, e.StreamID, e.StreamType = wire.EventStreamPublished, wire.StreamID(fmt.Sprintf("s%d", m.next)), wire.StreamMicAndCam
		m.emit(e, func() { at.Streams = append(at.Streams, wire.Stream{ID: e.StreamID, Type: e.StreamType}) })
	case m.random.IntN(4) == 0:
		e.Type, e.StreamID = wire.EventStreamUnpublished, at.Streams[0].ID
		m.emit(e, func() {
			at.Streams = at.Streams[1:]
			for key := range m.now.Metadata {
				if strings.HasSuffix(key, "/"+string(e.StreamID)) {
					delete(m.now.Metadata, key)
				}
			}
		})
	case m.random.IntN(4) == 0:
		e.Type, e.StreamID, e.NewMetadata = wire.EventStreamMetadataUpdated, at.Streams[0].ID, json.RawMessage(`{"portraitMode":true}`)
		if m.random.IntN(2) == 0 {
			e.NewMetadata = json.RawMessage("null")
		}
		m.emit(e, func() {
			if at.Streams[0].Metadata = e.NewMetadata; string(e.NewMetadata) == "null" {
				at.Streams[0].Metadata = nil
			}
		})
	default:
		e.Type, e.Key, e.Operation, e.Value = wire.EventMetadataUpdated, wire.TrackMuted([]string{"audio", "video"}[m.random.IntN(2)], at.Streams[0].ID), wire.OperationSet, "true"
		if m.random.IntN(2) == 0 {
			e.Operation, e.Value = wire.OperationRemove, ""
		}
		m.emit(e, func() {
			delete(m.now.Metadata, e.Key)
			if e.Value != "" {
				m.now.Metadata[e.Key] = e.Value
			}
		})
	}
}

// TestFollowerNeverDiverges loses, repeats and mixes up events at random and
// compares the follower with the model at every version it reaches.
func TestFollowerNeverDiverges(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		m := newModel(r)
		for range 150 {
			m.step()
		}
		f := &Follower{}
		check := func() {
			t.Helper()
			if !f.fetched {
				return
			}
			got := f.State()
			if d := cmp.Diff(m.states[got.Version-1], got); d != "" {
				t.Fatalf("seed %d, version %d (-model +follower):\n%s", seed, got.Version, d)
			}
		}
		sent := 0
		window := []wire.Event{}
		for sent < len(m.events) || len(window) > 0 {
			if sent < len(m.events) && len(window) < 8 {
				switch r.IntN(10) {
				case 0: // lost
				case 1: // twice
					window = append(window, m.events[sent], m.events[sent])
				default:
					window = append(window, m.events[sent])
				}
				sent++
			}
			if len(window) > 0 && r.IntN(3) > 0 {
				i := r.IntN(len(window))
				f.Event(window[i])
				window = slices.Delete(window, i, i+1)
				check()
			}
			if f.Missing() && r.IntN(6) == 0 {
				// The answer may be older than what was sent meanwhile.
				f.Fetched(m.states[max(0, sent-r.IntN(3))])
				check()
			}
		}
		if f.Fetched(m.now); f.Missing() {
			t.Fatalf("seed %d: the newest state leaves a gap", seed)
		}
		check()
		if got := f.State().Version; got != m.now.Version {
			t.Fatalf("seed %d: at version %d, want %d", seed, got, m.now.Version)
		}
	}
}

func TestFollowerRules(t *testing.T) {
	version := func(v int64) *int64 { return &v }
	joined := func(v int64, endpoint string) wire.Event {
		return wire.Event{Type: wire.EventJoined, UserID: "u", UserEndpointID: endpoint, ConferenceVersion: version(v)}
	}
	count := func(f *Follower) (n int) {
		for _, p := range f.State().Participants {
			n += len(p.Endpoints)
		}
		return n
	}
	start := func() *Follower {
		f := &Follower{}
		f.Fetched(wire.Conference{ID: "c1", Version: 5})
		return f
	}
	t.Run("below is dropped", func(t *testing.T) {
		f := start()
		if f.Event(joined(4, "e")) || count(f) != 0 || f.Missing() {
			t.Error("an old event was applied")
		}
	})
	t.Run("equal applies", func(t *testing.T) {
		f := start()
		if !f.Event(joined(5, "e")) || count(f) != 1 || f.State().Version != 6 {
			t.Error("the event that is due was not applied")
		}
	})
	t.Run("above waits and then applies", func(t *testing.T) {
		f := start()
		if f.Event(joined(6, "b")) || count(f) != 0 || !f.Missing() {
			t.Error("an event was applied too early, or its gap not seen")
		}
		if !f.Event(joined(5, "a")) || count(f) != 2 || f.Missing() {
			t.Error("the held event was not applied")
		}
	})
	t.Run("held back until the first state", func(t *testing.T) {
		f := &Follower{}
		f.Event(joined(5, "a"))
		f.Fetched(wire.Conference{ID: "c1", Version: 5})
		if count(f) != 1 {
			t.Error("an event before the first state is lost")
		}
	})
	t.Run("the end is the end", func(t *testing.T) {
		f := start()
		f.Event(wire.Event{Type: wire.EventEnded, Reason: "done", ConferenceVersion: version(5)})
		if ended, reason := f.Ended(); !ended || reason != "done" || f.Missing() || f.Event(joined(6, "e")) {
			t.Error("the conference goes on after its end")
		}
	})
	t.Run("an unknown kind takes its version", func(t *testing.T) {
		f := start()
		if f.Event(wire.Event{Type: "SomethingNewEvent", ConferenceVersion: version(5)}); f.State().Version != 6 {
			t.Error("an unknown event blocks those behind it")
		}
	})
	t.Run("what waits is bounded", func(t *testing.T) {
		f := start()
		for v := range int64(3 * maxHeld) {
			f.Event(joined(7+v, "e"))
		}
		if len(f.held) > maxHeld || !f.Missing() {
			t.Errorf("%d events are held", len(f.held))
		}
	})
}
