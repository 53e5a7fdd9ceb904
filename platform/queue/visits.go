package queue

import (
	"maps"
	"time"

	"guichet/platform/wire"
)

// enter brings a caller into a queue, or gives a guest back the visit that it
// has there already. at is the loop's.
func (st *state) enter(at moment, who Caller, id string, r wire.CreateVisit) (*visit, error) {
	q, err := st.entrance(who, r)
	if err != nil {
		return nil, err
	}
	if v := st.standing(who, q, r.VisitID); v != nil {
		if v.User != who.UserID {
			return nil, ErrExists
		}
		if r.UserEndpointID != "" && r.UserEndpointID != v.Endpoint {
			st.alter(v, func() { v.Endpoint = r.UserEndpointID })
		}
		return v, nil
	}
	switch {
	case !q.hours.open(at.wall):
		opens, _ := q.hours.opens(at.wall)
		return nil, &ClosedError{Opens: opens}
	case len(st.visits) >= maxVisits || len(q.line) >= maxLine:
		return nil, ErrFull
	case who.Guest && st.countOf(who.UserID) >= maxOwn:
		return nil, ErrTooMany
	}
	st.Serial++
	st.dirty.words = true
	v := &visit{ID: id, Serial: st.Serial, Version: 1, State: wire.VisitWaiting, Queue: q.ID, User: who.UserID, Endpoint: r.UserEndpointID,
		Guest: who.Guest, Name: r.Name, Language: r.Language, Reason: r.Reason, Location: r.Location, Properties: maps.Clone(r.Properties),
		Interaction: r.InteractionID, Arrived: at.now}
	if v.Name == "" {
		v.Name = who.Name
	}
	st.visits[v.ID] = v
	st.list(v)
	st.patience(at, v, q)
	st.tell(at, v, wire.EventVisitQueued, Party{who.UserID, r.UserEndpointID}, "")
	return v, nil
}

// entrance is the queue that a caller means and may enter.
func (st *state) entrance(who Caller, r wire.CreateVisit) (*queue, error) {
	asked := r.QueueID
	if asked == "" {
		asked = r.QueueName
	}
	if who.Queue != "" {
		own := st.find(who.Queue)
		if own != nil && asked != "" && asked != own.ID && asked != own.Name {
			return nil, ErrForbidden
		}
		asked = who.Queue
	}
	if asked == "" {
		return nil, invalid("queueId is missing")
	}
	q := st.find(asked)
	if q == nil || who.Queue == "" && r.QueueID != "" && r.QueueName != "" && r.QueueName != q.Name {
		return nil, ErrUnknownQueue
	}
	return q, nil
}

// find returns a queue by its id or name.
func (st *state) find(idOrName string) *queue {
	if q := st.queues[idOrName]; q != nil {
		return q
	}
	for _, q := range st.queues {
		if q.Name == idOrName {
			return q
		}
	}
	return nil
}

// standing is the visit that a repeated request means.
func (st *state) standing(who Caller, q *queue, id string) *visit {
	if id != "" {
		return st.visits[id]
	}
	if !who.Guest {
		return nil
	}
	for _, v := range st.visits {
		if v.User == who.UserID && v.Guest && v.Queue == q.ID && (v.inLine() || v.State == wire.VisitActive) {
			return v
		}
	}
	return nil
}

func (st *state) countOf(user string) (n int) {
	for _, v := range st.visits {
		if v.User == user && v.unfinished() {
			n++
		}
	}
	return n
}

// patience sets how long a visit waits in its queue.
func (st *state) patience(at moment, v *visit, q *queue) {
	if v.Deadline = (time.Time{}); q.MaxWait > 0 {
		v.Deadline = at.now.Add(q.MaxWait)
		st.wakeVisit(v, v.Deadline)
	}
}

// overflow moves a visit that has waited for too long to the next queue, if
// there is one that is open; its place there counts from its arrival. Without one
// it goes on waiting while its own queue is open.
func (st *state) overflow(at moment, v *visit) {
	q := st.queues[v.Queue]
	to := st.queues[q.Overflow]
	switch {
	case to != nil && to.hours.open(at.wall):
		st.alter(v, func() {
			v.Queue, v.Asked = to.ID, nil
			st.patience(at, v, to)
		})
		st.tell(at, v, wire.EventVisitQueued, Party{}, "")
	case !q.hours.open(at.wall):
		st.over(at, v, Party{}, wire.WhyClosed)
	default:
		v.Deadline = at.now.Add(lookAgain)
		st.dirty.visits[v.ID] = v
		st.wakeVisit(v, v.Deadline)
	}
}

