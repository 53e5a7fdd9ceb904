package sfu

import (
	"testing"
	"time"
)

func TestSequencer(t *testing.T) {
	type in struct {
		ssrc  uint32
		seq   uint16
		ts    uint32
		empty bool
		after time.Duration // since the packet before
		// wanted, relative to the first packet
		number int64
		time   uint32
		is     verdict
	}
	tests := map[string][]in{
		"in order over the wrap": {
			{ssrc: 1, seq: 65534, ts: 100, is: restart, time: 100},
			{ssrc: 1, seq: 65535, ts: 200, is: fresh, number: 1, time: 200},
			{ssrc: 1, seq: 0, ts: 300, is: fresh, number: 2, time: 300},
			{ssrc: 1, seq: 1, ts: 400, is: fresh, number: 3, time: 400},
		},
		"reordered over the wrap": {
			{ssrc: 1, seq: 65535, ts: 100, is: restart, time: 100},
			{ssrc: 1, seq: 1, ts: 300, is: fresh, number: 2, time: 300},
			{ssrc: 1, seq: 0, ts: 200, is: late, number: 1, time: 200},
			{ssrc: 1, seq: 65534, ts: 50, is: late, number: -1, time: 50},
		},
		"a gap stays a gap": {
			{ssrc: 1, seq: 10, ts: 0, is: restart},
			{ssrc: 1, seq: 14, ts: 0, is: fresh, number: 4},
		},
		"padding leaves no gap": {
			{ssrc: 1, seq: 10, is: restart},
			{ssrc: 1, seq: 11, empty: true, is: skip},
			{ssrc: 1, seq: 12, is: fresh, number: 1},
			{ssrc: 1, seq: 13, empty: true, is: skip},
			{ssrc: 1, seq: 14, empty: true, is: skip},
			{ssrc: 1, seq: 15, is: fresh, number: 2},
			{ssrc: 1, seq: 11, is: skip},
			{ssrc: 1, seq: 12, is: late, number: 1},
		},
		"late across padding": {
			{ssrc: 1, seq: 10, is: restart},
			{ssrc: 1, seq: 12, empty: true, is: skip},
			{ssrc: 1, seq: 13, is: fresh, number: 2},
			{ssrc: 1, seq: 11, is: late, number: 1},
		},
		"padding alone does not begin": {
			{ssrc: 1, seq: 10, empty: true, is: skip},
			{ssrc: 1, seq: 11, is: restart},
		},
		"a new source goes on": {
			{ssrc: 1, seq: 10, ts: 1000, is: restart, time: 1000},
			{ssrc: 2, seq: 50000, ts: 77, after: 100 * time.Millisecond, is: restart, number: 1, time: 10000},
			{ssrc: 2, seq: 50001, ts: 177, is: fresh, number: 2, time: 10100},
			{ssrc: 2, seq: 49999, ts: 70, is: late, number: 0, time: 9993},
		},
		"the same source jumps, its clock runs on": {
			{ssrc: 1, seq: 10, ts: 1000, is: restart, time: 1000},
			{ssrc: 1, seq: 5000, ts: 4000, is: restart, number: 1, time: 4000},
		},
		"the same source jumps in time too": {
			{ssrc: 1, seq: 10, ts: 1000, is: restart, time: 1000},
			{ssrc: 1, seq: 5000, ts: 1 << 30, after: time.Second, is: restart, number: 1, time: 91000},
		},
		"far too late": {
			{ssrc: 1, seq: 5000, is: restart},
			{ssrc: 1, seq: 3000, is: skip},
			{ssrc: 1, seq: 5001, is: fresh, number: 1},
		},
	}
	for name, list := range tests {
		t.Run(name, func(t *testing.T) {
			s := sequencer{clock: 90000}
			now := time.Unix(1000, 0)
			for i, p := range list {
				now = now.Add(p.after)
				number, ts, v := s.place(p.ssrc, p.seq, p.ts, p.empty, now)
				if v != p.is {
					t.Fatalf("packet %d: verdict %d, want %d", i, v, p.is)
				}
				if v == skip {
					continue
				}
				if got := int64(number) - firstNumber; got != p.number || ts != p.time {
					t.Errorf("packet %d: number %d time %d, want %d and %d", i, got, ts, p.number, p.time)
				}
			}
		})
	}
}

func TestSequencerFollowsASourceThatWentBack(t *testing.T) {
	s := sequencer{clock: 90000}
	now := time.Unix(0, 0)
	s.place(1, 20000, 0, false, now)
	for i := range uint16(maxStale) {
		if _, _, v := s.place(1, 100+i, 0, false, now); v != skip {
			t.Fatalf("packet %d was not held for stale", i)
		}
	}
	if n, _, v := s.place(1, 100+maxStale, 0, false, now); v != restart || n != firstNumber+1 {
		t.Errorf("number %d, verdict %d: the source was not followed", n, v)
	}
}

