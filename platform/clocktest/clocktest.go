// Package clocktest makes clocks for tests whose wall jumps, as when somebody
// sets the machine's time, while what they count goes on evenly, and on which a
// year passes at once. Only tests import it. A Clock may be used by any goroutine.
package clocktest

import (
	"sync/atomic"
	"time"
	"unsafe"
)

// Clock is a clock whose wall can be set. The zero value is right.
type Clock struct {
	ahead  atomic.Int64 // seconds
	passed atomic.Int64 // nanoseconds
}

// Pass lets time go by, for the wall and for what is counted. Timers know nothing
// of it: who waits by one sees it with the next thing that happens.
func (c *Clock) Pass(d time.Duration) { c.passed.Add(int64(d)) }

// Set lets the wall be ahead of the right time, or behind it, from now on.
func (c *Clock) Set(ahead time.Duration) { c.ahead.Store(int64(ahead / time.Second)) }

// Now is time.Now with the wall as it is set. Its monotonic reading is the right
// one, so that the time between two readings is what has passed.
func (c *Clock) Now() time.Time {
	now := time.Now().Add(time.Duration(c.passed.Load()))
	// The upper bits of the first word hold the wall's seconds above 30 bits of
	// nanoseconds, and below the highest bit, which tells that the second word is
	// a monotonic reading. Nothing public sets one without the other.
	word := (*uint64)(unsafe.Pointer(&now))
	if *word>>63 == 0 {
		panic("clocktest: this clock has no monotonic reading, as in a synctest bubble")
	}
	*word += uint64(c.ahead.Load()) << 30
	return now
}
