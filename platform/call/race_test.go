package call_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"guichet/platform/call"
	"guichet/platform/endpoint"
	"guichet/platform/wire"
)

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
