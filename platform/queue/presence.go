package queue

import (
	"slices"
	"time"

	"guichet/platform/wire"
)

// agent returns a user's record, made if need be.
func (st *state) agent(at moment, user, name string) *agent {
	a := st.agents[user]
	if a == nil {
		a = &agent{User: user, Name: name, State: wire.PresenceGone, Since: at.now}
		st.agents[user] = a
		st.dirty.agents[user] = a
	}
	if a.Name == "" && name != "" {
		a.Name = name
		st.dirty.agents[user] = a
	}
	return a
}

// declare sets what an agent says of itself.
func (st *state) declare(at moment, who Caller, r wire.SetPresence) (*agent, error) {
	if r.ReasonID != "" && !has(st.Reasons, r.ReasonID) {
		return nil, ErrUnknownReason
	}
	if st.agents[who.UserID] == nil && len(st.agents) >= maxAgents {
		return nil, ErrTooMany
	}
	a := st.agent(at, who.UserID, who.Name)
	p := Party{who.UserID, r.UserEndpointID}
	if a.State == wire.PresenceRinging && (r.State == wire.PresenceNotReady || a.Endpoint != r.UserEndpointID) {
		st.stopRinging(at, a, p, wire.WhyNotReady)
	}
	if a.Endpoint != r.UserEndpointID {
		st.turn(a, func() { a.Endpoint = r.UserEndpointID })
	}
	if a.State == wire.PresenceGone {
		st.comeBack(at, a)
	}
	switch ready := r.State == wire.PresenceReady; {
	case a.State == wire.PresenceInCall, a.State == wire.PresenceWrapUp && !ready:
		st.turn(a, func() {
			if a.Next, a.NextReason = wire.PresenceNotReady, r.ReasonID; ready {
				a.Next, a.NextReason = "", ""
			}
		})
	case a.State == wire.PresenceWrapUp:
		a.Next, a.NextReason = "", ""
		st.wrapped(at, a, p, wire.WhyDone)
	case ready && a.State == wire.PresenceNotReady:
		st.turn(a, func() { a.State, a.Reason, a.Since, a.Idle = wire.PresenceReady, "", at.now, at.now })
	case !ready && (a.State != wire.PresenceNotReady || a.Reason != r.ReasonID):
		st.turn(a, func() {
			if a.State != wire.PresenceNotReady {
				a.Since = at.now
			}
			a.State, a.Reason, a.Idle = wire.PresenceNotReady, r.ReasonID, time.Time{}
		})
	}
	return a, nil
}

// comeBack takes an agent back who was gone: into the call that goes on, or to
// where READY or NOT_READY begin.
func (st *state) comeBack(at moment, a *agent) {
	v := st.visits[a.Visit]
	st.turn(a, func() {
		a.State, a.Since, a.Reason = wire.PresenceNotReady, at.now, ""
		if v != nil && v.State == wire.VisitActive && v.Agent == a.User {
			a.State = wire.PresenceInCall
		} else {
			a.Visit = ""
		}
	})
	if a.State == wire.PresenceInCall {
		st.alter(v, func() { v.AgentEndpoint = a.Endpoint })
	}
}

// stopRinging gives what rings at an agent to the next.
func (st *state) stopRinging(at moment, a *agent, by Party, why string) {
	v := st.visits[a.Visit]
	switch {
	case v == nil:
	case v.Offer != nil && v.Offer.Agent == a.User:
		st.withdraw(at, v, by, why, false)
	case v.Transfer != nil && v.Transfer.To == a.User:
		st.spare(at, a)
		st.consultNext(at, v, by, why)
	}
}

