package pattern

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"io"
	"math/rand"
	"testing"
)

func TestReadBack(t *testing.T) {
	for _, size := range []image.Point{{200, 112}, {267, 150}, {320, 180}, {321, 181}, {640, 480}, {1280, 720}} {
		m := New(size.X, size.Y)
		for _, counter := range []uint16{0, 1, 255, 256, 40000, 65535} {
			for _, id := range []uint8{0, 1, 7, 128, 255} {
				Draw(m, id, counter)
				got, ok := Read(m)
				if !ok || got.ID != id || got.Counter != counter {
					t.Errorf("%v id %d counter %d: read %+v, %v", size, id, counter, got, ok)
				}
			}
		}
	}
}

func TestDrawNeverPanics(t *testing.T) {
	for w := 0; w < 24; w++ {
		for h := 0; h < 24; h++ {
			Draw(New(w, h), 3, uint16(w*h))
		}
	}
	Draw(image.NewYCbCr(image.Rect(0, 0, 64, 64), image.YCbCrSubsampleRatio444), 1, 1)
}

// toRGBA converts as a screen would show it, with clipping and nearest scaling.
func toRGBA(m *image.YCbCr, w, h int) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			sx, sy := x*m.Rect.Dx()/w, y*m.Rect.Dy()/h
			p := fromYUV(m.Y[m.YOffset(sx, sy)], m.Cb[m.COffset(sx, sy)], m.Cr[m.COffset(sx, sy)])
			out.SetRGBA(x, y, color.RGBA{uint8(p.r), uint8(p.g), uint8(p.b), 255})
		}
	}
	return out
}

func TestFindSeveralTilesInAScreenshot(t *testing.T) {
	screen := image.NewRGBA(image.Rect(0, 0, 1366, 768))
	draw.Draw(screen, screen.Rect, image.NewUniform(color.RGBA{11, 16, 21, 255}), image.Point{}, draw.Src)
	want := map[uint8]uint16{}
	places := []image.Rectangle{
		image.Rect(3, 5, 3+640, 5+360), image.Rect(700, 5, 700+267, 5+150),
		image.Rect(11, 401, 11+500, 401+281), image.Rect(601, 401, 601+333, 401+187), image.Rect(1000, 300, 1366, 300+206),
	}
	for i, r := range places {
		m := New(1280, 720)
		Draw(m, uint8(10+i), uint16(1000*i+77))
		want[uint8(10+i)] = uint16(1000*i + 77)
		draw.Draw(screen, r, toRGBA(m, r.Dx(), r.Dy()), image.Point{}, draw.Src)
	}
	codes := Find(screen)
	if len(codes) != len(places) {
		t.Fatalf("found %d codes, want %d: %+v", len(codes), len(places), codes)
	}
	for _, c := range codes {
		if counter, ok := want[c.ID]; !ok || counter != c.Counter {
			t.Errorf("unexpected %+v", c)
		}
		place := places[c.ID-10]
		if !c.Bounds.In(place) {
			t.Errorf("id %d found at %v outside of its tile %v", c.ID, c.Bounds, place)
		}
	}
}

// TestBlurAndGenericImage goes through the slow image.Image path with a picture
// smoothed and dimmed.
func TestBlurAndGenericImage(t *testing.T) {
	m := New(426, 240)
	Draw(m, 99, 12345)
	src := toRGBA(m, 426, 240)
	blurred := image.NewRGBA64(src.Rect)
	for y := 1; y < 239; y++ {
		for x := 1; x < 425; x++ {
			var r, g, b uint32
			for _, d := range []int{-1, 0, 1} {
				p := src.RGBAAt(x+d, y)
				r, g, b = r+uint32(p.R), g+uint32(p.G), b+uint32(p.B)
			}
			blurred.Set(x, y, color.RGBA{uint8(20 + r/4), uint8(20 + g/4), uint8(20 + b/4), 255})
		}
	}
	if got, ok := Read(blurred); !ok || got.ID != 99 || got.Counter != 12345 {
		t.Fatalf("read %+v, %v", got, ok)
	}
}

