package call_test

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// TestWallClockJumps: a call rings as long as it should, whatever the machine's
// time is set to meanwhile.
func TestWallClockJumps(t *testing.T) {
	const year, ringTime = 365 * 24 * time.Hour, 2 * time.Second
	for _, jump := range []time.Duration{time.Hour, -time.Hour, 10 * year, -10 * year} {
		t.Run(fmt.Sprint(jump), func(t *testing.T) {
			t.Parallel()
			b := start(t, ringTime)
			b.register("a1", "b1", "c1")
			began := time.Now()
			b.must(b.call("rings", "a1", "b"))
			b.clock.Set(jump)
			b.must(b.call("later", "c1", "b")) // has the exchange look at the clock
			guard := time.After(hang)
			for !slices.Contains(b.saw("rings", "a1"), "Ended") {
				select {
				case <-b.woken:
				case <-guard:
					t.Fatal("it rings on and on")
				}
			}
			if passed := time.Since(began); passed < ringTime {
				t.Errorf("it rang for %v only", passed)
			}
		})
	}
}
