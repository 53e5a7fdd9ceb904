package queue_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"guichet/platform/queue"
	"guichet/platform/store"
	"guichet/platform/wire"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var ctx = context.Background()

// rooms are conferences that are there when they were opened.
type rooms struct {
	mu   sync.Mutex
	open map[string]bool
}

func (r *rooms) Open(_ context.Context, _, id, _ string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open[id] = true
	return nil
}

func (r *rooms) Hold(context.Context, string, string, bool) error { return nil }

func (r *rooms) End(_ context.Context, _, id, _ string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.open, id)
	return nil
}

func (r *rooms) In(_ context.Context, _, id string) ([]queue.Party, int64, bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return nil, 1, !r.open[id], nil
}

// anywhere has every endpoint alive.
type anywhere struct{}

func (anywhere) Check(context.Context, string, string, string) error { return nil }

// faulty is a store whose writes fail on demand.
type faulty struct {
	*store.Store
	mu   sync.Mutex
	fail error
}

func (f *faulty) SaveHall(ctx context.Context, c queue.Change) error {
	f.mu.Lock()
	err := f.fail
	f.mu.Unlock()
	if err != nil {
		return err
	}
	return f.Store.SaveHall(ctx, c)
}

func (f *faulty) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail = err
}

// bench is a service over a real store.
type bench struct {
	*queue.Service
	t      *testing.T
	store  *store.Store
	faulty *faulty
	rooms  *rooms
	mu     sync.Mutex
	woken  []string
}

