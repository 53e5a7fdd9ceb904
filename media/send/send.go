// Package send turns a camera and a microphone into encoded samples: it captures,
// shows the self view, encodes, and hands over what is to be sent.
//
// It owns the source that is open, its encoder and one goroutine per sender, on
// which all callbacks run; Close ends it and waits. It must not know peer
// connections: a callback takes each Sample, and a Packetizer makes RTP packets of
// it with the times that they were captured at.
package send

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
)

// ErrConfig is returned for a configuration without a needed part.
var ErrConfig = errors.New("sender configuration incomplete")

// Sample is one encoded picture or 20 ms of sound.
type Sample struct {
	Data []byte // valid during the callback
	// Time is when it was captured, since the sender started. It goes on through
	// pauses, so time stamps made of it stay true.
	Time time.Duration
	// Duration is how long it lasts: 20 ms of sound, or the time between pictures.
	Duration time.Duration
	// Key marks a picture that needs no other, or the first sound after a pause.
	Key bool
}

// packetSize leaves room in 1500 bytes for IP, UDP, SRTP and TURN, as browsers do.
const packetSize = 1200

// Packetizer makes the RTP packets of one stream. Payload type and SSRC are left to
// the track that sends them. It is used by one goroutine at a time.
type Packetizer struct {
	payloader rtp.Payloader
	video     bool
	rate      int64
	seq       uint16
	base      uint32
}

// NewVP8Packetizer splits pictures as RFC 7741 says, with picture ids.
func NewVP8Packetizer() *Packetizer {
	return &Packetizer{&codecs.VP8Payloader{EnablePictureID: true}, true, 90000, uint16(rand.Uint32()), rand.Uint32()}
}

// NewOpusPacketizer makes one packet of each sample, as RFC 7587 says.
func NewOpusPacketizer() *Packetizer {
	return &Packetizer{&codecs.OpusPayloader{}, false, 48000, uint16(rand.Uint32()), rand.Uint32()}
}

// Packets returns the packets of a sample, in order. They share no memory with it.
func (p *Packetizer) Packets(s Sample) []*rtp.Packet {
	stamp := p.base + uint32(int64(s.Time)*(p.rate/1000)/int64(time.Millisecond))
	payloads := p.payloader.Payload(packetSize, s.Data)
	packets := make([]*rtp.Packet, len(payloads))
	for i, payload := range payloads {
		// A marker ends a picture; on sound it starts a talk spurt (RFC 3551 section 4.1).
		marker := i == len(payloads)-1
		if !p.video {
			marker = s.Key
		}
		packets[i] = &rtp.Packet{
			Header:  rtp.Header{Version: 2, SequenceNumber: p.seq, Timestamp: stamp, Marker: marker},
			Payload: payload,
		}
		p.seq++
	}
	return packets
}
