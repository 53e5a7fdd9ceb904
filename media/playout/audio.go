package playout

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"

	"guichet/media/codec"
	"guichet/media/level"
)

// ErrConfig is returned for a configuration without a needed part.
var ErrConfig = errors.New("playout configuration incomplete")

// Decoder decodes sound; *codec.OpusDecoder is one. What it returns is valid until
// its next call.
type Decoder interface {
	Decode(packet []byte) ([]int16, error)
	DecodeFEC(next []byte, samples int) ([]int16, error)
	Conceal(samples int) ([]int16, error)
}

// AudioConfig is what an Audio is made of.
type AudioConfig struct {
	Decoder Decoder
	Buffer  Buffer           // by default NewJitter(0, 0)
	Now     func() time.Time // by default time.Now
}

// AudioStats says how one sound stream does.
type AudioStats struct {
	BufferStats
	Delay     time.Duration // of the jitter buffer
	Repaired  uint64        // lost packets brought back by redundancy
	Concealed uint64        // lost packets hidden
	Squeezed  uint64        // packets cut out to shorten the delay
}

// Audio plays one received sound stream. Push is called by whoever reads the
// network, ReadPCM by the sound device's clock; neither waits for the other longer
// than a packet takes to sort in. It has no goroutine of its own.
type Audio struct {
	decoder Decoder
	now     func() time.Time
	meter   level.Meter

	mu     sync.Mutex // guards what follows
	buffer Buffer
	clock  clock
	stats  AudioStats
	played uint32 // RTP time stamp after what was decoded
	plays  bool

	// ReadPCM's own.
	rest    []int16 // decoded and not yet fetched
	scratch [codec.OpusLongest]int16
	last    int16 // sample played last, to fade from
	unread  atomic.Int64
}

// NewAudio makes the playout of one stream.
func NewAudio(cfg AudioConfig) (*Audio, error) {
	if cfg.Decoder == nil {
		return nil, ErrConfig
	}
	if cfg.Buffer == nil {
		cfg.Buffer = NewJitter(0, 0)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Audio{decoder: cfg.Decoder, buffer: cfg.Buffer, now: cfg.Now, clock: clock{rate: soundRate}}, nil
}

// Push takes a received packet.
func (a *Audio) Push(p *rtp.Packet) {
	now := a.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.buffer.Push(p.SequenceNumber, p.Timestamp, p.Payload, now)
}

// SetSenderReport takes the times of the stream's last RTCP sender report.
func (a *Audio) SetSenderReport(ntp uint64, rtp uint32) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.clock.report(ntp, rtp)
}

// Position returns when, by the sender's clock, the sound that plays now was
// captured; false as long as no sender report came or nothing plays.
func (a *Audio) Position() (time.Time, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	at, known := a.clock.at(a.played - uint32(a.unread.Load()))
	return at, known && a.plays
}

// Level returns how loud the stream is now, 0 to 1.
func (a *Audio) Level() float64 { return a.meter.Level() }

// Stats returns how the stream does.
func (a *Audio) Stats() AudioStats {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.stats
	s.BufferStats, s.Delay = a.buffer.Stats(), a.buffer.Delay()
	return s
}

// ReadPCM fills dst with the next samples, 48 kHz mono. It never blocks and always
// fills dst, with silence if need be.
func (a *Audio) ReadPCM(dst []int16) {
	for n := 0; n < len(dst); {
		if len(a.rest) == 0 {
			a.rest = a.decode()
		}
		if len(a.rest) == 0 {
			a.fade(dst[n:])
			break
		}
		c := copy(dst[n:], a.rest)
		a.rest, n = a.rest[c:], n+c
		a.last = dst[n-1]
	}
	a.unread.Store(int64(len(a.rest)))
	a.meter.Add(dst)
}

// fade lets the last sample die away over 5 ms, as a step would click.
func (a *Audio) fade(dst []int16) {
	const length = 240
	for i := range dst {
		dst[i] = int16(int(a.last) * max(length-i, 0) / length)
	}
	a.last = 0
}

// decode returns the next packet's worth of sound, or nothing.
func (a *Audio) decode() []int16 {
	item := a.pop()
	var pcm []int16
	var err error
	switch item.Kind {
	case Empty:
		return nil
	case Voice:
		pcm, err = a.decoder.Decode(item.Payload)
		if err == nil && item.Excess {
			pcm = a.squeeze(pcm)
		}
	case Lost:
		if len(item.Payload) > 0 {
			pcm, err = a.decoder.DecodeFEC(item.Payload, codec.OpusFrame)
		} else {
			pcm, err = a.decoder.Conceal(codec.OpusFrame)
		}
	case Pause:
		pcm, err = a.decoder.Conceal(codec.OpusFrame)
	}
	if err != nil {
		// A packet that is none of Opus: treat it as lost.
		if pcm, err = a.decoder.Conceal(codec.OpusFrame); err != nil {
			return nil
		}
	}
	return pcm
}

// pop takes one item from the buffer and counts it.
func (a *Audio) pop() Item {
	now := a.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	item := a.buffer.Pop(now)
	switch item.Kind {
	case Voice:
		a.played, a.plays = item.Time+uint32(codec.OpusDuration(item.Payload)), true
	case Lost:
		a.played += codec.OpusFrame
		if len(item.Payload) > 0 {
			a.stats.Repaired++
		} else {
			a.stats.Concealed++
		}
	case Pause:
		a.played += codec.OpusFrame
	case Empty:
		a.plays = false
	}
	return item
}

// squeeze blends a packet into the one after it and so shortens the delay by one.
func (a *Audio) squeeze(pcm []int16) []int16 {
	old := a.scratch[:copy(a.scratch[:], pcm)]
	item := a.pop()
	if item.Kind != Voice {
		return old
	}
	pcm, err := a.decoder.Decode(item.Payload)
	if err != nil {
		return old
	}
	n := min(len(old), len(pcm))
	for i := range n {
		pcm[i] = int16((int(old[i])*(n-i) + int(pcm[i])*i) / n)
	}
	a.mu.Lock()
	a.stats.Squeezed++
	a.mu.Unlock()
	return pcm
}
