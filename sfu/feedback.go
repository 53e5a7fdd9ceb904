package sfu

import (
	"encoding/binary"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

const (
	resendSlots = 256
	resendFloor = 20 * time.Millisecond // between two copies of one packet
	resendCeil  = 250 * time.Millisecond
	resendStart = 128 // packets that may be sent again before any share is counted
)

// feedback is what a viewer said about one outlet.
type feedback struct {
	loss   atomic.Uint32 // of the last report, 1/256
	lost   atomic.Uint32 // packets, in all
	jitter atomic.Uint32 // RTP ticks
	rtt    atomic.Int64  // nanoseconds, 0: unknown
	nacks  atomic.Uint64 // packets asked for
	resent atomic.Uint64 // packets sent again

	reception reception
}

// resends bounds what NACKs can make us send: each packet once per round trip,
// and no more than half as many packets as were sent first. Its goroutine is
// the one that reads the viewer's RTCP.
type resends struct {
	last [resendSlots]struct {
		seq uint16
		at  time.Time
	}
}

func (r *resends) allow(seq uint16, rtt time.Duration, sent, resent uint64, now time.Time) bool {
	if resent >= resendStart+sent/2 {
		return false
	}
	slot := &r.last[seq%resendSlots]
	pause := min(max(rtt, resendFloor), resendCeil)
	if slot.seq == seq && !slot.at.IsZero() && now.Sub(slot.at) < pause {
		return false
	}
	slot.seq, slot.at = seq, now
	return true
}

// resender answers NACKs; one goroutine owns it.
type resender struct {
	*outlet
	limit  resends
	packet *packet
	header rtp.Header
	rtxSeq uint16
	rtx    []byte
}

// newResender must be called before the outlet begins to play.
func newResender(o *outlet) *resender {
	return &resender{outlet: o, packet: newPacket(), header: o.header, rtxSeq: uint16(rand.Uint32())}
}

// read serves the viewer's RTCP for the outlet until the sender stops.
func (r *resender) read(s *webrtc.RTPSender) {
	buf := make([]byte, maxPacket)
	for {
		n, _, err := s.Read(buf)
		if err != nil {
			return
		}
		list, err := rtcp.Unmarshal(buf[:n])
		if err != nil {
			continue
		}
		for _, p := range list {
			r.handle(p, time.Now())
		}
	}
}

func (r *resender) handle(p rtcp.Packet, now time.Time) {
	switch p := p.(type) {
	case *rtcp.TransportLayerNack:
		if p.MediaSSRC != r.ssrc {
			return
		}
		for _, pair := range p.Nacks {
			pair.Range(func(seq uint16) bool {
				r.resend(seq, now)
				return true
			})
		}
	case *rtcp.PictureLossIndication:
		if p.MediaSSRC == r.ssrc {
			r.wantKey()
		}
	case *rtcp.FullIntraRequest:
		for _, e := range p.FIR {
			if e.SSRC == r.ssrc {
				r.wantKey()
				return
			}
		}
	case *rtcp.ReceiverReport:
		r.reports(p.Reports, now)
	case *rtcp.SenderReport:
		r.reports(p.Reports, now)
	}
}

func (r *resender) wantKey() {
	r.track.count.keyRequestsIn.Add(1)
	if r.gate.Load() != outletShut {
		r.track.requestKey()
	}
}

func (r *resender) reports(list []rtcp.ReceptionReport, now time.Time) {
	for _, rr := range list {
		if rr.SSRC != r.ssrc {
			continue
		}
		f := &r.feedback
		f.loss.Store(uint32(rr.FractionLost))
		f.lost.Store(rr.TotalLost)
		f.jitter.Store(rr.Jitter)
		f.reception.take(rr, r.holes())
		if rtt, ok := roundTrip(rr, now); ok {
			f.rtt.Store(int64(rtt))
		}
	}
}

// resend sends the packet again that the viewer calls seq.
func (r *resender) resend(seq uint16, now time.Time) {
	f, m := &r.feedback, r.mapping.Load()
	f.nacks.Add(1)
	r.track.count.nacks.Add(1)
	if m == nil || r.gate.Load() != outletOpen || r.track.kind != webrtc.RTPCodecTypeVideo {
		return
	}
	if !r.limit.allow(seq, time.Duration(f.rtt.Load()), r.packets.Load(), f.resent.Load(), now) {
		return
	}
	p := r.packet
	if !r.track.fetchOne(p, *m, seq) {
		return
	}
	h, payload := &r.header, p.payload()
	h.SequenceNumber, h.Timestamp, h.Marker = seq, p.time+m.ts, p.marker
	if r.rtxType != 0 { // RFC 4588 section 4
		r.rtx = binary.BigEndian.AppendUint16(r.rtx[:0], seq)
		r.rtx = append(r.rtx, payload...)
		r.rtxSeq++
		h.SSRC, h.PayloadType, h.SequenceNumber, payload = r.rtxSSRC, r.rtxType, r.rtxSeq, r.rtx
	}
	if _, err := r.writer.WriteRTP(h, payload); err != nil {
		return
	}
	f.resent.Add(1)
	r.track.count.resent.Add(1)
}
