package client

import (
	"context"
	"sync"

	"guichet/platform/wire"
)

// mutes is what the person wants muted. The publisher brings the conference's
// metadata in line with it, anew for every stream, since metadata goes with it.
type mutes struct {
	mu      sync.Mutex
	want    map[string]bool // "audio", "video"
	changed chan struct{}
}

func newMutes() *mutes { return &mutes{want: map[string]bool{}, changed: make(chan struct{}, 1)} }

func (m *mutes) set(kind string, muted bool) {
	m.mu.Lock()
	m.want[kind] = muted
	m.mu.Unlock()
	poke(m.changed)
}

// next returns a kind whose metadata differs from what is wanted.
func (m *mutes) next(have map[string]bool) (kind string, muted, found bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for kind, muted := range m.want {
		if have[kind] != muted {
			return kind, muted, true
		}
	}
	return "", false, false
}

// apply keeps the metadata of a published stream right until ctx ends.
func (m *mutes) apply(ctx context.Context, p *publisher, stream wire.StreamID) {
	have := map[string]bool{}
	var tries backoff
	for {
		kind, muted, found := m.next(have)
		if !found {
			select {
			case <-m.changed:
				continue
			case <-ctx.Done():
				return
			}
		}
		r := wire.UpdateMetadata{ConferenceID: p.conference, UserEndpointID: p.endpoint, Operation: wire.OperationRemove, Key: wire.TrackMuted(kind, stream)}
		if muted {
			r.Operation, r.Value = wire.OperationSet, "true"
		}
		switch err := p.client.UpdateMetadata(ctx, r); {
		case err == nil || Permanent(err):
			have[kind] = muted
			tries.reset()
		case !tries.wait(ctx, nil):
			return
		}
	}
}
