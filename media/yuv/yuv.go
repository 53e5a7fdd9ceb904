// Package yuv converts and scales pictures between what codecs, cameras and
// windows want: planar 4:2:0 in BT.601 limited range on one side, RGBA and what
// cameras deliver on the other.
//
// It owns no state but a Converter's scratch memory, which belongs to the one
// goroutine that uses the Converter. The work is done by libyuv; without cgo a
// plain Go version of the same functions stands in. It must not know where
// pictures come from or go to.
package yuv

import (
	"errors"
	"fmt"
	"image"
	"image/color"
)

// ErrPicture is returned for a picture whose planes do not hold its size.
var ErrPicture = errors.New("picture is not a well-formed 4:2:0 image")

// New returns an uninitialized 4:2:0 picture; odd sizes round the chroma up.
func New(w, h int) *image.YCbCr {
	return image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
}

// Check returns ErrPicture unless m is 4:2:0, not empty, starts at even
// coordinates and its planes are long enough for C code to read.
func Check(m *image.YCbCr) error {
	if m == nil {
		return ErrPicture
	}
	w, h := m.Rect.Dx(), m.Rect.Dy()
	cw, ch := (w+1)/2, (h+1)/2
	if w <= 0 || h <= 0 || m.SubsampleRatio != image.YCbCrSubsampleRatio420 ||
		m.Rect.Min.X&1 != 0 || m.Rect.Min.Y&1 != 0 || m.YStride < w || m.CStride < cw {
		return ErrPicture
	}
	// Offsets are those of Rect.Min, zero by the definition of image.YCbCr.
	if len(m.Y) < m.YStride*(h-1)+w || len(m.Cb) < m.CStride*(ch-1)+cw || len(m.Cr) < m.CStride*(ch-1)+cw {
		return ErrPicture
	}
	return nil
}

// Fit returns the largest size of the same shape as w by h inside a box, never
// larger than w by h: enlarging is the screen's work.
func Fit(w, h, boxW, boxH int) (int, int) {
	if w <= 0 || h <= 0 || boxW <= 0 || boxH <= 0 || w <= boxW && h <= boxH {
		return w, h
	}
	if w*boxH > h*boxW {
		return boxW, max(h*boxW/w, 1)
	}
	return max(w*boxH/h, 1), boxH
}

// Copy returns a copy of m that shares no memory with it, in dst if that has the
// right size.
func Copy(dst, m *image.YCbCr) (*image.YCbCr, error) {
	if err := Check(m); err != nil {
		return nil, err
	}
	w, h := m.Rect.Dx(), m.Rect.Dy()
	if Check(dst) != nil || dst.Rect != image.Rect(0, 0, w, h) {
		dst = New(w, h)
	}
	copyPlane(dst.Y, dst.YStride, m.Y, m.YStride, w, h)
	copyPlane(dst.Cb, dst.CStride, m.Cb, m.CStride, (w+1)/2, (h+1)/2)
	copyPlane(dst.Cr, dst.CStride, m.Cr, m.CStride, (w+1)/2, (h+1)/2)
	return dst, nil
}

func copyPlane(dst []uint8, dstStride int, src []uint8, srcStride, w, h int) {
	for y := range h {
		copy(dst[y*dstStride:y*dstStride+w], src[y*srcStride:])
	}
}

// FromAny converts what a camera or a screen delivers into dst, which has the same
// size. Planar pictures of other subsampling keep their range unless fullRange says
// that they are JPEG's (0 to 255), which is then squeezed into the limited one.
func FromAny(dst *image.YCbCr, src image.Image, fullRange bool) error {
	if err := Check(dst); err != nil {
		return err
	}
	if src == nil || src.Bounds().Dx() != dst.Rect.Dx() || src.Bounds().Dy() != dst.Rect.Dy() {
		return fmt.Errorf("source of another size: %w", ErrPicture)
	}
	switch m := src.(type) {
	case *image.YCbCr:
		if err := fromPlanar(dst, m); err != nil {
			return err
		}
		if fullRange {
			squeeze(dst)
		}
		return nil
	case *image.RGBA:
		return fromRGBA(dst, m)
	default:
		rgba := image.NewRGBA(image.Rect(0, 0, dst.Rect.Dx(), dst.Rect.Dy()))
		b := src.Bounds()
		for y := range rgba.Rect.Dy() {
			for x := range rgba.Rect.Dx() {
				rgba.SetRGBA(x, y, color.RGBAModel.Convert(src.At(b.Min.X+x, b.Min.Y+y)).(color.RGBA))
			}
		}
		return fromRGBA(dst, rgba)
	}
}

