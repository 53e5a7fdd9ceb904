package pattern

import "image"

// rgb is one pixel, 0 to 255 each.
type rgb struct{ r, g, b int16 }

func (p rgb) magenta() bool { return min(p.r, p.b)-p.g > strong && p.r-p.b < 110 && p.b-p.r < 110 }
func (p rgb) green() bool   { return p.g-max(p.r, p.b) > strong }
func (p rgb) luma() int     { return (int(p.r)*77 + int(p.g)*150 + int(p.b)*29) >> 8 }
func (p rgb) colour() int16 { return max(p.r, p.g, p.b) - min(p.r, p.g, p.b) }

// readRow fills dst with row y of a picture. A *image.YCbCr is taken as limited
// range; the thresholds bear full range as well.
func readRow(img image.Image, y int, dst []rgb) {
	b := img.Bounds()
	switch m := img.(type) {
	case *image.RGBA:
		readPacked(m.Pix[m.PixOffset(b.Min.X, y):], dst)
	case *image.NRGBA:
		readPacked(m.Pix[m.PixOffset(b.Min.X, y):], dst)
	case *image.YCbCr:
		for i := range dst {
			yo, co := m.YOffset(b.Min.X+i, y), m.COffset(b.Min.X+i, y)
			dst[i] = fromYUV(m.Y[yo], m.Cb[co], m.Cr[co])
		}
	default:
		for i := range dst {
			r, g, bl, _ := img.At(b.Min.X+i, y).RGBA()
			dst[i] = rgb{int16(r >> 8), int16(g >> 8), int16(bl >> 8)}
		}
	}
}

func readPacked(pix []uint8, dst []rgb) {
	for i := range dst {
		p := pix[4*i : 4*i+3 : 4*i+3]
		dst[i] = rgb{int16(p[0]), int16(p[1]), int16(p[2])}
	}
}

// fromYUV converts BT.601 limited range in fixed point of 1/256.
func fromYUV(y, cb, cr uint8) rgb {
	l := 298 * (int(y) - 16)
	u, v := int(cb)-128, int(cr)-128
	return rgb{clamp(l + 409*v), clamp(l - 100*u - 208*v), clamp(l + 516*u)}
}

func clamp(v int) int16 { return int16(min(max((v+128)>>8, 0), 255)) }
