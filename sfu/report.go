package sfu

import (
	"time"

	"github.com/pion/rtcp"
)

// ntpEpoch is 1900-01-01 in seconds before the Unix epoch, RFC 5905 section 6.
const ntpEpoch = 2208988800

// clockSlack is how far a publisher's clock may seem to move before it is taken
// for having been set.
const clockSlack = time.Second

func toNTP(t time.Time) uint64 {
	sec := uint64(t.Unix() + ntpEpoch)
	frac := uint64(t.Nanosecond()) << 32 / uint64(time.Second)
	return sec<<32 | frac
}

func fromNTP(v uint64) time.Time {
	nano := (v & 0xffffffff) * uint64(time.Second) >> 32
	return time.Unix(int64(v>>32)-ntpEpoch, int64(nano))
}

// roundTrip returns the round-trip time that a reception report tells of,
// RFC 3550 section 6.4.1.
func roundTrip(r rtcp.ReceptionReport, now time.Time) (time.Duration, bool) {
	if r.LastSenderReport == 0 {
		return 0, false
	}
	units := int32(uint32(toNTP(now)>>16) - r.LastSenderReport - r.Delay) // 1/65536 s
	rtt := time.Duration(units) * time.Second >> 16
	return rtt, rtt >= 0 && rtt < 30*time.Second
}

// sourceClock is the publisher's wall clock seen from here. All tracks of a
// stream share one, so that audio and video keep their distance whatever the
// estimate is.
type sourceClock struct {
	known bool
	ahead time.Duration // our time - the publisher's, with the shortest delay seen
}

func (c *sourceClock) observe(theirs, ours time.Time) {
	d := ours.Sub(theirs)
	if !c.known || d < c.ahead || d-c.ahead > clockSlack {
		c.known, c.ahead = true, d
	}
}

// sourceReport is the last sender report of a published track: which moment of
// the publisher's clock belongs to which timestamp of the track's output.
type sourceReport struct {
	known bool
	wall  time.Time
	ts    uint32
}

// at returns the track's timestamp at the moment now of our clock.
func (r sourceReport) at(now time.Time, c sourceClock, clock uint32) uint32 {
	passed := now.Sub(r.wall.Add(c.ahead))
	return r.ts + uint32(int64(passed/time.Microsecond)*int64(clock)/1e6)
}

// observe files a sender report of the publisher.
func (t *track) observe(r *rtcp.SenderReport) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.order.started && r.SSRC == t.order.ssrc {
		t.report = sourceReport{known: true, wall: fromNTP(r.NTPTime), ts: r.RTPTime + t.order.tsShift}
	}
}

// senderReport returns the report for the viewer, or nil while the publisher's
// clock or the viewer's own timestamps are not known.
func (o *outlet) senderReport(now time.Time, c sourceClock) *rtcp.SenderReport {
	m := o.mapping.Load()
	packets := o.packets.Load()
	o.track.mu.Lock()
	source := o.track.report
	o.track.mu.Unlock()
	if m == nil || packets == 0 || !source.known || !c.known {
		return nil
	}
	return &rtcp.SenderReport{
		SSRC:        o.ssrc,
		NTPTime:     toNTP(now),
		RTPTime:     source.at(now, c, o.track.codec.clock) + m.ts,
		PacketCount: uint32(packets),
		OctetCount:  uint32(o.octets.Load()),
	}
}

// describe returns the CNAME of an outlet, RFC 3550 section 6.5.1.
func (o *outlet) describe() *rtcp.SourceDescription {
	return &rtcp.SourceDescription{Chunks: []rtcp.SourceDescriptionChunk{{
		Source: o.ssrc,
		Items:  []rtcp.SourceDescriptionItem{{Type: rtcp.SDESCNAME, Text: o.stream}},
	}}}
}
