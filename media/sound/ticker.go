package sound

import "time"

// ticker is the clock where no device gives one.
type ticker struct {
	closed, ended chan struct{}
}

// lagging is how many periods behind the ticker catches up with; more are skipped,
// as after a suspend.
const lagging = 20

func newTicker(cycle func()) *ticker {
	t := &ticker{make(chan struct{}), make(chan struct{})}
	go func() {
		defer close(t.ended)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		start, done := time.Now(), int64(0)
		for {
			select {
			case <-t.closed:
				return
			case <-tick.C:
			}
			due := int64(time.Since(start) / (10 * time.Millisecond))
			done = max(done, due-lagging)
			for ; done < due; done++ {
				cycle()
			}
		}
	}()
	return t
}

func (t *ticker) stop() {
	close(t.closed)
	<-t.ended
}
