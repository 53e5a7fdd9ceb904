package oauth

import (
	"hash/fnv"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"
)

// Failures that one address may make: a burst, then one every so often.
const (
	maxBuckets = 20_000
	namesApart = 256 // buckets of one address: names fall into them by hash
)

// allowance is how fast a bucket of failures refills.
type allowance struct {
	burst float64
	every time.Duration
}

func secretFailures() allowance  { return allowance{20, 5 * time.Second} }
func ticketFailures() allowance  { return allowance{20, 5 * time.Second} }
func redemptions() allowance     { return allowance{120, time.Second} }
func signInFailures() allowance  { return allowance{10, 10 * time.Second} }
func codeFailures() allowance    { return allowance{10, 10 * time.Second} }
func deviceRequests() allowance  { return allowance{60, 5 * time.Second} }
func addressFailures() allowance { return allowance{50, 2 * time.Second} }

// Of what is kept for a while, of each address or session.
func refusalsWritten() allowance { return allowance{120, 5 * time.Second} }
func refreshes() allowance       { return allowance{60, 10 * time.Second} }
func flightsLanding() allowance  { return allowance{300, time.Second} }

// limiter counts failed attempts by address and name. Names are hashed into a
// few buckets, so that an address can neither fill the memory with invented
// names nor learn from its limits which names exist.
type limiter struct {
	now func() time.Time
	mu  sync.Mutex
	by  map[string]*bucket
}

type bucket struct {
	left  float64
	at    time.Time
	refil allowance
}

func newLimiter(now func() time.Time) *limiter {
	return &limiter{now: now, by: map[string]*bucket{}}
}

// limitKey names the bucket of an address and a name.
func limitKey(kind, address, name string) string {
	h := fnv.New32a()
	h.Write([]byte(name))
	return kind + " " + address + " " + strconv.Itoa(int(h.Sum32()%namesApart))
}

// take counts an attempt before its outcome is known, so that many at once
// count as well. When nothing is left it returns how long to wait.
func (l *limiter) take(key string, a allowance) (wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	b := l.by[key]
	if b == nil {
		if len(l.by) >= maxBuckets {
			l.makeRoom(now)
		}
		b = &bucket{left: a.burst, at: now, refil: a}
		l.by[key] = b
	}
	b.fill(now)
	if b.left < 1 {
		return time.Duration((1 - b.left) * float64(a.every)), false
	}
	b.left--
	return 0, true
}

// giveBack undoes take after a success.
func (l *limiter) giveBack(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b := l.by[key]; b != nil {
		b.left = min(b.left+1, b.refil.burst)
	}
}

func (b *bucket) fill(now time.Time) {
	if passed := now.Sub(b.at); passed > 0 {
		b.left = min(b.left+float64(passed)/float64(b.refil.every), b.refil.burst)
	}
	b.at = now
}

// makeRoom drops the buckets that are full again, and one more if none is.
func (l *limiter) makeRoom(now time.Time) {
	for key, b := range l.by {
		if b.fill(now); b.left >= b.refil.burst {
			delete(l.by, key)
		}
	}
	for key := range l.by {
		if len(l.by) < maxBuckets {
			return
		}
		delete(l.by, key)
	}
}

// remote is the caller's address, of IPv6 the network that one caller holds. A
// proxy in front is not trusted to name another.
func remote(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
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
