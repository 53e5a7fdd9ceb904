package call_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"guichet/platform/call"
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

func (b *bench) now() time.Time { return time.Now().Add(time.Duration(b.ahead.Load())) }

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

// TestOneAnswerWins lets all endpoints answer at once, again and again.
func TestOneAnswerWins(t *testing.T) {
	b := start(t, 0)
	ids := []string{"b1", "b2", "b3", "b4", "b5", "b6"}
	b.register(append(ids, "a1")...)
	for round := range 20 {
		id := fmt.Sprintf("k%d", round)
		b.must(b.call(id, "a1", "b"))
		errs := together(len(ids), func(i int) error { return b.answer(id, ids[i]) })
		winners := 0
		for i, err := range errs {
			switch {
			case err == nil:
				winners++
				b.sees(id, ids[i], "Created", "Answered")
			case errors.Is(err, call.ErrAnswered):
				b.sees(id, ids[i], "Created", "Cancelled")
			default:
				t.Errorf("%s: %v", ids[i], err)
			}
		}
		b.sees(id, "a1", "Created", "Answered")
		if winners != 1 {
			t.Fatalf("%d answers won: %v", winners, errs)
		}
	}
}

// TestAnswerAgainstCancel: one of the two is first, and both sides see the same.
func TestAnswerAgainstCancel(t *testing.T) {
	b := start(t, 0)
	b.register("a1", "b1")
	for round := range 40 {
		id := fmt.Sprintf("k%d", round)
		b.must(b.call(id, "a1", "b"))
		errs := together(2, func(i int) error {
			if i == 0 {
				return b.answer(id, "b1")
			}
			return b.Cancel(ctx, agent("a"), ref(id, "a1"))
		})
		want := "Answered"
		switch {
		case errs[0] == nil && errors.Is(errs[1], call.ErrAnswered):
		case errs[1] == nil && errors.Is(errs[0], call.ErrEnded):
			want = "Cancelled"
		default:
			t.Fatalf("answer: %v, cancel: %v", errs[0], errs[1])
		}
		b.sees(id, "a1", "Created", want)
		b.sees(id, "b1", "Created", want)
		if want == "Answered" {
			b.must(b.Hangup(ctx, agent("a"), ref(id, "a1")))
		}
	}
}

// together runs f so often at the same time and returns what each returned.
func together(n int, f func(i int) error) []error {
	errs := make([]error, n)
	var ready, done sync.WaitGroup
	ready.Add(n)
	for i := range n {
		done.Go(func() {
			ready.Done()
			ready.Wait()
			errs[i] = f(i)
		})
	}
	done.Wait()
	return errs
}

func TestNoAnswer(t *testing.T) {
	b := start(t, 50*time.Millisecond)
	b.register("a1", "b1", "b2")
	b.must(b.call("k", "a1", "b"))
	b.must(b.call("l", "a1", "b"))
	for _, id := range []string{"k", "l"} {
		for _, at := range []string{"a1", "b1", "b2"} {
			b.until(id, at, "Ended")
			b.sees(id, at, "Created", "Ended")
		}
		last := b.events(id, "a1")[1]
		if last.Reason != wire.ReasonNoAnswer || last.UserID != "" || last.UserEndpointID != "" {
			t.Errorf("ended with %+v", last)
		}
		if err := b.answer(id, "b1"); !errors.Is(err, call.ErrEnded) {
			t.Errorf("a late answer: %v", err)
		}
	}
}

// TestNoAnswerWhileTheStoreFails: a call that cannot be ended when its time is
// over is ended as soon as it can be.
func TestNoAnswerWhileTheStoreFails(t *testing.T) {
	b := start(t, 20*time.Millisecond)
	b.register("a1", "b1")
	tried := make(chan struct{}, 1)
	b.faulty.set(func(c call.Change) error {
		if !c.Ended {
			return nil
		}
		select {
		case tried <- struct{}{}:
		default:
		}
		return errors.New("disk is full")
	})
	b.must(b.call("k", "a1", "b"))
	select {
	case <-tried:
	case <-time.After(hang):
		t.Fatal("the end was not tried")
	}
	b.sees("k", "a1", "Created")
	b.faulty.set(nil)
	b.until("k", "a1", "Ended")
}

