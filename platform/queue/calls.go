package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"guichet/platform/wire"
)

// act runs a command on a visit that has not ended.
func (s *Service) act(ctx context.Context, who Caller, id string, c func(st *state, at moment, v *visit) error) error {
	if err := wire.CheckID("visitId", id); err != nil {
		return err
	}
	missing := false
	err := s.do(ctx, who.Organization, func(st *state, at moment) error {
		v := st.visits[id]
		if v == nil {
			missing = true
			return ErrUnknownVisit
		}
		if !st.sees(who, v) {
			return ErrForbidden
		}
		return c(st, at, v)
	})
	if !missing {
		return err
	}
	if _, err := s.past(ctx, who, id); err != nil {
		return err
	}
	return ErrEnded
}

// sees tells whether a caller may know of a visit: its own, one that concerns it
// as an agent, or any.
func (st *state) sees(who Caller, v *visit) bool {
	switch {
	case who.Lead, v.User == who.UserID:
		return true
	case !who.Agent:
		return false
	case v.concerns(who.UserID):
		return true
	}
	a := st.agents[who.UserID]
	if a == nil {
		return false
	}
	for _, q := range a.Queues {
		if q == v.Queue {
			return true
		}
	}
	return false
}

// concerns tells whether an agent has or had a part in a visit.
func (v *visit) concerns(user string) bool {
	if v.legOf(user) != nil {
		return true
	}
	for _, p := range v.parties() {
		if p.User == user {
			return true
		}
	}
	return false
}

// staff tells whether a caller sees what callers do not.
func (who Caller) staff() bool { return !who.Guest && (who.Agent || who.Lead) }

// past returns a visit that has ended.
func (s *Service) past(ctx context.Context, who Caller, id string) (wire.Visit, error) {
	body, err := s.Store.Visit(ctx, who.Organization, id)
	if err != nil {
		return wire.Visit{}, err
	}
	if body == nil {
		return wire.Visit{}, ErrUnknownVisit
	}
	var v visit
	if err := json.Unmarshal(body, &v); err != nil {
		return wire.Visit{}, fmt.Errorf("stored visit: %w", err)
	}
	var w wire.Visit
	err = s.do(ctx, who.Organization, func(st *state, at moment) error {
		if !st.sees(who, &v) {
			return ErrForbidden
		}
		w = st.view(&v, who.staff(), at.now)
		return nil
	})
	return w, err
}

// Enter brings a caller into a queue.
func (s *Service) Enter(ctx context.Context, who Caller, r wire.CreateVisit) (w wire.Visit, err error) {
	if err := checkVisit(r); err != nil {
		return w, err
	}
	if who.Guest && r.UserEndpointID == "" {
		return w, invalid("userEndpointId is missing")
	}
	if r.UserEndpointID != "" {
		if err := s.check(ctx, who, r.UserEndpointID); err != nil {
			return w, err
		}
	}
	id := r.VisitID
	if id == "" {
		id = wire.NewID()
	} else if w, err := s.past(ctx, who, id); !errors.Is(err, ErrUnknownVisit) {
		if err != nil || w.UserID != who.UserID {
			return wire.Visit{}, errors.Join(ErrExists, ignore(err, ErrForbidden))
		}
		if w.State == wire.VisitEnded {
			return w, nil
		}
	}
	err = s.do(ctx, who.Organization, func(st *state, at moment) error {
		v, err := st.enter(at, who, id, r)
		if err == nil {
			w = st.view(v, who.staff(), at.now)
		}
		return err
	})
	if err != nil || r.UserEndpointID == "" {
		return w, err
	}
	return w, s.stillThere(ctx, who, r.UserEndpointID)
}

// stillThere undoes what was done for an endpoint that went between the check
// and the write, when EndpointGone could not find it here yet.
func (s *Service) stillThere(ctx context.Context, who Caller, endpoint string) error {
	err := s.check(ctx, who, endpoint)
	if err != nil {
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
		defer cancel()
		s.EndpointGone(late, who.Organization, who.UserID, endpoint)
	}
	return err
}

func ignore(err error, fine error) error {
	if errors.Is(err, fine) {
		return nil
	}
	return err
}

