package conference_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"guichet/platform/conference"
	"guichet/platform/wire"
)

// direct makes c1 in mode P2P with a stream s1 of a1, and b1 in it.
func (b *bench) direct() {
	b.t.Helper()
	must(b.Create(ctx, agent("a"), wire.CreateConference{ConferenceID: "c1", Mode: wire.ModeP2P}))(b.t)
	b.join("c1", "a1")
	b.join("c1", "b1")
	b.publish("c1", "a1", "s1")
}

type viewed struct {
	wire.ViewedStream
	err error
}

// asks begins to view and returns when the publisher has been told.
func (b *bench) asks(ctx context.Context, viewer string) <-chan viewed {
	b.t.Helper()
	out := make(chan viewed, 1)
	go func() {
		v, err := b.View(ctx, agent("b"), viewing("c1", "b1", "s1", viewer))
		out <- viewed{v, err}
	}()
	b.eventually(func() bool {
		events, _ := b.events("a1", 0)
		return slices.ContainsFunc(events, func(e wire.Event) bool { return e.Type == wire.EventStreamViewRequested })
	})
	return out
}

func (b *bench) outcome(v <-chan viewed) viewed {
	b.t.Helper()
	select {
	case got := <-v:
		return got
	case <-time.After(hang):
		b.t.Fatal("the view neither comes about nor fails")
		return viewed{}
	}
}

func reply(stream wire.StreamID, viewer, text string) wire.AnswerViewStream {
	return wire.AnswerViewStream{ConferenceID: "c1", UserEndpointID: "a1", StreamID: stream, ViewerID: viewer, SDPAnswer: "v=0" + text}
}

// TestDirectStreamsOutliveTheServer: what flows between the participants is
// published after a restart as before, and the SFU never hears of it. Who waits
// for an answer is told that the server stops.
func TestDirectStreamsOutliveTheServer(t *testing.T) {
	b := start(t)
	b.direct()
	waiting := b.asks(ctx, "v1")
	b.Directory.Close()
	if got := b.outcome(waiting); !errors.Is(got.err, conference.ErrClosed) {
		t.Errorf("the view ends with %v", got.err)
	}
	b.reopen()
	s := b.state("c1")
	if s.Mode != wire.ModeP2P || len(s.Participants) != 2 || len(s.Participants[0].Endpoints[0].Streams) != 1 || s.Version != 4 {
		t.Errorf("after the restart: %+v", s)
	}
	if err := b.AnswerView(ctx, agent("a"), reply("s1", "v1", "")); !errors.Is(err, conference.ErrUnknownViewer) {
		t.Errorf("an answer to who asked before: %v", err)
	}
	b.join("c1", "b2")
	if err := b.set(agent("a"), "c1", "a1", wire.MetadataOnHold, "true"); err != nil {
		t.Error(err)
	}
	if err := b.Unpublish(ctx, agent("a"), wire.StreamRef{ConferenceID: "c1", UserEndpointID: "a1", StreamID: "s1"}); err != nil {
		t.Error(err)
	}
	b.publish("c1", "a1", "s2")
	b.Directory.EndpointGone(ctx, "default", "a", "a1", "silent")
	if s := b.state("c1"); len(s.Participants) != 1 {
		t.Errorf("a dropped endpoint's stream is still there: %+v", s)
	}
	if calls := slices.DeleteFunc(b.sfu.took(), func(c string) bool { return c == "unpublish default/c1 s2" }); len(calls) != 0 {
		t.Errorf("the SFU was asked for %q", calls)
	}
}

func TestDrainEndsTheWait(t *testing.T) {
	b := start(t)
	b.direct()
	waiting := b.asks(ctx, "v1")
	b.Drain()
	b.Drain()
	if got := b.outcome(waiting); !errors.Is(got.err, conference.ErrClosed) {
		t.Errorf("the view ends with %v", got.err)
	}
	if _, err := b.View(ctx, agent("b"), viewing("c1", "b1", "s1", "v2")); !errors.Is(err, conference.ErrClosed) {
		t.Errorf("one more view: %v", err)
	}
	b.state("c1") // the rest still works
}

// TestDirectViewThatIsNotWritten: the viewer is told, and its id is free again.
func TestDirectViewThatIsNotWritten(t *testing.T) {
	b := start(t)
	b.direct()
	b.faulty.fail(errors.New("disk full"), false)
	if _, err := b.View(ctx, agent("b"), viewing("c1", "b1", "s1", "v1")); !errors.Is(err, conference.ErrUnavailable) {
		t.Errorf("a view that is not written: %v", err)
	}
	b.faulty.fail(nil, false)
	b.eventually(func() bool { b.woken <- nil; _, err := b.State(ctx, agent("a"), "c1"); return err == nil })
	waiting := b.asks(ctx, "v1")
	if err := b.AnswerView(ctx, agent("a"), reply("s1", "v1", "x")); err != nil {
		t.Error(err)
	}
	if got := b.outcome(waiting); got.err != nil || got.SDPAnswer != "v=0x" {
		t.Errorf("%+v", got)
	}
	// A view that ends because its stream is taken back, which is not written.
	waiting = b.asks(ctx, "v2")
	b.faulty.fail(errors.New("disk full"), false)
	if err := b.Unpublish(ctx, agent("a"), wire.StreamRef{ConferenceID: "c1", UserEndpointID: "a1", StreamID: "s1"}); !errors.Is(err, conference.ErrUnavailable) {
		t.Errorf("unpublish: %v", err)
	}
	b.faulty.fail(nil, false)
	if got := b.outcome(waiting); got.err == nil {
		t.Error("a view came about that nobody answered")
	}
}

