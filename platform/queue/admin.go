package queue

import (
	"slices"
	"time"

	"guichet/platform/wire"
)

// write makes a queue, or with the id of one takes the place of its settings.
func (st *state) write(at moment, id string, s settings, was int64) (*queue, error) {
	hours, err := newSchedule(s.Timezone, s.Hours, s.ClosedDays)
	if err != nil {
		return nil, err
	}
	q := st.queues[id]
	switch other := st.named(s.Name); {
	case q == nil && was > 0:
		return nil, ErrUnknownQueue
	case q == nil && len(st.queues) >= maxQueues:
		return nil, ErrTooMany
	case q != nil && q.Version != was:
		return nil, ErrChanged
	case other != nil && other != q:
		return nil, ErrExists
	}
	if s.Overflow != "" && st.queues[s.Overflow] == nil {
		return nil, invalid("overflowQueueId: there is no such queue")
	}
	for next := s.Overflow; next != ""; next = st.queues[next].Overflow {
		if next == id {
			return nil, invalid("overflowQueueId: callers would go round in a circle")
		}
	}
	s.ID, s.Version = id, was+1
	if q == nil {
		q = &queue{}
		st.queues[id] = q
	}
	longer := s.MaxWait != q.MaxWait
	q.settings, q.hours = s, hours
	st.dirty.queues[id] = q
	st.refit()
	st.move(q)
	for _, v := range q.line {
		if longer {
			v.Deadline = time.Time{}
			if q.MaxWait > 0 {
				v.Deadline = later(v.Arrived.Add(q.MaxWait), at.now)
				st.wakeVisit(v, v.Deadline)
			}
			st.dirty.visits[v.ID] = v
		}
	}
	return q, nil
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// named returns the queue of a name.
func (st *state) named(name string) *queue {
	for _, q := range st.queues {
		if q.Name == name {
			return q
		}
	}
	return nil
}

// refit finds out anew who is fit to serve what.
func (st *state) refit() {
	for _, a := range st.agents {
		st.dismiss(a)
		st.enlist(a)
	}
}

// drop deletes a queue that nobody needs any more.
func (st *state) drop(id string) error {
	q := st.queues[id]
	if q == nil {
		return ErrUnknownQueue
	}
	if len(q.line) > 0 || q.active > 0 {
		return ErrInUse
	}
	for _, other := range st.queues {
		if other.Overflow == id {
			return ErrInUse
		}
	}
	for _, a := range st.agents {
		if slices.Contains(a.Queues, id) {
			st.turn(a, func() { a.Queues = slices.DeleteFunc(slices.Clone(a.Queues), func(o string) bool { return o == id }) })
		}
	}
	delete(st.queues, id)
	st.dirty.queues[id] = nil
	return nil
}

// equip sets what an agent can and serves.
func (st *state) equip(at moment, user string, r wire.UpdateAgent) (*agent, error) {
	for _, id := range r.Queues {
		if st.queues[id] == nil {
			return nil, ErrUnknownQueue
		}
	}
	if st.agents[user] == nil && len(st.agents) >= maxAgents {
		return nil, ErrTooMany
	}
	a := st.agent(at, user, r.Name)
	st.turn(a, func() {
		if r.Name != "" {
			a.Name = r.Name
		}
		a.Skills, a.Languages, a.Queues = sorted(r.Skills), sorted(r.Languages), sorted(r.Queues)
	})
	return a, nil
}

func sorted(l []string) []string {
	l = slices.Clone(l)
	slices.Sort(l)
	return slices.Compact(l)
}
