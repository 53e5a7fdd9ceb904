package sfu

import (
	"errors"
	"math/rand/v2"
	"strings"
	"sync/atomic"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

var errNotNegotiated = errors.New("codec was not negotiated")

// outlet is one track as one viewer receives it: nothing but a translation. It
// is the webrtc.TrackLocal given to the viewer's PeerConnection.
//
// forward is called by one goroutine at a time: the one in which the viewer
// joins, and from then on the one that reads the track.
type outlet struct {
	track  *track
	stream string // media stream id, which is also the CNAME
	label  string

	// Set by Bind, before the connection is up.
	ssrc    uint32
	rtxSSRC uint32
	rtxType uint8
	header  rtp.Header
	level   []byte // value of the audio level extension, nil: not negotiated
	writer  webrtc.TrackLocalWriter

	mapping atomic.Pointer[rewrite] // nil until the first packet is due
	gate    atomic.Uint32           // outletOpen, …; Permit's doing
	next    uint16                  // number of the next packet; the goroutine's that forwards

	reported bool // a sender report was sent; the viewer's goroutine's

	packets  atomic.Uint64 // sent, without those sent again
	octets   atomic.Uint64 // payload bytes of these
	feedback feedback
}

func newOutlet(t *track, stream, label string) *outlet {
	return &outlet{track: t, stream: stream, label: label}
}

// Bind is called by pion once the codecs are settled.
func (o *outlet) Bind(ctx webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	codecs := ctx.CodecParameters()
	for _, c := range codecs {
		if !strings.EqualFold(c.MimeType, o.track.codec.mime) {
			continue
		}
		o.ssrc, o.writer = uint32(ctx.SSRC()), ctx.WriteStream()
		o.header = rtp.Header{Version: 2, SSRC: o.ssrc, PayloadType: uint8(c.PayloadType)}
		if rtx := retransmissionType(codecs, c.PayloadType); rtx != 0 && ctx.SSRCRetransmission() != 0 {
			o.rtxSSRC, o.rtxType = uint32(ctx.SSRCRetransmission()), rtx
		}
		for _, e := range ctx.HeaderExtensions() {
			if e.URI == audioLevelURI && o.track.kind == webrtc.RTPCodecTypeAudio {
				level := []byte{0}
				if err := o.header.SetExtension(uint8(e.ID), level); err == nil {
					o.level = level
				}
			}
		}
		return c, nil
	}
	return webrtc.RTPCodecParameters{}, errNotNegotiated
}

// Unbind is called by pion when the sender is stopped.
func (o *outlet) Unbind(webrtc.TrackLocalContext) error { return nil }

// ID returns the track's id in the viewer's media stream.
func (o *outlet) ID() string { return o.label }

// RID returns the empty string: there is one encoding.
func (o *outlet) RID() string { return "" }

// StreamID returns the media stream id, the same for all tracks of a stream.
func (o *outlet) StreamID() string { return o.stream }

// Kind returns whether it is audio or video.
func (o *outlet) Kind() webrtc.RTPCodecType { return o.track.kind }

// begin settles the translation; number is the first packet to be sent.
func (o *outlet) begin(number uint64) {
	o.mapping.Store(&rewrite{
		first: number,
		seq:   uint16(rand.Uint32()) & 0x7fff, // RFC 3711 section 3.3.1: no early wrap
		ts:    rand.Uint32(),
	})
	o.next = o.mapping.Load().seq
}

// forward translates a packet and sends it, if it may pass, which it returns.
func (o *outlet) forward(p *packet) bool {
	if gate := o.gate.Load(); gate != outletOpen && (gate == outletShut || !o.reopen(p)) {
		return false
	}
	m := o.mapping.Load()
	if p.number < m.first {
		return false
	}
	h := &o.header
	h.SequenceNumber, h.Timestamp, h.Marker = m.sequence(p.number), p.time+m.ts, p.marker
	if after := h.SequenceNumber + 1; int16(after-o.next) > 0 {
		o.next = after
	}
	if o.level != nil {
		o.level[0], h.Extension = p.level, p.leveled
	}
	if _, err := o.writer.WriteRTP(h, p.payload()); err != nil {
		return false // the connection is going; its own goroutine sees to it
	}
	o.packets.Add(1)
	o.octets.Add(uint64(p.to - p.from))
	return true
}
