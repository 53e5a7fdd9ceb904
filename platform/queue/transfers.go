package queue

import (
	"maps"
	"time"

	"guichet/platform/wire"
)

// hand gives a visit that an agent has to a queue or to another agent.
func (st *state) hand(at moment, v *visit, p Party, r wire.TransferVisit) error {
	switch {
	case v.State == wire.VisitEnded || v.State == wire.VisitWrapUp:
		return ErrEnded
	case v.State != wire.VisitActive || v.Agent != p.User:
		return ErrNotYours
	case v.Transfer != nil:
		return ErrTransferring
	}
	var q *queue
	if r.QueueID != "" {
		if q = st.find(r.QueueID); q == nil {
			return ErrUnknownQueue
		}
	}
	if r.Warm {
		return st.consult(at, v, q, r.UserID, p)
	}
	if q != nil {
		if !q.hours.open(at.wall) {
			opens, _ := q.hours.opens(at.wall)
			return &ClosedError{Opens: opens}
		}
		st.sendBack(at, v, q, p)
		return nil
	}
	to := st.agents[r.UserID]
	if to == nil || to.User == p.User || to.State != wire.PresenceReady {
		return ErrNobodyReady
	}
	st.sendBack(at, v, st.queues[v.Queue], p)
	st.offer(at, v, to)
	return nil
}

// sendBack puts a visit into a line again, at the place that its arrival gives;
// the caller stays in the conference, and the agent wraps up.
func (st *state) sendBack(at moment, v *visit, q *queue, p Party) {
	a := st.agents[v.Agent]
	was := Party{v.Agent, v.AgentEndpoint}
	st.alter(v, func() {
		st.hangUp(at, v, a)
		v.State, v.Queue, v.Agent, v.AgentEndpoint, v.AgentIn = wire.VisitWaiting, q.ID, "", "", false
		v.Asked = map[string]time.Time{a.User: at.now}
		st.patience(at, v, q)
	})
	st.wakeVisit(v, at.now.Add(q.Ring))
	st.tell(at, v, wire.EventVisitTransferred, p, "", was)
}

// consult rings at another agent, with whom the first speaks before the caller
// does. The caller is put on hold.
func (st *state) consult(at moment, v *visit, q *queue, user string, p Party) error {
	t := &transfer{Asked: map[string]time.Time{p.User: at.now}}
	if q != nil {
		t.Queue = q.ID
	} else if to := st.agents[user]; to == nil || user == p.User || to.State != wire.PresenceReady {
		return ErrNobodyReady
	}
	to := st.consulted(v, t, user)
	if to == nil {
		return ErrNobodyReady
	}
	st.dirty.deeds = append(st.dirty.deeds, deed{conference: v.Conference, hold: true})
	st.ask(at, v, t, to)
	st.tell(at, v, wire.EventVisitTransferred, p, "")
	return nil
}

// consulted is the agent to ask: the one named, or of the queue the one who has
// been idle longest and was not asked.
func (st *state) consulted(v *visit, t *transfer, user string) *agent {
	if user != "" {
		return st.agents[user]
	}
	q := st.queues[t.Queue]
	if q == nil {
		return nil
	}
	for _, a := range q.idle {
		if _, asked := t.Asked[a.User]; !asked && q.speaks(a, v.Language) {
			return a
		}
	}
	return nil
}

// ask rings at an agent for a transfer.
func (st *state) ask(at moment, v *visit, was *transfer, to *agent) {
	t := *was
	t.To, t.Endpoint, t.Until = to.User, to.Endpoint, at.now.Add(st.queues[v.Queue].Ring)
	st.alter(v, func() { v.Transfer = &t })
	st.engage(at, to, v, wire.PresenceRinging)
	st.wakeVisit(v, t.Until)
}