// TestManyDevices: of very many devices the youngest ring, no others.
func TestManyDevices(t *testing.T) {
	b := start(t, 0)
	b.register("a1", "b-old")
	b.ahead.Store(int64(time.Minute))
	for i := range 64 {
		b.register(fmt.Sprintf("b%d", i))
	}
	b.must(b.call("k", "a1", "b"))
	b.sees("k", "b-old")
	b.sees("k", "b0", "Created")
	b.sees("k", "b63", "Created")
	b.must(b.answer("k", "b63"))
	b.sees("k", "b0", "Created", "Cancelled")
}

// TestRestart: a call that rings when the server stops rings on, one whose time
// passed meanwhile ends, and one that was answered goes on.
func TestRestart(t *testing.T) {
	b := start(t, time.Minute)
	b.register("a1", "b1")
	for _, id := range []string{"answered", "rings"} {
		b.must(b.call(id, "a1", "b"))
	}
	b.must(b.answer("answered", "b1"))
	b.close()
	b.open()
	b.must(b.call("late", "a1", "b"))
	b.must(b.Ringing(ctx, agent("b"), ref("rings", "b1")))
	b.must(b.answer("rings", "b1"))
	b.sees("rings", "a1", "Created", "Ringing", "Answered")
	b.close()
	b.ahead.Store(int64(61 * time.Second))
	b.open()
	b.until("late", "a1", "Ended")
	b.sees("late", "b1", "Created", "Ended")
	for _, id := range []string{"answered", "rings"} {
		b.must(b.Hangup(ctx, agent("b"), ref(id, "b1")))
		if saw := b.saw(id, "a1"); saw[len(saw)-1] != "Ended" {
			t.Errorf("%s: %v", id, saw)
		}
	}
}

func TestEndpointsThatGo(t *testing.T) {
	b := start(t, 0)
	b.register("a1", "b1", "b2")
	b.must(b.call("k", "a1", "b"))
	b.unregister("b2")
	b.must(b.Ringing(ctx, agent("b"), ref("k", "b1")))
	b.unregister("b1")
	b.sees("k", "a1", "Created", "Ringing", "Ended")
	b.register("b1")
	b.sees("k", "b1") // what the endpoint saw before went with it
	b.must(b.call("l", "a1", "b"))
	b.must(b.answer("l", "b1"))
	b.unregister("b1")
	b.sees("l", "a1", "Created", "Answered", "Ended")
	if e := b.events("l", "a1")[2]; e.Reason != "bye" || e.UserEndpointID != "b1" || e.UserID != "b" {
		t.Errorf("ended with %+v", e)
	}
	b.register("b1")
	b.must(b.call("m", "a1", "b"))
	b.unregister("a1")
	b.sees("m", "b1", "Created", "Cancelled")
}

// TestEndpointsThatGoMeanwhile: an endpoint that is unregistered while the call
// is being written is neither left in it nor left behind.
func TestEndpointsThatGoMeanwhile(t *testing.T) {
	for _, goes := range []string{"a1", "b1"} {
		t.Run(goes, func(t *testing.T) {
			b := start(t, 0)
			b.register("a1", "b1")
			b.faulty.set(func(call.Change) error {
				b.faulty.set(nil)
				b.unregister(goes)
				return nil
			})
			err := b.call("k", "a1", "b")
			if goes == "a1" != errors.Is(err, endpoint.ErrUnknown) || goes == "b1" && err != nil {
				t.Errorf("call: %v", err)
			}
			stays := map[string]string{"a1": "b1", "b1": "a1"}[goes]
			if saw := b.saw("k", stays); len(saw) != 2 || saw[1] == "Created" {
				t.Errorf("%s sees %v", stays, saw)
			}
			b.register(goes)
			b.sees("k", goes)
		})
	}
}

