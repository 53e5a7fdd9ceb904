package sfu

import "time"

// Leg is the way of one track between the SFU and one client, as its receiver
// knows it: the SFU of what a publisher sends, a viewer by its reports of what
// it gets. Its counters only grow; a leg that begins anew begins at zero.
type Leg struct {
	Stream StreamKey
	Viewer string // empty: the publisher's leg
	Track  int    // place among the tracks of the stream
	Kind   string // "audio" or "video"

	Expected uint64 // packets that the sender sent, without those sent again
	Lost     uint64 // of these, before any were sent again
	Jitter   time.Duration
	// RoundTrip of the connection: by the viewer's reports, or, since a publisher
	// makes none, by its answers to ICE's checks. 0: not known yet.
	RoundTrip time.Duration
	// Heard counts all that came over the connection. ICE's checks are every two
	// seconds: when it stands still for longer, nothing comes through.
	Heard uint64
}

// Legs returns all legs of connections that are up, in no particular order.
func (s *SFU) Legs() []Leg {
	var list []Leg
	for _, st := range s.snapshot() {
		if st.publisher.isLive() {
			list = st.publisher.legs(st, list)
		}
		for _, v := range st.viewers {
			if v.isLive() {
				list = v.legs(list)
			}
		}
	}
	return list
}

// streamNow is a stream's connections at one moment.
type streamNow struct {
	*stream
	publisher *publisher
	viewers   []*viewer
}

func (s *SFU) snapshot() []streamNow {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]streamNow, 0, len(s.streams))
	for _, st := range s.streams {
		now := streamNow{stream: st, publisher: st.publisher}
		for _, v := range st.viewers {
			now.viewers = append(now.viewers, v)
		}
		list = append(list, now)
	}
	return list
}

func (p *publisher) legs(st streamNow, list []Leg) []Leg {
	rtt, heard := p.path()
	for i, t := range st.tracks {
		t.mu.Lock()
		counted, jitter := t.arrived.total(), t.arrived.jitter>>4
		t.mu.Unlock()
		list = append(list, Leg{Stream: st.key, Track: i, Kind: t.kind.String(), Expected: counted.expected, Lost: counted.lost,
			Jitter: ticks(jitter, t.codec.clock), RoundTrip: rtt, Heard: heard})
	}
	return list
}

func (v *viewer) legs(list []Leg) []Leg {
	rtt, heard := v.path()
	for _, o := range v.outlets {
		counted, jitter := o.feedback.reception.read()
		leg := Leg{Stream: v.stream.key, Viewer: v.key.Viewer, Kind: o.track.kind.String(), Expected: counted.expected, Lost: counted.lost,
			Jitter: ticks(jitter, o.track.codec.clock), RoundTrip: rtt, Heard: heard}
		for i, t := range v.stream.tracks {
			if t == o.track {
				leg.Track = i
			}
		}
		if reported := time.Duration(o.feedback.rtt.Load()); reported > 0 {
			leg.RoundTrip = reported
		}
		list = append(list, leg)
	}
	return list
}

func ticks(n, clock uint32) time.Duration {
	return time.Duration(n) * time.Second / time.Duration(clock)
}

// isLive tells that the connection came up and was not ended since.
func (p *peer) isLive() bool {
	select {
	case <-p.quit:
		return false
	default:
	}
	select {
	case <-p.live:
		return true
	default:
		return false
	}
}

// path returns the round-trip time by ICE's checks and how much was heard on the
// path in use. The connection must have come up.
func (p *peer) path() (rtt time.Duration, heard uint64) {
	stats, ok := p.pc.SCTP().Transport().ICETransport().GetSelectedCandidatePairStats()
	if !ok {
		return 0, 0
	}
	return time.Duration(stats.CurrentRoundTripTime * float64(time.Second)), stats.ResponsesReceived + uint64(stats.PacketsReceived)
}
