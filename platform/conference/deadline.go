package conference

import (
	"context"
	"time"
)

// farewell is how long an endpoint lives on after its owner was removed, so that
// it hears why.
const farewell = 400 * time.Millisecond

// lookEvery is how often the wall clock is read while somebody is to be removed
// by it: it may be set at any time.
const lookEvery = 250 * time.Millisecond

// alarm returns how long to wait before somebody's time may be up.
func (s state) alarm(steady time.Time) (wait time.Duration, ok bool) {
	for _, m := range s.Members {
		if m.Seat == nil {
			continue
		}
		if !m.Seat.RemoveAt.IsZero() && (!ok || lookEvery < wait) {
			wait, ok = lookEvery, true
		}
		if at := m.Seat.Elapses; !at.IsZero() && (!ok || at.Sub(steady) < wait) {
			wait, ok = max(0, at.Sub(steady)), true
		}
	}
	return wait, ok
}

// overdue returns the endpoints of members whose time is up.
func (s state) overdue(now, steady time.Time) []string {
	var list []string
	for _, m := range s.Members {
		if m.Seat.over(now, steady) {
			list = append(list, m.Endpoint)
		}
	}
	return list
}

// steady is the time by which a stay is counted: the wall clock's at the start
// and what has passed since. Setting the wall clock neither ends a stay nor
// lengthens it.
func (d *Directory) steady() time.Time {
	return d.begun.Add(d.now().Sub(d.begun)).Round(0).UTC()
}

// dismiss has the endpoint of somebody who was removed dropped soon.
func (d *Directory) dismiss(organization string, gone drop) {
	d.spawn(func() {
		t := time.NewTimer(farewell)
		defer t.Stop()
		select {
		case <-t.C:
		case <-d.life.Done(): // it is in no conference all the same
			return
		}
		ctx, cancel := context.WithTimeout(d.life, afterwards)
		defer cancel()
		d.drop(ctx, organization, gone.user, gone.endpoint, gone.reason)
	})
}
