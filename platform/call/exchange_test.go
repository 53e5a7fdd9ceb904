package call_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"guichet/platform/call"
	"guichet/platform/clocktest"
	"guichet/platform/endpoint"
	"guichet/platform/store"
	"guichet/platform/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hang is how long a test waits for what must come.
const hang = 20 * time.Second

const sdp = "v=0\r\n"

var ctx = context.Background()

// bench is an Exchange on a real store and real registrations.
type bench struct {
	*call.Exchange
	t         *testing.T
	dir       string
	ringTime  time.Duration
	ahead     atomic.Int64 // of the clock
	clock     clocktest.Clock
	store     *store.Store
	faulty    *faulty
	journal   *store.Journal
	endpoints *endpoint.Registry
	woken     chan []string
}

// faulty is a store whose writes pass a test's hands first.
type faulty struct {
	call.Store
	mu    sync.Mutex
	first func(call.Change) error
}

func (f *faulty) set(first func(call.Change) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.first = first
}

func (f *faulty) SaveCall(ctx context.Context, c call.Change) error {
	f.mu.Lock()
	first := f.first
	f.mu.Unlock()
	if first != nil {
		if err := first(c); err != nil {
			return err
		}
	}
	return f.Store.SaveCall(ctx, c)
}

// live is the server's answer to who can be reached.
type live struct {
	*endpoint.Registry
	store *store.Store
}

func (l live) Check(ctx context.Context, organization, user, id string) error {
	return l.Registry.Check(ctx, endpoint.Owner{Organization: organization, UserID: user}, id)
}

func (l live) Live(ctx context.Context, organization, user string) ([]string, error) {
	ids, err := l.store.UserEndpoints(ctx, organization, user)
	return slices.DeleteFunc(ids, func(id string) bool { return l.Check(ctx, organization, user, id) != nil }), err
}

func start(t *testing.T, ringTime time.Duration) *bench {
	b := &bench{t: t, dir: t.TempDir(), ringTime: ringTime}
	b.open()
	t.Cleanup(b.close)
	return b
}

func (b *bench) now() time.Time { return b.clock.Now().Add(time.Duration(b.ahead.Load())) }

func (b *bench) open() {
	b.t.Helper()
	var err error
	if b.store, err = store.Open(ctx, b.dir); err != nil {
		b.t.Fatal(err)
	}
	b.journal = store.NewJournal(b.store, b.now, slog.New(slog.DiscardHandler))
	b.faulty = &faulty{Store: b.store}
	b.woken = make(chan []string, 1<<16)
	b.endpoints = endpoint.New(endpoint.Config{Store: b.store, Now: b.now, Gone: func(ctx context.Context, e endpoint.Endpoint, reason string) {
		b.EndpointGone(ctx, e.Owner.UserID, e.ID, reason)
	}})
	b.Exchange = call.New(call.Config{Store: b.faulty, Endpoints: live{b.endpoints, b.store}, RingTime: b.ringTime, Now: b.now,
		Wake: func(ids []string) { b.woken <- ids }})
	if err := b.endpoints.Run(ctx); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) close() {
	b.endpoints.Close()
	b.Close()
	if err := errors.Join(b.journal.Close(), b.store.Close()); err != nil {
		b.t.Error(err)
	}
}

