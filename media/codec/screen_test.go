package codec

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"guichet/media/yuv"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

// page is a picture full of small text.
func page(t *testing.T, w, h int, seed uint64) *image.YCbCr {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(m, m.Rect, image.White, image.Point{}, draw.Src)
	random := rand.New(rand.NewPCG(seed, 1))
	d := font.Drawer{Dst: m, Src: image.NewUniform(color.RGBA{0x20, 0x28, 0x30, 0xFF}), Face: basicfont.Face7x13}
	for y := 20; y < h; y += 17 {
		d.Dot = fixed.P(12, y)
		for d.Dot.X.Ceil() < w-80 {
			word := make([]byte, 2+random.IntN(9))
			for i := range word {
				word[i] = byte('a' + random.IntN(26))
			}
			d.DrawString(string(word) + " ")
		}
	}
	out := yuv.New(w, h)
	if err := yuv.FromAny(out, m, false); err != nil {
		t.Fatal(err)
	}
	return out
}

// psnr compares the luma of two pictures, in dB.
func psnr(a, b *image.YCbCr) float64 {
	sum := 0.0
	w, h := a.Rect.Dx(), a.Rect.Dy()
	for y := range h {
		for x := range w {
			d := float64(a.Y[y*a.YStride+x]) - float64(b.Y[y*b.YStride+x])
			sum += d * d
		}
	}
	return 10 * math.Log10(255*255*float64(w*h)/max(sum, 1))
}

// TestTextIsSharp: a page that is turned can be read at once at a screen's bitrate,
// as far as there is room for it, and becomes better while it stands still.
func TestTextIsSharp(t *testing.T) {
	const rate, bitrate = 10, 4_000_000
	e, err := NewVP8Encoder(VP8Config{Bitrate: bitrate, FrameRate: rate, Screen: true})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	d, err := NewVP8Decoder()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	pages := []*image.YCbCr{page(t, 1920, 1080, 1), page(t, 1920, 1080, 2)}
	n, spent, bytes := 0, time.Duration(0), 0
	for number, m := range pages {
		sharp, last, line := -1, 0.0, ""
		still := 0
		for i := range 3 * rate {
			began := time.Now()
			p, err := e.Encode(m, time.Duration(n)*time.Second/rate, false)
			if err != nil {
				t.Fatal(err)
			}
			spent += time.Since(began)
			n++
			bytes += len(p.Data)
			if i >= 2*rate {
				still += len(p.Data)
			}
			if len(p.Data) == 0 {
				line += " -"
				continue
			}
			got, err := d.Decode(p.Data)
			if err != nil {
				t.Fatal(err)
			}
			last = psnr(m, got)
			line += fmt.Sprintf(" %.0f", last)
			if sharp < 0 && last >= 31 {
				sharp = i
			}
		}
		t.Logf("page %d: sharp after %d, %d kbit/s standing still:%s", number, sharp, still*8/1000, line)
		if sharp < 0 || sharp > 4 || last < 40 {
			t.Errorf("page %d is sharp after %d pictures, in the end at %.0f dB", number, sharp, last)
		}
	}
	t.Logf("%v and %d bytes for each picture", spent/time.Duration(n), bytes/n)
}
