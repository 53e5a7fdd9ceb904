package sfu

import "time"

const (
	maxJump  = 1000 // sequence numbers; a longer gap means that the source started anew
	maxLate  = 1000 // sequence numbers; older packets are of no use to anybody
	maxStale = 32   // packets in a row that are too late: the source went back
	maxDrops = 64   // remembered numbers of packets left out
	// firstNumber leaves room below for packets that come late at the start.
	firstNumber = 1 << 16
)

// verdict says what is to be done with a packet.
type verdict int

const (
	skip    verdict = iota // not to be forwarded
	fresh                  // the newest packet so far
	late                   // an older one: reordered, or sent again
	restart                // the newest one, and the first of a new source
)

// sequencer orders what one published track receives into one endless row of
// packet numbers and timestamps, whatever the source does: it starts anew, its
// SSRC changes, or it sends packets of mere padding, which are left out without
// leaving a gap. All packets of a track pass here, so this is the one place
// where numbers are settled; rewrite then maps them for each viewer.
type sequencer struct {
	clock uint32 // RTP ticks a second

	started bool
	anew    bool // the next packet follows the last, whatever its number
	ssrc    uint32
	in      uint64   // highest extended number of this source
	shift   uint64   // in - out, modulo 2^64
	drops   []uint64 // extended numbers left out, ascending
	stale   int

	out     uint64 // highest number given out
	inTime  uint32 // source timestamp of the newest packet
	tsShift uint32 // output timestamp - source timestamp
	at      time.Time
}

// place returns the number and timestamp of a packet. An empty packet is one
// that has nothing but padding.
func (s *sequencer) place(ssrc uint32, seq uint16, ts uint32, empty bool, now time.Time) (uint64, uint32, verdict) {
	if !s.started || s.anew || ssrc != s.ssrc {
		if empty {
			return 0, 0, skip
		}
		return s.restart(ssrc, seq, ts, now)
	}
	jump := int(int16(seq - uint16(s.in)))
	switch {
	case jump > maxJump:
		if empty {
			return 0, 0, skip
		}
		return s.restart(ssrc, seq, ts, now)
	case jump < -maxLate:
		if s.stale++; s.stale > maxStale && !empty {
			return s.restart(ssrc, seq, ts, now)
		}
		return 0, 0, skip
	case jump <= 0:
		s.stale = 0
		return s.placeLate(s.in-uint64(-jump), ts, empty)
	}
	s.stale = 0
	s.in += uint64(jump)
	if empty {
		s.shift++
		s.drops = append(s.drops, s.in)
		if len(s.drops) > maxDrops {
			s.drops = append(s.drops[:0], s.drops[1:]...)
		}
		return 0, 0, skip
	}
	s.out, s.inTime, s.at = s.in-s.shift, ts, now
	return s.out, ts + s.tsShift, fresh
}

func (s *sequencer) placeLate(in uint64, ts uint32, empty bool) (uint64, uint32, verdict) {
	shift := s.shift
	for i := len(s.drops) - 1; i >= 0 && s.drops[i] >= in; i-- {
		if s.drops[i] == in {
			return 0, 0, skip
		}
		if i == 0 && len(s.drops) == maxDrops {
			return 0, 0, skip // older drops are forgotten, the number is unknown
		}
		shift--
	}
	if empty {
		// Its number was kept free when it was missing: leave the gap.
		return 0, 0, skip
	}
	return in - shift, ts + s.tsShift, late
}

func (s *sequencer) restart(ssrc uint32, seq uint16, ts uint32, now time.Time) (uint64, uint32, verdict) {
	next := s.out + 1
	switch {
	case !s.started:
		next = firstNumber
	case ssrc == s.ssrc && s.ranOn(ts, now):
		// The same clock: keep its mapping, which the publisher's reports are about.
	default:
		last := s.inTime + s.tsShift
		s.tsShift = last + max(s.passed(now), 1) - ts
	}
	s.started, s.anew, s.ssrc, s.stale = true, false, ssrc, 0
	s.drops = s.drops[:0]
	// Far from zero, so that late packets have numbers too.
	s.in = 1<<32 | uint64(seq)
	s.shift = s.in - next
	s.out, s.inTime, s.at = next, ts, now
	return next, ts + s.tsShift, restart
}

// passed is the time since the newest packet, in the track's ticks.
func (s *sequencer) passed(now time.Time) uint32 {
	return uint32(int64(max(now.Sub(s.at), 0)/time.Millisecond) * int64(s.clock) / 1000)
}

// ranOn tells whether a timestamp is of the clock that the newest packet's is of:
// near it, or, after a pause, about as far from it as time has passed.
func (s *sequencer) ranOn(ts uint32, now time.Time) bool {
	since := ts - s.inTime
	return abs32(int32(since)) < 10*int64(s.clock) || abs32(int32(since-s.passed(now))) < int64(s.clock)
}

func abs32(v int32) int64 {
	return max(int64(v), -int64(v))
}

// rewrite maps a track's numbers and timestamps to those of one viewer.
type rewrite struct {
	first uint64 // number of the first packet for the viewer
	seq   uint16 // what that packet is numbered
	ts    uint32 // added to timestamps
}

// sequence returns the viewer's sequence number of a packet.
func (r rewrite) sequence(number uint64) uint16 {
	return r.seq + uint16(number-r.first)
}

// number returns which packet the viewer means by a sequence number, newest
// being the last one it can have seen. It is false for packets that the viewer
// was never sent.
func (r rewrite) number(seq uint16, newest uint64) (uint64, bool) {
	back := uint64(r.sequence(newest) - seq)
	if newest < r.first || back > newest-r.first {
		return 0, false
	}
	return newest - back, true
}
