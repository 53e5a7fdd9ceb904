package api

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestGuessesOfAnAddress(t *testing.T) {
	now := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	l := newLimiter(func() time.Time { return now })
	var granted atomic.Int64
	var all sync.WaitGroup
	for range 10 * guessBurst { // at once: none waits for what becomes of another
		all.Go(func() {
			if l.take("a") {
				granted.Add(1)
			}
		})
	}
	if all.Wait(); granted.Load() != guessBurst {
		t.Errorf("%d guesses at once, want %d", granted.Load(), guessBurst)
	}
	if !l.take("b") {
		t.Error("another address pays for it")
	}
	now = now.Add(guessEvery)
	if !l.take("a") || l.take("a") {
		t.Errorf("after %v there is not one guess", guessEvery)
	}
	l.giveBack("a")
	if !l.take("a") {
		t.Error("a link that was right counts as a guess")
	}
	now = now.Add(time.Hour)
	for i := range guessBurst + 1 {
		if l.take("a") != (i < guessBurst) {
			t.Errorf("after an hour guess %d is judged wrongly", i)
		}
	}
}

// TestGuessersAreForgotten: memory stays bounded, and who guessed last is kept.
func TestGuessersAreForgotten(t *testing.T) {
	now := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	l := newLimiter(func() time.Time { return now })
	for i := range maxGuesser + 5 {
		now = now.Add(time.Microsecond)
		l.take(fmt.Sprint(i))
	}
	if len(l.by) > maxGuesser || l.by["0"] != nil || l.by[fmt.Sprint(maxGuesser)] == nil {
		t.Errorf("%d addresses are kept, the first: %v", len(l.by), l.by["0"] != nil)
	}
	now = now.Add(time.Hour)
	if l.take("new"); len(l.by) != 1 {
		t.Errorf("%d addresses are kept after their time", len(l.by))
	}
}

// TestNetworkOfACaller: who holds an IPv6 network guesses from one address.
func TestNetworkOfACaller(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7:1234": "192.0.2.7", "[::ffff:192.0.2.7]:1": "192.0.2.7", "[2001:db8:1:2:3::4]:1": "2001:db8:1:2::/64", "[2001:db8:1:2:ffff::9]:2": "2001:db8:1:2::/64",
		"[fe80::1%eth0]:1": "fe80::/64", "nonsense": "nonsense",
	} {
		if got := network(&http.Request{RemoteAddr: address}); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
}
