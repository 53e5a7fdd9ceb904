package limit

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// clock stands still until it is set.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func newClock() *clock { return &clock{time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)} }

func TestBurstThenTrickle(t *testing.T) {
	c := newClock()
	l := New[string](100, c.now)
	r := Rate{Burst: 20, Every: 5 * time.Second}
	var granted atomic.Int64
	var all sync.WaitGroup
	for range 10 * r.Burst { // at once: none waits for what becomes of another
		all.Go(func() {
			if _, ok := l.Take("a", r); ok {
				granted.Add(1)
			}
		})
	}
	if all.Wait(); granted.Load() != int64(r.Burst) {
		t.Errorf("%d at once, want %d", granted.Load(), r.Burst)
	}
	if wait, ok := l.Take("a", r); ok || wait != r.Every {
		t.Errorf("after the burst: %v, wait %v", ok, wait)
	}
	if _, ok := l.Take("b", r); !ok {
		t.Error("another pays for it")
	}
	c.at = c.at.Add(2 * time.Second)
	if wait, ok := l.Take("a", r); ok || wait.Round(time.Millisecond) != 3*time.Second {
		t.Errorf("after 2 s: %v, wait %v", ok, wait)
	}
	c.at = c.at.Add(3 * time.Second)
	if _, ok := l.Take("a", r); !ok {
		t.Errorf("after %v nothing is allowed", r.Every)
	}
	if _, ok := l.Take("a", r); ok {
		t.Errorf("after %v two are allowed", r.Every)
	}
	l.GiveBack("a")
	if _, ok := l.Take("a", r); !ok {
		t.Error("what was given back counts")
	}
	c.at = c.at.Add(time.Hour)
	for i := range r.Burst + 1 {
		if _, ok := l.Take("a", r); ok != (i < r.Burst) {
			t.Errorf("after an hour number %d is judged wrongly", i)
		}
	}
	l.GiveBack("nobody")
}

// TestClockSetBack: it neither grants nor locks out for as long as it went back.
func TestClockSetBack(t *testing.T) {
	c := newClock()
	l := New[string](100, c.now)
	r := Rate{Burst: 1, Every: time.Second}
	l.Take("a", r)
	c.at = c.at.Add(-10 * 365 * 24 * time.Hour)
	if _, ok := l.Take("a", r); ok {
		t.Error("a clock set back grants")
	}
	c.at = c.at.Add(time.Second)
	if _, ok := l.Take("a", r); !ok {
		t.Error("a clock set back locks out")
	}
}

// TestForgets: memory stays bounded, and who was there last is kept.
func TestForgets(t *testing.T) {
	const most = 50
	c := newClock()
	l := New[int](most, c.now)
	r := Rate{Burst: 2, Every: time.Minute}
	for i := range most {
		c.at = c.at.Add(time.Microsecond)
		l.Take(i, r)
	}
	l.Take(0, r) // used again: 1 is the longest unused
	l.Take(most, r)
	if l.Len() != most || l.by[0] == nil || l.by[1] != nil || l.by[2] == nil || l.by[most] == nil {
		t.Errorf("%d are kept; 0: %v, 1: %v, 2: %v, the last: %v", l.Len(), l.by[0] != nil, l.by[1] != nil, l.by[2] != nil, l.by[most] != nil)
	}
	c.at = c.at.Add(time.Hour)
	if l.Take(-1, r); l.Len() != 1 {
		t.Errorf("%d are kept after their time", l.Len())
	}
}

// TestNetwork: who holds an IPv6 network has one allowance.
func TestNetwork(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7:1234": "192.0.2.7", "[::ffff:192.0.2.7]:1": "192.0.2.7", "[2001:db8:1:2:3::4]:1": "2001:db8:1:2::/64", "[2001:db8:1:2:ffff::9]:2": "2001:db8:1:2::/64",
		"[fe80::1%eth0]:1": "fe80::/64", "nonsense": "nonsense",
	} {
		if got := Network(&http.Request{RemoteAddr: address}); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
}

func BenchmarkTake(b *testing.B) {
	l := New[int](20_000, time.Now)
	r := Rate{Burst: 20, Every: 5 * time.Second}
	for i := 0; b.Loop(); i++ { // each of another: the worst case
		l.Take(i, r)
	}
}