// consultNext asks the next agent after one who did not take it, or gives up.
func (st *state) consultNext(at moment, v *visit, by Party, why string) {
	was := *v.Transfer
	was.Asked = maps.Clone(was.Asked)
	was.Asked[was.To] = at.now
	out := Party{was.To, was.Endpoint}
	if to := st.consulted(v, &was, ""); to != nil {
		st.ask(at, v, &was, to)
		st.tell(at, v, wire.EventVisitTransferred, by, why, out)
		return
	}
	st.endTalk(at, v)
	st.tell(at, v, wire.EventVisitOfferWithdrawn, by, why, out)
}

// endTalk ends a warm transfer without its happening; the caller is the first
// agent's again.
func (st *state) endTalk(at moment, v *visit) {
	t := v.Transfer
	st.alter(v, func() { v.Transfer = nil })
	st.dirty.deeds = append(st.dirty.deeds, deed{conference: v.Conference})
	if t.Conference != "" {
		st.dirty.deeds = append(st.dirty.deeds, deed{conference: t.Conference, end: true})
	}
}

// free lets the other agent of a transfer go.
func (st *state) free(at moment, a *agent, v *visit) {
	switch {
	case a.Visit != v.ID:
	case a.State == wire.PresenceRinging:
		st.spare(at, a)
	default:
		st.release(at, a)
	}
}

// dropTransfer ends the transfer of a visit that ends.
func (st *state) dropTransfer(at moment, v *visit) {
	if v.Transfer != nil {
		st.free(at, st.agents[v.Transfer.To], v)
		st.endTalk(at, v)
	}
}

// complete gives a visit to the agent who was consulted.
func (st *state) complete(at moment, v *visit, p Party) error {
	if err := st.mine(v, p); err != nil {
		return err
	}
	if !v.Transfer.Until.IsZero() {
		return ErrNoAnswerYet
	}
	st.passOn(at, v, p)
	return nil
}

// passOn makes the consulted agent the visit's.
func (st *state) passOn(at moment, v *visit, by Party) {
	t, was := v.Transfer, Party{v.Agent, v.AgentEndpoint}
	st.endTalk(at, v)
	first := st.agents[was.User]
	st.alter(v, func() {
		st.hangUp(at, v, first)
		if q := st.queues[t.Queue]; q != nil {
			v.Queue = q.ID
		}
		v.Agent, v.AgentEndpoint, v.AgentIn = t.To, t.Endpoint, false
		v.Legs = append(v.Legs, leg{Agent: t.To, Queue: v.Queue, Accepted: at.now})
	})
	st.tell(at, v, wire.EventVisitTransferred, by, "", was)
}

// cancel takes a warm transfer back.
func (st *state) cancel(at moment, v *visit, p Party) error {
	if err := st.mine(v, p); err != nil {
		return err
	}
	out := Party{v.Transfer.To, v.Transfer.Endpoint}
	st.dropTransfer(at, v)
	st.tell(at, v, wire.EventVisitOfferWithdrawn, p, wire.WhyCancelled, out)
	return nil
}

// mine tells whether an agent's visit is being transferred.
func (st *state) mine(v *visit, p Party) error {
	switch {
	case v.State == wire.VisitEnded || v.State == wire.VisitWrapUp:
		return ErrEnded
	case v.Agent != p.User:
		return ErrNotYours
	case v.Transfer == nil:
		return ErrNoTransfer
	}
	return nil
}

// attendTalk takes in who is in the conference of a transfer's two agents. Who
// leaves it ends the transfer; who has fallen silent does not, as long as the
// other may go on.
func (st *state) attendTalk(at moment, v *visit, ended bool, here func(string) bool) {
	t := v.Transfer
	out := Party{t.To, t.Endpoint}
	if here(v.Agent) && here(t.To) {
		t.Met = true
		st.dirty.visits[v.ID] = v
		return
	}
	first := st.agents[v.Agent]
	if !ended && (!t.Met || first.State == wire.PresenceGone) {
		return
	}
	st.dropTransfer(at, v)
	st.tell(at, v, wire.EventVisitOfferWithdrawn, Party{}, wire.WhyCancelled, out)
}
