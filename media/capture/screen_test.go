package capture

import (
	"context"
	"errors"
	"image"
	"testing"
	"time"
)

// fakeScreen is a screen whose pictures the test chooses.
type fakeScreen struct {
	size    image.Point
	changed bool
	err     error
	grabs   int
	closed  bool
}

func (s *fakeScreen) grab() (bool, error) { s.grabs++; return s.changed, s.err }
func (s *fakeScreen) close() error        { s.closed = true; return nil }
func (s *fakeScreen) picture() ([]byte, int, image.Point) {
	stride := 4*s.size.X + 8
	return make([]byte, stride*s.size.Y), stride, s.size
}

// TestScreenThatStandsStill is sent at the full rate for a moment and then less
// often, and at once when it changes.
func TestScreenThatStandsStill(t *testing.T) {
	g := &fakeScreen{size: image.Pt(101, 51)}
	s := newScreenVideo(g, 101, 51, Options{Width: 64, Height: 64, FrameRate: 50})
	if w, h := s.Size(); w != 64 || h != 32 || s.FrameRate() != 50 {
		t.Errorf("%dx%d at %v", w, h, s.FrameRate())
	}
	var last time.Duration
	at := func() (gap time.Duration) {
		t.Helper()
		f, err := s.Next(guard(t))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Release()
		if f.Image.Rect.Size() != image.Pt(64, 32) {
			t.Fatalf("picture %v", f.Image.Rect)
		}
		gap, last = f.Time-last, f.Time
		return gap
	}
	for last < settling {
		at()
	}
	if grabs := g.grabs; grabs < 10 {
		t.Errorf("%d pictures while it becomes sharp", grabs)
	}
	at()
	if gap := at(); gap < standing {
		t.Errorf("a picture that stands still comes after %v", gap)
	}
	g.changed = true
	at()
	before := g.grabs
	at()
	if g.grabs != before+1 {
		t.Errorf("%d looks for a picture that changes", g.grabs-before)
	}
	g.err = errors.New("gone")
	if _, err := s.Next(guard(t)); !errors.Is(err, ErrScreenGone) {
		t.Errorf("gone: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Next(ctx); !errors.Is(err, context.Canceled) && !errors.Is(err, ErrScreenGone) {
		t.Errorf("cancelled: %v", err)
	}
	if err := s.Close(); err != nil || !g.closed {
		t.Errorf("closed %t, %v", g.closed, err)
	}
	if _, err := s.Next(guard(t)); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestScreenOfOwnSize is not scaled: text stays as sharp as it is.
func TestScreenOfOwnSize(t *testing.T) {
	s := newScreenVideo(&fakeScreen{size: image.Pt(320, 180)}, 320, 180, Options{Width: 1920, Height: 1080, FrameRate: 10})
	f, err := s.Next(guard(t))
	if err != nil || f.Image.Rect.Size() != image.Pt(320, 180) || s.full != nil {
		t.Errorf("%v, scaled %t, %v", f.Image.Rect, s.full != nil, err)
	}
	f.Release()
	if o, err := screenOptions(Options{}); err != nil || o.Width != 1920 || o.FrameRate != screenRate {
		t.Errorf("%+v, %v", o, err)
	}
	if _, err := screenOptions(Options{Width: 1, Height: 1}); !errors.Is(err, ErrSource) {
		t.Errorf("tiny: %v", err)
	}
}
