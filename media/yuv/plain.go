//go:build !cgo

package yuv

import (
	"image"
	"image/color"
)

// Converter turns 4:2:0 pictures into RGBA of any size. The zero value is ready.
type Converter struct{}

// ToRGBA fills dst with src, taking the nearest pixel where sizes differ.
func (*Converter) ToRGBA(dst *image.RGBA, src *image.YCbCr) error {
	if err := Check(src); err != nil {
		return err
	}
	if !wellFormed(dst) {
		return ErrPicture
	}
	w, h := dst.Rect.Dx(), dst.Rect.Dy()
	for y := range h {
		sy := y * src.Rect.Dy() / h
		for x := range w {
			sx := x * src.Rect.Dx() / w
			l := 298 * (int(src.Y[sy*src.YStride+sx]) - 16)
			u := int(src.Cb[sy/2*src.CStride+sx/2]) - 128
			v := int(src.Cr[sy/2*src.CStride+sx/2]) - 128
			dst.SetRGBA(dst.Rect.Min.X+x, dst.Rect.Min.Y+y,
				color.RGBA{clamp(l + 409*v), clamp(l - 100*u - 208*v), clamp(l + 516*u), 255})
		}
	}
	return nil
}

// Scale fills dst with the nearest pixels of src.
func Scale(dst, src *image.YCbCr) error {
	if err := Check(dst); err != nil {
		return err
	}
	if err := Check(src); err != nil {
		return err
	}
	w, h, sw, sh := dst.Rect.Dx(), dst.Rect.Dy(), src.Rect.Dx(), src.Rect.Dy()
	scalePlane(dst.Y, dst.YStride, w, h, src.Y, src.YStride, sw, sh)
	w, h, sw, sh = (w+1)/2, (h+1)/2, (sw+1)/2, (sh+1)/2
	scalePlane(dst.Cb, dst.CStride, w, h, src.Cb, src.CStride, sw, sh)
	scalePlane(dst.Cr, dst.CStride, w, h, src.Cr, src.CStride, sw, sh)
	return nil
}

func scalePlane(dst []uint8, dstStride, w, h int, src []uint8, srcStride, sw, sh int) {
	for y := range h {
		row := src[y*sh/h*srcStride:]
		for x := range w {
			dst[y*dstStride+x] = row[x*sw/w]
		}
	}
}

// fromRGBA converts; both pictures have the same size.
func fromRGBA(dst *image.YCbCr, src *image.RGBA) error {
	if !wellFormed(src) {
		return ErrPicture
	}
	fromPacked(dst, src.Pix, src.Stride, 0, 2)
	return nil
}

// fromBGRX converts; pix is long enough.
func fromBGRX(dst *image.YCbCr, pix []uint8, stride int) error {
	fromPacked(dst, pix, stride, 2, 0)
	return nil
}

// fromPacked converts pixels of four bytes; red and blue say which of them is what.
func fromPacked(dst *image.YCbCr, pix []uint8, stride, red, blue int) {
	for y := range dst.Rect.Dy() {
		for x := range dst.Rect.Dx() {
			p := pix[y*stride+4*x:]
			r, g, b := int(p[red]), int(p[1]), int(p[blue])
			dst.Y[y*dst.YStride+x] = uint8((66*r+129*g+25*b+128)>>8 + 16)
			if x&1 == 0 && y&1 == 0 {
				o := y/2*dst.CStride + x/2
				dst.Cb[o] = uint8((-38*r-74*g+112*b+128)>>8 + 128)
				dst.Cr[o] = uint8((112*r-94*g-18*b+128)>>8 + 128)
			}
		}
	}
}

func clamp(v int) uint8 { return uint8(min(max((v+128)>>8, 0), 255)) }
