package playout

import (
	"image"
	"sync"
	"testing"

	"guichet/media/capture/pattern"
	"guichet/media/yuv"
)

func draw(t testing.TB, p *Picture, m *image.YCbCr, counter int) {
	t.Helper()
	pattern.Draw(m, 5, uint16(counter))
	if err := p.Update(m); err != nil {
		t.Fatal(err)
	}
}

func TestPictureSizes(t *testing.T) {
	var p Picture
	if p.Latest() != nil {
		t.Error("a picture before the first")
	}
	m := pattern.New(640, 360)
	for _, c := range []struct{ boxW, boxH, w, h int }{{0, 0, 640, 360}, {320, 320, 320, 180}, {1920, 1080, 640, 360}} {
		p.SetSize(c.boxW, c.boxH)
		draw(t, &p, m, c.w)
		got := p.Latest()
		if got.Rect.Dx() != c.w || got.Rect.Dy() != c.h {
			t.Errorf("box %dx%d: %v", c.boxW, c.boxH, got.Rect)
		}
		if code, ok := pattern.Read(got); !ok || int(code.Counter) != c.w {
			t.Errorf("box %dx%d: read %+v, %v", c.boxW, c.boxH, code, ok)
		}
	}
	if w, h := p.SourceSize(); w != 640 || h != 360 {
		t.Errorf("source %dx%d", w, h)
	}
	version := p.Version()
	p.SetHidden(true)
	draw(t, &p, m, 1)
	if p.Version() != version {
		t.Error("converted while hidden")
	}
	p.Clear()
	if p.Latest() != nil || p.Version() == version {
		t.Error("not cleared")
	}
	if err := p.Update(&image.YCbCr{}); err == nil {
		t.Error("an empty picture was taken")
	}
}

// TestPictureDoesNotTear reads while pictures are written as fast as can be: each
// picture must be whole and stay as it is until the next Latest.
func TestPictureDoesNotTear(t *testing.T) {
	var p Picture
	var writer sync.WaitGroup
	stop := make(chan struct{})
	first := make(chan struct{})
	writer.Go(func() {
		m := yuv.New(64, 64)
		for v := 0; ; v++ {
			for i := range m.Y {
				m.Y[i] = uint8(16 + v%200)
			}
			for i := range m.Cb {
				m.Cb[i], m.Cr[i] = 128, 128
			}
			if err := p.Update(m); err != nil {
				t.Error(err)
				return
			}
			if v == 0 {
				close(first)
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	<-first
	var last *image.RGBA
	var version uint64
	for range 300 {
		before := p.Version()
		m := p.Latest()
		if before > version && m == last {
			t.Error("a new picture under the old address")
		}
		last, version = m, p.Version()
		for range 3 {
			if v := m.Pix[0]; v != m.Pix[len(m.Pix)-4] || v != m.Pix[len(m.Pix)/2] {
				t.Fatal("a torn picture")
			}
		}
	}
	close(stop)
	writer.Wait()
}

func BenchmarkPicture720pTo360p(b *testing.B) {
	var p Picture
	p.SetSize(640, 360)
	m := pattern.New(1280, 720)
	for b.Loop() {
		if err := p.Update(m); err != nil {
			b.Fatal(err)
		}
		p.Latest()
	}
}
