package capture

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"sync"
	"time"

	"guichet/media/capture/pattern"
	"guichet/media/yuv"
)

// paced delivers pictures by the clock: what a camera does, without one.
type paced struct {
	w, h int
	rate float64
	draw func(dst *image.YCbCr, number int64) error // called by Next alone
	stop func() error

	start  time.Time
	next   int64 // number of the frame to deliver
	free   pool
	once   sync.Once
	closed chan struct{}
	mu     sync.Mutex // held while drawing, so that Close cannot pull the file away
}

func newPaced(w, h int, rate float64, draw func(*image.YCbCr, int64) error, stop func() error) *paced {
	return &paced{w: w, h: h, rate: rate, draw: draw, stop: stop,
		start: time.Now(), free: newPool(), closed: make(chan struct{})}
}

func newPattern(id uint8, o Options) Video {
	return newPaced(o.Width, o.Height, o.FrameRate, func(dst *image.YCbCr, number int64) error {
		pattern.Draw(dst, id, uint16(number))
		return nil
	}, func() error { return nil })
}

// openFile plays a .y4m video in a loop.
func openFile(path string) (Video, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("picture file: %w: %w", err, ErrSource)
	}
	v, err := pattern.NewY4M(f)
	if err == nil {
		// A loop over no picture would never end.
		err = v.Read(yuv.New(v.Width, v.Height))
	}
	if err == nil {
		v, err = rewind(f)
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("picture file %s: %w: %w", path, err, ErrSource)
	}
	read := func(dst *image.YCbCr, _ int64) error {
		err := v.Read(dst)
		if errors.Is(err, io.EOF) {
			if v, err = rewind(f); err == nil {
				err = v.Read(dst)
			}
		}
		return err
	}
	return newPaced(v.Width, v.Height, v.FrameRate, read, f.Close), nil
}

func rewind(f *os.File) (*pattern.Y4M, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return pattern.NewY4M(f)
}

func (p *paced) Next(ctx context.Context) (Frame, error) {
	period := float64(time.Second) / p.rate
	p.next = max(p.next, int64(float64(time.Since(p.start))/period))
	at := time.Duration(float64(p.next) * period)
	timer := time.NewTimer(time.Until(p.start.Add(at)))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return Frame{}, ctx.Err()
	case <-p.closed:
		return Frame{}, ErrClosed
	case <-timer.C:
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.closed:
		return Frame{}, ErrClosed
	default:
	}
	m := p.free.get(p.w, p.h)
	if err := p.draw(m, p.next); err != nil {
		p.free.put(m)
		return Frame{}, fmt.Errorf("%w: %w", err, ErrGone)
	}
	p.next++
	return Frame{Image: m, Time: at, release: func() { p.free.put(m) }}, nil
}

func (p *paced) Size() (w, h int)   { return p.w, p.h }
func (p *paced) FrameRate() float64 { return p.rate }

func (p *paced) Close() (err error) {
	p.once.Do(func() {
		close(p.closed)
		p.mu.Lock()
		defer p.mu.Unlock()
		err = p.stop()
	})
	return err
}

// pool keeps a few pictures of one size for reuse.
type pool struct{ free chan *image.YCbCr }

func newPool() pool { return pool{make(chan *image.YCbCr, 4)} }

func (p pool) get(w, h int) *image.YCbCr {
	select {
	case m := <-p.free:
		if m.Rect.Dx() == w && m.Rect.Dy() == h {
			return m
		}
	default:
	}
	return yuv.New(w, h)
}

func (p pool) put(m *image.YCbCr) {
	select {
	case p.free <- m:
	default:
	}
}
