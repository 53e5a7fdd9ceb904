// Package playout turns received RTP packets into sound and pictures at the right
// time: it waits out the network's jitter, repairs or hides what is lost, and keeps
// lips and voice together.
//
// It owns the packets it was given and its decoders. It must not know peer
// connections, devices or widgets: sound is fetched from it by a device's clock,
// pictures are handed to a callback. Push may be called from any one goroutine;
// each type says which goroutine runs the rest.
package playout

import "time"

const (
	soundRate = 48000 // RTP clock of Opus, RFC 7587 section 4.1
	videoRate = 90000 // RTP clock of VP8, RFC 7741 section 4.1
)

// clock maps RTP time stamps to the sender's wall clock by its sender reports
// (RFC 3550 section 6.4.1).
type clock struct {
	rate  int64
	known bool
	wall  time.Time
	rtp   uint32
}

// report takes a sender report's pair of times; ntp is in units of 2^-32 s since 1900.
func (c *clock) report(ntp uint64, rtp uint32) {
	const since1900 = 2208988800
	seconds := int64(ntp>>32) - since1900
	nanos := int64((ntp & 0xFFFFFFFF) * 1e9 >> 32)
	c.wall, c.rtp, c.known = time.Unix(seconds, nanos), rtp, true
}

// at returns when something was captured by the sender's clock.
func (c *clock) at(rtp uint32) (time.Time, bool) {
	ticks := int64(int32(rtp - c.rtp))
	return c.wall.Add(time.Duration(ticks * int64(time.Second) / c.rate)), c.known
}

// unwrap extends a 16-bit sequence number to 64 bits next to the last one.
func unwrap(last int64, seq uint16) int64 { return last + int64(int16(seq-uint16(last))) }
