// Package limit bounds what one party may do in a while: a token bucket for each
// key, and a bounded number of keys. It knows nothing of what is limited. Its
// methods may be called from any goroutine.
package limit

import (
	"container/list"
	"sync"
	"time"
)

// Rate is how much of something is allowed: Burst at once, then one more each
// time Every has passed.
type Rate struct {
	Burst int
	Every time.Duration
}

// Limiter has a bucket for each key. The longest unused are forgotten: those
// that are whole again, and others when there would be more than the most.
type Limiter[K comparable] struct {
	now  func() time.Time
	most int

	mu    sync.Mutex
	by    map[K]*list.Element
	order *list.List // of *bucket[K], the longest unused first
}

type bucket[K comparable] struct {
	key  K
	rate Rate
	left float64
	at   time.Time // of left
}

// New returns a limiter that remembers at most so many keys.
func New[K comparable](most int, now func() time.Time) *Limiter[K] {
	return &Limiter[K]{now: now, most: most, by: map[K]*list.Element{}, order: list.New()}
}

// Take takes one from a key's bucket. Taken before the outcome of an attempt is
// known, it counts attempts that are made at once as well. If nothing is left it
// takes nothing and returns how long to wait. A key has the rate of its first
// Take until it is forgotten.
func (l *Limiter[K]) Take(key K, r Rate) (wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	b := l.use(key, r, now)
	b.fill(now)
	if b.left < 1 {
		return time.Duration((1 - b.left) * float64(b.rate.Every)), false
	}
	b.left--
	return 0, true
}

// GiveBack undoes a Take that should not count.
func (l *Limiter[K]) GiveBack(key K) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.by[key]; e != nil {
		b := e.Value.(*bucket[K])
		b.left = min(b.left+1, float64(b.rate.Burst))
	}
}

// Len is how many keys are remembered.
func (l *Limiter[K]) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.by)
}

// use finds a key's bucket or makes a whole one, and makes it the last used.
func (l *Limiter[K]) use(key K, r Rate, now time.Time) *bucket[K] {
	if e := l.by[key]; e != nil {
		l.order.MoveToBack(e)
		return e.Value.(*bucket[K])
	}
	for e := l.order.Front(); e != nil; e = l.order.Front() {
		b := e.Value.(*bucket[K])
		if b.fill(now); b.left < float64(b.rate.Burst) && len(l.by) < l.most {
			break
		}
		delete(l.by, b.key)
		l.order.Remove(e)
	}
	b := &bucket[K]{key: key, rate: r, left: float64(r.Burst), at: now}
	l.by[key] = l.order.PushBack(b)
	return b
}

// fill adds what came since the last time. A clock that was set back adds
// nothing.
func (b *bucket[K]) fill(now time.Time) {
	if passed := now.Sub(b.at); passed > 0 {
		b.left = min(b.left+float64(passed)/float64(b.rate.Every), float64(b.rate.Burst))
	}
	b.at = now
}
