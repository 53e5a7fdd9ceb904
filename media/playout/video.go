package playout

import (
	"image"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"

	"guichet/media/codec"
)

const (
	queued      = 1024 // packets on their way to the decoding goroutine
	askAgain    = 500 * time.Millisecond
	stopAsking  = 2 * time.Second // after the last packet
	mostLipSync = 300 * time.Millisecond
)

// VideoConfig is what a Video needs.
type VideoConfig struct {
	// OnFrame gets every picture on the decoding goroutine; it is valid during the
	// call and not to be changed.
	OnFrame func(*image.YCbCr)
	// OnKeyFrameNeeded asks the sender for a key frame (RTCP PLI). It is called on
	// the decoding goroutine, at most every 500 ms, and must not block.
	OnKeyFrameNeeded func()
	// Wait is how long a missing packet may take to be sent again, 200 ms by default.
	Wait time.Duration
	// Sound tells what is heard now, to hold pictures back until then; an *Audio of
	// the same participant does. May be nil.
	Sound interface{ Position() (time.Time, bool) }
}

// VideoStats says how one video stream does.
type VideoStats struct {
	Frames        uint64 // shown
	Dropped       uint64 // not shown: incomplete or built on a lost one
	LostPackets   uint64
	KeyRequests   uint64
	Width, Height int // pixels of the last picture
	LastFrameAt   time.Time
}

// Video decodes one received VP8 stream on a goroutine of its own, which Close ends.
type Video struct {
	cfg     VideoConfig
	packets chan *rtp.Packet
	closed  chan struct{}
	ended   chan struct{}
	once    sync.Once

	mu    sync.Mutex // guards what follows
	stats VideoStats
	clock clock

	// The goroutine's own.
	decoder *codec.VP8Decoder
	frames  *assembler
	asked   time.Time

	overflow atomic.Uint64 // packets that found the queue full
}

// NewVideo starts the playout of one stream.
func NewVideo(cfg VideoConfig) (*Video, error) {
	if cfg.OnFrame == nil || cfg.OnKeyFrameNeeded == nil {
		return nil, ErrConfig
	}
	if cfg.Wait <= 0 {
		cfg.Wait = 200 * time.Millisecond
	}
	decoder, err := codec.NewVP8Decoder()
	if err != nil {
		return nil, err
	}
	v := &Video{cfg: cfg, decoder: decoder, frames: newAssembler(cfg.Wait), clock: clock{rate: videoRate},
		packets: make(chan *rtp.Packet, queued), closed: make(chan struct{}), ended: make(chan struct{})}
	go v.run()
	return v, nil
}

// Push takes a received packet and keeps it: the caller must not reuse its memory.
// It never blocks; a packet too many counts as lost.
func (v *Video) Push(p *rtp.Packet) {
	select {
	case v.packets <- p:
	default:
		v.overflow.Add(1)
	}
}

// SetSenderReport takes the times of the stream's last RTCP sender report.
func (v *Video) SetSenderReport(ntp uint64, rtp uint32) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.clock.report(ntp, rtp)
}

// Stats returns how the stream does.
func (v *Video) Stats() VideoStats {
	v.mu.Lock()
	defer v.mu.Unlock()
	s := v.stats
	s.LostPackets += v.overflow.Load()
	return s
}

// Close ends the decoding and returns when it has ended: no callback runs after it.
// It must not be called from a callback.
func (v *Video) Close() {
	v.once.Do(func() { close(v.closed) })
	<-v.ended
}

func (v *Video) run() {
	defer close(v.ended)
	defer v.decoder.Close()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-v.closed:
			return
		case p := <-v.packets:
			v.frames.push(p, time.Now())
		case <-timer.C:
		}
		for {
			f, ok := v.frames.pop(time.Now())
			if !ok {
				break
			}
			if !v.hold(f.ts) {
				return
			}
			v.decode(f)
		}
		v.askForKey(time.Now())
		timer.Reset(v.pause(time.Now()))
	}
}

// decode shows a frame, or breaks the stream until the next key frame.
func (v *Video) decode(f videoFrame) {
	m, err := v.decoder.Decode(f.data)
	if err != nil {
		v.frames.broken = true
		v.frames.dropped++
	}
	v.mu.Lock()
	if m != nil {
		v.stats.Frames++
		v.stats.Width, v.stats.Height = m.Rect.Dx(), m.Rect.Dy()
		v.stats.LastFrameAt = time.Now()
	}
	v.stats.Dropped, v.stats.LostPackets = v.frames.dropped, v.frames.lost
	v.mu.Unlock()
	if m != nil {
		v.cfg.OnFrame(m)
	}
}

// hold waits until the sound captured with a picture is heard: pictures are ready
// sooner as a rule, for they need no jitter buffer. It returns false on Close.
func (v *Video) hold(ts uint32) bool {
	if v.cfg.Sound == nil {
		return true
	}
	v.mu.Lock()
	seen, known := v.clock.at(ts)
	v.mu.Unlock()
	heard, plays := v.cfg.Sound.Position()
	if !known || !plays {
		return true
	}
	early := seen.Sub(heard)
	if early <= 0 || early > time.Second {
		return true // behind anyway, or clocks that have nothing in common
	}
	timer := time.NewTimer(min(early, mostLipSync))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-v.closed:
		return false
	}
}

// askForKey asks while the stream flows and cannot be decoded.
func (v *Video) askForKey(now time.Time) {
	if !v.frames.started || !v.frames.broken || v.frames.keyComing() || now.Sub(v.asked) < askAgain || now.Sub(v.frames.newest) > stopAsking {
		return
	}
	v.asked = now
	v.mu.Lock()
	v.stats.KeyRequests++
	v.stats.Dropped, v.stats.LostPackets = v.frames.dropped, v.frames.lost
	v.mu.Unlock()
	v.cfg.OnKeyFrameNeeded()
}

// pause returns how long the goroutine may sleep if no packet comes.
func (v *Video) pause(now time.Time) time.Duration {
	d := time.Hour
	if at, ok := v.frames.deadline(); ok {
		d = at.Sub(now)
	}
	if v.frames.started && v.frames.broken && now.Sub(v.frames.newest) <= stopAsking {
		d = min(d, v.asked.Add(askAgain).Sub(now))
	}
	return max(d, time.Millisecond)
}