func TestDirectViewNobodyAnswers(t *testing.T) {
	b := start(t)
	b.Directory.Close()
	b.Directory = conference.New(conference.Config{Store: b.faulty, Media: b.sfu, Endpoints: b.ends, AnswerTime: time.Millisecond,
		Wake: func(ids []string) { b.woken <- ids }})
	b.direct()
	if got := b.outcome(b.asks(ctx, "v1")); !errors.Is(got.err, conference.ErrNoAnswer) {
		t.Errorf("nobody answers: %v", got.err)
	}
	if err := b.AnswerView(ctx, agent("a"), reply("s1", "v1", "")); !errors.Is(err, conference.ErrUnknownViewer) {
		t.Errorf("a late answer: %v", err)
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := b.View(gone, agent("b"), viewing("c1", "b1", "s1", "v1")); !errors.Is(err, context.Canceled) && !errors.Is(err, conference.ErrNoAnswer) {
		t.Errorf("a viewer that has gone: %v", err)
	}
}

// TestDirectStorm: viewers come and go while the publisher answers, or not, and
// takes its streams back. Every view ends, each viewer gets its own answer, and
// nothing is left.
func TestDirectStorm(t *testing.T) {
	b := start(t)
	b.direct()
	stop := make(chan struct{})
	var answering, viewers sync.WaitGroup
	streams := 1
	answering.Go(func() { // as the publisher's client does, from the journal
		var past int64
		rng := rand.New(rand.NewPCG(1, 1))
		for {
			var rows []wire.ViewEvent
			rows, past = b.relayed("a1", past)
			for _, e := range rows {
				switch {
				case e.Type != wire.EventStreamViewRequested:
				case rng.IntN(20) == 0:
					_ = b.Unpublish(ctx, agent("a"), wire.StreamRef{ConferenceID: "c1", UserEndpointID: "a1", StreamID: e.StreamID})
					streams++
					b.publish("c1", "a1", fmt.Sprint("s", streams))
				default:
					_ = b.AnswerView(ctx, agent("a"), reply(e.StreamID, e.ViewerID, "for "+e.ViewerID)) // it may have gone
				}
			}
			select {
			case <-stop:
				return
			case <-b.woken:
			case <-time.After(10 * time.Millisecond): // wake-ups may go to others
			}
		}
	})
	var mu sync.Mutex
	outcomes := map[string]int{}
	for v := range 8 {
		viewers.Go(func() {
			rng := rand.New(rand.NewPCG(2, uint64(v)))
			endpoint := fmt.Sprint("b", v+2)
			b.join("c1", endpoint)
			for n := range 25 {
				id := fmt.Sprint("v", v, "-", n)
				stream := b.state("c1").Participants[0].Endpoints[0].Streams
				if len(stream) == 0 {
					continue
				}
				wait, cancel := context.WithCancel(ctx)
				if rng.IntN(4) == 0 {
					time.AfterFunc(time.Duration(rng.IntN(3000))*time.Microsecond, cancel)
				}
				got, err := b.View(wait, agent("b"), viewing("c1", endpoint, string(stream[0].ID), id))
				cancel()
				mu.Lock()
				switch {
				case err == nil && got.SDPAnswer == "v=0for "+id:
					outcomes["answered"]++
				case errors.Is(err, conference.ErrUnknownStream):
					outcomes["stream gone"]++
				case errors.Is(err, context.Canceled):
					outcomes["given up"]++
				default:
					t.Errorf("%s: %+v, %v", id, got, err)
				}
				mu.Unlock()
			}
			if err := b.Leave(ctx, agent("b"), wire.LeaveConference{ConferenceID: "c1", UserEndpointID: endpoint}); err != nil {
				t.Error(err)
			}
		})
	}
	viewers.Wait()
	close(stop)
	answering.Wait()
	t.Log(outcomes)
	if outcomes["answered"] == 0 || outcomes["stream gone"] == 0 || outcomes["given up"] == 0 {
		t.Error("the test does not test")
	}
	asked, ended := map[string]bool{}, map[string]bool{}
	rows, _ := b.relayed("a1", 0)
	for _, e := range rows {
		switch e.Type {
		case wire.EventStreamViewRequested:
			asked[e.ViewerID] = true
		case wire.EventStreamViewStopped:
			if !asked[e.ViewerID] || ended[e.ViewerID] {
				t.Errorf("%s ends, asked %v, ended %v", e.ViewerID, asked[e.ViewerID], ended[e.ViewerID])
			}
			ended[e.ViewerID] = true
		}
	}
	for v := range 8 {
		if rows, _ := b.relayed(fmt.Sprint("b", v+2), 0); len(rows) > 0 {
			t.Errorf("a viewer was told %+v", rows[0])
		}
	}
}

// relayed returns what an endpoint alone was told past a row.
func (b *bench) relayed(endpoint string, past int64) ([]wire.ViewEvent, int64) {
	var out []wire.ViewEvent
	for {
		rows, err := b.journal.After(ctx, "default", endpoint, past, 64)
		if err != nil {
			b.t.Error(err)
			return nil, past
		}
		for _, r := range rows {
			if e := viewEvent(b.t, r.Body); e.ViewerID != "" {
				out = append(out, e)
			}
			past = r.Seq
		}
		if len(rows) < 64 {
			return out, past
		}
	}
}

func viewEvent(t testing.TB, body []byte) (e wire.ViewEvent) {
	if err := json.Unmarshal(body, &e); err != nil {
		t.Error(err)
	}
	return e
}