// vanish takes an endpoint out that is no more.
func (st *state) vanish(at moment, user, endpoint string) {
	if st.Watchers[endpoint] == user && user != "" {
		delete(st.Watchers, endpoint)
		st.dirty.words = true
	}
	if a := st.agents[user]; a != nil && a.Endpoint == endpoint && a.State != wire.PresenceGone {
		st.lose(at, a)
	}
	var lost []*visit
	for _, v := range st.visits {
		if v.User == user && v.Endpoint == endpoint {
			lost = append(lost, v)
		}
	}
	slices.SortFunc(lost, before)
	for _, v := range lost {
		if (v.inLine() || v.State == wire.VisitActive) && !v.CallerIn {
			st.over(at, v, Party{User: user}, wire.WhyLost)
		}
		// Nobody is there to be told any more.
		st.alter(v, func() { v.Endpoint = "" })
	}
}

// lose makes an agent gone whose endpoint fell silent. A call goes on without:
// its conference has rules of its own.
func (st *state) lose(at moment, a *agent) {
	switch a.State {
	case wire.PresenceRinging:
		st.stopRinging(at, a, Party{}, wire.WhyGone)
	case wire.PresenceWrapUp:
		st.wrapped(at, a, Party{}, wire.WhyGone)
	case wire.PresenceInCall:
		st.abandon(at, a)
	}
	st.turn(a, func() {
		a.State, a.Reason, a.Since, a.Idle, a.Endpoint, a.Next, a.NextReason = wire.PresenceGone, "", at.now, time.Time{}, "", "", ""
	})
}

// abandon sees to a warm transfer of which an agent is gone: who is left has the
// caller.
func (st *state) abandon(at moment, a *agent) {
	v := st.visits[a.Visit]
	if v == nil || v.Transfer == nil {
		return
	}
	out := Party{v.Transfer.To, v.Transfer.Endpoint}
	if v.Agent == a.User && v.Transfer.Until.IsZero() {
		st.passOn(at, v, Party{})
		// passOn let a wrap up: there is nobody to do so.
		if a.State == wire.PresenceWrapUp {
			st.wrapped(at, a, Party{}, wire.WhyGone)
		}
		return
	}
	st.dropTransfer(at, v)
	st.tell(at, v, wire.EventVisitOfferWithdrawn, Party{}, wire.WhyGone, out)
}

// watch adds or removes an endpoint that is told of everything.
func (st *state) watch(p Party, on bool) error {
	_, is := st.Watchers[p.Endpoint]
	switch {
	case is == on:
		return nil
	case on && len(st.Watchers) >= maxWatchers:
		return ErrTooMany
	case on && st.Watchers == nil:
		st.Watchers = map[string]string{}
	}
	if st.dirty.words = true; on {
		st.Watchers[p.Endpoint] = p.User
	} else {
		delete(st.Watchers, p.Endpoint)
	}
	return nil
}

func has(list []wire.Choice, id string) bool {
	return slices.ContainsFunc(list, func(c wire.Choice) bool { return c.ID == id })
}

// resume goes on after a restart: who is gone is taken out, what rang is offered
// again, and what is due is known again. alive tells whether an endpoint is
// registered.
func (st *state) resume(at moment, alive func(Party) bool) {
	for endpoint, user := range st.Watchers {
		if !alive(Party{user, endpoint}) {
			delete(st.Watchers, endpoint)
			st.dirty.words = true
		}
	}
	for _, v := range st.inOrder() {
		if v.Offer != nil {
			st.withdraw(at, v, Party{}, wire.WhyRestarted, false)
		}
		if v.Endpoint != "" && !alive(Party{v.User, v.Endpoint}) {
			st.vanish(at, v.User, v.Endpoint)
		}
	}
	var users []string
	for user := range st.agents {
		users = append(users, user)
	}
	slices.Sort(users)
	for _, user := range users {
		if a := st.agents[user]; a.Endpoint != "" && !alive(Party{user, a.Endpoint}) {
			st.vanish(at, user, a.Endpoint)
		}
	}
}

// inOrder are all visits in the order of their coming.
func (st *state) inOrder() []*visit {
	list := make([]*visit, 0, len(st.visits))
	for _, v := range st.visits {
		list = append(list, v)
	}
	slices.SortFunc(list, before)
	return list
}
