package idp

import (
	"context"
	"sync"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

// maxSources is how many issuers are remembered: more than an organization has.
const maxSources = 64

// sources remembers what issuers publish.
type sources struct {
	mu sync.Mutex
	by map[string]*source
}

// source is what one issuer publishes. Its fields belong to who holds the turn,
// so that one request at a time asks the issuer and the others use its result.
type source struct {
	used time.Time // guarded by sources.mu
	turn chan struct{}

	metadata *metadata
	read     time.Time

	keys         []jose.JSONWebKey
	keysURI      string // from where keys came
	keysRead     time.Time
	keysSearched time.Time // when an unknown key was last looked for
}

// of returns the source of an issuer and forgets the one that was not used for
// longest when there are too many.
func (s *sources) of(issuer string, now time.Time) *source {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.by[issuer]
	if found == nil {
		if len(s.by) >= maxSources {
			oldest := ""
			for name, other := range s.by {
				if oldest == "" || other.used.Before(s.by[oldest].used) {
					oldest = name
				}
			}
			delete(s.by, oldest)
		}
		found = &source{turn: make(chan struct{}, 1)}
		s.by[issuer] = found
	}
	found.used = now
	return found
}

// forget lets everything of an issuer be read anew.
func (s *sources) forget(issuer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.by, issuer)
}

// acquire takes the turn, or fails when the operation's time is over.
func (s *source) acquire(ctx context.Context, issuer string) error {
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return &problem{ErrUnreachable, issuer + " did not answer in time", false}
	}
}

func (s *source) release() { <-s.turn }
