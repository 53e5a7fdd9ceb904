package client

import (
	"sync"
	"sync/atomic"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"
)

// askEvery is after how many packets that were left out for want of a key frame
// one is asked for again.
const askEvery = 60

// gate decides what of the own media goes to one viewer, in mode P2P, where
// nobody stands between: nothing before its peer is connected or while the call
// is on hold, and of video nothing before a key frame then. Packets are numbered
// as if nothing had been left out, since the receiver's cipher takes a long gap
// for a wrap of the numbers (RFC 3711, section 3.3.1).
type gate struct {
	hold *atomic.Bool
	open atomic.Bool
	need func() // asks the encoder for a key frame
}

// track makes a track of the person's that passes the gate. It has a binding of
// its own; the packets are those of the one encoder.
func (g *gate) track(t *webrtc.TrackLocalStaticRTP) webrtc.TrackLocal { return gatedTrack{t, g} }

type gatedTrack struct {
	*webrtc.TrackLocalStaticRTP
	gate *gate
}

// Bind puts the gate before what the track writes to.
func (t gatedTrack) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	return t.TrackLocalStaticRTP.Bind(gatedContext{c, &gatedWriter{TrackLocalWriter: c.WriteStream(), gate: t.gate, video: t.Kind() == webrtc.RTPCodecTypeVideo}})
}

type gatedContext struct {
	webrtc.TrackLocalContext
	writer *gatedWriter
}

func (c gatedContext) WriteStream() webrtc.TrackLocalWriter { return c.writer }

type gatedWriter struct {
	webrtc.TrackLocalWriter
	gate  *gate
	video bool

	mu      sync.Mutex
	running bool   // the last packet went through
	skipped uint16 // packets left out
	waiting int    // of these, since a key frame was asked for
}

// WriteRTP hands a packet on, or leaves it out.
func (w *gatedWriter) WriteRTP(h *rtp.Header, payload []byte) (int, error) {
	skipped, pass := w.judge(payload)
	if !pass {
		return len(payload), nil
	}
	own := *h // the others get the same header
	own.SequenceNumber -= skipped
	return w.TrackLocalWriter.WriteRTP(&own, payload)
}

func (w *gatedWriter) judge(payload []byte) (skipped uint16, pass bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	shut := w.gate.hold.Load() || !w.gate.open.Load()
	if !shut && (w.running || !w.video || startsKeyFrame(payload)) {
		w.running, w.waiting = true, 0
		return w.skipped, true
	}
	w.running = false
	w.skipped++
	if !shut {
		if w.waiting%askEvery == 0 {
			w.gate.need()
		}
		w.waiting++
	}
	return 0, false
}

// startsKeyFrame tells whether a packet begins a key frame (RFC 7741, sections
// 4.2 and 4.3).
func startsKeyFrame(payload []byte) bool {
	var p codecs.VP8Packet
	frame, err := p.Unmarshal(payload)
	return err == nil && p.S == 1 && p.PID == 0 && len(frame) > 0 && frame[0]&1 == 0
}
