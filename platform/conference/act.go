package conference

import (
	"reflect"
	"time"

	"guichet/platform/wire"
)

// actor is who does something to a member or the room.
type actor struct {
	user, endpoint string
	staff          bool // neither a guest nor the holder of a room token
}

// isStaff tells that the caller may do everything to rooms and their members.
func (c Caller) isStaff() bool { return c.MayEnd && !c.Customer && c.Admission == nil }

// right is the permission that an action takes: one of two, if it is done to
// oneself.
type right struct{ self, member wire.Permission } // self is empty where there is none

// over returns the member that an actor may act on: itself when target is empty.
func (a actor) over(s state, target string, r right) (int, error) {
	oneself := target == "" || target == a.endpoint
	me, err := s.member(a.user, a.endpoint)
	if err != nil && (!a.staff || err == ErrNotYours || oneself) {
		return -1, err
	}
	m := me
	if !oneself {
		if m = s.index(target); m < 0 {
			return -1, ErrUnknownMember
		}
	}
	if a.staff {
		return m, nil
	}
	own := s.Members[me].Seat
	switch {
	case m != me && s.Members[m].Seat == nil: // staff, or nobody of the room's
		return -1, ErrNotPermitted
	case m == me && r.self != "" && own.may(r.self), own.may(r.member):
		return m, nil
	}
	return -1, ErrNotPermitted
}

// inRoom tells whether an actor may act on the room.
func (a actor) inRoom(s state, p wire.Permission) error {
	m, err := s.member(a.user, a.endpoint)
	switch {
	case a.staff && err != ErrNotYours:
		return nil
	case err != nil:
		return err
	case !s.Members[m].Seat.may(p):
		return ErrNotPermitted
	}
	return nil
}

// onMember changes a seat. Who has none takes one with it.
type onMember struct {
	actor
	target string
	right  right
	alter  func(*seat) error // which is a copy, of which nothing may be changed in place
}

func (c onMember) change(s state) (state, []wire.Event, error) {
	m, err := c.over(s, c.target, c.right)
	if err != nil {
		return s, nil, err
	}
	if s.Mode == wire.ModeP2P {
		return s, nil, ErrP2P
	}
	was := s.Members[m].Seat
	if was == nil {
		was = givenSeat(s.Members[m])
	}
	now := *was
	if err := c.alter(&now); err != nil {
		return s, nil, err
	}
	if reflect.DeepEqual(*was, now) {
		return s, nil, nil
	}
	s = s.withMember(m, func(mem *member) { mem.Seat = &now })
	var events []wire.Event
	if now.listens() {
		s, events = s.silenced(m)
	}
	return s, append(events, s.seatEvent(m, c.user, c.endpoint)), nil
}

// onRoom changes the session's settings.
type onRoom struct {
	actor
	permission wire.Permission
	alter      func(state, *room) error // which is a copy, of which nothing may be changed in place
}

func (c onRoom) change(s state) (state, []wire.Event, error) {
	if err := c.inRoom(s, c.permission); err != nil {
		return s, nil, err
	}
	was := s.Room
	if was == nil {
		was = newRoom(RoomSettings{})
	}
	now := *was
	if err := c.alter(s, &now); err != nil {
		return s, nil, err
	}
	if reflect.DeepEqual(*was, now) {
		return s, nil, nil
	}
	s.Room = &now
	by := c.endpoint
	if !s.hasEndpoint(by) {
		by = ""
	}
	return s, []wire.Event{s.roomEvent(c.user, by)}, nil
}

// remove takes a member out for good: its holder does not come back while the
// session lasts.
type remove struct {
	actor
	target, reason string
}

func (c remove) change(s state) (state, []wire.Event, error) {
	m, err := c.over(s, c.target, right{member: wire.MemberRemove})
	if err != nil {
		return s, nil, err
	}
	return s.expelled(m, c.reason)
}

// expelled takes a member out for good.
func (s state) expelled(m int, reason string) (state, []wire.Event, error) {
	gone := s.Members[m]
	s, events, err := s.without(m, reason)
	if err == nil && !s.Ended {
		s = s.remember(gone, true)
	}
	return s, events, err
}

// expelled returns the member that a command took out for good.
func expelled(c command, was, s state) (m member, reason string, ok bool) {
	target := ""
	switch c := c.(type) {
	case remove:
		target, reason = c.target, c.reason
	case elapse:
		target, reason = c.target, wire.LeftTimeUp
	}
	i := was.index(target)
	if i < 0 || s.hasEndpoint(target) {
		return member{}, "", false
	}
	return was.Members[i], reason, true
}

// elapse takes a member out whose time is up.
type elapse struct {
	target      string
	now, steady time.Time
}

func (c elapse) change(s state) (state, []wire.Event, error) {
	m := s.index(c.target)
	if m < 0 || !s.Members[m].Seat.over(c.now, c.steady) {
		return s, nil, nil
	}
	return s.expelled(m, wire.LeftTimeUp)
}

// over tells that a member's time is up.
func (s *seat) over(now, steady time.Time) bool {
	return s != nil && (!s.RemoveAt.IsZero() && !now.Before(s.RemoveAt) || !s.Elapses.IsZero() && !steady.Before(s.Elapses))
}
