package sound

import (
	"context"
	"sync"
	"sync/atomic"
)

// period is 10 ms of sound and its number.
type period struct {
	number uint64
	pcm    [Period]int16
}

// ring carries periods from the sound callback to one reader without a lock. When
// the reader is slow the oldest periods are dropped.
type ring struct {
	slots   []atomic.Pointer[period]
	written atomic.Uint64 // periods put so far
	read    uint64        // the reader's own: number of the next
	lent    *period
	spare   sync.Pool
	dropped atomic.Uint64
	wake    chan struct{} // holds one
}

func newRing(periods int) *ring {
	return &ring{slots: make([]atomic.Pointer[period], periods), wake: make(chan struct{}, 1),
		spare: sync.Pool{New: func() any { return new(period) }}}
}

// put is called by the callback and never waits.
func (r *ring) put(pcm []int16) {
	p := r.spare.Get().(*period)
	p.number = r.written.Load()
	copy(p.pcm[:], pcm)
	if old := r.slots[p.number%uint64(len(r.slots))].Swap(p); old != nil {
		r.dropped.Add(1)
		r.spare.Put(old)
	}
	r.written.Add(1)
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// take returns the oldest period without waiting, valid until the next take.
func (r *ring) take() ([]int16, bool) {
	if r.lent != nil {
		r.spare.Put(r.lent)
		r.lent = nil
	}
	size, written := uint64(len(r.slots)), r.written.Load()
	if written > r.read+size {
		r.read = written - size
	}
	for r.read < written {
		p := r.slots[r.read%size].Swap(nil)
		if p == nil {
			r.read++
			continue
		}
		// Overrun at this very moment, the slot holds a newer period: go on from there.
		r.read = p.number + 1
		r.lent = p
		return p.pcm[:], true
	}
	return nil, false
}

// next waits for a period.
func (r *ring) next(ctx context.Context, closed <-chan struct{}) ([]int16, error) {
	for {
		select {
		case <-closed:
			return nil, ErrClosed
		default:
		}
		if pcm, ok := r.take(); ok {
			return pcm, nil
		}
		select {
		case <-r.wake:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-closed:
			return nil, ErrClosed
		}
	}
}
