package conference_test

import (
	"time"

	"guichet/platform/conference"
	"guichet/platform/wire"
)

// What a room token promises, told once more in few words, for the year to be held
// against.

// moment is a time by the wall and by what has passed.
type moment struct{ wall, steady time.Time }

// span is a time that lies between two.
type span [2]time.Time

func (s span) surely(now time.Time) bool { return !s[1].IsZero() && !now.Before(s[1]) }
func (s span) maybe(now time.Time) bool  { return !s[0].IsZero() && !now.Before(s[0]) }

// card is a room token.
type card struct {
	conference.Admission
	user    string
	devices int // so far
}

func (c *card) caller() conference.Caller {
	return conference.Caller{Organization: "default", UserID: c.user, Customer: true, Admission: &c.Admission}
}

// stay is an endpoint in the room.
type stay struct {
	*card
	elapses span
	posture
}

// posture is what others made of a member.
type posture struct {
	muted, recast bool
	role          wire.JoinAs
}

// surelyOver and maybeOver tell that the time is up: at a moment before the clock
// was looked at, and after.
func (s *stay) surelyOver(now moment) bool {
	return !s.RemoveAt.IsZero() && !now.wall.Before(s.RemoveAt) || s.elapses.surely(now.steady)
}

func (s *stay) maybeOver(now moment) bool {
	return !s.RemoveAt.IsZero() && !now.wall.Before(s.RemoveAt) || s.elapses.maybe(now.steady)
}

// record is what counts against a card while the session lasts.
type record struct {
	removed bool
	elapses span
	posture
	shared bool // two were in with it at once: whose posture counts is left open
}

// refusal is what a card is answered that asks to be let in.
func refusal(c *card, r record, elapsed bool, now time.Time, locked bool, in int) error {
	switch {
	case now.Before(c.JoinFrom):
		return conference.ErrEarly
	case !c.JoinUntil.IsZero() && !now.Before(c.JoinUntil):
		return conference.ErrLate
	case !c.RemoveAt.IsZero() && !now.Before(c.RemoveAt), r.removed, elapsed:
		return conference.ErrRemoved
	case locked:
		return conference.ErrLocked
	case in >= seatsOfYear:
		return conference.ErrFull
	}
	return nil
}

// seatsOfYear is how many the room takes.
const seatsOfYear = 6
