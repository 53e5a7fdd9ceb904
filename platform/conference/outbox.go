package conference

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"guichet/platform/wire"
)

// batch is what the loop has applied and the outbox has to do: write it, wake
// the endpoints, let go of media, answer the callers; in this order. What holds
// media back comes before the news of it.
type batch struct {
	state    state // after the last command
	events   []told
	hold     *bool // the conference was held, or let go on
	permits  []permit
	parted   []string // endpoint ids whose rights are to be forgotten, after the releases
	removed  []drop   // whose endpoints have to go, after the answers
	releases []release
	wake     map[string]bool // endpoint ids
	answers  []answer
	changed  bool // holds a change that has to be written
}

// told is an event with the endpoints that see it. What a ViewEvent adds to it is
// there when it is for one endpoint alone.
type told struct {
	wire.ViewEvent
	to    []string
	alone bool
	who   Attendee // of a joined event
}

type answer struct {
	reply chan result
	result
}

// drop is an endpoint that has to go.
type drop struct{ user, endpoint, reason string }

func (b *batch) empty() bool {
	return len(b.answers) == 0 && len(b.releases) == 0 && len(b.permits) == 0 && len(b.parted) == 0 && b.hold == nil
}

// permit notes what the SFU has to be told of the members of s after was.
func (b *batch) permit(was, s state) {
	changed, parted := permits(was, s)
	b.permits = append(b.permits, changed...)
	b.parted = append(b.parted, parted...)
}

func (b *batch) add(r request, was, s state, events []wire.Event, alone []note, err error) {
	b.state = s
	b.answers = append(b.answers, answer{r.reply, result{s, err}})
	if err != nil {
		b.answers[len(b.answers)-1].state = state{}
		return
	}
	b.changed = b.changed || s.Version != was.Version || len(alone) > 0
	b.releases = append(b.releases, released(was, s)...)
	b.permit(was, s)
	if m, reason, ok := expelled(r.command, was, s); ok {
		b.removed = append(b.removed, drop{m.User, m.Endpoint, reason})
	}
	if on := s.onHold(); on != was.onHold() && !s.Ended {
		b.hold = &on
	}
	if len(events) > 0 {
		to := audience(was, s)
		joined, _ := r.command.(join)
		for _, e := range events {
			b.tell(told{wire.ViewEvent{Event: e}, to, false, joined.who})
		}
	}
	for _, n := range alone {
		b.tell(told{n.ViewEvent, []string{n.to}, true, Attendee{}})
	}
}

func (b *batch) tell(e told) {
	b.events = append(b.events, e)
	if b.wake == nil {
		b.wake = map[string]bool{}
	}
	for _, id := range e.to {
		b.wake[id] = true
	}
}

// audience returns who sees the events of one command: who was in and who is
// in. A command brings in at most one endpoint and takes out at most one, or all
// with the last event, so this is right for each of its events.
func audience(was, s state) []string {
	ids := make([]string, 0, len(was.Members)+1)
	for _, m := range was.Members {
		ids = append(ids, m.Endpoint)
	}
	if len(s.Members) > len(was.Members) {
		ids = append(ids, s.Members[len(s.Members)-1].Endpoint)
	}
	return ids
}

func (b *batch) answer() {
	for _, a := range b.answers {
		a.reply <- a.result
	}
}

func (b *batch) fail(err error) {
	for _, a := range b.answers {
		a.reply <- result{err: err}
	}
}

// written is the outbox's report to the loop.
type written struct {
	state    state
	err      error  // the write failed; a reloaded state follows
	failed   *batch // what was not written
	reloaded bool
	saved    bool // something was written
}

// outbox does the I/O of one conference in a goroutine of its own, one batch at
// a time.
type outbox struct {
	work    chan *batch
	written chan written
	busy    bool // the loop's: a batch is on its way
	done    chan struct{}

	dir    *Directory
	key    Key
	stored int64 // the version in the store
}