// over ends a visit that waits, or the call of one that is active, whose agent
// then wraps up.
func (st *state) over(at moment, v *visit, by Party, why string) {
	also := v.parties()
	st.dropTransfer(at, v)
	st.dropOffer(at, v)
	a := st.agents[v.Agent]
	st.alter(v, func() {
		v.Over, v.Why = at.now, why
		if v.State != wire.VisitActive {
			v.State, v.Agent, v.AgentEndpoint = wire.VisitEnded, "", ""
			return
		}
		if v.State = wire.VisitWrapUp; st.hangUp(at, v, a) {
			v.State = wire.VisitEnded
		}
	})
	kind := wire.EventVisitWrapUp
	if v.State == wire.VisitEnded {
		kind = wire.EventVisitEnded
	}
	st.tellCaller(at, v, wire.EventVisitEnded, by, why)
	st.tellStaff(at, v, kind, by, why, also...)
	v.Version++
	st.forget(v)
}

// hangUp ends an agent's part of the talking and begins the wrap-up, or tells
// that there is none.
func (st *state) hangUp(at moment, v *visit, a *agent) (done bool) {
	l := v.legOf(a.User)
	l.Ended = at.now
	q := st.queues[l.Queue]
	if a.State != wire.PresenceGone && q != nil && q.WrapUp > 0 {
		st.turn(a, func() { a.State, a.Since, a.Until = wire.PresenceWrapUp, at.now, at.now.Add(q.WrapUp) })
		st.wakeAgent(a, a.Until)
		return false
	}
	l.Done = at.now
	st.took(l.Queue, *l, at.now)
	st.release(at, a)
	return true
}

// release lets an agent go from a visit.
func (st *state) release(at moment, a *agent) {
	st.turn(a, func() {
		a.Visit, a.Until = "", time.Time{}
		next, reason := a.Next, a.NextReason
		a.Next, a.NextReason = "", ""
		switch {
		case a.State == wire.PresenceGone:
		case next == wire.PresenceNotReady:
			a.State, a.Reason, a.Since, a.Idle = wire.PresenceNotReady, reason, at.now, time.Time{}
		default:
			a.State, a.Since, a.Idle = wire.PresenceReady, at.now, at.now
		}
	})
}

// wrapped ends an agent's wrap-up.
func (st *state) wrapped(at moment, a *agent, by Party, why string) {
	v := st.visits[a.Visit]
	if v == nil {
		st.release(at, a)
		return
	}
	l := v.legOf(a.User)
	l.Done = at.now
	st.took(l.Queue, *l, at.now)
	if v.State == wire.VisitWrapUp && v.Agent == a.User {
		st.alter(v, func() { v.State = wire.VisitEnded })
		st.tellStaff(at, v, wire.EventVisitEnded, by, why)
		v.Version++
	}
	st.release(at, a)
	st.forget(v)
}

// attend takes in who is in a conference.
func (st *state) attend(at moment, conference string, version int64, in []Party, ended bool) {
	v := st.meets[conference]
	if v == nil {
		return
	}
	here := func(user string) bool {
		for _, p := range in {
			if p.User == user {
				return true
			}
		}
		return false
	}
	if t := v.Transfer; t != nil && t.Conference == conference {
		st.attendTalk(at, v, ended, here)
		return
	}
	if version <= v.seen && !ended {
		return
	}
	v.seen = version
	st.dirty.visits[v.ID] = v
	caller, serving := v.CallerIn, v.AgentIn
	v.CallerIn = v.CallerIn || v.Guest && here(v.User)
	v.Used = v.Used || len(in) > 0
	a := st.agents[v.Agent]
	v.AgentIn = v.AgentIn || a != nil && here(a.User)
	switch {
	case ended:
		st.over(at, v, Party{}, wire.WhyOver)
	case caller && !here(v.User):
		st.over(at, v, Party{User: v.User}, wire.WhyLeft)
	case len(in) == 0 && v.Used && (a == nil || a.State != wire.PresenceGone || !v.Guest):
		st.over(at, v, Party{}, wire.WhyHungUp)
	case serving && a.State != wire.PresenceGone && !here(a.User):
		st.over(at, v, Party{User: a.User}, wire.WhyHungUp)
	}
}
