package conference

import (
	"context"
	"slices"
	"time"

	"guichet/platform/wire"
)

// maxPending bounds the commands that wait for the outbox; more wait in their
// callers.
const maxPending = 256

// conference is one loop. The fields below the first block belong to its
// goroutine.
type conference struct {
	dir      *Directory
	key      Key
	requests chan request
	let      chan struct{} // nobody holds the conference any more
	gone     chan struct{} // closed when the loop has ended, after err is set
	err      error
	holders  int // guarded by dir.mu

	state   state
	base    state // what the store holds, as far as callers were told
	waiting *batch
	box     *outbox
	broken  error // the last write failed and the state is not reloaded yet
}

// request is a command and where its result goes. Without a command it reads.
type request struct {
	command command
	reply   chan result // buffered, so that nobody waits for the caller
}

type result struct {
	state state
	err   error
}

func newConference(d *Directory, k Key) *conference {
	return &conference{dir: d, key: k, requests: make(chan request), let: make(chan struct{}, 1),
		gone: make(chan struct{}), waiting: &batch{}}
}

// do hands a command to the loop and waits for its outcome. When ctx ends first
// the command may still happen. The caller holds the conference.
func (c *conference) do(ctx context.Context, cmd command) (state, error) {
	r := request{cmd, make(chan result, 1)}
	select {
	case c.requests <- r:
	case <-c.gone:
		return state{}, c.err
	case <-ctx.Done():
		return state{}, ctx.Err()
	}
	select {
	case res := <-r.reply:
		return res.state, res.err
	case <-ctx.Done():
		return state{}, ctx.Err()
	}
}

// run loads the conference and serves it until nobody is in and nobody asks, or
// the directory closes.
func (c *conference) run() {
	defer c.dir.ended.Done()
	defer close(c.gone)
	saved, err := c.dir.store.LoadConference(c.dir.life, c.key)
	if err == nil {
		c.state, err = decode(saved)
	}
	if err != nil {
		c.err = err
		c.dir.forget(c, true)
		return
	}
	c.err = ErrClosed
	c.base = c.state
	if c.state.onHold() {
		c.dir.media.Hold(c.key.media(), true)
	}
	bound, _ := permits(state{}, c.state)
	for _, p := range bound {
		c.dir.media.Permit(c.key.media(), p.endpoint, p.rights)
	}
	due := time.NewTimer(0)
	defer due.Stop()
	c.box = newOutbox(c)
	defer c.box.close()
	if c.state.Version > 0 && !c.state.Ended {
		c.handle(request{unpublishAll{}, make(chan result, 1)})
	}
	for {
		c.expire()
		requests, work := c.requests, c.box.work
		if c.waiting.empty() {
			work = nil
			if !c.box.busy && c.broken == nil && c.state.idle() && c.dir.forget(c, false) {
				return
			}
		}
		if len(c.waiting.answers) >= maxPending {
			requests = nil
		}
		if c.box.busy {
			work = nil
		}
		var alarm <-chan time.Time
		if wait, ok := c.state.alarm(c.dir.steady()); ok && c.broken == nil {
			due.Reset(wait)
			alarm = due.C
		}
		select {
		case r := <-requests:
			c.handle(r)
		case work <- c.waiting:
			c.waiting, c.box.busy = &batch{}, true
		case w := <-c.box.written:
			c.settle(w)
		case <-alarm:
		case <-c.let:
		case <-c.dir.life.Done():
			c.dir.forget(c, true)
			c.waiting.fail(ErrClosed)
			return
		}
	}
}

// handle applies a command at once; its answer waits for the outbox, and with
// it every answer that shows its effects.
func (c *conference) handle(r request) {
	if _, tidies := r.command.(tidy); c.broken != nil && !tidies {
		r.reply <- result{err: c.broken}
		return
	}
	was := c.state
	var events []wire.Event
	var err error
	if r.command == nil {
		err = readable(c.state)
	} else {
		c.state, events, err = apply(c.state, r.command, c.dir.now())
	}
	for i := range events {
		events[i].ID = wire.NewID()
	}
	var alone []note
	if err == nil {
		alone = notes(r.command, was, c.state)
	}
	for i := range alone {
		n := &alone[i]
		n.ID, n.ConferenceID, n.Timestamp = wire.NewID(), c.state.ID, wire.NewTime(c.dir.now())
	}
	c.waiting.add(r, was, c.state, events, alone, err)
}

// expire takes out whose time is up.
func (c *conference) expire() {
	if c.broken != nil || !c.state.seated() {
		return
	}
	now, steady := c.dir.now(), c.dir.steady()
	for _, endpoint := range c.state.overdue(now, steady) {
		c.handle(request{elapse{endpoint, now, steady}, make(chan result, 1)})
	}
}

func readable(s state) error {
	switch {
	case s.Version == 0:
		return ErrUnknownConference
	case s.Ended:
		return ErrEnded
	}
	return nil
}

// settle takes in what became of a batch: written, or failed, or (after a
// failure) the state that the store really holds.
func (c *conference) settle(w written) {
	switch {
	case w.err != nil:
		c.broken = w.err
		c.waiting.fail(w.err)
		// Viewers are not stored: those that were removed are so for good.
		c.waiting = &batch{releases: append(viewers(w.failed.releases), viewers(c.waiting.releases)...)}
	case w.reloaded:
		c.box.busy = false
		c.broken = nil
		c.adopt(w.state)
	default:
		c.box.busy = false
		if w.saved {
			c.base = w.state
		}
	}
}

// viewers returns the releases that concern viewers.
func viewers(all []release) []release {
	return slices.DeleteFunc(slices.Clone(all), func(r release) bool { return r.viewer == "" })
}

// adopt goes on with the state that the store holds after a failed write, of
// which all, some or nothing may have happened.
func (c *conference) adopt(stored state) {
	was := c.base
	was.Viewers = c.state.Viewers
	stored.Held, stored.Viewers = c.state.Held, c.state.Viewers
	c.state = stored.withoutViewers(func(k viewerKey, v viewer) bool {
		_, _, streamed := stored.stream(k.stream)
		return !streamed || !stored.hasEndpoint(v.endpoint)
	})
	c.waiting.releases = append(c.waiting.releases, released(was, c.state)...)
	c.waiting.permit(was, c.state)
	held := c.state.onHold()
	c.waiting.hold = &held
	for _, m := range stored.Members {
		for _, st := range m.Streams {
			if _, _, known := was.stream(st.ID); !known {
				// Its publisher was told that it failed, and its media is gone.
				c.handle(request{unpublish{stream: st.ID}, make(chan result, 1)})
			}
		}
	}
	c.base = c.state // without those streams: should this fail too, they are still nobody's
}
