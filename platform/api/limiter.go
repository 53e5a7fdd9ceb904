package api

import (
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// The guesses at ticket ids that one address may make: a burst for a family
// behind one address, then a trickle.
const (
	guessEvery = 5 * time.Second
	guessBurst = 20
	maxGuesser = 10_000 // addresses kept; the oldest of them goes first
)

// limiter counts failed guesses by address.
type limiter struct {
	now func() time.Time
	mu  sync.Mutex
	by  map[string]*guesser
}

type guesser struct {
	limit *rate.Limiter
	last  time.Time
}

func newLimiter(now func() time.Time) *limiter {
	return &limiter{now: now, by: map[string]*guesser{}}
}

// blocked tells whether an address has used up its guesses.
func (l *limiter) blocked(address string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	g := l.by[address]
	return g != nil && g.limit.TokensAt(l.now()) < 1
}

// failed counts a wrong guess.
func (l *limiter) failed(address string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	g := l.by[address]
	if g == nil {
		if len(l.by) >= maxGuesser {
			l.sweep(now)
		}
		g = &guesser{limit: rate.NewLimiter(rate.Every(guessEvery), guessBurst)}
		l.by[address] = g
	}
	g.last = now
	g.limit.AllowN(now, 1)
}

// sweep drops those whose allowance is whole again, and the oldest one if none
// is.
func (l *limiter) sweep(now time.Time) {
	var oldest string
	for address, g := range l.by {
		if g.limit.TokensAt(now) >= guessBurst {
			delete(l.by, address)
		} else if oldest == "" || g.last.Before(l.by[oldest].last) {
			oldest = address
		}
	}
	if len(l.by) >= maxGuesser {
		delete(l.by, oldest)
	}
}

// remote is the caller's address without its port. A proxy in front is not
// trusted to name another.
func remote(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
