package send

import (
	"context"
	"sync/atomic"
	"time"

	"guichet/media/codec"
	"guichet/media/level"
)

const (
	frameTime = 20 * time.Millisecond
	talking   = 0.45            // a level above this is somebody who speaks, about -33 dB
	insisting = 20              // so many loud frames, less the quiet ones, are no cough
	hintEvery = 5 * time.Second // between two hints

	standstill = 500 * time.Millisecond // longer than any device's burst
)

// AudioConfig is what an Audio needs.
type AudioConfig struct {
	// Source gives the microphone in periods of 10 ms; a *sound.Device is one.
	Source interface {
		Read(ctx context.Context) ([]int16, error)
	}
	Codec    codec.OpusConfig
	Muted    bool // start muted
	OnSample func(Sample)
	// OnMutedSpeech tells that somebody speaks although muted; may be nil.
	OnMutedSpeech func()
	// OnError tells why sending ended by itself; may be nil.
	OnError func(error)
}

// Audio encodes a microphone. Its methods may be called from any goroutine, but not
// Close from a callback.
type Audio struct {
	cfg     AudioConfig
	encoder *codec.OpusEncoder
	meter   level.Meter
	muted   atomic.Bool
	loss    atomic.Int64
	cancel  context.CancelFunc
	ended   chan struct{}
}

// NewAudio starts a sender.
func NewAudio(cfg AudioConfig) (*Audio, error) {
	if cfg.Source == nil || cfg.OnSample == nil {
		return nil, ErrConfig
	}
	if cfg.OnMutedSpeech == nil {
		cfg.OnMutedSpeech = func() {}
	}
	if cfg.OnError == nil {
		cfg.OnError = func(error) {}
	}
	encoder, err := codec.NewOpusEncoder(cfg.Codec)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	a := &Audio{cfg: cfg, encoder: encoder, cancel: cancel, ended: make(chan struct{})}
	a.muted.Store(cfg.Muted)
	a.loss.Store(-1)
	go func() {
		defer close(a.ended)
		if err := a.run(ctx); ctx.Err() == nil {
			cfg.OnError(err)
		}
	}()
	return a, nil
}

// SetMuted stops sending sound; the microphone's level is still measured.
func (a *Audio) SetMuted(muted bool) { a.muted.Store(muted) }

// SetLoss tells how many percent of the packets get lost on their way.
func (a *Audio) SetLoss(percent int) { a.loss.Store(int64(min(max(percent, 0), 100))) }

// Level returns how loud the microphone is, muted or not, 0 to 1.
func (a *Audio) Level() float64 { return a.meter.Level() }

// Close ends sending and returns when it has ended. The source stays open.
func (a *Audio) Close() {
	a.cancel()
	<-a.ended
}

// run sends until the source or the encoder fails, and returns why.
func (a *Audio) run(ctx context.Context) error {
	var (
		pcm    = make([]int16, 0, 2*codec.OpusFrame)
		number time.Duration // of the frame, counted through pauses
		last   = time.Now()  // when the microphone was heard last
		resume = true        // the next packet follows a pause
		hint   hint
	)
	for {
		p, err := a.cfg.Source.Read(ctx)
		if err != nil {
			return err
		}
		// Frames count the time, unless the microphone stood still.
		now := time.Now()
		if gap := now.Sub(last); gap > standstill {
			number, resume = number+gap/frameTime, true
		}
		last = now
		a.meter.Add(p)
		pcm = append(pcm, p...)
		for ; len(pcm) >= codec.OpusFrame; number++ {
			frame := pcm[:codec.OpusFrame]
			if a.muted.Load() {
				resume = true
				if hint.hear(level.Of(frame), number*frameTime) {
					a.cfg.OnMutedSpeech()
				}
			} else if sent, err := a.encode(frame, number*frameTime, resume); err != nil {
				return err
			} else {
				resume = !sent
			}
			pcm = pcm[:copy(pcm, pcm[codec.OpusFrame:])]
		}
	}
}

// encode sends a frame; it returns false if there was nothing worth sending.
func (a *Audio) encode(frame []int16, at time.Duration, resume bool) (sent bool, err error) {
	if loss := a.loss.Swap(-1); loss >= 0 {
		if err := a.encoder.SetLoss(int(loss)); err != nil {
			return false, err
		}
	}
	data, err := a.encoder.Encode(frame)
	if err != nil || len(data) == 0 {
		return false, err
	}
	a.cfg.OnSample(Sample{Data: data, Time: at, Duration: frameTime, Key: resume})
	return true, nil
}

// hint finds out whether a muted person speaks for longer than a cough.
type hint struct {
	loud int
	last time.Duration
	told bool
}

func (h *hint) hear(loudness float64, at time.Duration) bool {
	if loudness < talking {
		h.loud = max(h.loud-1, 0)
		return false
	}
	if h.loud++; h.loud < insisting || h.told && at-h.last < hintEvery {
		return false
	}
	h.loud, h.last, h.told = 0, at, true
	return true
}
