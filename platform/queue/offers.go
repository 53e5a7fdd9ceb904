package queue

import (
	"maps"
	"time"

	"guichet/platform/wire"
)

// settle does what is due and offers who can be offered. It follows every
// command.
func (st *state) settle(at moment) {
	for {
		al, ok := st.due(at.now)
		if !ok {
			break
		}
		if v := st.visits[al.visit]; v != nil {
			st.look(at, v)
		}
		if a := st.agents[al.agent]; a != nil && a.State == wire.PresenceWrapUp && !at.now.Before(a.Until) {
			st.wrapped(at, a, Party{}, wire.WhyTimeOver)
		}
	}
	for _, m := range route(at.now, st) {
		st.offer(at, m.visit, m.agent)
	}
	st.tellPresences(at)
	st.beat(at)
}

// look does what is due about a visit.
func (st *state) look(at moment, v *visit) {
	passed := func(t time.Time) bool { return !t.IsZero() && !at.now.Before(t) }
	if v.Offer != nil && passed(v.Offer.Until) {
		st.unanswered(at, st.agents[v.Offer.Agent])
		st.withdraw(at, v, Party{}, wire.WhyNoAnswer, true)
	}
	if v.Transfer != nil && passed(v.Transfer.Until) {
		st.unanswered(at, st.agents[v.Transfer.To])
		st.consultNext(at, v, Party{}, wire.WhyNoAnswer)
	}
	if v.State == wire.VisitWaiting && passed(v.Deadline) {
		st.overflow(at, v)
	}
}

// offer rings a visit at an agent.
func (st *state) offer(at moment, v *visit, a *agent) {
	until := at.now.Add(st.queues[v.Queue].Ring)
	st.alter(v, func() { v.State, v.Offer = wire.VisitRinging, &offer{a.User, a.Endpoint, until} })
	st.engage(at, a, v, wire.PresenceRinging)
	st.wakeVisit(v, until)
	st.tell(at, v, wire.EventVisitOffered, Party{}, "")
}

// engage has an agent ring for a visit, or talk.
func (st *state) engage(at moment, a *agent, v *visit, s wire.PresenceState) {
	st.turn(a, func() { a.State, a.Since, a.Visit = s, at.now, v.ID })
}

// spare lets an agent who rang go; who is still ready keeps the place that the
// time without work gives.
func (st *state) spare(at moment, a *agent) {
	st.turn(a, func() {
		a.Visit = ""
		if a.State == wire.PresenceRinging {
			a.State, a.Since = wire.PresenceReady, at.now
		}
	})
}

// unanswered makes an agent who lets callers ring out not ready.
func (st *state) unanswered(at moment, a *agent) {
	st.turn(a, func() {
		a.State, a.Reason, a.Since, a.Idle, a.Visit = wire.PresenceNotReady, wire.ReasonIDNoAnswer, at.now, time.Time{}, ""
	})
}

// withdraw takes back what rings; the visit waits again where it was. asked
// remembers that this agent did not take it.
func (st *state) withdraw(at moment, v *visit, by Party, why string, asked bool) {
	was := v.Offer
	if a := st.agents[was.Agent]; a.Visit == v.ID {
		st.spare(at, a)
	}
	st.alter(v, func() {
		v.State, v.Offer = wire.VisitWaiting, nil
		if asked {
			v.Asked = maps.Clone(v.Asked)
			if v.Asked == nil {
				v.Asked = map[string]time.Time{}
			}
			v.Asked[was.Agent] = at.now
			st.wakeVisit(v, at.now.Add(st.queues[v.Queue].Ring))
		}
	})
	st.wakeVisit(v, v.Deadline)
	st.tell(at, v, wire.EventVisitOfferWithdrawn, by, why, Party{was.Agent, was.Endpoint})
}

// dropOffer lets the agent go at whom a visit rings that ends; the event of the
// end tells them.
func (st *state) dropOffer(at moment, v *visit) {
	if v.Offer != nil {
		st.spare(at, st.agents[v.Offer.Agent])
		v.Offer = nil
	}
}

// ringing is the agent at whom a visit rings or by whom it was accepted.
func (st *state) ringing(v *visit, user string) (a *agent, consulted, accepted bool) {
	switch {
	case v.Offer != nil && v.Offer.Agent == user:
		return st.agents[user], false, false
	case v.Transfer != nil && v.Transfer.To == user:
		return st.agents[user], true, v.Transfer.Until.IsZero()
	case v.State == wire.VisitActive && v.Agent == user:
		return st.agents[user], false, true
	}
	return nil, false, false
}

// accept lets the agent at whom a visit rings have it, with a conference in which
// to meet unless there is one. It returns the conference to join.
func (st *state) accept(at moment, v *visit, p Party, conference string) (string, error) {
	a, consulted, accepted := st.ringing(v, p.User)
	switch {
	case a == nil && (v.State == wire.VisitEnded || v.State == wire.VisitWrapUp):
		return "", ErrEnded
	case a == nil:
		return "", ErrNotOffered
	case consulted && accepted:
		return v.Transfer.Conference, nil
	case accepted:
		if v.AgentEndpoint != p.Endpoint { // back with another endpoint
			st.alter(v, func() { v.AgentEndpoint = p.Endpoint })
		}
		return v.Conference, nil
	case consulted:
		st.alter(v, func() {
			t := *v.Transfer
			t.Conference, t.Endpoint, t.Until = conference, p.Endpoint, time.Time{}
			v.Transfer = &t
		})
		st.engage(at, a, v, wire.PresenceInCall)
		st.tell(at, v, wire.EventVisitTransferred, p, "")
		return conference, nil
	}
	st.alter(v, func() {
		if v.Conference == "" {
			v.Conference = conference
		}
		v.State, v.Offer, v.Asked, v.Deadline = wire.VisitActive, nil, nil, time.Time{}
		v.Agent, v.AgentEndpoint, v.AgentIn = p.User, p.Endpoint, false
		v.Legs = append(v.Legs, leg{Agent: p.User, Queue: v.Queue, Accepted: at.now})
	})
	st.engage(at, a, v, wire.PresenceInCall)
	st.tell(at, v, wire.EventVisitAccepted, p, "")
	return v.Conference, nil
}

// decline gives a visit to the next.
func (st *state) decline(at moment, v *visit, p Party) error {
	a, consulted, accepted := st.ringing(v, p.User)
	switch {
	case a == nil && (v.State == wire.VisitEnded || v.State == wire.VisitWrapUp):
		return ErrEnded
	case a == nil, accepted:
		return ErrNotOffered
	case consulted:
		st.spare(at, a)
		st.consultNext(at, v, p, wire.WhyDeclined)
	default:
		st.withdraw(at, v, p, wire.WhyDeclined, true)
	}
	return nil
}
