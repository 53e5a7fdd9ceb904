package sfu

import (
	"sync"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"
)

// roamSilence is how long the path in use must be silent before another one is
// taken without the client having said so.
const roamSilence = 3 * time.Second

// roam follows a client whose address changes: it moved to another network, or
// its NAT gave it another port. pion keeps to the path nominated first unless a
// better one is nominated, and a new path of the same kind is never better.
// RFC 8445 leaves the choice to the controlling side, which is the client; this
// takes its word. A path is only taken once a check of our own has been
// answered there, so nobody can aim the media at a stranger.
type roam struct {
	mu      sync.Mutex // pion calls from the agent's goroutine alone, but does not promise it
	current *ice.CandidatePair
	heard   time.Time
}

// follow is called for every authenticated check of the client, and says
// whether its path is to be taken now.
func (r *roam) follow(m *stun.Message, pair *ice.CandidatePair, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if pair == r.current {
		r.heard = now
		return false
	}
	nominated := m.Contains(stun.AttrUseCandidate)
	if pair.ResponsesReceived() == 0 {
		// Not ours to decide yet: the agent checks the path, and takes the
		// first one that is nominated itself.
		if nominated && r.current == nil {
			r.current, r.heard = pair, now
		}
		return false
	}
	if !nominated && (r.current == nil || now.Sub(r.heard) < roamSilence) {
		return false
	}
	r.current, r.heard = pair, now
	return true
}