func newOutbox(c *conference) *outbox {
	o := &outbox{work: make(chan *batch), written: make(chan written, 2), done: make(chan struct{}),
		dir: c.dir, key: c.key, stored: c.base.Version}
	go o.run()
	return o
}

// close lets the batch at hand finish and waits for it.
func (o *outbox) close() {
	close(o.work)
	<-o.done
}

func (o *outbox) run() {
	defer close(o.done)
	for b := range o.work {
		if err := o.save(b); err != nil {
			o.dir.log.Error("conference is not written", "conference", o.key.ID, "err", err)
			err = fmt.Errorf("%w: %w", ErrUnavailable, err)
			b.fail(err)
			o.written <- written{err: err, failed: b}
			if s, ok := o.reload(); ok {
				o.written <- written{state: s, reloaded: true}
			}
			continue
		}
		if b.hold != nil {
			o.dir.media.Hold(o.key.media(), *b.hold)
		}
		name := o.key.media()
		for _, p := range b.permits {
			o.dir.media.Permit(name, p.endpoint, p.rights)
		}
		if len(b.wake) > 0 {
			ids := make([]string, 0, len(b.wake))
			for id := range b.wake {
				ids = append(ids, id)
			}
			o.dir.wake(ids)
		}
		o.attended(b)
		o.letGo(b.releases)
		for _, endpoint := range b.parted { // or joined again meanwhile
			o.dir.media.Permit(name, endpoint, b.state.rightsOf(endpoint))
		}
		b.answer()
		for _, d := range b.removed {
			o.dir.dismiss(o.key.Organization, d)
		}
		o.written <- written{state: b.state, saved: b.changed}
	}
}

// save writes the batch, to its end even when the directory closes meanwhile.
func (o *outbox) save(b *batch) error {
	if !b.changed {
		return nil
	}
	s := b.state
	c := Change{Key: o.key, Was: o.stored, Version: s.Version, Interaction: s.Interaction, Ended: s.Ended, At: o.dir.now()}
	var err error
	if c.State, err = json.Marshal(s); err != nil {
		return fmt.Errorf("encode state: %w", err)
	}
	for _, e := range b.events {
		entry := Entry{To: e.to, Ends: e.Type == wire.EventEnded, Alone: e.alone, Reason: e.Reason}
		switch e.Type {
		case wire.EventJoined:
			entry.Joins, entry.Who = e.UserEndpointID, e.who
		case wire.EventLeft:
			entry.Leaves = e.UserEndpointID
		}
		if entry.Body, err = json.Marshal(e.ViewEvent); err != nil {
			return fmt.Errorf("encode event: %w", err)
		}
		c.Entries = append(c.Entries, entry)
	}
	if err := o.dir.store.SaveConference(context.WithoutCancel(o.dir.life), c); err != nil {
		return err
	}
	o.stored = s.Version
	return nil
}

// reload asks the store what holds after a failed write, until it answers or
// the directory closes.
func (o *outbox) reload() (state, bool) {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		saved, err := o.dir.store.LoadConference(o.dir.life, o.key)
		if err == nil {
			var s state
			if s, err = decode(saved); err == nil {
				o.stored = s.Version
				return s, true
			}
		}
		if errors.Is(err, context.Canceled) && o.dir.life.Err() != nil {
			return state{}, false
		}
		o.dir.log.Error("conference is not reloaded", "conference", o.key.ID, "err", err)
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-o.dir.life.Done():
			t.Stop()
			return state{}, false
		}
	}
}

func (o *outbox) letGo(releases []release) {
	name := o.key.media()
	for _, r := range releases {
		switch {
		case r.asked != nil:
			close(r.asked.gone)
		case r.all:
			o.dir.media.End(name)
		case r.viewer != "":
			o.dir.media.StopView(name, string(r.stream), r.viewer)
		default:
			o.dir.media.Unpublish(name, string(r.stream))
		}
	}
}
