package sfu

import (
	"sync/atomic"
	"time"
)

// counters are kept by all streams together and only grow.
type counters struct {
	packetsIn, bytesIn             atomic.Uint64
	packetsOut, bytesOut           atomic.Uint64
	nacks, resent                  atomic.Uint64
	keyRequestsIn, keyRequestsSent atomic.Uint64
}

// Stats are the totals since New, and what exists now.
type Stats struct {
	Streams int // published now
	Viewers int // of all streams now

	PacketsIn  uint64 // RTP packets from publishers
	BytesIn    uint64 // RTP bytes of these, headers included
	PacketsOut uint64 // RTP packets to viewers, without those sent again
	BytesOut   uint64

	NACKs           uint64 // packets that viewers asked for again
	Retransmissions uint64 // packets sent again
	KeyRequests     uint64 // PLI and FIR from viewers
	KeyRequestsSent uint64 // PLI to publishers
}

// Stats returns the totals.
func (s *SFU) Stats() Stats {
	c := &s.count
	out := Stats{
		PacketsIn: c.packetsIn.Load(), BytesIn: c.bytesIn.Load(),
		PacketsOut: c.packetsOut.Load(), BytesOut: c.bytesOut.Load(),
		NACKs: c.nacks.Load(), Retransmissions: c.resent.Load(),
		KeyRequests: c.keyRequestsIn.Load(), KeyRequestsSent: c.keyRequestsSent.Load(),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out.Streams = len(s.streams)
	for _, st := range s.streams {
		out.Viewers += len(st.viewers)
	}
	return out
}

// TrackStats is how one track reaches one viewer, by the viewer's own reports.
type TrackStats struct {
	Kind            string // "audio" or "video"
	Packets         uint64 // sent, without those sent again
	Bytes           uint64 // payload bytes of these
	FractionLost    float64
	PacketsLost     int32 // RFC 3550 section 6.4.1; below zero when there were duplicates
	Jitter          time.Duration
	RoundTrip       time.Duration // 0: not known yet
	NACKs           uint64
	Retransmissions uint64
}

// ViewerStats returns how each track reaches a viewer.
func (s *SFU) ViewerStats(key ViewerKey) ([]TrackStats, error) {
	v, err := s.viewer(key)
	if err != nil {
		return nil, err
	}
	var list []TrackStats
	for _, o := range v.outlets {
		f := &o.feedback
		list = append(list, TrackStats{
			Kind:            o.track.kind.String(),
			Packets:         o.packets.Load(),
			Bytes:           o.octets.Load(),
			FractionLost:    float64(f.loss.Load()) / 256,
			PacketsLost:     int32(f.lost.Load()<<8) >> 8, // a signed number of 24 bits
			Jitter:          time.Duration(f.jitter.Load()) * time.Second / time.Duration(o.track.codec.clock),
			RoundTrip:       time.Duration(f.rtt.Load()),
			NACKs:           f.nacks.Load(),
			Retransmissions: f.resent.Load(),
		})
	}
	return list, nil
}