// fromPlanar brings 4:4:4, 4:2:2, 4:4:0 and 4:2:0 planes to 4:2:0.
func fromPlanar(dst, src *image.YCbCr) error {
	w, h := dst.Rect.Dx(), dst.Rect.Dy()
	stepX, stepY := 2, 2 // source chroma samples per pixel of chroma in dst
	switch src.SubsampleRatio {
	case image.YCbCrSubsampleRatio444:
	case image.YCbCrSubsampleRatio422:
		stepX = 1
	case image.YCbCrSubsampleRatio440:
		stepY = 1
	case image.YCbCrSubsampleRatio420:
		stepX, stepY = 1, 1
	default:
		return fmt.Errorf("subsampling %v: %w", src.SubsampleRatio, ErrPicture)
	}
	// Some drivers round the chroma of odd sizes down: repeat the last sample then.
	cw, ch := (w+1)/2, (h+1)/2
	haveW := min(((w+1)/2)*stepX, src.CStride)
	haveH := min(((h+1)/2)*stepY, len(src.Cb)/max(src.CStride, 1), len(src.Cr)/max(src.CStride, 1))
	if src.YStride < w || len(src.Y) < src.YStride*(h-1)+w || haveW < 1 || haveH < 1 {
		return ErrPicture
	}
	copyPlane(dst.Y, dst.YStride, src.Y, src.YStride, w, h)
	for y := range ch {
		y0 := min(y*stepY, haveH-1) * src.CStride
		y1 := min(y*stepY+stepY-1, haveH-1) * src.CStride
		for x := range cw {
			x0 := min(x*stepX, haveW-1)
			o := y*dst.CStride + x
			dst.Cb[o] = uint8((int(src.Cb[y0+x0]) + int(src.Cb[y1+x0]) + 1) / 2)
			dst.Cr[o] = uint8((int(src.Cr[y0+x0]) + int(src.Cr[y1+x0]) + 1) / 2)
		}
	}
	return nil
}

// squeeze turns JPEG's full range into the limited range of ITU-R BT.601.
func squeeze(m *image.YCbCr) {
	for i, v := range m.Y {
		m.Y[i] = uint8(16 + (int(v)*219+127)/255)
	}
	for i, v := range m.Cb {
		m.Cb[i] = squeezeChroma(v)
	}
	for i, v := range m.Cr {
		m.Cr[i] = squeezeChroma(v)
	}
}

func squeezeChroma(v uint8) uint8 { return uint8(128 + (int(v)-128)*224/255) }

// FromBGRX converts what an X server keeps in memory into dst: rows of stride bytes
// with four bytes a pixel, blue, green, red and one that says nothing.
func FromBGRX(dst *image.YCbCr, pix []uint8, stride int) error {
	if err := Check(dst); err != nil {
		return err
	}
	w, h := dst.Rect.Dx(), dst.Rect.Dy()
	if stride < 4*w || len(pix) < stride*(h-1)+4*w {
		return fmt.Errorf("source is too short: %w", ErrPicture)
	}
	return fromBGRX(dst, pix, stride)
}

// wellFormed tells whether C code may touch all pixels of m.
func wellFormed(m *image.RGBA) bool {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	return w > 0 && h > 0 && m.Stride >= 4*w && len(m.Pix) >= m.Stride*(h-1)+4*w
}
