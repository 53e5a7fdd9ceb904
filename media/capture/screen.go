package capture

import (
	"context"
	"errors"
	"fmt"
	"image"
	"sync"
	"time"

	"guichet/media/yuv"
)

var (
	// ErrNoScreen is returned when there is nothing that could be shared.
	ErrNoScreen = errors.New("no screen can be shared here")
	// ErrWayland is returned in a session whose screens no program may read.
	ErrWayland = errors.New("this computer's desktop (Wayland) lets no program read the screen; sign in to it with Xorg to share it")
	// ErrScreenGone is returned when a screen was switched off or a window closed.
	ErrScreenGone = errors.New("the screen or window that was shared is not there any more")
)

// Screen is a monitor, all of them together, or a window, as people know it.
type Screen struct {
	ID     string // to give to OpenScreen; good while the screen or window is there
	Name   string // the monitor's socket or the window's title; "" for all monitors together
	Window bool
	Width  int // pixels
	Height int
}

const (
	screenRate = 10                     // frames per second; text need not move smoothly
	settling   = time.Second            // how long a picture that stands still is sent at the full rate, to become sharp
	standing   = 500 * time.Millisecond // between pictures after that
)

// grabber reads one screen or window. Its methods are called one at a time.
type grabber interface {
	// grab reads the picture and tells whether it is another than the last.
	grab() (changed bool, err error)
	// picture returns what grab read, as rows of BGRX; valid until the next grab.
	picture() (pix []byte, stride int, size image.Point)
	close() error
}

// screenVideo is a screen as a source of pictures. It reads when it is asked, and
// sends a picture that stands still less often.
type screenVideo struct {
	limit  image.Point
	period time.Duration
	start  time.Time
	free   pool
	once   sync.Once
	closed chan struct{}

	mu      sync.Mutex // held while reading, so that Close cannot pull the connection away
	grabber grabber
	full    *image.YCbCr // the picture before it is shrunk
	size    image.Point  // of the pictures sent
	next    time.Duration
	changed time.Duration // when the picture last changed, since start
	sent    time.Duration
	first   bool // nothing was sent yet
}

// newScreenVideo makes the source of a screen that is read.
func newScreenVideo(g grabber, w, h int, o Options) *screenVideo {
	s := &screenVideo{grabber: g, limit: image.Pt(o.Width, o.Height), period: time.Duration(float64(time.Second) / o.FrameRate),
		start: time.Now(), free: newPool(), closed: make(chan struct{}), first: true}
	s.size = s.fit(w, h)
	return s
}

// screenOptions completes the wishes for a screen.
func screenOptions(o Options) (Options, error) {
	if o.Width == 0 && o.Height == 0 {
		o.Width, o.Height = 1920, 1080
	}
	if o.FrameRate == 0 {
		o.FrameRate = screenRate
	}
	return o.orDefault()
}

// fit shrinks a size into the limit; sides are even, as codecs like them.
func (s *screenVideo) fit(w, h int) image.Point {
	w, h = yuv.Fit(w, h, s.limit.X, s.limit.Y)
	return image.Pt(max(w&^1, 2), max(h&^1, 2))
}

// Next waits for the next picture that is worth sending.
func (s *screenVideo) Next(ctx context.Context) (Frame, error) {
	for {
		timer := time.NewTimer(s.next - time.Since(s.start))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return Frame{}, ctx.Err()
		case <-s.closed:
			timer.Stop()
			return Frame{}, ErrClosed
		}
		if f, ok, err := s.look(); ok || err != nil {
			return f, err
		}
	}
}

// look reads the screen; ok is false when there is nothing to send.
func (s *screenVideo) look() (f Frame, ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.closed:
		return Frame{}, false, ErrClosed
	default:
	}
	now := time.Since(s.start)
	s.next = max(s.next+s.period, now)
	changed, err := s.grabber.grab()
	if err != nil {
		return Frame{}, false, fmt.Errorf("%w: %w", ErrScreenGone, err)
	}
	if changed || s.first {
		s.changed = now
	}
	if !s.first && now-s.changed > settling && now-s.sent < standing {
		return Frame{}, false, nil
	}
	m, err := s.convert()
	if err != nil {
		return Frame{}, false, fmt.Errorf("%w: %w", ErrScreenGone, err)
	}
	s.sent, s.first = now, false
	return Frame{Image: m, Time: now, release: func() { s.free.put(m) }}, true, nil
}

// convert makes a picture of its own of what was read.
func (s *screenVideo) convert() (*image.YCbCr, error) {
	pix, stride, size := s.grabber.picture()
	s.size = s.fit(size.X, size.Y)
	m := s.free.get(s.size.X, s.size.Y)
	if s.size == size {
		return m, yuv.FromBGRX(m, pix, stride)
	}
	if s.full == nil || s.full.Rect.Size() != size {
		s.full = yuv.New(size.X, size.Y)
	}
	if err := yuv.FromBGRX(s.full, pix, stride); err != nil {
		return nil, err
	}
	return m, yuv.Scale(m, s.full)
}

// Size returns the size of the last picture, or of those to expect.
func (s *screenVideo) Size() (w, h int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.size.X, s.size.Y
}

// FrameRate returns the most frames per second.
func (s *screenVideo) FrameRate() float64 { return float64(time.Second) / float64(s.period) }

// Close ends the reading.
func (s *screenVideo) Close() (err error) {
	s.once.Do(func() {
		close(s.closed)
		s.mu.Lock()
		defer s.mu.Unlock()
		err = s.grabber.close()
	})
	return err
}
