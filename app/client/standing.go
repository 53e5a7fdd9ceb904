package client

import (
	"context"
	"errors"
	"sync"
)

// ErrCallEnded is returned for what is asked of a call that is over.
var ErrCallEnded = errors.New("the call has ended")

// ErrNotPermitted tells that we may not do something in a room, or not any more.
var ErrNotPermitted = errors.New("the room does not permit this")

// standing tells the callers of a Call's methods where we stand in the
// conference. The loop sets it, and whoever waits is woken.
type standing struct {
	mu       sync.Mutex
	endpoint string // that is in and online, or ""
	over     bool
	changed  chan struct{} // closed and renewed at each change
}

func newStanding() *standing { return &standing{changed: make(chan struct{})} }

// set tells where we stand now.
func (s *standing) set(endpoint string, over bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.endpoint == endpoint && s.over == over {
		return
	}
	s.endpoint, s.over = endpoint, over
	close(s.changed)
	s.changed = make(chan struct{})
}

// get returns our endpoint while it is in, or "", and what tells of a change.
func (s *standing) get() (endpoint string, over bool, changed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.endpoint, s.over, s.changed
}

// persist makes a request as the endpoint that is in the conference, waiting
// until one is, and again after every outage, until it was answered. again says
// whether a failure that may pass is worth another try.
func (c *Call) persist(ctx context.Context, ask func(ctx context.Context, endpoint string) (again bool, err error)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.life, cancel)()
	var tries backoff
	for {
		endpoint, over, changed := c.standing.get()
		if over {
			return ErrCallEnded
		}
		if endpoint == "" {
			select {
			case <-changed:
				continue
			case <-ctx.Done():
				return c.given(ctx.Err())
			}
		}
		if tries.failures == 0 {
			tries.next() // the first try is now
		}
		again, err := ask(ctx, endpoint)
		if err == nil || !again || Permanent(err) {
			return err
		}
		if !tries.wait(ctx, changed) {
			return c.given(err) // tells more than that there is no more time
		}
	}
}

// given says why a request was given up.
func (c *Call) given(err error) error {
	if c.life.Err() != nil {
		return ErrCallEnded
	}
	return err
}
