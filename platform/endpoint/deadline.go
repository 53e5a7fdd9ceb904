package endpoint

import (
	"container/heap"
	"context"
	"fmt"
	"time"

	"guichet/platform/wire"
)

// again is how long after a failure the end of an endpoint is tried again.
const again = 30 * time.Second

// entry is an endpoint in memory, guarded by Registry.mu.
type entry struct {
	Endpoint
	phase    phase
	beat     time.Time // the last sign of life
	deadline time.Time // the next thing to do: remind, or drop
	reminded bool
	at       int // place in the heap; -1: not there
}

type phase int

const (
	saving phase = iota // being written for the first time; nobody may use it yet
	alive
	dying // its end is being told; the id is not free yet
)

// find returns an endpoint that lives and is the owner's. The caller holds mu.
func (r *Registry) find(owner Owner, id string) (*entry, error) {
	n := r.byID[id]
	switch {
	case n == nil || n.phase != alive:
		return nil, ErrUnknown
	case n.Owner != owner:
		return nil, ErrNotYours
	}
	return n, nil
}

// claim takes an id for a registration that is about to be written. A resumed
// endpoint keeps its creation time and is alive all along.
func (r *Registry) claim(e *Endpoint) (fresh bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false, ErrClosed
	}
	if n := r.byID[e.ID]; n != nil {
		switch {
		case n.Owner != e.Owner:
			return false, ErrNotYours
		case n.phase != alive:
			return false, ErrUnknown
		}
		e.Created = n.Created
		r.postpone(n)
		return false, nil
	}
	if r.ofUser[e.Owner] >= maxPerUser {
		return false, ErrTooMany
	}
	r.byID[e.ID] = &entry{Endpoint: *e, phase: saving, at: -1}
	r.ofUser[e.Owner]++
	return true, nil
}

// settle makes a written registration count. When the right to it has ended
// meanwhile it returns the entry, buried; when the endpoint itself has, nothing.
func (r *Registry) settle(e Endpoint) (n *entry, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n = r.byID[e.ID]
	if n == nil || n.phase == dying {
		return nil, ErrUnknown
	}
	n.Endpoint, n.phase = e, alive
	if !r.valid(e.Access) {
		r.bury(n)
		return n, ErrRevoked
	}
	r.postpone(n)
	return n, nil
}

func (r *Registry) add(e Endpoint) {
	n := &entry{Endpoint: e, phase: alive, at: -1}
	r.byID[e.ID] = n
	r.ofUser[e.Owner]++
	r.postpone(n)
}

func (r *Registry) discard(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.byID[id]
	if n == nil {
		return
	}
	delete(r.byID, id)
	if r.ofUser[n.Owner]--; r.ofUser[n.Owner] == 0 {
		delete(r.ofUser, n.Owner)
	}
}

// postpone notes a sign of life. The caller holds mu.
func (r *Registry) postpone(n *entry) {
	n.beat = r.now()
	n.reminded = false
	n.deadline = n.beat.Add(n.period())
	if n.RemindOn {
		n.deadline = n.beat.Add(time.Duration(n.KeepAliveSeconds) * time.Second)
	}
	r.schedule(n)
}

// schedule puts an entry where its deadline belongs. The caller holds mu.
func (r *Registry) schedule(n *entry) {
	if n.at < 0 {
		heap.Push(&r.due, n)
	} else {
		heap.Fix(&r.due, n.at)
	}
	if n.at == 0 {
		select {
		case r.news <- struct{}{}:
		default:
		}
	}
}

// bury takes an endpoint out of use. The caller holds mu.
func (r *Registry) bury(n *entry) {
	n.phase = dying
	if n.at >= 0 {
		heap.Remove(&r.due, n.at)
	}
}

// end tells all concerned that an endpoint is gone and deletes it.
func (r *Registry) end(ctx context.Context, n *entry, reason string) error {
	r.gone(ctx, n.Endpoint, reason)
	if err := r.store.DeleteEndpoint(ctx, n.ID); err != nil {
		r.retry(n)
		return fmt.Errorf("unregister endpoint: %w", err)
	}
	r.discard(n.ID)
	return nil
}

// retry has an end that failed tried again later. The id stays taken.
func (r *Registry) retry(n *entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n.deadline = r.now().Add(again)
	r.schedule(n)
}

// run waits for the earliest deadline, over and over.
func (r *Registry) run() {
	defer r.ended.Done()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		remind, drop, next := r.passed()
		for _, e := range remind {
			r.remind(e)
		}
		for _, n := range drop {
			select {
			case r.slots <- struct{}{}:
			case <-r.life.Done():
				return
			}
			r.ended.Add(1)
			go func() {
				defer r.ended.Done()
				defer func() { <-r.slots }()
				if err := r.end(r.life, n, wire.LeftSilent); err != nil && r.life.Err() == nil {
					r.log.Error("expired endpoint is not deleted", "endpoint", n.ID, "err", err)
				}
			}()
		}
		timer.Reset(next)
		select {
		case <-timer.C:
		case <-r.news:
		case <-r.life.Done():
			return
		}
	}
}

// passed returns whom to remind, whom to drop, and how long to wait after that.
func (r *Registry) passed() (remind []Endpoint, drop []*entry, next time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	for len(r.due) > 0 {
		n := r.due[0]
		if n.deadline.After(now) {
			return remind, drop, n.deadline.Sub(now)
		}
		if n.phase == alive && n.RemindOn && !n.reminded {
			remind = append(remind, n.Endpoint)
			n.reminded = true
			n.deadline = n.beat.Add(n.period())
			heap.Fix(&r.due, 0)
			continue
		}
		r.bury(n)
		drop = append(drop, n)
	}
	return remind, drop, time.Hour
}

// deadlines is a heap of entries, the earliest deadline first.
type deadlines []*entry

func (d deadlines) Len() int           { return len(d) }
func (d deadlines) Less(i, j int) bool { return d[i].deadline.Before(d[j].deadline) }
func (d deadlines) Swap(i, j int) {
	d[i], d[j] = d[j], d[i]
	d[i].at, d[j].at = i, j
}

// Push is heap.Interface's.
func (d *deadlines) Push(x any) {
	n := x.(*entry)
	n.at = len(*d)
	*d = append(*d, n)
}

// Pop is heap.Interface's.
func (d *deadlines) Pop() any {
	last := len(*d) - 1
	n := (*d)[last]
	(*d)[last] = nil
	*d = (*d)[:last]
	n.at = -1
	return n
}
