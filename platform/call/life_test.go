package call_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"guichet/platform/call"
	"guichet/platform/endpoint"
	"guichet/platform/wire"
)

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

// TestEventsGoToTheirOwner: an id that somebody else has taken meanwhile gets
// nothing of a call, and is not in it.
func TestEventsGoToTheirOwner(t *testing.T) {
	b := start(t, 0)
	b.register("b1")
	was := []call.Party{{User: "x", Endpoint: "b1"}, {User: "b", Endpoint: "b9"}}
	b.must(b.store.SaveCall(ctx, call.Change{Key: call.Key{Organization: "default", ID: "k"}, State: []byte("{}"), Caller: "a", Callee: "x",
		At: b.now(), MostLive: 1, Joins: was, Entries: []call.Entry{{Body: []byte(`{"callId":"k"}`), To: was}}}))
	for _, at := range []string{"b1", "b9"} {
		if saw := b.events("k", at); len(saw) > 0 {
			t.Errorf("%s sees %v", at, saw)
		}
		if keys, err := b.store.CallsOf(ctx, at); err != nil || len(keys) > 0 {
			t.Errorf("%s is in %v: %v", at, keys, err)
		}
	}
}
