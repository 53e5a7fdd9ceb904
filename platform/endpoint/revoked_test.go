package endpoint

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"guichet/platform/wire"
)

// rights are those that have not ended.
type rights struct {
	mu    sync.Mutex
	ended []any
}

func (r *rights) valid(access any) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !slices.Contains(r.ended, access)
}

func (r *rights) end(access any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = append(r.ended, access)
}

// by is what Revoke looks for.
func by(access any) func(Endpoint) bool { return func(e Endpoint) bool { return e.Access == access } }

// ending is a store during whose writes something happens.
type ending struct {
	*memory
	while func()
}

func (s *ending) SaveEndpoint(ctx context.Context, e Endpoint) error {
	if s.while != nil {
		s.while()
	}
	return s.memory.SaveEndpoint(ctx, e)
}

func startWith(t *testing.T, store *ending, r *rights) *bench {
	t.Helper()
	b := &bench{store: store.memory}
	b.Registry = New(Config{Store: store, Valid: r.valid, Gone: func(_ context.Context, e Endpoint, reason string) { b.tell(reason, e) }})
	if err := b.Run(ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

func (b *bench) with(t *testing.T, access any, id string) {
	t.Helper()
	if _, err := b.Register(ctx, anna, access, wire.RegisterEndpoint{UserEndpointID: id}); err != nil {
		t.Fatal(err)
	}
}

func TestEndpointsEndWithTheirRight(t *testing.T) {
	r := &rights{}
	b := startWith(t, &ending{memory: &memory{rows: map[string]Endpoint{}}}, r)
	b.with(t, "old", "ends")
	b.with(t, "old", "kept")
	b.with(t, "old", "resumed")
	b.with(t, "new", "other")
	if err := b.KeepAlive(anna, "new", "kept"); err != nil {
		t.Fatal(err)
	}
	b.with(t, "new", "resumed")
	r.end("old")
	if err := b.Revoke(ctx, by("old")); err != nil {
		t.Fatal(err)
	}
	equal(t, []string{wire.LeftAccessEnded + " ends"}, b.heard())
	equal(t, ErrUnknown.Error(), b.Check(ctx, anna, "ends").Error())
	if _, there := b.store.rows["ends"]; there || len(b.store.rows) != 3 {
		t.Errorf("the store keeps %v", b.store.rows)
	}
	// What has ended keeps nothing alive, and takes nothing from what lives.
	if err := b.KeepAlive(anna, "old", "other"); !errors.Is(err, ErrRevoked) {
		t.Errorf("keep-alive by a right that ended: %v", err)
	}
	if err := b.Revoke(ctx, by("old")); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"kept", "resumed", "other"} {
		if err := b.Check(ctx, anna, id); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// TestRightThatEndsWhileRegistering: Revoke comes before the registration can be
// found, which then finds the end by itself. The id is free again.
func TestRightThatEndsWhileRegistering(t *testing.T) {
	r := &rights{}
	store := &ending{memory: &memory{rows: map[string]Endpoint{}}}
	b := startWith(t, store, r)
	store.while = func() {
		r.end("old")
		if err := b.Revoke(ctx, by("old")); err != nil {
			t.Error(err)
		}
	}
	if _, err := b.Register(ctx, anna, "old", wire.RegisterEndpoint{UserEndpointID: "e"}); !errors.Is(err, ErrRevoked) {
		t.Errorf("registered by a right that ended: %v", err)
	}
	store.while = nil
	equal(t, []string{wire.LeftAccessEnded + " e"}, b.heard())
	if len(store.rows) != 0 {
		t.Errorf("the store keeps %v", store.rows)
	}
	b.with(t, "new", "e")
}

// TestResumedWhileItEnds: an endpoint that is registered again with a fresh right
// while its old one ends is told gone, and leaves no row behind.
func TestResumedWhileItEnds(t *testing.T) {
	store := &ending{memory: &memory{rows: map[string]Endpoint{}}}
	b := startWith(t, store, &rights{})
	b.with(t, "old", "e1")
	store.while = func() {
		store.while = nil
		if err := b.Revoke(ctx, by("old")); err != nil {
			t.Error(err)
		}
	}
	if _, err := b.Register(ctx, anna, "fresh", wire.RegisterEndpoint{UserEndpointID: "e1"}); !errors.Is(err, ErrUnknown) {
		t.Errorf("an endpoint that is gone: %v", err)
	}
	if len(store.rows) != 0 {
		t.Errorf("left behind: %v", store.rows)
	}
	b.with(t, "fresh", "e1")
	if err := b.Check(ctx, anna, "e1"); err != nil {
		t.Errorf("registered again: %v", err)
	}
}
