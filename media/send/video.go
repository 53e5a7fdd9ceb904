package send

import (
	"context"
	"image"
	"sync"
	"sync/atomic"
	"time"

	"guichet/media/capture"
	"guichet/media/codec"
)

// VideoConfig is what a Video needs.
type VideoConfig struct {
	Open     func() (capture.Video, error) // opens the camera; called again after a pause
	Bitrate  int                           // bits per second at the start
	Screen   bool                          // text and windows rather than a camera's picture
	Muted    bool                          // start without the camera
	OnSample func(Sample)
	OnFrame  func(*image.YCbCr) // the self view; valid during the call; may be nil
	OnError  func(error)        // the camera failed or went away; may be nil
}

// VideoStats says how sending does.
type VideoStats struct {
	Frames        uint64 // encoded
	Dropped       uint64 // left out by rate control
	Bytes         uint64
	Width, Height int // pixels of the last picture
}

// Video captures and encodes one source. Its methods may be called from any
// goroutine, but not Close from a callback.
type Video struct {
	cfg     VideoConfig
	start   time.Time
	key     atomic.Bool
	bitrate atomic.Int64
	ended   chan struct{}

	mu        sync.Mutex // guards what follows
	open      func() (capture.Video, error)
	muted     bool
	closed    bool
	interrupt context.CancelFunc // ends what the goroutine does now
	stats     VideoStats
}

// NewVideo starts a sender.
func NewVideo(cfg VideoConfig) (*Video, error) {
	if cfg.Open == nil || cfg.OnSample == nil {
		return nil, ErrConfig
	}
	// Wrong settings are better told now than by the first picture.
	probe, err := codec.NewVP8Encoder(codec.VP8Config{Bitrate: cfg.Bitrate, FrameRate: 30})
	if err != nil {
		return nil, err
	}
	probe.Close()
	if cfg.OnError == nil {
		cfg.OnError = func(error) {}
	}
	if cfg.OnFrame == nil {
		cfg.OnFrame = func(*image.YCbCr) {}
	}
	v := &Video{cfg: cfg, start: time.Now(), ended: make(chan struct{}), open: cfg.Open, muted: cfg.Muted,
		interrupt: func() {}}
	v.bitrate.Store(int64(cfg.Bitrate))
	go v.run()
	return v, nil
}

// RequestKeyFrame makes the next picture a key frame.
func (v *Video) RequestKeyFrame() { v.key.Store(true) }

// SetBitrate changes the target in bits per second.
func (v *Video) SetBitrate(bitrate int) { v.bitrate.Store(int64(bitrate)) }

// SetMuted stops the camera and frees the device, or opens it again.
func (v *Video) SetMuted(muted bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.muted != muted {
		v.muted = muted
		v.interrupt()
	}
}

// Switch goes over to another source, also after an error.
func (v *Video) Switch(open func() (capture.Video, error)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.open = open
	v.interrupt()
}

// Stats returns how sending does.
func (v *Video) Stats() VideoStats {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.stats
}

// Close stops the camera and returns when all has ended.
func (v *Video) Close() {
	v.mu.Lock()
	v.closed = true
	v.interrupt()
	v.mu.Unlock()
	<-v.ended
}

// run plays one source after the other; whoever wants another interrupts.
func (v *Video) run() {
	defer close(v.ended)
	for {
		ctx, cancel := context.WithCancel(context.Background())
		v.mu.Lock()
		open, muted, closed := v.open, v.muted, v.closed
		v.interrupt = cancel
		v.mu.Unlock()
		if closed {
			cancel()
			return
		}
		if !muted {
			if err := v.play(ctx, open); err != nil && ctx.Err() == nil {
				v.cfg.OnError(err)
			}
		}
		<-ctx.Done()
		cancel()
	}
}

// play opens a source and sends it until it fails or ctx ends.
func (v *Video) play(ctx context.Context, open func() (capture.Video, error)) (err error) {
	source, err := open()
	if err != nil {
		return err
	}
	opened := time.Since(v.start)
	defer func() {
		if e := source.Close(); err == nil {
			err = e
		}
	}()
	encoder, err := codec.NewVP8Encoder(codec.VP8Config{
		Bitrate: int(v.bitrate.Load()), FrameRate: min(max(source.FrameRate(), 1), 120), Screen: v.cfg.Screen,
	})
	if err != nil {
		return err
	}
	defer encoder.Close()
	last := opened - time.Duration(float64(time.Second)/max(source.FrameRate(), 1))
	for {
		f, err := source.Next(ctx)
		if err != nil {
			return err
		}
		at := opened + f.Time
		err = v.send(encoder, f.Image, at, at-last)
		f.Release()
		if err != nil {
			return err
		}
		last = at
	}
}

func (v *Video) send(encoder *codec.VP8Encoder, m *image.YCbCr, at, since time.Duration) error {
	v.cfg.OnFrame(m)
	encoder.SetBitrate(int(v.bitrate.Load()))
	key := v.key.Swap(false)
	p, err := encoder.Encode(m, at, key)
	if err != nil {
		return err
	}
	v.mu.Lock()
	v.stats.Width, v.stats.Height = m.Rect.Dx(), m.Rect.Dy()
	if len(p.Data) == 0 {
		v.stats.Dropped++
	} else {
		v.stats.Frames++
		v.stats.Bytes += uint64(len(p.Data))
	}
	v.mu.Unlock()
	if len(p.Data) == 0 {
		if key {
			v.key.Store(true) // still owed
		}
		return nil
	}
	v.cfg.OnSample(Sample{Data: p.Data, Time: at, Duration: since, Key: p.Key})
	return nil
}