func TestNoCodeInNoise(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	m := image.NewRGBA(image.Rect(0, 0, 180, 12))
	palette := []color.RGBA{{255, 0, 255, 255}, {0, 255, 0, 255}, {0, 0, 0, 255}, {255, 255, 255, 255}, {200, 30, 190, 255}}
	for i := range 10_000 {
		switch i % 3 {
		case 0: // grain
			r.Read(m.Pix)
		case 1: // blocks of any colour
			blocks(m, r, func() color.RGBA {
				return color.RGBA{uint8(r.Intn(256)), uint8(r.Intn(256)), uint8(r.Intn(256)), 255}
			})
		case 2: // blocks of just the code's own colours
			blocks(m, r, func() color.RGBA { return palette[r.Intn(len(palette))] })
		}
		if codes := Find(m); len(codes) != 0 {
			t.Fatalf("picture %d: found %+v in noise", i, codes)
		}
	}
}

func blocks(m *image.RGBA, r *rand.Rand, pick func() color.RGBA) {
	w, h := 1+r.Intn(32), 1+r.Intn(32)
	for y := 0; y < m.Rect.Dy(); y += h {
		for x := 0; x < m.Rect.Dx(); x += w {
			draw.Draw(m, image.Rect(x, y, x+w, y+h).Intersect(m.Rect), image.NewUniform(pick()), image.Point{}, draw.Src)
		}
	}
}

func TestDamagedCellFailsTheSum(t *testing.T) {
	m := New(320, 180)
	Draw(m, 5, 6)
	band := Band(320, 180)
	x := band.Min.X + band.Dx()*(guardUnits+3)/bandUnits
	c := white()
	if m.Y[m.YOffset(x+2, 90)] > 128 {
		c = black()
	}
	rect(m, image.Rect(x, band.Min.Y, x+band.Dx()/bandUnits, band.Max.Y), c)
	if got, ok := Read(m); ok {
		t.Fatalf("read %+v from a damaged band", got)
	}
}

func TestY4MRoundTrip(t *testing.T) {
	var file bytes.Buffer
	if err := WriteY4M(&file, 321, 181, 25, 4, 42); err != nil {
		t.Fatal(err)
	}
	v, err := NewY4M(&file)
	if err != nil {
		t.Fatal(err)
	}
	if v.Width != 321 || v.Height != 181 || v.FrameRate != 25 {
		t.Fatalf("header %dx%d at %v", v.Width, v.Height, v.FrameRate)
	}
	m := New(v.Width, v.Height)
	for i := range 4 {
		if err := v.Read(m); err != nil {
			t.Fatal(err)
		}
		if c, ok := Read(m); !ok || c.ID != 42 || c.Counter != uint16(i) {
			t.Fatalf("frame %d: read %+v, %v", i, c, ok)
		}
	}
	if err := v.Read(m); err != io.EOF {
		t.Fatalf("after the last frame: %v, want EOF", err)
	}
}

func FuzzY4M(f *testing.F) {
	var file bytes.Buffer
	if err := WriteY4M(&file, 16, 8, 5, 2, 1); err != nil {
		f.Fatal(err)
	}
	f.Add(file.Bytes())
	f.Add([]byte("YUV4MPEG2 W16 H8 F0:0 C420p10\nFRAME\n"))
	f.Add([]byte("YUV4MPEG2 W H\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := NewY4M(bytes.NewReader(data))
		if err != nil {
			return
		}
		if v.Width*v.Height > 1<<16 {
			return // right but slow to fuzz
		}
		m := New(v.Width, v.Height)
		for v.Read(m) == nil {
			Find(m)
		}
	})
}

func BenchmarkDraw720p(b *testing.B) {
	m := New(1280, 720)
	for i := 0; b.Loop(); i++ {
		Draw(m, 1, uint16(i))
	}
}

func BenchmarkFind720pRGBA(b *testing.B) {
	m := New(1280, 720)
	Draw(m, 1, 2)
	img := toRGBA(m, 1280, 720)
	for b.Loop() {
		Find(img)
	}
}
