// Package pattern draws a moving test picture that carries a code, and finds
// such codes again in any picture: a decoded frame, a screenshot, a page.
//
// It owns the layout of the code and the .y4m files made of it. It is pure Go
// without state: every function may be called from any goroutine on its own
// picture. It must not know cameras, codecs or windows, so that tests of every
// layer (and a port to JavaScript) can rely on it alone.
//
// The code is one horizontal band of 40 equal units:
//
//	| magenta x4 | 32 cells, black = 0, white = 1 | green x4 |
//
// The cells are, most significant bit first, 8 bits of id, 16 bits of counter
// and a CRC-8 (polynomial 0x07, start 0xFF) of these three bytes. The band is
// 60 % of the picture wide and an eighth of its own width high.
//
// All *image.YCbCr here are BT.601 limited range (black 16, white 235), which
// is what VP8 carries (RFC 6386 section 9.2).
package pattern

import "image"

const (
	guardUnits = 4
	cellUnits  = 32
	bandUnits  = guardUnits + cellUnits + guardUnits
)

// Code is what a test picture says about itself.
type Code struct {
	ID      uint8           // who sent it
	Counter uint16          // number of the frame, wraps around
	Bounds  image.Rectangle // where the band was found, guards included
}

// Sum returns the CRC-8 of an id and a counter: polynomial 0x07, start 0xFF.
func Sum(id uint8, counter uint16) uint8 {
	crc := uint8(0xFF)
	for _, b := range [3]uint8{id, uint8(counter >> 8), uint8(counter)} {
		crc ^= b
		for range 8 {
			carry := crc & 0x80
			crc <<= 1
			if carry != 0 {
				crc ^= 0x07
			}
		}
	}
	return crc
}

// New returns a black 4:2:0 picture of w by h pixels; odd sizes round the chroma up.
func New(w, h int) *image.YCbCr {
	m := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	fill(m.Y, 16)
	fill(m.Cb, 128)
	fill(m.Cr, 128)
	return m
}

// yuv is one colour in BT.601 limited range.
type yuv struct{ y, cb, cr uint8 }

// The colours of the code. Magenta and green keep all three channels far from
// each other after chroma is halved and quantized.
func magenta() yuv { return yuv{107, 202, 222} }
func green() yuv   { return yuv{145, 54, 34} }
func black() yuv   { return yuv{16, 128, 128} }
func white() yuv   { return yuv{235, 128, 128} }

// Band returns where the code lies in a picture of w by h pixels. The edge
// between units i and i+1 is at Min.X + Dx*(i+1)/40.
func Band(w, h int) image.Rectangle {
	x := w / 5 &^ 1
	bw := w - 2*x
	bh := min(max(bw/8&^1, 2), h)
	y := (h - bh) / 2 &^ 1
	return image.Rect(x, y, x+bw, y+bh)
}

// Draw paints the picture number counter of the source id over all of dst, which
// must be 4:2:0 and start at (0,0). A picture narrower than 200 pixels carries no
// readable code.
func Draw(dst *image.YCbCr, id uint8, counter uint16) {
	w, h := dst.Rect.Dx(), dst.Rect.Dy()
	if w < 2 || h < 2 || dst.Rect.Min != (image.Point{}) || dst.SubsampleRatio != image.YCbCrSubsampleRatio420 {
		return
	}
	background(dst, w, h, counter)
	disc(dst, w, h, id, counter)

	band := Band(w, h)
	bits := uint32(id)<<24 | uint32(counter)<<8 | uint32(Sum(id, counter))
	for u := range bandUnits {
		c := black()
		switch {
		case u < guardUnits:
			c = magenta()
		case u >= guardUnits+cellUnits:
			c = green()
		case bits>>(31-(u-guardUnits))&1 == 1:
			c = white()
		}
		x0 := band.Min.X + band.Dx()*u/bandUnits
		x1 := band.Min.X + band.Dx()*(u+1)/bandUnits
		rect(dst, image.Rect(x0, band.Min.Y, x1, band.Max.Y), c)
	}
}

// texture is the period of the fine structure in the background, in pixels.
const texture = 256

// background is a dusk sky: a calm gradient under a fine grain that drifts, so
// that an encoder has detail and motion to spend bits on.
func background(dst *image.YCbCr, w, h int, counter uint16) {
	var line [texture]uint8
	state := uint32(0x9E3779B9)
	for i := range line {
		state = state*1664525 + 1013904223
		line[i] = uint8(state>>24) & 15
	}
	t := int(counter)
	for y := range h {
		row := dst.Y[y*dst.YStride : y*dst.YStride+w]
		base := uint8(48 + 72*y/h)
		// Each band of four rows drifts with its own speed.
		shift := (y>>2)*37 + t*(1+(y>>5)%3)
		n := min(w, texture)
		for x := range n {
			row[x] = base + line[(x+shift)&(texture-1)]
		}
		for n < w {
			n += copy(row[n:], row[:n])
		}
	}
	for y := range (h + 1) / 2 {
		o := y * dst.CStride
		fill(dst.Cb[o:o+(w+1)/2], uint8(150-14*2*y/h))
		fill(dst.Cr[o:o+(w+1)/2], uint8(112+12*2*y/h))
	}
}

// disc is a soft sun that swings through the picture; its colour tells ids apart
// for people.
func disc(dst *image.YCbCr, w, h int, id uint8, counter uint16) {
	r := max(h/9, 1)
	cx := triangle(int(counter)*max(w/160, 1), w)
	cy := triangle(int(counter)*max(h/200, 1)+h/4, h)
	cb, cr := 104+id%5*12, 128+id%7*6
	for y := max(cy-r, 0); y < min(cy+r, h); y++ {
		for x := max(cx-r, 0); x < min(cx+r, w); x++ {
			d := (x-cx)*(x-cx) + (y-cy)*(y-cy)
			if d > r*r {
				continue
			}
			dst.Y[y*dst.YStride+x] = uint8(205 - 60*d/(r*r))
			o := y/2*dst.CStride + x/2
			dst.Cb[o], dst.Cr[o] = cb, cr
		}
	}
}

// triangle moves to and fro between 0 and n.
func triangle(t, n int) int {
	t %= 2 * n
	if t >= n {
		return 2*n - 1 - t
	}
	return t
}

func rect(dst *image.YCbCr, r image.Rectangle, c yuv) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		fill(dst.Y[y*dst.YStride+r.Min.X:y*dst.YStride+r.Max.X], c.y)
	}
	for y := r.Min.Y / 2; y < (r.Max.Y+1)/2; y++ {
		o := y * dst.CStride
		fill(dst.Cb[o+r.Min.X/2:o+(r.Max.X+1)/2], c.cb)
		fill(dst.Cr[o+r.Min.X/2:o+(r.Max.X+1)/2], c.cr)
	}
}

func fill(b []uint8, v uint8) {
	for i := range b {
		b[i] = v
	}
}
