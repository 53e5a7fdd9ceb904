package room

import (
	"errors"
	"strings"
	"time"

	"guichet/platform/wire"
)

// The years that an instant may lie in: what is outside is a mistake, and a
// token that is good until the year 9999 is one that never ends.
const (
	minYear = 1970
	maxYear = 2199
)

const day = 24 * time.Hour

var (
	errInstant = errors.New("must be an RFC 3339 datetime, such as 2022-01-01T23:59:00Z, or a date, such as 2022-01-01")
	errYear    = errors.New("must lie in the years 1970 to 2199")
)

// instant is a point in time as a request names it, in UTC.
type instant struct {
	time.Time
	dateOnly bool // T00:00:00Z was added
}

// before compares as exactly as i was written: a date alone is before another
// day, not before a time of its own day. The contract's own sample needs that:
// join_from 2022-01-01T23:59:60Z with join_until 2022-01-01.
func (i instant) before(other instant) bool {
	if i.dateOnly {
		return i.Before(other.Truncate(day))
	}
	return i.Before(other.Time)
}

func (i *instant) claim() *wire.Time {
	if i == nil {
		return nil
	}
	t := wire.NewTime(i.Time)
	return &t
}

// parseInstant reads a date-time of RFC 3339, section 5.6, or its full-date
// alone. Unlike time.Parse it takes a leap second, at 23:59:60 UTC of any day
// (the contract's sample names one of a day that had none), which reads as the
// second before it, and t, z or a space, as section 5.6 allows.
func parseInstant(s string) (instant, error) {
	p := scanner{rest: s}
	year, month, date := p.number(4, '-'), p.number(2, '-'), p.number(2, 0)
	if p.failed || month < 1 || month > 12 || date < 1 {
		return instant{}, errInstant
	}
	t := time.Date(year, time.Month(month), date, 0, 0, 0, 0, time.UTC)
	if t.Day() != date {
		return instant{}, errInstant // 30 February
	}
	dateOnly := p.rest == ""
	if !dateOnly {
		c, ok := p.clock()
		t = t.Add(c.of)
		if !ok || c.leap && (t.Hour() != 23 || t.Minute() != 59) {
			return instant{}, errInstant
		}
	}
	if y := t.Year(); y < minYear || y > maxYear {
		return instant{}, errYear
	}
	return instant{t, dateOnly}, nil
}

// clock is a time of day, turned to UTC by its offset.
type clock struct {
	of   time.Duration // since midnight of the date; below 0 or above a day by the offset
	leap bool
}

// scanner eats a string from the left.
type scanner struct {
	rest   string
	failed bool
}

// number eats digits and, unless it is 0, the separator behind them.
func (p *scanner) number(digits int, separator byte) int {
	n := 0
	for range digits {
		n = n*10 + p.digit()
	}
	if separator != 0 {
		p.one(string(separator))
	}
	return n
}

func (p *scanner) digit() int {
	return int(p.one("0123456789") - '0')
}

// one eats one of the bytes of set; without any it fails and returns '0'.
func (p *scanner) one(set string) byte {
	if p.rest == "" || strings.IndexByte(set, p.rest[0]) < 0 {
		p.failed = true
		return '0'
	}
	c := p.rest[0]
	p.rest = p.rest[1:]
	return c
}

// next tells whether one of the bytes of set comes next.
func (p *scanner) next(set string) bool {
	return p.rest != "" && strings.IndexByte(set, p.rest[0]) >= 0
}

// clock eats all behind the date.
func (p *scanner) clock() (clock, bool) {
	p.one("Tt ")
	hour, minute, second := p.number(2, ':'), p.number(2, ':'), p.number(2, 0)
	var c clock
	if second == 60 {
		second, c.leap = 59, true
	}
	fraction := p.fraction()
	offset, ok := p.offset()
	if !ok || p.failed || p.rest != "" || hour > 23 || minute > 59 || second > 59 {
		return clock{}, false
	}
	c.of = time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second + fraction - offset
	return c, true
}

// fraction eats the fraction of a second, if there is one; digits below the
// nanosecond are dropped.
func (p *scanner) fraction() time.Duration {
	if !p.next(".") {
		return 0
	}
	p.one(".")
	d, unit := time.Duration(p.digit())*time.Second/10, time.Second/100
	for p.next("0123456789") {
		d += time.Duration(p.digit()) * unit
		unit /= 10
	}
	return d
}

// offset eats Z or the distance to UTC.
func (p *scanner) offset() (time.Duration, bool) {
	switch p.one("Zz+-") {
	case 'Z', 'z':
		return 0, true
	case '+':
		return p.distance(1)
	case '-':
		return p.distance(-1)
	}
	return 0, false
}

func (p *scanner) distance(sign time.Duration) (time.Duration, bool) {
	hour, minute := p.number(2, ':'), p.number(2, 0)
	return sign * (time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute), hour <= 23 && minute <= 59
}