// Visit returns one visit.
func (s *Service) Visit(ctx context.Context, who Caller, id string) (w wire.Visit, err error) {
	err = s.act(ctx, who, id, func(st *state, at moment, v *visit) error {
		w = st.view(v, who.staff(), at.now)
		return nil
	})
	if errors.Is(err, ErrEnded) {
		return s.past(ctx, who, id)
	}
	return w, err
}

// Leave takes a caller out of the line, or ends its call, whose agent then wraps
// up. The caller may, who made the visit, the agent who has it, and a supervisor.
func (s *Service) Leave(ctx context.Context, who Caller, id string) error {
	return s.act(ctx, who, id, func(st *state, at moment, v *visit) error {
		why := wire.WhyLeft
		switch {
		case v.User == who.UserID:
		case v.State == wire.VisitActive && v.Agent == who.UserID:
			why = wire.WhyHungUp
		case who.Lead:
			why = wire.WhyRemoved
		default:
			return ErrForbidden
		}
		if !v.inLine() && v.State != wire.VisitActive {
			return ErrEnded
		}
		st.over(at, v, Party{User: who.UserID}, why)
		return nil
	})
}

// maxListed bounds the answer of Visits.
const maxListed = 500

// Filter says which visits are asked for.
type Filter struct {
	Queue string // id; empty: any
	State wire.VisitState
	Mine  bool // of ENDED: in which the caller had a part as an agent
	// Of ENDED.
	Before time.Time
	Limit  int
}

// Visits returns visits: those that have not ended in the order of their coming,
// or the ended ones, the last first.
func (s *Service) Visits(ctx context.Context, who Caller, f Filter) ([]wire.Visit, error) {
	if f.State == wire.VisitEnded {
		return s.pastVisits(ctx, who, f)
	}
	list := []wire.Visit{}
	err := s.do(ctx, who.Organization, func(st *state, at moment) error {
		for _, v := range st.inOrder() {
			if v.State == wire.VisitEnded || f.State != "" && f.State != v.State || f.Queue != "" && f.Queue != v.Queue || !st.sees(who, v) {
				continue
			}
			if f.Mine && !v.concerns(who.UserID) && v.User != who.UserID {
				continue
			}
			if list = append(list, st.view(v, who.staff(), at.now)); len(list) == maxListed {
				break
			}
		}
		return nil
	})
	return list, err
}

func (s *Service) pastVisits(ctx context.Context, who Caller, f Filter) ([]wire.Visit, error) {
	q := PastQuery{Organization: who.Organization, Queue: f.Queue, Before: f.Before, Limit: f.Limit}
	switch {
	case !who.staff():
		q.User = who.UserID
	case f.Mine || !who.Lead:
		q.Agent = who.UserID
	}
	if q.Limit < 1 || q.Limit > maxListed {
		q.Limit = 100
	}
	bodies, err := s.Store.PastVisits(ctx, q)
	if err != nil {
		return nil, err
	}
	past := make([]visit, len(bodies))
	for i, body := range bodies {
		if err := json.Unmarshal(body, &past[i]); err != nil {
			return nil, fmt.Errorf("stored visit: %w", err)
		}
	}
	list := make([]wire.Visit, len(past))
	err = s.do(ctx, who.Organization, func(st *state, at moment) error {
		for i := range past {
			list[i] = st.view(&past[i], who.staff(), at.now)
		}
		return nil
	})
	return list, err
}

// ConferenceOf returns the conference that a guest's visit has now; empty when it
// has none.
func (s *Service) ConferenceOf(ctx context.Context, organization, userID string) (id string, err error) {
	err = s.do(ctx, organization, func(st *state, _ moment) error {
		for _, v := range st.visits {
			if v.User == userID && v.Guest && v.Conference != "" && (v.inLine() || v.State == wire.VisitActive || v.State == wire.VisitWrapUp) {
				id = v.Conference
				return nil
			}
		}
		return nil
	})
	return id, err
}

