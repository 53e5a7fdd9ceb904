package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"guichet/platform/wire"
)

// afterwards bounds what is done about conferences when all is written.
const afterwards = 10 * time.Second

// batch is what the loop has applied and the outbox has to do: write it, answer
// the callers, wake the endpoints, see to conferences; in this order.
type batch struct {
	change   Change
	queues   map[string]SavedQueue
	agents   map[string]SavedAgent
	visits   map[string]SavedVisit
	fleeting []Entry
	deeds    []deed
	answers  []answer
}

type answer struct {
	reply chan error
	err   error
}

func (b *batch) empty() bool { return len(b.answers) == 0 }

func (b *batch) fail(err error) {
	for _, a := range b.answers {
		a.reply <- err
	}
}

// changed tells that there is something to write.
func (b *batch) changed() bool {
	return b.change.Words != nil || len(b.queues)+len(b.agents)+len(b.visits)+len(b.change.Samples)+len(b.change.Entries) > 0
}

// add takes in what a command has made of the state. Rows are encoded now, since
// the state goes on.
func (b *batch) add(reply chan error, err error, st *state, at time.Time) error {
	b.answers = append(b.answers, answer{reply, err})
	if b.queues == nil {
		b.queues, b.agents, b.visits = map[string]SavedQueue{}, map[string]SavedAgent{}, map[string]SavedVisit{}
	}
	d := st.dirty
	st.dirty = newDirty()
	b.change.Organization, b.change.At = st.organization, at
	encode := func(v any) (body []byte) {
		var e error
		body, e = json.Marshal(v)
		err = errors.Join(err, e)
		return body
	}
	err = nil
	if d.words {
		b.change.Words = encode(st.words)
	}
	for id, q := range d.queues {
		saved := SavedQueue{ID: id}
		if q != nil {
			saved.Name, saved.Body = q.Name, encode(q.settings)
		}
		b.queues[id] = saved
	}
	for user, a := range d.agents {
		b.agents[user] = SavedAgent{User: user, Body: encode(a)}
	}
	for id, v := range d.visits {
		b.visits[id] = v.saved(encode(v))
	}
	for _, s := range d.samples {
		b.change.Samples = append(b.change.Samples, SavedSample{s.queue, s.at, s.took})
	}
	for _, n := range d.news {
		e := Entry{encode(n.event()), n.to}
		if n.fleeting {
			b.fleeting = append(b.fleeting, e)
		} else {
			b.change.Entries = append(b.change.Entries, e)
		}
	}
	b.deeds = append(b.deeds, d.deeds...)
	return err
}

// saved is a visit for the store.
func (v *visit) saved(body []byte) SavedVisit {
	s := SavedVisit{ID: v.ID, Queue: v.Queue, User: v.User, Came: v.Arrived, Body: body}
	if !v.unfinished() {
		s.Ended = v.Over
	}
	for _, l := range v.Legs {
		s.Agents = append(s.Agents, l.Agent)
		if l.Done.After(s.Ended) && !s.Ended.IsZero() {
			s.Ended = l.Done
		}
	}
	return s
}

// event is what is told, with an id of its own.
func (n news) event() any {
	id, at := wire.NewID(), wire.NewTime(n.at)
	switch {
	case n.visit != nil:
		return wire.VisitEvent{Type: n.kind, ID: id, Timestamp: at, VisitID: n.visit.ID, VisitVersion: n.visit.Version, UserID: n.by.User,
			UserEndpointID: n.by.Endpoint, Why: n.why, Visit: *n.visit}
	case n.presence != nil:
		return wire.PresenceEvent{Type: n.kind, ID: id, Timestamp: at, UserID: n.presence.UserID, Presence: *n.presence}
	}
	return wire.QueueEvent{Type: n.kind, ID: id, Timestamp: at, QueueID: n.queue.ID, Queue: *n.queue}
}

// written is the outbox's report to the loop.
type written struct{ err error }

// outbox does the I/O of one hall in a goroutine of its own, one batch at a time.
type outbox struct {
	work    chan *batch
	written chan written
	busy    bool // the loop's: a batch is on its way
	done    chan struct{}

	hall     *hall
	revision int64 // in the store; the loop's while no batch is on its way

	mu         sync.Mutex
	deeds      []deed // that wait
	performing bool
}

func newOutbox(h *hall, revision int64) *outbox {
	o := &outbox{work: make(chan *batch), written: make(chan written, 1), done: make(chan struct{}), hall: h, revision: revision}
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
		err := o.save(b)
		if err != nil {
			o.hall.svc.Logger.Error("hall is not written", "organization", o.hall.organization, "err", err)
			b.fail(fmt.Errorf("%w: %w", ErrUnavailable, err))
			o.written <- written{err}
			continue
		}
		for _, a := range b.answers {
			a.reply <- a.err
		}
		o.tell(b)
		o.perform(b.deeds)
		o.written <- written{}
	}
}

// save writes the batch, to its end even when the service closes meanwhile.
func (o *outbox) save(b *batch) error {
	if !b.changed() {
		return nil
	}
	c := b.change
	c.Was = o.revision
	for _, q := range b.queues {
		c.Queues = append(c.Queues, q)
	}
	for _, a := range b.agents {
		c.Agents = append(c.Agents, a)
	}
	for _, v := range b.visits {
		c.Visits = append(c.Visits, v)
	}
	if err := o.hall.svc.Store.SaveHall(context.WithoutCancel(o.hall.svc.life), c); err != nil {
		return err
	}
	o.revision++
	return nil
}

// tell wakes who has news in the journal, and sends the rest.
func (o *outbox) tell(b *batch) {
	seen := map[string]bool{}
	var ids []string
	for _, e := range b.change.Entries {
		for _, p := range e.To {
			if !seen[p.Endpoint] {
				seen[p.Endpoint] = true
				ids = append(ids, p.Endpoint)
			}
		}
	}
	if len(ids) > 0 {
		o.hall.svc.Wake(ids)
	}
	for _, e := range b.fleeting {
		for _, p := range e.To {
			o.hall.svc.Notify(p.Endpoint, e.Body)
		}
	}
}

// perform has conferences seen to, beside the hall and in order.
func (o *outbox) perform(deeds []deed) {
	if len(deeds) == 0 {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.deeds = append(o.deeds, deeds...)
	if !o.performing {
		o.performing = true
		o.hall.svc.spawn(o.performAll)
	}
}

func (o *outbox) performAll() {
	s := o.hall.svc
	for {
		o.mu.Lock()
		if len(o.deeds) == 0 {
			o.performing = false
			o.mu.Unlock()
			return
		}
		d := o.deeds[0]
		o.deeds = o.deeds[1:]
		o.mu.Unlock()
		ctx, cancel := context.WithTimeout(s.life, afterwards)
		var err error
		if d.end {
			err = s.Conferences.End(ctx, o.hall.organization, d.conference, "the agents have spoken")
		} else {
			err = s.Conferences.Hold(ctx, o.hall.organization, d.conference, d.hold)
		}
		cancel()
		if err != nil && s.life.Err() == nil {
			s.Logger.Warn("conference of a visit is not changed", "conference", d.conference, "err", err)
		}
	}
}
