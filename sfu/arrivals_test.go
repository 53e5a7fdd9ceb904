package sfu

import (
	"testing"
	"time"

	"github.com/pion/rtcp"
)

func TestArrivals(t *testing.T) {
	const clock = 48000
	begin := time.Unix(100, 0)
	for name, tc := range map[string]struct {
		feed func(a *arrivals)
		want tally
	}{
		"none": {func(*arrivals) {}, tally{}},
		"all":  {func(a *arrivals) { run(a, 1, 100, 200) }, tally{100, 0}},
		"some lost": {func(a *arrivals) {
			run(a, 1, 100, 200)
			run(a, 1, 210, 220)
		}, tally{120, 10}},
		"late ones are not lost": {func(a *arrivals) {
			run(a, 1, 100, 110)
			run(a, 1, 120, 130)
			run(a, 1, 110, 120)
		}, tally{30, 0}},
		"the number wraps": {func(a *arrivals) { run(a, 1, 65530, 65546) }, tally{16, 0}},
		"duplicates hide no more than there is": {func(a *arrivals) {
			run(a, 1, 100, 110)
			run(a, 1, 100, 110)
		}, tally{10, 0}},
		"another source": {func(a *arrivals) {
			run(a, 1, 100, 110)
			run(a, 1, 111, 120)
			run(a, 2, 7, 17)
		}, tally{30, 1}},
		"the source began anew": {func(a *arrivals) {
			run(a, 1, 100, 110)
			run(a, 1, 30000, 30010)
		}, tally{20, 0}},
		"one stray packet is nothing": {func(a *arrivals) {
			run(a, 1, 30000, 30010)
			run(a, 1, 100, 101)
			run(a, 1, 30010, 30020)
		}, tally{20, 0}},
		"the source went back": {func(a *arrivals) {
			run(a, 1, 30000, 30010)
			run(a, 1, 100, 110+maxStale)
		}, tally{20, 0}},
	} {
		var a arrivals
		tc.feed(&a)
		if got := a.total(); got != tc.want {
			t.Errorf("%s: %+v, want %+v", name, got, tc.want)
		}
	}

	// RFC 3550 A.8: a constant delay is no jitter, also when the timestamp wraps;
	// one that swings by 10 ms between packets is 10 ms.
	var steady, swings arrivals
	for n := range 500 {
		at, stamp := begin.Add(time.Duration(n)*20*time.Millisecond), uint32(1<<32-100*960+n*960)
		steady.add(1, uint16(n), stamp, clock, at)
		swings.add(1, uint16(n), stamp, clock, at.Add(time.Duration(n%2)*10*time.Millisecond))
	}
	if j := ticks(steady.jitter>>4, clock); j > time.Millisecond {
		t.Errorf("a steady source has a jitter of %v", j)
	}
	if j := ticks(swings.jitter>>4, clock); (j - 10*time.Millisecond).Abs() > time.Millisecond {
		t.Errorf("a jitter of %v, want 10 ms", j)
	}
}

// run feeds the packets from one number to before another, 20 ms apart.
func run(a *arrivals, ssrc uint32, from, to int) {
	for n := from; n < to; n++ {
		a.add(ssrc, uint16(n), uint32(n)*960, 48000, time.Unix(100, 0).Add(time.Duration(n)*20*time.Millisecond))
	}
}

func TestReceptionByReports(t *testing.T) {
	type report struct {
		highest uint32
		lost    int32
		holes   int64
	}
	for name, tc := range map[string]struct {
		reports []report
		want    tally
	}{
		"the first is where counting begins": {[]report{{5000, 40, 0}}, tally{}},
		"none lost":                          {[]report{{100, 0, 0}, {350, 0, 0}}, tally{250, 0}},
		"some lost":                          {[]report{{100, 0, 0}, {350, 25, 0}, {600, 30, 0}}, tally{500, 30}},
		"number wraps":                       {[]report{{1<<32 - 100, 0, 0}, {150, 5, 0}}, tally{250, 5}},
		"below zero by duplicates":           {[]report{{100, 0, 0}, {350, -5, 0}, {600, -5, 0}}, tally{500, 0}},
		"from below zero":                    {[]report{{100, -5, 0}, {350, 5, 0}}, tally{250, 10}},
		"what the publisher lost":            {[]report{{100, 0, 0}, {350, 50, 50}}, tally{200, 0}},
		"both":                               {[]report{{100, 0, 0}, {350, 70, 50}}, tally{200, 20}},
		"holes that the viewer sees later":   {[]report{{100, 0, 0}, {350, 10, 50}, {600, 50, 50}}, tally{450, 0}},
		"holes that were filled":             {[]report{{100, 0, 0}, {350, 50, 50}, {600, 0, 0}}, tally{500, 0}},
		"back to an older number":            {[]report{{1000, 0, 0}, {100, 0, 0}, {350, 25, 0}}, tally{250, 25}},
		"an incredible jump":                 {[]report{{100, 0, 0}, {1 << 30, 0, 0}, {1<<30 + 250, 0, 0}}, tally{250, 0}},
		"more lost than there were":          {[]report{{100, 0, 0}, {350, 1 << 20, 0}}, tally{250, 250}},
	} {
		var r reception
		for _, one := range tc.reports {
			r.take(rtcp.ReceptionReport{LastSequenceNumber: one.highest, TotalLost: uint32(one.lost) & 0xffffff, Jitter: 7}, one.holes)
		}
		if got, jitter := r.read(); got != tc.want || jitter != 7 {
			t.Errorf("%s: %+v and a jitter of %d, want %+v", name, got, jitter, tc.want)
		}
	}
}

func BenchmarkArrivals(b *testing.B) {
	var a arrivals
	now := time.Now()
	for n := 0; b.Loop(); n++ {
		a.add(7, uint16(n), uint32(n)*3000, 90000, now)
	}
}