// Accept lets the agent at whom a visit rings have it, and returns the conference
// to join.
func (s *Service) Accept(ctx context.Context, who Caller, id string, r wire.VisitRef) (w wire.AcceptedVisit, err error) {
	if !who.Agent {
		return w, ErrForbidden
	}
	if err := s.check(ctx, who, r.UserEndpointID); err != nil {
		return w, err
	}
	p := Party{who.UserID, r.UserEndpointID}
	conference, interaction := "", ""
	err = s.act(ctx, who, id, func(st *state, _ moment, v *visit) error {
		a, consulted, accepted := st.ringing(v, who.UserID)
		if a != nil && !accepted && (consulted || v.Conference == "") {
			conference, interaction = wire.NewID(), v.Interaction
		}
		return nil
	})
	if err != nil {
		return w, err
	}
	if conference != "" {
		if err := s.Conferences.Open(ctx, who.Organization, conference, interaction); err != nil {
			return w, err
		}
	}
	err = s.act(ctx, who, id, func(st *state, at moment, v *visit) error {
		a, consulted, accepted := st.ringing(v, who.UserID)
		if a != nil && !accepted && (consulted || v.Conference == "") && conference == "" {
			return ErrNotOffered // rings anew since: to be accepted once more
		}
		joins, err := st.accept(at, v, p, conference)
		if err == nil {
			w = wire.AcceptedVisit{ConferenceID: joins, Visit: st.view(v, true, at.now)}
		}
		return err
	})
	if conference != "" && (err != nil || w.ConferenceID != conference) {
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
		defer cancel()
		if e := s.Conferences.End(late, who.Organization, conference, "not used"); e != nil {
			s.Logger.Warn("conference of nobody is not ended", "conference", conference, "err", e)
		}
	}
	return w, err
}

// Decline gives the visit that rings at an agent to the next.
func (s *Service) Decline(ctx context.Context, who Caller, id string, r wire.VisitRef) error {
	if !who.Agent {
		return ErrForbidden
	}
	if err := s.check(ctx, who, r.UserEndpointID); err != nil {
		return err
	}
	return s.act(ctx, who, id, func(st *state, at moment, v *visit) error {
		return st.decline(at, v, Party{who.UserID, r.UserEndpointID})
	})
}

// WrapUp keeps an agent's notes about a visit of theirs, and ends the wrap-up
// when that is asked for.
func (s *Service) WrapUp(ctx context.Context, who Caller, id string, r wire.WrapUpVisit) error {
	if !who.Agent {
		return ErrForbidden
	}
	if err := checkLength("notes", r.Notes, maxNotes); err != nil {
		return err
	}
	return s.act(ctx, who, id, func(st *state, at moment, v *visit) error {
		l, a := v.legOf(who.UserID), st.agents[who.UserID]
		switch {
		case l == nil:
			return ErrNotYours
		case !l.Done.IsZero():
			return ErrEnded
		case r.OutcomeID != "" && !has(st.Outcomes, r.OutcomeID):
			return ErrUnknownResult
		case r.Done && l.Ended.IsZero():
			return ErrTalking
		}
		l.Notes, l.Outcome = r.Notes, r.OutcomeID
		st.dirty.visits[v.ID] = v
		if r.Done {
			st.wrapped(at, a, Party{User: who.UserID}, wire.WhyDone)
		}
		return nil
	})
}

// Transfer gives an agent's caller to a queue or another agent.
func (s *Service) Transfer(ctx context.Context, who Caller, id string, r wire.TransferVisit) (w wire.Visit, err error) {
	switch {
	case !who.Agent:
		return w, ErrForbidden
	case (r.QueueID == "") == (r.UserID == ""):
		return w, invalid("one of queueId and userId is needed")
	}
	return s.onTransfer(ctx, who, id, func(st *state, at moment, v *visit, p Party) error { return st.hand(at, v, p, r) })
}

// CompleteTransfer gives the caller to the agent who was consulted.
func (s *Service) CompleteTransfer(ctx context.Context, who Caller, id string) (wire.Visit, error) {
	return s.onTransfer(ctx, who, id, func(st *state, at moment, v *visit, p Party) error { return st.complete(at, v, p) })
}

// CancelTransfer takes a warm transfer back.
func (s *Service) CancelTransfer(ctx context.Context, who Caller, id string) (wire.Visit, error) {
	return s.onTransfer(ctx, who, id, func(st *state, at moment, v *visit, p Party) error { return st.cancel(at, v, p) })
}

func (s *Service) onTransfer(ctx context.Context, who Caller, id string, c func(*state, moment, *visit, Party) error) (w wire.Visit, err error) {
	if !who.Agent {
		return w, ErrForbidden
	}
	err = s.act(ctx, who, id, func(st *state, at moment, v *visit) error {
		err := c(st, at, v, Party{who.UserID, v.AgentEndpoint})
		if err == nil {
			w = st.view(v, true, at.now)
		}
		return err
	})
	return w, err
}
