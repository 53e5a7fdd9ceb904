package capture

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"guichet/media/capture/pattern"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// guard is how long a test may hang.
func guard(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func open(t *testing.T, spec string, o Options) Video {
	t.Helper()
	v, err := Open(spec, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	return v
}

func TestPatternSource(t *testing.T) {
	ctx := guard(t)
	v := open(t, "pattern:200", Options{Width: 320, Height: 180, FrameRate: 60})
	if w, h := v.Size(); w != 320 || h != 180 || v.FrameRate() != 60 {
		t.Fatalf("%dx%d at %v", w, h, v.FrameRate())
	}
	var lastTime time.Duration = -1
	lastCounter := -1
	for range 5 {
		f, err := v.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		c, ok := pattern.Read(f.Image)
		if !ok || c.ID != 200 {
			t.Fatalf("read %+v, %v", c, ok)
		}
		if f.Time <= lastTime || int(c.Counter) <= lastCounter {
			t.Errorf("time %v after %v, counter %d after %d", f.Time, lastTime, c.Counter, lastCounter)
		}
		if want := time.Duration(c.Counter) * time.Second / 60; (f.Time - want).Abs() > time.Microsecond {
			t.Errorf("frame %d at %v, want %v", c.Counter, f.Time, want)
		}
		lastTime, lastCounter = f.Time, int(c.Counter)
		f.Release()
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Next(ctx); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestFileSourceLoops(t *testing.T) {
	path := filepath.Join(t.TempDir(), "loop.y4m")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := pattern.WriteY4M(file, 322, 182, 100, 3, 9); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	v := open(t, "file:"+path, Options{})
	if w, h := v.Size(); w != 322 || h != 182 || v.FrameRate() != 100 {
		t.Fatalf("%dx%d at %v", w, h, v.FrameRate())
	}
	for i := range 7 {
		f, err := v.Next(guard(t))
		if err != nil {
			t.Fatal(err)
		}
		if c, ok := pattern.Read(f.Image); !ok || c.ID != 9 || int(c.Counter) != i%3 {
			t.Errorf("frame %d: %+v, %v", i, c, ok)
		}
		f.Release()
	}
}

func TestOpenRefusals(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.y4m")
	if err := os.WriteFile(bad, []byte("YUV4MPEG2 W32 H32\nFRAME\nshort"), 0o600); err != nil {
		t.Fatal(err)
	}
	for spec, want := range map[string]error{
		"none": ErrNone, "pattern:256": ErrSource, "pattern:x": ErrSource, "file:/nowhere.y4m": ErrSource,
		"file:" + bad: ErrSource, "No Such Camera 3000": ErrUnknownCamera,
	} {
		if v, err := Open(spec, Options{}); !errors.Is(err, want) || v != nil {
			t.Errorf("%q: %v, %v, want %v", spec, v, err, want)
		}
	}
	if _, err := Open("pattern", Options{Width: 3, Height: 3}); !errors.Is(err, ErrSource) {
		t.Errorf("tiny: %v", err)
	}
}

func TestNextEndsWithItsContext(t *testing.T) {
	v := open(t, "pattern", Options{Width: 64, Height: 64, FrameRate: 1})
	f, err := v.Next(guard(t))
	if err != nil {
		t.Fatal(err)
	}
	f.Release()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := v.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestCloseFromElsewhere closes while Next waits.
func TestCloseFromElsewhere(t *testing.T) {
	v := open(t, "pattern", Options{Width: 64, Height: 64, FrameRate: 1})
	done := make(chan error, 1)
	go func() {
		for {
			f, err := v.Next(context.Background())
			if err != nil {
				done <- err
				return
			}
			f.Release()
		}
	}()
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, ErrClosed) {
		t.Errorf("Next: %v", err)
	}
}
