package queue

import (
	"slices"
	"strconv"
	"time"
	_ "time/tzdata" // for machines without a database of time zones

	"guichet/platform/wire"
)

// maxAhead is how far the next opening is looked for.
const maxAhead = 366 // days

// schedule says when a queue is open.
type schedule struct {
	place  *time.Location
	spans  map[time.Weekday][]span // nil: always
	closed map[string]bool         // days such as 2026-12-25
}

// span is a time of the day, in minutes; to is not included.
type span struct{ from, to int }

// newSchedule reads opening hours; what it refuses is a *wire.Error.
func newSchedule(timezone string, hours []wire.OpeningHours, closedDays []string) (schedule, error) {
	var s schedule
	var err error
	if len(timezone) > maxWord || timezone == "Local" {
		return s, invalid("timezone: want one such as Europe/Athens")
	}
	if s.place, err = time.LoadLocation(timezone); err != nil {
		return s, invalid("timezone: want one such as Europe/Athens")
	}
	for _, day := range closedDays {
		if _, err := time.Parse(time.DateOnly, day); err != nil {
			return s, invalid("closedDays: want days such as 2026-12-25")
		}
		if s.closed == nil {
			s.closed = map[string]bool{}
		}
		s.closed[day] = true
	}
	for _, h := range hours {
		from, okFrom := minutes(h.From)
		to, okTo := minutes(h.To)
		if !okFrom || !okTo || from >= to {
			return s, invalid("hours: want from and to such as 09:00 and 17:30, to after from")
		}
		if len(h.Days) == 0 {
			return s, invalid("hours: days is missing")
		}
		for _, d := range h.Days {
			i := slices.Index(days(), d)
			if i < 0 {
				return s, invalid("hours: want days of %v", days())
			}
			if s.spans == nil {
				s.spans = map[time.Weekday][]span{}
			}
			s.spans[time.Weekday(i)] = append(s.spans[time.Weekday(i)], span{from, to})
		}
	}
	return s, nil
}

// days are in the order of time.Weekday.
func days() []wire.Weekday {
	return []wire.Weekday{wire.Sunday, wire.Monday, wire.Tuesday, wire.Wednesday, wire.Thursday, wire.Friday, wire.Saturday}
}

// minutes reads a time of the day from 00:00 to 24:00.
func minutes(s string) (int, bool) {
	if len(s) != 5 || s[2] != ':' {
		return 0, false
	}
	h, err := strconv.ParseUint(s[:2], 10, 8)
	m, other := strconv.ParseUint(s[3:], 10, 8)
	n := int(h*60 + m)
	return n, err == nil && other == nil && m < 60 && n <= 24*60
}

// open tells whether the queue takes callers at a time of the wall clock.
func (s schedule) open(at time.Time) bool {
	at = at.In(s.place)
	if s.closed[at.Format(time.DateOnly)] {
		return false
	}
	if s.spans == nil {
		return true
	}
	minute := at.Hour()*60 + at.Minute()
	return slices.ContainsFunc(s.spans[at.Weekday()], func(p span) bool { return p.from <= minute && minute < p.to })
}

// opens returns when the queue is open next, at the earliest now; ok is false
// when it is not within a year. A time that a change of the clocks skips is the
// one that time.Date makes of it.
func (s schedule) opens(now time.Time) (at time.Time, ok bool) {
	if s.open(now) {
		return now, true
	}
	local := now.In(s.place)
	for day := range maxAhead {
		midnight := time.Date(local.Year(), local.Month(), local.Day()+day, 0, 0, 0, 0, s.place)
		spans := s.spans[midnight.Weekday()]
		if s.spans == nil {
			spans = []span{{0, 24 * 60}}
		}
		for _, p := range spans {
			t := time.Date(local.Year(), local.Month(), local.Day()+day, p.from/60, p.from%60, 0, 0, s.place)
			if t.After(now) && s.open(t) && (!ok || t.Before(at)) {
				at, ok = t, true
			}
		}
		if ok {
			return at, true
		}
	}
	return time.Time{}, false
}