func TestSequencerForgetsOldPadding(t *testing.T) {
	s := sequencer{clock: 90000}
	now := time.Unix(0, 0)
	s.place(1, 0, 0, false, now)
	seq := uint16(1)
	for range 2 * maxDrops {
		s.place(1, seq, 0, true, now)
		s.place(1, seq+1, 0, false, now)
		seq += 2
	}
	if len(s.drops) > maxDrops || cap(s.drops) > 4*maxDrops {
		t.Errorf("%d drops kept", len(s.drops))
	}
	if _, _, v := s.place(1, 2, 0, false, now); v != skip {
		t.Error("a packet whose number is not known any more was placed")
	}
	if n, _, v := s.place(1, seq-1, 0, false, now); v != late || n != firstNumber+2*maxDrops {
		t.Errorf("number %d, verdict %d", n, v)
	}
}

func TestRewrite(t *testing.T) {
	m := rewrite{first: 1000, seq: 65530}
	for _, c := range []struct {
		number uint64
		seq    uint16
	}{{1000, 65530}, {1005, 65535}, {1006, 0}, {1000 + 65536, 65530}} {
		if got := m.sequence(c.number); got != c.seq {
			t.Errorf("packet %d is %d to the viewer, want %d", c.number, got, c.seq)
		}
	}
	tests := map[string]struct {
		seq    uint16
		newest uint64
		number uint64
		ok     bool
	}{
		"the newest":           {65535, 1005, 1005, true},
		"the first":            {65530, 1005, 1000, true},
		"before the first":     {65529, 1005, 0, false},
		"after the newest":     {0, 1005, 0, false},
		"over the wrap":        {65534, 1010, 1004, true},
		"far on, over a wrap":  {65530, 1000 + 65536 + 3, 1000 + 65536, true},
		"nothing sent so far":  {65530, 10, 0, false},
		"just what was sent":   {65530, 1000, 1000, true},
		"not sent, same cycle": {65531, 1000, 0, false},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			if n, ok := m.number(c.seq, c.newest); n != c.number || ok != c.ok {
				t.Errorf("got %d %v, want %d %v", n, ok, c.number, c.ok)
			}
		})
	}
}

// TestClockRunsOnOverAPause: a source that was held for however long goes on in the
// same time, so that what its reports say of it stays true; one whose clock was set
// goes on where time has come to.
func TestClockRunsOnOverAPause(t *testing.T) {
	const clock = 90_000
	began := time.Now()
	for name, tc := range map[string]struct {
		pause  time.Duration
		ahead  int64 // of the source's clock, in ticks
		ssrc   uint32
		keeps  bool
		within int64 // ticks of where time has come to
	}{
		"short":                        {pause: 2 * time.Second, keeps: true, within: 0},
		"short, late by a network":     {pause: 2 * time.Second, ahead: -clock / 2, keeps: true, within: clock / 2},
		"ten minutes":                  {pause: 10 * time.Minute, keeps: true, within: 0},
		"ten minutes, late":            {pause: 10 * time.Minute, ahead: -clock / 2, keeps: true, within: clock / 2},
		"a day, over a wrap":           {pause: 24 * time.Hour, keeps: true, within: 0},
		"ten minutes, clock set ahead": {pause: 10 * time.Minute, ahead: 3600 * clock, within: clock / 100},
		"ten minutes, clock set back":  {pause: 10 * time.Minute, ahead: -300 * clock, within: clock / 100},
		"another source":               {pause: 10 * time.Minute, ahead: 77 * clock, ssrc: 2, within: clock / 100},
	} {
		t.Run(name, func(t *testing.T) {
			s := sequencer{clock: clock}
			_, first, _ := s.place(1, 10, 4_000_000_000, false, began)
			s.anew = true
			ticks := int64(tc.pause/time.Millisecond) * clock / 1000
			in := uint32(4_000_000_000 + ticks + tc.ahead)
			_, out, v := s.place(max(tc.ssrc, 1), 11, in, false, began.Add(tc.pause))
			if v != restart {
				t.Fatalf("verdict %d", v)
			}
			if kept := out-in == first-4_000_000_000; kept != tc.keeps {
				t.Errorf("mapping kept: %v", kept)
			}
			if off := abs32(int32(out - first - uint32(ticks))); off > tc.within {
				t.Errorf("%d ticks off", off)
			}
		})
	}
}
