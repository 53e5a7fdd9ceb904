package chat

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// What one endpoint may send: a burst for somebody who pastes line by line, then
// more than anybody types.
const (
	sendRate   = 10 // a second
	sendBurst  = 20
	maxSenders = 10_000 // senders that are remembered
)

type sender struct {
	organization string
	member       Member
}

// pace counts messages by sender.
type pace struct {
	mu sync.Mutex
	by map[sender]*rate.Limiter
}

// allow takes one message off a sender's allowance.
func (p *pace) allow(s sender, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	limit := p.by[s]
	if limit == nil {
		if len(p.by) >= maxSenders {
			p.sweep(now)
		}
		limit = rate.NewLimiter(sendRate, sendBurst)
		p.by[s] = limit
	}
	return limit.AllowN(now, 1)
}

// sweep forgets those whose allowance is whole again, which it is two seconds
// after the last message, and all of them when so many write that none is.
func (p *pace) sweep(now time.Time) {
	for s, limit := range p.by {
		if limit.TokensAt(now) >= sendBurst {
			delete(p.by, s)
		}
	}
	if len(p.by) >= maxSenders {
		clear(p.by)
	}
}
