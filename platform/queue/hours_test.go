package queue

import (
	"testing"
	"time"

	"guichet/platform/wire"
)

func office() []wire.OpeningHours {
	return []wire.OpeningHours{
		{Days: []wire.Weekday{wire.Monday, wire.Tuesday, wire.Wednesday, wire.Thursday, wire.Friday}, From: "09:00", To: "17:30"},
		{Days: []wire.Weekday{wire.Saturday}, From: "10:00", To: "13:00"},
		{Days: []wire.Weekday{wire.Thursday}, From: "18:00", To: "24:00"},
	}
}

func TestHours(t *testing.T) {
	s, err := newSchedule("Europe/Athens", office(), []string{"2026-03-25"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, at string // in Athens, which is two hours ahead of UTC, three in summer
		open     bool
		next     string
	}{
		{"before", "2026-03-04T08:59:59+02:00", false, "2026-03-04T09:00:00+02:00"},
		{"opens", "2026-03-04T09:00:00+02:00", true, ""},
		{"in another zone", "2026-03-04T07:00:00Z", true, ""},
		{"last minute", "2026-03-04T17:29:59+02:00", true, ""},
		{"closes", "2026-03-04T17:30:00+02:00", false, "2026-03-05T09:00:00+02:00"},
		{"second time of a day", "2026-03-05T17:45:00+02:00", false, "2026-03-05T18:00:00+02:00"},
		{"till midnight", "2026-03-05T23:59:59+02:00", true, ""},
		{"after midnight", "2026-03-06T00:00:00+02:00", false, "2026-03-06T09:00:00+02:00"},
		{"Sunday", "2026-03-08T12:00:00+02:00", false, "2026-03-09T09:00:00+02:00"},
		{"closed day", "2026-03-25T12:00:00+02:00", false, "2026-03-26T09:00:00+02:00"},
		{"before the closed day", "2026-03-24T20:00:00+02:00", false, "2026-03-26T09:00:00+02:00"},
		{"over the change of the clocks", "2026-03-28T13:00:00+02:00", false, "2026-03-30T09:00:00+03:00"},
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.open(at); got != c.open {
			t.Errorf("%s: open %v", c.name, got)
		}
		next, ok := s.opens(at)
		want := at
		if !c.open {
			if want, err = time.Parse(time.RFC3339, c.next); err != nil {
				t.Fatal(err)
			}
		}
		if !ok || !next.Equal(want) {
			t.Errorf("%s: opens at %v %v, want %v", c.name, next, ok, want)
		}
	}
}

func TestHoursThatAreAlwaysOrNever(t *testing.T) {
	always, err := newSchedule("", nil, []string{"2026-03-04"})
	if err != nil {
		t.Fatal(err)
	}
	if always.open(noon) || !always.open(noon.AddDate(0, 0, 1)) {
		t.Error("a closed day of a queue without hours")
	}
	if at, ok := always.opens(noon); !ok || !at.Equal(time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("opens %v %v", at, ok)
	}
	var closed []string
	for day := range maxAhead {
		closed = append(closed, noon.AddDate(0, 0, day).Format(time.DateOnly))
	}
	never, err := newSchedule("", nil, closed)
	if err != nil {
		t.Fatal(err)
	}
	if at, ok := never.opens(noon); ok {
		t.Errorf("opens %v", at)
	}
}

func TestHoursThatAreNone(t *testing.T) {
	monday := []wire.Weekday{wire.Monday}
	for name, c := range map[string]struct {
		zone   string
		hours  []wire.OpeningHours
		closed []string
	}{
		"zone":       {zone: "Mars/Base"},
		"local zone": {zone: "Local"},
		"a path":     {zone: "../../etc/passwd"},
		"no days":    {hours: []wire.OpeningHours{{From: "09:00", To: "10:00"}}},
		"no day":     {hours: []wire.OpeningHours{{Days: []wire.Weekday{"MONDAY"}, From: "09:00", To: "10:00"}}},
		"backwards":  {hours: []wire.OpeningHours{{Days: monday, From: "10:00", To: "09:00"}}},
		"no time":    {hours: []wire.OpeningHours{{Days: monday, From: "10:00", To: "10:00"}}},
		"25 hours":   {hours: []wire.OpeningHours{{Days: monday, From: "09:00", To: "25:00"}}},
		"60 minutes": {hours: []wire.OpeningHours{{Days: monday, From: "09:60", To: "10:00"}}},
		"9:00":       {hours: []wire.OpeningHours{{Days: monday, From: "9:00", To: "10:00"}}},
		"signs":      {hours: []wire.OpeningHours{{Days: monday, From: "+9:00", To: "10:00"}}},
		"closed day": {closed: []string{"25.12.2026"}},
	} {
		if _, err := newSchedule(c.zone, c.hours, c.closed); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
