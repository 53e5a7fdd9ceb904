package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"guichet/platform/wire"
)

// maxPending bounds the commands that wait for the outbox; more wait in their
// callers.
const maxPending = 256

// again is how long after a failure the store is asked again.
const again = 500 * time.Millisecond

// command does one thing to the state, or reads it. When it fails it has changed
// nothing.
type command func(st *state, at moment) error

type request struct {
	command command
	reply   chan error // buffered, so that nobody waits for the caller
}

// hall is one organization's loop. The fields of the second block belong to its
// goroutine.
type hall struct {
	svc          *Service
	organization string
	requests     chan request

	st      *state
	waiting *batch
	box     *outbox
	broken  error // the last write failed and the state is not loaded again yet

	mu       sync.Mutex
	meetings map[string]bool // the conferences of visits
}

func newHall(s *Service, organization string) *hall {
	return &hall{svc: s, organization: organization, requests: make(chan request), waiting: &batch{}, meetings: map[string]bool{}}
}

// do hands a command to the loop and waits until it is durable. When ctx ends
// first the command may still happen.
func (h *hall) do(ctx context.Context, c command) error {
	r := request{c, make(chan error, 1)}
	select {
	case h.requests <- r:
	case <-h.svc.life.Done():
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-r.reply:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-h.svc.life.Done():
		select { // what was written is answered
		case err := <-r.reply:
			return err
		default:
			return ErrClosed
		}
	}
}

// meets tells whether a conference belongs to a visit.
func (h *hall) meets(conference string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.meetings[conference]
}

// run loads the hall and serves it until the service closes.
func (h *hall) run() {
	revision, ok := h.reload()
	if !ok {
		return
	}
	h.box = newOutbox(h, revision)
	defer h.box.close()
	h.handle(request{h.resume, make(chan error, 1)})
	h.lookIn()
	due := time.NewTimer(0)
	defer due.Stop()
	for {
		requests, work := h.requests, h.box.work
		if h.waiting.empty() || h.box.busy {
			work = nil
		}
		if len(h.waiting.answers) >= maxPending {
			requests = nil
		}
		var alarm <-chan time.Time
		if at := h.st.next(); !at.IsZero() && h.broken == nil && requests != nil {
			due.Reset(max(0, at.Sub(h.svc.moment().now)))
			alarm = due.C
		}
		select {
		case r := <-requests:
			h.handle(r)
		case work <- h.waiting:
			h.waiting, h.box.busy = &batch{}, true
		case w := <-h.box.written:
			h.settle(w)
		case <-alarm:
			h.handle(request{func(*state, moment) error { return nil }, make(chan error, 1)})
		case <-h.svc.life.Done():
			h.waiting.fail(ErrClosed)
			return
		}
	}
}

// handle applies a command at once; its answer waits for the outbox.
func (h *hall) handle(r request) {
	if h.broken != nil {
		r.reply <- h.broken
		return
	}
	at := h.svc.moment()
	err := r.command(h.st, at)
	h.st.settle(at)
	h.note()
	if e := h.waiting.add(r.reply, err, h.st, at.wall); e != nil {
		h.svc.Logger.Error("hall is not encoded", "organization", h.organization, "err", e)
	}
}

// note keeps the list of conferences that others ask for.
func (h *hall) note() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, id := range h.st.dirty.meets {
		if h.st.meets[id] == nil {
			delete(h.meetings, id)
		} else {
			h.meetings[id] = true
		}
	}
}

// settle takes in what became of a batch.
func (h *hall) settle(w written) {
	h.box.busy = false
	if w.err == nil {
		return
	}
	h.broken = fmt.Errorf("%w: %w", ErrUnavailable, w.err)
	h.waiting.fail(h.broken)
	h.waiting = &batch{}
	revision, ok := h.reload()
	if !ok {
		return
	}
	h.box.revision = revision
	h.broken = nil
	h.handle(request{h.resume, make(chan error, 1)})
	h.lookIn()
}