func agent(user string) call.Caller {
	return call.Caller{Organization: "default", UserID: user, MayCall: true}
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// register makes endpoints, which belong to the user of their first letter.
func (b *bench) register(ids ...string) {
	b.t.Helper()
	for _, id := range ids {
		_, err := b.endpoints.Register(ctx, owner(id), nil, wire.RegisterEndpoint{UserEndpointID: id, KeepAliveSeconds: 60})
		b.must(err)
	}
}

func owner(id string) endpoint.Owner {
	return endpoint.Owner{Organization: "default", UserID: id[:1]}
}

func (b *bench) unregister(id string) {
	b.t.Helper()
	b.must(b.endpoints.Unregister(ctx, owner(id), id, "bye"))
}

func (b *bench) call(id, from, target string) error {
	_, err := b.Call(ctx, agent(from[:1]), wire.StartCall{CallID: id, SDPOffer: sdp, Target: target, UserEndpointID: from})
	return err
}

func (b *bench) answer(id, at string) error {
	return b.Answer(ctx, agent(at[:1]), wire.AnswerCall{CallID: id, SDPAnswer: sdp + at, UserEndpointID: at})
}

func ref(id, at string) wire.CallRef {
	return wire.CallRef{CallID: id, UserEndpointID: at, Reason: "why"}
}

// events returns what an endpoint is owed of a call.
func (b *bench) events(id, at string) []wire.CallEvent {
	b.t.Helper()
	var list []wire.CallEvent
	for past := int64(0); ; {
		rows, err := b.journal.After(ctx, "default", at, past, 64)
		b.must(err)
		for _, r := range rows {
			var e wire.CallEvent
			b.must(json.Unmarshal(r.Body, &e))
			if e.CallID == id {
				list = append(list, e)
			}
			past = r.Seq
		}
		if len(rows) < 64 {
			return list
		}
	}
}

// saw returns the events in short, and checks that their versions have no gap.
func (b *bench) saw(id, at string) []string {
	b.t.Helper()
	var list []string
	for i, e := range b.events(id, at) {
		if e.AggregateVersion != int64(i+1) {
			b.t.Errorf("%s sees %s with version %d after %v", at, e.Type, e.AggregateVersion, list)
		}
		list = append(list, strings.TrimSuffix(strings.TrimPrefix(string(e.Type), "Call"), "Event"))
	}
	return list
}

func (b *bench) sees(id, at string, want ...string) {
	b.t.Helper()
	if d := cmp.Diff(want, b.saw(id, at)); d != "" {
		b.t.Errorf("%s sees of %s (-want +got):\n%s", at, id, d)
	}
}

// until waits, from wake-up to wake-up, for an endpoint to see an event.
func (b *bench) until(id, at, kind string) {
	b.t.Helper()
	guard := time.After(hang)
	for !slices.Contains(b.saw(id, at), kind) {
		select {
		case <-b.woken:
		case <-guard:
			b.t.Fatalf("%s does not see %s of %s, only %v", at, kind, id, b.saw(id, at))
		}
	}
}

func TestWhoCanBeCalled(t *testing.T) {
	b := start(t, 0)
	b.register("a1", "b1")
	for _, tc := range []struct {
		name   string
		who    call.Caller
		target string
		from   string
		want   error
	}{
		{"a guest calls", call.Caller{Organization: "default", UserID: "a"}, "b", "a1", call.ErrForbidden},
		{"nobody of that name", agent("a"), "c", "a1", call.ErrNobody},
		{"of another organization", call.Caller{Organization: "other", UserID: "a", MayCall: true}, "b", "a1", endpoint.ErrNotYours},
		{"with an endpoint of somebody else", agent("a"), "b", "b1", endpoint.ErrNotYours},
		{"with an endpoint that is none", agent("a"), "b", "a9", endpoint.ErrUnknown},
		{"oneself with no other endpoint", agent("a"), "a", "a1", call.ErrNobody},
	} {
		_, err := b.Call(ctx, tc.who, wire.StartCall{CallID: "k", SDPOffer: sdp, Target: tc.target, UserEndpointID: tc.from})
		if !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", tc.name, err, tc.want)
		}
	}
	for _, target := range []string{"sip:anna@example.org", "SIPS:anna@example.org", "tel:+4930123"} {
		var refused *wire.Error
		if err := b.call("k", "a1", target); !errors.As(err, &refused) || refused.Code != wire.CodeUnavailable {
			t.Errorf("%s: %v", target, err)
		}
	}
	b.must(b.call("k", "a1", "B")) // as people type names
	b.sees("k", "b1", "Created")
	if err := b.call("k", "a1", "b"); !errors.Is(err, call.ErrExists) {
		t.Errorf("the same id: %v", err)
	}
	b.register("a2")
	b.must(b.call("me", "a1", "a"))
	b.sees("me", "a2", "Created")
	b.unregister("b1")
	if err := b.call("l", "a1", "b"); !errors.Is(err, call.ErrNobody) {
		t.Errorf("who is gone: %v", err)
	}
}

