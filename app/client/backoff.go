package client

import (
	"context"
	"math/rand/v2"
	"time"
)

// delays are the waits before each try after a failure; the last one repeats.
var delays = [...]time.Duration{0, 300 * time.Millisecond, 1200 * time.Millisecond, 2700 * time.Millisecond,
	4800 * time.Millisecond, 5 * time.Second}

// A brisk backoff waits for little more than a second at most, so many times:
// for about a minute. Who was cut is back within two seconds after an outage of
// that length, and a server that is away does not mind.
const (
	briskStep  = 2 // of delays
	briskTries = 50
)

// backoff counts failures in a row. The zero value is ready.
type backoff struct {
	failures int
	brisk    bool
}

// next returns how long to wait before the next try: up to a fifth more or
// less, so that the clients of a server that restarts do not come all at once.
func (b *backoff) next() time.Duration {
	step := min(b.failures, len(delays)-1)
	if b.brisk && b.failures < briskTries {
		step = min(step, briskStep)
	}
	d := delays[step]
	b.failures++
	return time.Duration(float64(d) * (0.8 + 0.4*rand.Float64()))
}

func (b *backoff) reset() { b.failures = 0 }

// wait waits until the next try is due, hurry fires (which may be nil), or ctx
// ends; only then it returns false.
func (b *backoff) wait(ctx context.Context, hurry <-chan struct{}) bool {
	t := time.NewTimer(b.next())
	defer t.Stop()
	select {
	case <-t.C:
	case <-hurry:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}
