package conference

import (
	"encoding/json"
	"slices"
	"time"

	"guichet/platform/wire"
)

// Admission is what a room token says of its holder's seat. Whoever made it has
// checked its fields; it is not changed.
type Admission struct {
	TokenID      string // may not come back once its holder was removed
	Name         string // what everybody sees, whatever the holder says
	Role         wire.JoinAs
	Permissions  []wire.Permission // of the audience none
	MediaAllowed wire.MediaAllowed // what the holder may receive

	AudioMuted, VideoMuted bool            // on joining
	Meta                   json.RawMessage // an object; nil: {}

	JoinFrom, JoinUntil time.Time     // zero: no bound
	RemoveAt            time.Time     // zero: never
	RemoveAfter         time.Duration // since the first join with this token; 0: never
	EndOnLeave          bool          // the session ends when the holder leaves

	// Room holds the settings of the room, for the case that this join makes its
	// session.
	Room RoomSettings
}

// RoomSettings are what a room's session begins with.
type RoomSettings struct {
	Name, DisplayName string          // without the latter, the former
	Meta              json.RawMessage // an object; nil: {}
	Layout            string          // empty: wire.DefaultLayout
	MaxMembers        int             // 0: no bound of the room's own

	Previews, SyncAudioVideo, PrioritizeHandraise bool
}

// Rights are what an endpoint may send and receive, whatever it asks for.
type Rights struct {
	SendAudio, SendVideo       bool
	ReceiveAudio, ReceiveVideo bool
	// Quietest bounds what sound is forwarded of it: nothing below this level, in
	// -dBov as RFC 6464 has it. At 127 everything is.
	Quietest uint8
}

// AllRights are those of an endpoint without a seat.
var AllRights = Rights{SendAudio: true, SendVideo: true, ReceiveAudio: true, ReceiveVideo: true, Quietest: 127}

// EarlyError is an ErrEarly with the time from which its holder may join.
type EarlyError struct{ Opens time.Time }

func (e *EarlyError) Error() string { return ErrEarly.Error() }

// Is makes it an ErrEarly.
func (e *EarlyError) Is(target error) bool { return target == ErrEarly }

// admitted tells whether who asks may come in, and why not.
func (c join) admitted(s state) error {
	holder := ""
	a := c.admission
	switch {
	case a != nil && s.Mode == wire.ModeP2P:
		return ErrP2P
	case a != nil && s.Room != nil && s.Room.Name != a.Room.Name:
		return ErrForbidden
	case a != nil && c.now.Before(a.JoinFrom):
		return &EarlyError{Opens: a.JoinFrom}
	case a != nil && !a.JoinUntil.IsZero() && !c.now.Before(a.JoinUntil):
		return ErrLate
	case a != nil && !a.RemoveAt.IsZero() && !c.now.Before(a.RemoveAt):
		return ErrRemoved
	case a != nil:
		holder = a.TokenID
	case c.guest:
		holder = c.user
	}
	p, _ := s.remembered(holder)
	switch {
	case p.Removed || !p.Elapses.IsZero() && !c.steady.Before(p.Elapses):
		return ErrRemoved
	case s.Room != nil && s.Room.Locked && !c.staff:
		return ErrLocked
	}
	return nil
}

// shows tells whether who asks may read the state: who is in, and who might come
// in now.
func (s state) shows(who Caller, now, steady time.Time) error {
	if slices.ContainsFunc(s.Members, func(m member) bool { return m.User == who.UserID }) {
		return nil
	}
	return join{user: who.UserID, guest: who.Customer, staff: who.isStaff(), admission: who.Admission, now: now, steady: steady}.admitted(s)
}

// seat is where who joins sits: by the token, and by what became of its holder in
// the session before.
func (c join) seat(s state) *seat {
	a := c.admission
	if a == nil {
		p, known := s.remembered(c.user)
		if !c.guest || !known {
			return nil
		}
		given := p.resume(*givenSeat(member{Metadata: c.metadata}))
		return &given
	}
	taken := seat{Token: a.TokenID, Name: a.Name, Role: a.Role, Permissions: a.Permissions, MediaAllowed: a.MediaAllowed,
		AudioMuted: a.AudioMuted, VideoMuted: a.VideoMuted, Meta: a.Meta, Sensitivity: wire.DefaultSensitivity,
		RemoveAt: a.RemoveAt.Round(0) /* the wall's alone */, EndOnLeave: a.EndOnLeave}
	if a.RemoveAfter > 0 {
		taken.Elapses = c.steady.Add(a.RemoveAfter)
	}
	if p, known := s.remembered(a.TokenID); known {
		taken = p.resume(taken)
	}
	if taken.listens() {
		taken.Permissions = nil
	}
	return &taken
}

// mayPublish tells whether a member may publish one more stream beside those
// that are no screen.
func (s *seat) mayPublish(kind wire.StreamType, sources int) error {
	switch {
	case s == nil:
	case s.listens():
		return ErrAudience
	case kind == wire.StreamScreen && !s.may(wire.SelfScreenshare),
		kind != wire.StreamScreen && sources > 0 && !s.may(wire.SelfAdditionalSource):
		return ErrNotPermitted
	}
	return nil
}