// TestForeignHands: of the operations on a call, none is anybody's but those who
// are in it, and another organization does not even learn that it exists.
func TestForeignHands(t *testing.T) {
	b := start(t, 0)
	b.register("a1", "b1", "c1")
	b.must(b.call("k", "a1", "b"))
	operations := map[string]func(who call.Caller, at string) error{
		"ringing": func(who call.Caller, at string) error { return b.Ringing(ctx, who, ref("k", at)) },
		"answer": func(who call.Caller, at string) error {
			return b.Answer(ctx, who, wire.AnswerCall{CallID: "k", SDPAnswer: sdp, UserEndpointID: at})
		},
		"reject": func(who call.Caller, at string) error { return b.Reject(ctx, who, ref("k", at)) },
		"cancel": func(who call.Caller, at string) error { return b.Cancel(ctx, who, ref("k", at)) },
		"hangup": func(who call.Caller, at string) error { return b.Hangup(ctx, who, ref("k", at)) },
		"candidates": func(who call.Caller, at string) error {
			return b.AddCandidates(ctx, who, wire.CallCandidates{CallID: "k", UserEndpointID: at, ICECandidates: []wire.ICECandidate{{}}})
		},
	}
	for name, do := range operations {
		for _, tc := range []struct {
			who  call.Caller
			at   string
			want error
		}{
			{agent("c"), "c1", call.ErrNotParty},
			{agent("c"), "b1", call.ErrNotYours},
			{agent("c"), "a1", call.ErrNotYours},
			{agent("b"), "a1", call.ErrNotYours},
			{call.Caller{Organization: "other", UserID: "b"}, "b1", call.ErrUnknownCall},
		} {
			if err := do(tc.who, tc.at); !errors.Is(err, tc.want) {
				t.Errorf("%s by %s of %s with %s: %v, want %v", name, tc.who.UserID, tc.who.Organization, tc.at, err, tc.want)
			}
		}
	}
	b.sees("k", "c1")
	b.sees("k", "b1", "Created")
}

func TestTooManyCalls(t *testing.T) {
	b := start(t, time.Minute)
	b.register("a1", "b1", "c1", "d1")
	n := 0
	var err error
	for ; err == nil && n < 100; n++ {
		err = b.call(fmt.Sprintf("k%d", n), []string{"a1", "c1"}[n%2], "b")
	}
	if !errors.Is(err, call.ErrTooMany) || n != 65 {
		t.Fatalf("call %d: %v", n, err)
	}
	if err := b.call("other", "a1", "c"); err != nil {
		t.Errorf("between others: %v", err)
	}
	if err := b.call("back", "b1", "d"); !errors.Is(err, call.ErrTooMany) {
		t.Errorf("a call by who has too many: %v", err)
	}
	b.must(b.Cancel(ctx, agent("a"), ref("k0", "a1")))
	b.must(b.call("again", "a1", "b"))
}

func TestSweep(t *testing.T) {
	b := start(t, time.Minute)
	b.register("a1", "b1")
	b.must(b.call("old", "a1", "b"))
	b.must(b.Cancel(ctx, agent("a"), ref("old", "a1")))
	b.must(b.call("lives", "a1", "b"))
	rows, err := b.journal.After(ctx, "default", "a1", 0, 64)
	b.must(err)
	b.must(b.journal.Advance(ctx, "a1", rows[1].Seq))
	b.must(b.journal.Close()) // writes the cursor
	b.must(b.store.SweepCalls(ctx, b.now().Add(-time.Hour), b.now().Add(-time.Hour)))
	if err := b.answer("old", "b1"); !errors.Is(err, call.ErrEnded) {
		t.Errorf("a call that ended just now: %v", err)
	}
	b.must(b.store.SweepCalls(ctx, b.now().Add(time.Hour), b.now().Add(time.Hour)))
	if err := b.answer("old", "b1"); !errors.Is(err, call.ErrUnknownCall) {
		t.Errorf("a call that was swept: %v", err)
	}
	b.sees("old", "b1", "Created", "Cancelled") // is owed to it still
	if saw := b.events("old", "a1"); len(saw) != 0 {
		t.Errorf("what was acknowledged stays: %v", saw)
	}
	b.must(b.answer("lives", "b1"))
}

func TestAfterClose(t *testing.T) {
	b := start(t, 0)
	b.register("a1", "b1")
	b.Close()
	if err := b.call("k", "a1", "b"); !errors.Is(err, call.ErrClosed) {
		t.Errorf("call: %v", err)
	}
}
