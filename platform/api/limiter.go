package api

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
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

// guesser is what an address has left, as of its last guess.
type guesser struct {
	left float64
	last time.Time
}

func newLimiter(now func() time.Time) *limiter {
	return &limiter{now: now, by: map[string]*guesser{}}
}

// take counts a guess before its outcome is known, so that many at once count as
// well. It tells whether one was left.
func (l *limiter) take(address string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	g := l.by[address]
	if g == nil {
		if len(l.by) >= maxGuesser {
			l.sweep(now)
		}
		g = &guesser{guessBurst, now}
		l.by[address] = g
	}
	g.left, g.last = g.leftAt(now), now
	if g.left < 1 {
		return false
	}
	g.left--
	return true
}

// giveBack undoes take when it was no wrong guess.
func (l *limiter) giveBack(address string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if g := l.by[address]; g != nil {
		g.left = min(g.left+1, guessBurst)
	}
}

// leftAt is what is left at a time.
func (g *guesser) leftAt(now time.Time) float64 {
	return min(g.left+max(0, now.Sub(g.last).Seconds())/guessEvery.Seconds(), guessBurst)
}

// sweep drops those whose allowance is whole again, and the oldest one if none
// is.
func (l *limiter) sweep(now time.Time) {
	var oldest string
	for address, g := range l.by {
		if g.leftAt(now) >= guessBurst {
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

// network is the caller's address or, of IPv6, the network that one caller
// holds: it has more addresses than anybody could count.
func network(r *http.Request) string {
	host := remote(r)
	a, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	if a = a.Unmap(); a.Is6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}
