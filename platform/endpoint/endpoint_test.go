package endpoint

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"guichet/platform/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// memory is a Store; its writes can be made to fail.
type memory struct {
	mu     sync.Mutex
	rows   map[string]Endpoint
	writes int
	broken error
}

func (m *memory) Endpoints(context.Context) ([]Endpoint, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []Endpoint
	for _, e := range m.rows {
		list = append(list, e)
	}
	return list, m.broken
}

func (m *memory) SaveEndpoint(_ context.Context, e Endpoint) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writes++
	if m.broken == nil {
		m.rows[e.ID] = e
	}
	return m.broken
}

func (m *memory) DeleteEndpoint(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken == nil {
		delete(m.rows, id)
	}
	return m.broken
}

func (m *memory) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.broken = err
}

// bench is a running Registry and what it told.
type bench struct {
	*Registry
	store *memory
	mu    sync.Mutex
	told  []string
}

func (b *bench) tell(what string, e Endpoint) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.told = append(b.told, what+" "+e.ID)
}

func (b *bench) heard() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	told := b.told
	b.told = nil
	return told
}

func start(t *testing.T, store *memory) *bench {
	t.Helper()
	b := &bench{store: store}
	b.Registry = New(Config{Store: store,
		Gone:   func(_ context.Context, e Endpoint, reason string) { b.tell(reason, e) },
		Remind: func(e Endpoint) { b.tell("remind", e) }})
	if err := b.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return b
}

var (
	ctx  = context.Background()
	anna = Owner{"default", "anna"}
	bert = Owner{"default", "bert"}
)

func (b *bench) register(t *testing.T, o Owner, id string, seconds int) {
	t.Helper()
	got, err := b.Register(ctx, o, nil, wire.RegisterEndpoint{UserEndpointID: id, KeepAliveSeconds: seconds})
	if err != nil || got != id {
		t.Fatalf("register: %q, %v", got, err)
	}
}

func equal(t *testing.T, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// pass lets time go by and what is due happen.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestBeatsKeepAliveAndTheirLackEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, &memory{rows: map[string]Endpoint{}})
		defer b.Close()
		b.register(t, anna, "e1", 10)
		b.register(t, anna, "e2", 10)
		for range 5 {
			pass(21 * time.Second)
			if err := b.KeepAlive(anna, nil, "e1"); err != nil {
				t.Fatal(err)
			}
		}
		equal(t, []string{"keep-alive missed e2"}, b.heard())
		if err := b.Check(ctx, anna, "e2"); !errors.Is(err, ErrUnknown) {
			t.Errorf("check of the dropped one: %v", err)
		}
		if err := b.KeepAlive(anna, nil, "e2"); !errors.Is(err, ErrUnknown) {
			t.Errorf("beat of the dropped one: %v", err)
		}
		pass(21 * time.Second)
		if err := b.Check(ctx, anna, "e1"); err != nil {
			t.Errorf("dropped before its time: %v", err)
		}
		pass(2 * time.Second)
		equal(t, []string{"keep-alive missed e1"}, b.heard())
		equal(t, 0, len(b.store.rows))
		equal(t, 2, b.store.writes) // beats are not written
	})
}

func TestReminder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, &memory{rows: map[string]Endpoint{}})
		defer b.Close()
		if _, err := b.Register(ctx, anna, nil, wire.RegisterEndpoint{UserEndpointID: "e1", KeepAliveSeconds: 10, ServerKeepAliveReminderOn: true}); err != nil {
			t.Fatal(err)
		}
		pass(9 * time.Second)
		equal(t, []string(nil), b.heard())
		pass(2 * time.Second)
		equal(t, []string{"remind e1"}, b.heard())
		if err := b.KeepAlive(anna, nil, "e1"); err != nil {
			t.Fatal(err)
		}
		pass(23 * time.Second)
		equal(t, []string{"remind e1", "keep-alive missed e1"}, b.heard())
	})
}

func TestIntervals(t *testing.T) {
	for asked, lives := range map[int]time.Duration{0: 62 * time.Second, 1: 12 * time.Second, -3: 12 * time.Second,
		5: 12 * time.Second, 3600: 7202 * time.Second} {
		t.Run(fmt.Sprint(asked), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := start(t, &memory{rows: map[string]Endpoint{}})
				defer b.Close()
				b.register(t, anna, "e1", asked)
				pass(lives - time.Millisecond)
				equal(t, []string(nil), b.heard())
				pass(time.Millisecond)
				equal(t, []string{"keep-alive missed e1"}, b.heard())
			})
		})
	}
}

func TestRestartGivesAFreshPeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{rows: map[string]Endpoint{}}
		b := start(t, store)
		b.register(t, anna, "e1", 10)
		pass(20 * time.Second)
		b.Close()
		equal(t, []string(nil), b.heard())
		time.Sleep(time.Hour)
		b = start(t, store)
		defer b.Close()
		if err := b.Check(ctx, anna, "e1"); err != nil {
			t.Error(err)
		}
		pass(21 * time.Second)
		equal(t, []string(nil), b.heard())
		pass(2 * time.Second)
		equal(t, []string{"keep-alive missed e1"}, b.heard())
	})
}

