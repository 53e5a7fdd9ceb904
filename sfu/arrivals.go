package sfu

import (
	"sync"
	"time"

	"github.com/pion/rtcp"
)

// tally counts the packets of one way, as its receiver knows them.
type tally struct {
	expected uint64
	lost     uint64
}

// arrivals is what became of a publisher's packets on their way here: RFC 3550
// appendix A.3 and A.8. Packets that were sent again do not count, so that it
// tells of the network rather than of what was mended. The track's mutex guards
// it.
type arrivals struct {
	started  bool
	ssrc     uint32
	base     uint64 // extended number of the source's first packet
	highest  uint64
	received uint64
	stale    int

	began   time.Time
	arrived uint32 // when the newest packet came, in RTP ticks since began
	stamp   uint32
	jitter  uint32 // RTP ticks, 16 times

	before tally // of the sources before
}

// add takes in a packet.
func (a *arrivals) add(ssrc uint32, seq uint16, stamp, clock uint32, now time.Time) {
	jump := int(int16(seq - uint16(a.highest)))
	switch {
	case !a.started || ssrc != a.ssrc || jump > maxJump:
		a.restart(ssrc, seq, stamp, now)
		return
	case jump < -maxLate:
		if a.stale++; a.stale > maxStale {
			a.restart(ssrc, seq, stamp, now)
		}
		return
	}
	a.stale = 0
	a.received++
	if jump <= 0 {
		return
	}
	a.highest += uint64(jump)
	arrived := uint32(uint64(now.Sub(a.began)/time.Microsecond) * uint64(clock) / 1e6)
	d := int32((arrived - a.arrived) - (stamp - a.stamp))
	a.arrived, a.stamp = arrived, stamp
	if d < 0 {
		d = -d
	}
	if d > int32(clock) {
		return // the source set its clock
	}
	a.jitter += uint32(d) - (a.jitter+8)>>4
}

func (a *arrivals) restart(ssrc uint32, seq uint16, stamp uint32, now time.Time) {
	first := 1<<32 | uint64(seq) // far from zero: packets before it may come late
	*a = arrivals{started: true, ssrc: ssrc, base: first, highest: first, received: 1, began: now, stamp: stamp, before: a.total()}
}

// total counts all sources.
func (a *arrivals) total() tally {
	t := a.before
	if a.started {
		expected := a.highest - a.base + 1
		t.expected += expected
		t.lost += expected - min(expected, a.received) // duplicates make it less
	}
	return t
}

// reception is what became of a track's packets on their way to a viewer, by its
// receiver reports (RFC 3550 section 6.4.1). A viewer sees the packets that the
// publisher's network lost as lost, too; these are holes, and taken out again.
type reception struct {
	mu      sync.Mutex
	started bool
	highest uint32
	lost    uint32 // as reported: 24 bits with a sign
	holes   int64
	spare   int64 // holes that the viewer has not missed yet, below zero
	total   tally
	jitter  uint32 // RTP ticks
}

// maxReported bounds the packets between two reports that are believed.
const maxReported = 1 << 20

// take files a report; holes are the packets so far that were never sent.
func (r *reception) take(report rtcp.ReceptionReport, holes int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	sent := int64(int32(report.LastSequenceNumber - r.highest))
	missed := int64(int32((report.TotalLost-r.lost)<<8) >> 8)
	fresh := holes - r.holes
	known := r.started && sent >= 0 && sent < maxReported
	r.started, r.highest, r.lost, r.holes, r.jitter = true, report.LastSequenceNumber, report.TotalLost, holes, report.Jitter
	if !known {
		r.spare = 0
		return
	}
	missed += r.spare - fresh
	r.spare = max(min(missed, 0), -maxLate)
	expected := max(sent-fresh, 0)
	r.total.expected += uint64(expected)
	r.total.lost += uint64(min(max(missed, 0), expected))
}

func (r *reception) read() (tally, uint32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.total, r.jitter
}

// holes are the packets between the first and the newest that the outlet did not
// send, because they never came.
func (o *outlet) holes() int64 {
	m := o.mapping.Load()
	if m == nil {
		return 0
	}
	o.track.mu.Lock()
	newest := o.track.past.newest
	o.track.mu.Unlock()
	return int64(newest) - int64(m.first) + 1 - int64(o.packets.Load())
}