// reload asks the store for the state until it answers or the service closes.
// Nothing else can be done meanwhile.
func (h *hall) reload() (revision int64, ok bool) {
	for {
		since := h.svc.Now().Add(-sampleLife)
		saved, err := h.svc.Store.LoadHall(h.svc.life, h.organization, since, maxSamples)
		if err == nil {
			var st *state
			if st, err = load(h.organization, saved); err == nil {
				h.st = st
				return saved.Revision, true
			}
		}
		if h.svc.life.Err() != nil {
			return 0, false
		}
		h.svc.Logger.Error("hall is not loaded", "organization", h.organization, "err", err)
		t := time.NewTimer(again)
		select {
		case <-t.C:
		case <-h.svc.life.Done():
			t.Stop()
			return 0, false
		}
	}
}

// resume is the first command after loading.
func (h *hall) resume(st *state, at moment) error {
	st.resume(at, func(p Party) bool {
		return h.svc.Endpoints.Check(h.svc.life, h.organization, p.User, p.Endpoint) == nil
	})
	return nil
}

// lookIn asks who is in the conferences of visits, which may have changed while
// nobody looked.
func (h *hall) lookIn() {
	ids := slices.Sorted(maps.Keys(h.st.meets))
	h.svc.spawn(func() {
		for _, id := range ids {
			in, version, ended, err := h.svc.Conferences.In(h.svc.life, h.organization, id)
			if h.svc.life.Err() != nil {
				return
			}
			if err != nil {
				h.svc.Logger.Error("conference of a visit is not read", "conference", id, "err", err)
				continue
			}
			h.attended(id, version, in, ended)
		}
	})
}

// attended tells the loop who is in a conference.
func (h *hall) attended(conference string, version int64, in []Party, ended bool) {
	for h.svc.life.Err() == nil {
		err := h.do(h.svc.life, func(st *state, at moment) error {
			st.attend(at, conference, version, in, ended)
			return nil
		})
		if err == nil || h.svc.life.Err() != nil {
			return
		}
		h.svc.Logger.Error("a visit does not follow its conference", "conference", conference, "err", err)
		t := time.NewTimer(again)
		select {
		case <-t.C:
		case <-h.svc.life.Done():
			t.Stop()
		}
	}
}

// load makes a state of what was saved.
func load(organization string, saved SavedHall) (*state, error) {
	st := newState(organization)
	if len(saved.Words) > 0 {
		if err := json.Unmarshal(saved.Words, &st.words); err != nil {
			return nil, fmt.Errorf("stored words: %w", err)
		}
	}
	for _, body := range saved.Queues {
		q := &queue{moved: true}
		err := json.Unmarshal(body, &q.settings)
		if err == nil {
			q.hours, err = newSchedule(q.Timezone, q.Hours, q.ClosedDays)
		}
		if err != nil {
			return nil, fmt.Errorf("stored queue: %w", err)
		}
		st.queues[q.ID] = q
	}
	for _, s := range saved.Samples {
		if q := st.queues[s.Queue]; q != nil {
			q.keep(sample{s.At, s.Took})
		}
	}
	for _, body := range saved.Agents {
		a := &agent{}
		if err := json.Unmarshal(body, a); err != nil {
			return nil, fmt.Errorf("stored agent: %w", err)
		}
		st.agents[a.User] = a
		st.enlist(a)
		if a.State == wire.PresenceWrapUp {
			st.wakeAgent(a, a.Until)
		}
	}
	for _, body := range saved.Visits {
		v := &visit{}
		if err := json.Unmarshal(body, v); err != nil {
			return nil, fmt.Errorf("stored visit: %w", err)
		}
		st.visits[v.ID] = v
		st.list(v)
		st.arm(v)
	}
	return st, nil
}

// arm sets the alarms of a visit that was loaded.
func (st *state) arm(v *visit) {
	st.wakeVisit(v, v.Deadline)
	if v.Offer != nil {
		st.wakeVisit(v, v.Offer.Until)
	}
	if v.Transfer != nil {
		st.wakeVisit(v, v.Transfer.Until)
	}
	if q := st.queues[v.Queue]; q != nil {
		for _, at := range v.Asked {
			st.wakeVisit(v, at.Add(q.Ring))
		}
	}
}
