package call

import (
	"errors"
	"slices"
	"time"

	"guichet/platform/wire"
)

// errUnchanged tells that a command has nothing to do.
var errUnchanged = errors.New("nothing to do")

// command is one thing to do to a call. change returns the new state and what is
// to be told, without versions, or an error; it has no other effect and changes
// nothing of the state that it is given.
type command interface {
	change(state) (state, []told, error)
}

// told is an event with who sees it.
type told struct {
	wire.CallEvent
	to []Party
	// aside marks what only those see who are out by it: it does not use its
	// version up, so that the others see no gap.
	aside bool
}

// apply runs a command against a state. Ids of events are left to the caller,
// being random.
func apply(s state, c command, at time.Time) (state, []told, error) {
	_, starts := c.(start)
	switch {
	case s.Version == 0 && !starts:
		return s, nil, ErrUnknownCall
	case s.Version > 0 && starts:
		return s, nil, ErrExists
	case s.Phase == ended:
		return s, nil, ErrEnded
	}
	next, events, err := c.change(s)
	if err != nil {
		return s, nil, err
	}
	for i := range events {
		e := &events[i]
		e.Timestamp = wire.NewTime(at)
		e.Aggregate, e.AggregateID, e.CallID = wire.AggregateCall, next.ID, next.ID
		e.AggregateVersion = next.Version
		if !e.aside {
			next.Version++
		}
	}
	return next, events, nil
}

// event is one that p caused.
func event(t wire.EventType, p Party, reason string) wire.CallEvent {
	return wire.CallEvent{Type: t, UserID: p.User, UserEndpointID: p.Endpoint, Reason: reason}
}

// start makes the call and lets it ring.
type start struct {
	id, offer, target string
	caller            Party
	callee            string
	callees           []string
	until             time.Time
}

func (c start) change(s state) (state, []told, error) {
	s = state{ID: c.id, Version: 1, Phase: ringing, RingsUntil: c.until, Caller: member{Party: c.caller, Place: talking}, Callee: c.callee}
	for _, id := range c.callees {
		s.Callees = append(s.Callees, member{Party: Party{c.callee, id}, Place: waiting})
	}
	e := event(wire.EventCallCreated, c.caller, "")
	e.SDPOffer, e.Target = c.offer, c.target
	return s, []told{{CallEvent: e, to: s.parties()}}, nil
}

// callee returns the index of a member that may answer, and errUnchanged for one
// that did, which who asks may want to take for a repeated request.
func (s state) callee(p Party) (int, error) {
	i, err := s.find(p)
	if err != nil {
		return 0, err
	}
	if i == caller {
		return 0, ErrWrongSide
	}
	switch s.member(i).Place {
	case waiting:
		return i, nil
	case talking:
		return i, errUnchanged
	case rejected:
		return 0, ErrRejected
	case lost:
		return 0, ErrAnswered
	}
	return 0, ErrNotParty
}

// ring tells that an endpoint rings. Telling it again, or of the own call,
// changes nothing.
type ring struct{ by Party }

func (c ring) change(s state) (state, []told, error) {
	i, err := s.callee(c.by)
	switch {
	case errors.Is(err, ErrWrongSide):
		return s, nil, errUnchanged // clients ring for every created event that they see
	case err != nil:
		return s, nil, err
	case s.member(i).Rang:
		return s, nil, errUnchanged
	}
	s = s.with(i, func(m *member) { m.Rang = true })
	return s, []told{{CallEvent: event(wire.EventCallRinging, c.by, ""), to: s.parties()}}, nil
}

// answer takes the call at one endpoint; the others are out. The same answer
// again, after a lost reply, changes nothing.
type answer struct {
	by          Party
	sdp, digest string
}

func (c answer) change(s state) (state, []told, error) {
	i, err := s.callee(c.by)
	switch {
	case err == errUnchanged && s.Answer != c.digest:
		return s, nil, ErrAnswered
	case err != nil:
		return s, nil, err
	}
	others := s.where(func(m member) bool { return m.Place == waiting && m.Endpoint != c.by.Endpoint })
	held := s.member(i).Held
	s.Callees = slices.Clone(s.Callees)
	for j := range s.Callees {
		m := &s.Callees[j]
		m.Held = nil
		switch {
		case j == i:
			m.Place = talking
		case m.Place == waiting:
			m.Place = lost
		}
	}
	s.Phase, s.Answer = answered, c.digest
	var events []told
	if len(others) > 0 {
		events = append(events, told{event(wire.EventCallCancelled, c.by, wire.ReasonElsewhere), others, true})
	}
	e := event(wire.EventCallAnswered, c.by, "")
	e.SDPAnswer = c.sdp
	events = append(events, told{CallEvent: e, to: s.parties()})
	if len(held) > 0 {
		events = append(events, told{CallEvent: candidates(c.by, held), to: s.parties()})
	}
	return s, events, nil
}

// find takes in candidates. Those of an endpoint that has not answered wait.
type find struct {
	by    Party
	found []wire.ICECandidate
}

func (c find) change(s state) (state, []told, error) {
	i, err := s.find(c.by)
	if err == nil && i != caller {
		if i, err = s.callee(c.by); err == errUnchanged {
			err = nil
		}
	}
	switch {
	case err != nil:
		return s, nil, err
	case len(c.found) == 0:
		return s, nil, errUnchanged
	case s.member(i).Found+len(c.found) > maxFound:
		return s, nil, invalid("more than %d iceCandidates of one endpoint", maxFound)
	}
	waits := s.member(i).Place == waiting
	s = s.with(i, func(m *member) {
		m.Found += len(c.found)
		if waits {
			m.Held = append(slices.Clip(m.Held), c.found...)
		}
	})
	if waits {
		return s, nil, nil
	}
	return s, []told{{CallEvent: candidates(c.by, c.found), to: s.parties()}}, nil
}

func candidates(by Party, found []wire.ICECandidate) wire.CallEvent {
	e := event(wire.EventICECandidatesFound, by, "")
	e.ICECandidates = found
	return e
}