// TestRegistrationStaysWithTheCall: while the store refuses to end a call, the
// registration of who is in it is not lost, so that the end is tried again.
func TestRegistrationStaysWithTheCall(t *testing.T) {
	b := start(t, time.Minute)
	b.register("a1", "b1")
	b.must(b.call("k", "a1", "b"))
	b.must(b.answer("k", "b1"))
	if err := b.store.DeleteEndpoint(ctx, "b1"); err == nil {
		t.Fatal("a registration was deleted with its endpoint in a call")
	}
	broken := errors.New("disk is full")
	b.faulty.set(func(call.Change) error { return broken })
	if err := b.Hangup(ctx, agent("a"), ref("k", "a1")); !errors.Is(err, broken) {
		t.Errorf("hang up: %v", err)
	}
	b.sees("k", "b1", "Created", "Answered")
	b.faulty.set(nil)
	b.unregister("b1")
	b.sees("k", "a1", "Created", "Answered", "Ended")
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

// TestStorm lets everybody do anything to a few calls at once, with endpoints
// that come and go, and then lets the time to ring pass: no call rings, nobody
// has seen a gap, and nobody who is left in a call is alone.
func TestStorm(t *testing.T) {
	b := start(t, time.Hour)
	ids := []string{"a1", "a2", "b1", "b2", "b3", "c1"}
	b.register(ids...)
	var calls []string
	for i := range 12 {
		calls = append(calls, fmt.Sprintf("k%d", i))
	}
	together(8, func(i int) error {
		r := rand.New(rand.NewPCG(7, uint64(i)))
		for range 60 {
			id, at := calls[r.IntN(len(calls))], ids[r.IntN(len(ids))]
			var err error
			switch r.IntN(12) {
			case 0, 1, 2:
				err = b.call(id, at, string("abc"[r.IntN(3)]))
			case 3:
				err = b.Ringing(ctx, agent(at[:1]), ref(id, at))
			case 4, 5:
				err = b.answer(id, at)
			case 6:
				err = b.Reject(ctx, agent(at[:1]), ref(id, at))
			case 7:
				err = b.Cancel(ctx, agent(at[:1]), ref(id, at))
			case 8:
				err = b.Hangup(ctx, agent(at[:1]), ref(id, at))
			case 9, 10:
				err = b.AddCandidates(ctx, agent(at[:1]), wire.CallCandidates{CallID: id, UserEndpointID: at, ICECandidates: []wire.ICECandidate{{Candidate: "candidate:1"}}})
			case 11:
				// One that a call reached just now is kept, to be tried again.
				if b.endpoints.Unregister(ctx, owner(at), at, "bye") == nil {
					_, err = b.endpoints.Register(ctx, owner(at), nil, wire.RegisterEndpoint{UserEndpointID: at, KeepAliveSeconds: 60})
				}
			}
			expected(t, err)
		}
		return nil
	})
	b.close()
	b.ahead.Store(int64(2 * time.Hour))
	b.open()
	guard := time.After(hang)
	for {
		due, next, err := b.store.OverdueCalls(ctx, b.now().Add(24*time.Hour), 100)
		b.must(err)
		if len(due) == 0 && next.IsZero() {
			break
		}
		select {
		case <-b.woken:
		case <-guard:
			t.Fatalf("%v rings for ever", due)
		}
	}
	in := map[string]int{}
	for _, at := range ids {
		for _, id := range calls {
			b.saw(id, at)
		}
		keys, err := b.store.CallsOf(ctx, at)
		b.must(err)
		for _, k := range keys {
			in[k.ID]++
		}
		b.unregister(at)
	}
	for id, n := range in {
		if n != 2 {
			t.Errorf("%d are in call %s", n, id)
		}
	}
	for _, at := range ids {
		if keys, err := b.store.CallsOf(ctx, at); err != nil || len(keys) > 0 {
			t.Errorf("%s is still in %v: %v", at, keys, err)
		}
	}
}

func expected(t *testing.T, err error) {
	t.Helper()
	for _, fine := range []error{nil, call.ErrUnknownCall, call.ErrExists, call.ErrNobody, call.ErrNotParty, call.ErrNotYours, call.ErrWrongSide,
		call.ErrAnswered, call.ErrRejected, call.ErrEnded, endpoint.ErrUnknown} {
		if errors.Is(err, fine) {
			return
		}
	}
	t.Error(err)
}