func TestRegister(t *testing.T) {
	b := start(t, &memory{rows: map[string]Endpoint{}})
	defer b.Close()
	id, err := b.Register(ctx, anna, nil, wire.RegisterEndpoint{KeepAliveSeconds: 15})
	if err != nil || wire.CheckID("id", id) != nil || len(id) != 36 {
		t.Fatalf("made id %q, %v", id, err)
	}
	b.register(t, anna, id, 20) // resumed
	equal(t, 20, b.store.rows[id].KeepAliveSeconds)
	for name, tc := range map[string]struct {
		got, want error
	}{
		"somebody else's id":         {second(b.Register(ctx, bert, nil, wire.RegisterEndpoint{UserEndpointID: id})), ErrNotYours},
		"of another organization":    {second(b.Register(ctx, Owner{"other", "anna"}, nil, wire.RegisterEndpoint{UserEndpointID: id})), ErrNotYours},
		"beat for somebody else":     {b.KeepAlive(bert, nil, id), ErrNotYours},
		"check of somebody else's":   {b.Check(ctx, bert, id), ErrNotYours},
		"unregister somebody else's": {b.Unregister(ctx, bert, id, ""), ErrNotYours},
		"unknown":                    {b.Unregister(ctx, bert, "e9", ""), ErrUnknown},
	} {
		if !errors.Is(tc.got, tc.want) {
			t.Errorf("%s: %v, want %v", name, tc.got, tc.want)
		}
	}
	for _, q := range []wire.RegisterEndpoint{{UserEndpointID: "a b"}, {KeepAliveSeconds: 3601}} {
		var invalid *wire.Error
		if _, err := b.Register(ctx, anna, nil, q); !errors.As(err, &invalid) {
			t.Errorf("%+v: %v", q, err)
		}
	}
	if err := b.Unregister(ctx, anna, id, "signed out"); err != nil {
		t.Fatal(err)
	}
	equal(t, []string{"signed out " + id}, b.heard())
	equal(t, 0, len(b.store.rows))
	b.register(t, bert, id, 15) // free again
}

func second[T any](_ T, err error) error { return err }

func TestUsersAreBounded(t *testing.T) {
	b := start(t, &memory{rows: map[string]Endpoint{}})
	defer b.Close()
	for i := range maxPerUser {
		b.register(t, anna, fmt.Sprint(i), 15)
	}
	if _, err := b.Register(ctx, anna, nil, wire.RegisterEndpoint{}); !errors.Is(err, ErrTooMany) {
		t.Errorf("one too many: %v", err)
	}
	b.register(t, bert, "other", 15)
	if err := b.Unregister(ctx, anna, "0", ""); err != nil {
		t.Fatal(err)
	}
	b.register(t, anna, "again", 15)
}

func TestFailedWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, &memory{rows: map[string]Endpoint{}})
		defer b.Close()
		full := errors.New("disk full")
		b.store.fail(full)
		if _, err := b.Register(ctx, anna, nil, wire.RegisterEndpoint{UserEndpointID: "e1"}); !errors.Is(err, full) {
			t.Errorf("register: %v", err)
		}
		if err := b.Check(ctx, anna, "e1"); !errors.Is(err, ErrUnknown) {
			t.Errorf("an endpoint that was not written: %v", err)
		}
		b.store.fail(nil)
		b.register(t, bert, "e1", 10)
		b.store.fail(full)
		if err := b.Unregister(ctx, bert, "e1", ""); !errors.Is(err, full) {
			t.Errorf("unregister: %v", err)
		}
		if _, err := b.Register(ctx, anna, nil, wire.RegisterEndpoint{UserEndpointID: "e1"}); !errors.Is(err, ErrNotYours) {
			t.Errorf("the id of an end that failed: %v", err)
		}
		b.store.fail(nil)
		b.heard()
		pass(again)
		equal(t, []string{"keep-alive missed e1"}, b.heard())
		equal(t, 0, len(b.store.rows))
		b.register(t, anna, "e1", 10)
	})
}

func TestManyExpireAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, &memory{rows: map[string]Endpoint{}})
		defer b.Close()
		for i := range 500 {
			b.register(t, Owner{"default", fmt.Sprint(i)}, fmt.Sprint(i), 5)
		}
		pass(13 * time.Second)
		equal(t, 500, len(b.heard()))
		equal(t, 0, len(b.due))
		equal(t, 0, len(b.byID))
		equal(t, 0, len(b.ofUser))
	})
}

func TestClosed(t *testing.T) {
	b := start(t, &memory{rows: map[string]Endpoint{}})
	b.Close()
	b.Close()
	if _, err := b.Register(ctx, anna, nil, wire.RegisterEndpoint{}); !errors.Is(err, ErrClosed) {
		t.Errorf("register: %v", err)
	}
	if err := b.Run(ctx); !errors.Is(err, ErrClosed) {
		t.Errorf("run: %v", err)
	}
	broken := New(Config{Store: &memory{broken: errors.New("disk")}})
	if err := broken.Run(ctx); err == nil {
		t.Error("runs without its endpoints")
	}
	broken.Close()
}

func TestConcurrentUse(t *testing.T) {
	b := start(t, &memory{rows: map[string]Endpoint{}})
	defer b.Close()
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 20 {
				o := []Owner{anna, bert}[i%2]
				if _, err := b.Register(ctx, o, nil, wire.RegisterEndpoint{UserEndpointID: "e1"}); err == nil {
					b.KeepAlive(o, nil, "e1")
					b.Unregister(ctx, o, "e1", "")
				}
			}
		}()
	}
	wg.Wait()
	if len(b.byID) != 0 || len(b.due) != 0 || len(b.ofUser) != 0 {
		t.Errorf("left over: %d endpoints, %d deadlines, %d users", len(b.byID), len(b.due), len(b.ofUser))
	}
}