func open(t *testing.T) *bench {
	t.Helper()
	s, err := store.Open(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, store: s, faulty: &faulty{Store: s}, rooms: &rooms{open: map[string]bool{}}}
	b.start()
	t.Cleanup(func() {
		b.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// start begins a service on what is stored.
func (b *bench) start() {
	b.t.Helper()
	var err error
	b.Service, err = queue.New(queue.Config{Store: b.faulty, Endpoints: anywhere{}, Conferences: b.rooms, Wake: func(ids []string) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.woken = append(b.woken, ids...)
	}})
	if err == nil {
		err = b.Run(ctx)
	}
	b.must(err)
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func boss() queue.Caller {
	return queue.Caller{Organization: "default", UserID: "boss", Agent: true, Lead: true}
}

func clerk(name string) queue.Caller {
	return queue.Caller{Organization: "default", UserID: name, Agent: true}
}

// staffed makes a queue with agents who are ready.
func (b *bench) staffed(agents ...string) wire.Queue {
	b.t.Helper()
	q, err := b.CreateQueue(ctx, boss(), wire.WriteQueue{Name: "loans"})
	b.must(err)
	for _, name := range agents {
		_, err := b.UpdateAgent(ctx, boss(), name, wire.UpdateAgent{Queues: []string{q.ID}})
		b.must(err)
		_, err = b.SetPresence(ctx, clerk(name), wire.SetPresence{State: wire.PresenceReady, UserEndpointID: "e-" + name})
		b.must(err)
	}
	return q
}

func (b *bench) visits() (list []string) {
	b.t.Helper()
	all, err := b.Visits(ctx, boss(), queue.Filter{})
	b.must(err)
	for _, v := range all {
		list = append(list, fmt.Sprint(v.ID, " ", v.State))
	}
	return list
}

// TestWritesThatFail: what was not written is refused and did not happen, and what
// was is there.
func TestWritesThatFail(t *testing.T) {
	b := open(t)
	q := b.staffed("anna")
	_, err := b.Enter(ctx, boss(), wire.CreateVisit{VisitID: "v1", QueueID: q.ID})
	b.must(err)
	broken := errors.New("disk is full")
	b.faulty.set(broken)
	if _, err := b.Enter(ctx, boss(), wire.CreateVisit{VisitID: "v2", QueueID: q.ID}); !errors.Is(err, queue.ErrUnavailable) || !errors.Is(err, broken) {
		t.Errorf("a visit that is not written: %v", err)
	}
	b.faulty.set(nil)
	deadline := time.Now().Add(time.Minute)
	for err = queue.ErrUnavailable; errors.Is(err, queue.ErrUnavailable) && time.Now().Before(deadline); {
		_, err = b.Enter(ctx, boss(), wire.CreateVisit{VisitID: "v3", QueueID: q.ID})
	}
	b.must(err)
	if got := fmt.Sprint(b.visits()); got != "[v1 RINGING v3 WAITING]" {
		t.Errorf("%s", got)
	}
	if _, err := b.Visit(ctx, boss(), "v2"); !errors.Is(err, queue.ErrUnknownVisit) {
		t.Errorf("what was not written: %v", err)
	}
	b.Close()
	b.start()
	if got := fmt.Sprint(b.visits()); got != "[v1 RINGING v3 WAITING]" {
		t.Errorf("after a restart: %s", got)
	}
}

// TestAcceptHasOneWinner: an agent accepts from many windows while the caller
// leaves; there is one conference, or none.
func TestAcceptHasOneWinner(t *testing.T) {
	b := open(t)
	q := b.staffed("anna", "bert")
	for i := range 20 {
		id := fmt.Sprint("v", i)
		_, err := b.Enter(ctx, boss(), wire.CreateVisit{VisitID: id, QueueID: q.ID})
		b.must(err)
		v, err := b.Visit(ctx, boss(), id)
		b.must(err)
		if v.Offer == nil {
			t.Fatalf("%+v", v)
		}
		var mu sync.Mutex
		joined := map[string]bool{}
		var all sync.WaitGroup
		for _, name := range []string{"anna", "bert", "anna", "bert"} {
			all.Go(func() {
				a, err := b.Accept(ctx, clerk(name), id, wire.VisitRef{UserEndpointID: "e-" + name})
				switch {
				case err == nil && name != v.Offer.UserID:
					t.Errorf("%s took what rang at %s", name, v.Offer.UserID)
				case err == nil:
					mu.Lock()
					joined[a.ConferenceID] = true
					mu.Unlock()
				case !errors.Is(err, queue.ErrNotOffered) && !errors.Is(err, queue.ErrEnded) && !errors.Is(err, queue.ErrForbidden):
					t.Error(err)
				}
			})
		}
		all.Go(func() { b.must(b.Leave(ctx, boss(), id)) })
		all.Wait()
		b.rooms.mu.Lock()
		left := len(b.rooms.open)
		for conference := range joined {
			if !b.rooms.open[conference] {
				t.Errorf("%s was accepted into a conference that has ended", id)
			}
			delete(b.rooms.open, conference)
		}
		b.rooms.mu.Unlock()
		if len(joined) > 1 || left != len(joined) {
			t.Errorf("%s: accepted into %d conferences, of %d", id, len(joined), left)
		}
		for _, name := range []string{"anna", "bert"} {
			_, err := b.SetPresence(ctx, clerk(name), wire.SetPresence{State: wire.PresenceReady, UserEndpointID: "e-" + name})
			b.must(err)
		}
	}
}

// TestFinishedVisitsAreKept: with their notes, for whom they are.
func TestFinishedVisitsAreKept(t *testing.T) {
	b := open(t)
	q := b.staffed("anna")
	for i := range 6 {
		id := fmt.Sprint("v", i)
		_, err := b.Enter(ctx, boss(), wire.CreateVisit{VisitID: id, QueueID: q.ID})
		b.must(err)
		_, err = b.Accept(ctx, clerk("anna"), id, wire.VisitRef{UserEndpointID: "e-anna"})
		b.must(err)
		b.must(b.Leave(ctx, clerk("anna"), id))
		b.must(b.WrapUp(ctx, clerk("anna"), id, wire.WrapUpVisit{Notes: "note " + id, Done: true}))
	}
	for who, want := range map[string]int{"anna": 6, "bert": 0} {
		list, err := b.Visits(ctx, clerk(who), queue.Filter{State: wire.VisitEnded, Mine: true})
		b.must(err)
		if len(list) != want || want > 0 && (list[0].ID != "v5" || list[0].Legs[0].Notes != "note v5") {
			t.Errorf("%s: %+v", who, list)
		}
	}
	// The next caller is told what to expect, also by a server that has just begun.
	for range 2 {
		v, err := b.Queue(ctx, boss(), q.ID)
		b.must(err)
		if w := v.Line.Wait; w == nil || w.MinSeconds != 0 || w.MaxSeconds != 60 {
			t.Errorf("%+v", w)
		}
		b.Close()
		b.start()
	}
	if _, err := b.Enter(ctx, queue.Caller{Organization: "default", UserID: "thief", Agent: true}, wire.CreateVisit{VisitID: "v1", QueueID: q.ID}); !errors.Is(err, queue.ErrExists) {
		t.Errorf("an id that is taken: %v", err)
	}
	if v, err := b.Enter(ctx, boss(), wire.CreateVisit{VisitID: "v1", QueueID: q.ID}); err != nil || v.State != wire.VisitEnded {
		t.Errorf("a repeated request: %+v %v", v, err)
	}
	b.must(b.store.SweepHalls(ctx, time.Now().Add(time.Hour), time.Now().Add(time.Hour)))
	if _, err := b.Visit(ctx, boss(), "v1"); !errors.Is(err, queue.ErrUnknownVisit) {
		t.Errorf("swept: %v", err)
	}
}

// TestStoredElsewhere: a hall that somebody else wrote is loaded anew.
func TestStoredElsewhere(t *testing.T) {
	b := open(t)
	q := b.staffed()
	saved, err := b.store.LoadHall(ctx, "default", time.Now().Add(-time.Hour), 1)
	b.must(err)
	words, err := json.Marshal(map[string]any{"reasons": []wire.Choice{{ID: "lunch", Name: "Lunch"}}})
	b.must(err)
	b.must(b.store.SaveHall(ctx, queue.Change{Organization: "default", Was: saved.Revision, At: time.Now(), Words: words}))
	if _, err := b.Enter(ctx, boss(), wire.CreateVisit{QueueID: q.ID}); !errors.Is(err, queue.ErrStale) {
		t.Errorf("%v", err)
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		if list, err := b.Reasons(ctx, boss()); err == nil && len(list.Items) == 1 {
			return
		}
	}
	t.Error("it is not loaded anew")
}
