//go:build cgo

package yuv

/*
#cgo LDFLAGS: -lyuv
#include <stdint.h>
#include <libyuv.h>
*/
import "C"

import (
	"image"
)

// Converter turns 4:2:0 pictures into RGBA of any size. The zero value is ready.
type Converter struct{ scratch *image.YCbCr }

// ToRGBA fills dst with src. A smaller dst is reached by scaling the planes first
// (box filter), a larger one is filled by bilinear scaling.
func (c *Converter) ToRGBA(dst *image.RGBA, src *image.YCbCr) error {
	if err := Check(src); err != nil {
		return err
	}
	w, h := dst.Rect.Dx(), dst.Rect.Dy()
	if !wellFormed(dst) {
		return ErrPicture
	}
	if src.Rect.Dx() != w || src.Rect.Dy() != h {
		if c.scratch == nil || c.scratch.Rect.Dx() != w || c.scratch.Rect.Dy() != h {
			c.scratch = New(w, h)
		}
		if err := Scale(c.scratch, src); err != nil {
			return err
		}
		src = c.scratch
	}
	if C.I420ToABGR(ptr(src.Y), C.int(src.YStride), ptr(src.Cb), C.int(src.CStride), ptr(src.Cr), C.int(src.CStride),
		ptr(dst.Pix), C.int(dst.Stride), C.int(w), C.int(h)) != 0 {
		return ErrPicture
	}
	return nil
}

// Scale fills dst with src, whatever their sizes.
func Scale(dst, src *image.YCbCr) error {
	if err := Check(dst); err != nil {
		return err
	}
	if err := Check(src); err != nil {
		return err
	}
	if C.I420Scale(ptr(src.Y), C.int(src.YStride), ptr(src.Cb), C.int(src.CStride), ptr(src.Cr), C.int(src.CStride),
		C.int(src.Rect.Dx()), C.int(src.Rect.Dy()),
		ptr(dst.Y), C.int(dst.YStride), ptr(dst.Cb), C.int(dst.CStride), ptr(dst.Cr), C.int(dst.CStride),
		C.int(dst.Rect.Dx()), C.int(dst.Rect.Dy()), C.kFilterBox) != 0 {
		return ErrPicture
	}
	return nil
}

// fromRGBA converts; both pictures have the same size.
func fromRGBA(dst *image.YCbCr, src *image.RGBA) error {
	if !wellFormed(src) {
		return ErrPicture
	}
	// libyuv names the bytes of a little-endian word: ABGR is R, G, B, A in memory.
	if C.ABGRToI420(ptr(src.Pix), C.int(src.Stride), ptr(dst.Y), C.int(dst.YStride),
		ptr(dst.Cb), C.int(dst.CStride), ptr(dst.Cr), C.int(dst.CStride),
		C.int(src.Rect.Dx()), C.int(src.Rect.Dy())) != 0 {
		return ErrPicture
	}
	return nil
}

// fromBGRX converts; pix is long enough.
func fromBGRX(dst *image.YCbCr, pix []uint8, stride int) error {
	// ARGB of libyuv is B, G, R, A in memory.
	if C.ARGBToI420(ptr(pix), C.int(stride), ptr(dst.Y), C.int(dst.YStride), ptr(dst.Cb), C.int(dst.CStride),
		ptr(dst.Cr), C.int(dst.CStride), C.int(dst.Rect.Dx()), C.int(dst.Rect.Dy())) != 0 {
		return ErrPicture
	}
	return nil
}

func ptr(b []uint8) *C.uint8_t { return (*C.uint8_t)(&b[0]) }
