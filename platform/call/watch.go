package call

import "time"

const (
	overdueChunk = 64               // calls that are read at once to be ended
	again        = time.Second      // after a failure
	idle         = time.Hour        // when nothing rings
	sweepEvery   = 10 * time.Minute // for old calls
	keepEnded    = 24 * time.Hour   // a call that ended, to answer "ended" rather than "unknown"
	keepRead     = time.Hour        // an event that was acknowledged
)

// run ends calls that ring for too long, and sweeps old ones.
func (x *Exchange) run() {
	defer x.ended.Done()
	due := time.NewTimer(0)
	defer due.Stop()
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
	for {
		select {
		case <-due.C:
		case <-x.news:
		case <-sweep.C:
			if err := x.store.SweepCalls(x.life, x.now().Add(-keepEnded), x.now().Add(-keepRead)); err != nil && x.life.Err() == nil {
				x.log.Error("calls are not swept", "err", err)
			}
			continue
		case <-x.life.Done():
			return
		}
		due.Reset(x.expireAll())
	}
}

// expireAll ends the calls whose time to ring is over and returns how long to
// wait for the next.
func (x *Exchange) expireAll() time.Duration {
	for {
		now := x.steady()
		keys, next, err := x.store.OverdueCalls(x.life, now, overdueChunk)
		if err == nil && len(keys) == 0 {
			if next.IsZero() {
				return idle
			}
			return min(idle, max(next.Sub(now), time.Millisecond))
		}
		for _, k := range keys {
			if _, e := x.do(x.life, k, expire{x.steady()}); ignore(e, ErrEnded, ErrUnknownCall) != nil {
				err = e
				if x.life.Err() == nil {
					x.log.Error("call rings for too long", "call", k.ID, "err", e)
				}
			}
		}
		switch {
		case x.life.Err() != nil:
			return idle
		case err != nil && len(keys) == 0:
			x.log.Error("calls that ring are not read", "err", err)
			return again
		case err != nil:
			return again
		}
	}
}
