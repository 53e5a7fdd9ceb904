package call

import (
	"time"

	"guichet/platform/wire"
)

// over ends the call with an event for everybody who is in.
func (s state) over(e wire.CallEvent) (state, []told, error) {
	to := s.parties()
	s.Phase = ended
	return s, []told{{CallEvent: e, to: to}}, nil
}

// reject ends the ringing at one endpoint, and the call with the last.
type reject struct {
	by     Party
	reason string
}

func (c reject) change(s state) (state, []told, error) {
	i, err := s.callee(c.by)
	switch {
	case err == ErrRejected:
		return s, nil, errUnchanged
	case err == errUnchanged:
		return s, nil, ErrAnswered
	case err != nil:
		return s, nil, err
	}
	e := event(wire.EventCallRejected, c.by, c.reason)
	s.Refusal = &c.reason
	out := s.with(i, func(m *member) { m.Place, m.Held = rejected, nil })
	if out.rings() {
		return out, []told{{e, []Party{c.by}, true}}, nil
	}
	out.Phase = ended
	return out, []told{{CallEvent: e, to: s.parties()}}, nil
}

// cancel takes the call back before it is answered.
type cancel struct {
	by     Party
	reason string
}

func (c cancel) change(s state) (state, []told, error) {
	i, err := s.find(c.by)
	switch {
	case err != nil:
		return s, nil, err
	case i != caller:
		return s, nil, ErrWrongSide
	case s.Phase == answered:
		return s, nil, ErrAnswered
	}
	return s.over(event(wire.EventCallCancelled, c.by, c.reason))
}

// hangup ends the call for whoever is in it, however far it is: one that rings
// is cancelled or rejected by it.
type hangup struct {
	by     Party
	reason string
}

func (c hangup) change(s state) (state, []told, error) {
	i, err := s.find(c.by)
	switch {
	case err != nil:
		return s, nil, err
	case s.Phase == ringing && i == caller:
		return cancel(c).change(s)
	case s.member(i).Place != talking:
		return reject(c).change(s)
	}
	return s.over(event(wire.EventCallEnded, c.by, c.reason))
}

// vanish takes an endpoint out that is no more.
type vanish struct {
	by     Party
	reason string
}

func (c vanish) change(s state) (state, []told, error) {
	i, err := s.find(c.by)
	if err != nil {
		return s, nil, err
	}
	was := s.member(i).Place
	if was != waiting && was != talking {
		return s, nil, errUnchanged
	}
	s = s.with(i, func(m *member) { m.Place, m.Held = gone, nil })
	switch {
	case was == talking && s.Phase == ringing:
		return s.over(event(wire.EventCallCancelled, c.by, c.reason))
	case was == talking:
		return s.over(event(wire.EventCallEnded, c.by, c.reason))
	case s.rings():
		return s, nil, nil
	case s.Refusal != nil:
		return s.over(event(wire.EventCallRejected, c.by, *s.Refusal))
	}
	return s.over(event(wire.EventCallEnded, c.by, c.reason))
}

// expire ends a call that rang for too long.
type expire struct{ now time.Time }

func (c expire) change(s state) (state, []told, error) {
	if s.Phase != ringing || c.now.Before(s.RingsUntil) {
		return s, nil, errUnchanged
	}
	return s.over(event(wire.EventCallEnded, Party{}, wire.ReasonNoAnswer))
}
