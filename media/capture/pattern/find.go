package pattern

import "image"

const (
	minGuard = 10 // pixels; a band of 160 pixels has guards of 16
	strong   = 56 // how far a guard's colours must lie apart, of 255
	contrast = 72 // between the darkest and the brightest cell, of 255
	grey     = 88 // most colour that a cell may show, bleeding included
	agreeing = 3  // rows that must say the same
)

// Read returns the first code in a picture, from the top.
func Read(img image.Image) (Code, bool) {
	codes := Find(img)
	if len(codes) == 0 {
		return Code{}, false
	}
	return codes[0], true
}

// Find returns all codes in a picture, from the top, each once. The picture may
// be scaled, compressed, letter-boxed, or hold several test pictures; a band must
// be at least about 160 pixels wide and upright.
//
// Every row is searched by itself: a run of magenta, then at eight times its
// length a run of green, between them 32 grey cells, sampled at their centres. A
// code counts when at least three neighbouring rows say the same, and no fewer
// than a quarter of the band's height.
func Find(img image.Image) []Code {
	b := img.Bounds()
	row := make([]rgb, b.Dx())
	var open, found []sighting
	for y := b.Min.Y; y < b.Max.Y; y++ {
		readRow(img, y, row)
		for x := 0; x < len(row); {
			start := x
			for x < len(row) && row[x].magenta() {
				x++
			}
			if x == start {
				x++
				continue
			}
			if x-start < minGuard {
				continue
			}
			s, ok := readBand(row, start, x)
			if !ok {
				continue
			}
			s.Bounds = image.Rect(b.Min.X+start, y, b.Min.X+s.Bounds.Max.X, y+1)
			open = merge(open, s)
			x = s.Bounds.Max.X - b.Min.X
		}
		// A sighting not seen for some rows is finished.
		kept := open[:0]
		for _, s := range open {
			if y-s.Bounds.Max.Y < 4 {
				kept = append(kept, s)
			} else if s.certain() {
				found = append(found, s)
			}
		}
		open = kept
	}
	for _, s := range open {
		if s.certain() {
			found = append(found, s)
		}
	}
	return distinct(found)
}

// sighting is a code and the number of rows that said it.
type sighting struct {
	Code
	rows int
}

// certain tells whether enough rows agree: the band is an eighth as high as wide.
func (s sighting) certain() bool { return s.rows >= max(agreeing, s.Bounds.Dx()/32) }

// merge adds a row's code to the sighting it belongs to, or opens a new one.
func merge(open []sighting, s sighting) []sighting {
	for i := range open {
		o := &open[i]
		if o.ID == s.ID && o.Counter == s.Counter &&
			abs(o.Bounds.Min.X-s.Bounds.Min.X) <= s.Bounds.Dx()/bandUnits+1 {
			o.Bounds.Max.Y = s.Bounds.Max.Y
			o.rows++
			return open
		}
	}
	return append(open, s)
}

// distinct keeps, of sightings that overlap, the one with most rows: where two
// frames tear or a row misleads, the majority is right.
func distinct(found []sighting) []Code {
	var codes []Code
	for i, s := range found {
		best := true
		for j, o := range found {
			if i == j || !s.near(o) {
				continue
			}
			if o.rows > s.rows || o.rows == s.rows && j < i {
				best = false
			}
		}
		if best {
			codes = append(codes, s.Code)
		}
	}
	return codes
}

func (s sighting) near(o sighting) bool {
	reach := s.Bounds.Dx() / 8
	return s.Bounds.Inset(-reach).Overlaps(o.Bounds) &&
		abs(s.Bounds.Min.X-o.Bounds.Min.X) <= s.Bounds.Dx()/8
}

// readBand reads the band whose magenta guard is row[start:end].
func readBand(row []rgb, start, end int) (sighting, bool) {
	guard := float64(end - start)
	cells := guard * cellUnits / guardUnits
	lo, hi := int(float64(end)+cells*0.8), int(float64(end)+cells*1.25)
	for x := max(lo, 0); x <= hi && x < len(row); x++ {
		if !row[x].green() {
			continue
		}
		stop := x
		for stop < len(row) && row[stop].green() {
			stop++
		}
		if float64(stop-x) < guard*0.6 || float64(stop-x) > guard*1.6 {
			return sighting{}, false
		}
		// Scaling and compression smear the guards' edges: try small shifts of both.
		step := max(1, 0.15*guard/guardUnits)
		for _, left := range [...]float64{0, 1, -1, 2, -2} {
			for _, right := range [...]float64{0, 1, -1, 2, -2} {
				if c, ok := readCells(row, float64(end)+left*step, float64(x)+right*step); ok {
					c.Bounds.Max.X = stop
					return sighting{Code: c, rows: 1}, true
				}
			}
		}
		return sighting{}, false
	}
	return sighting{}, false
}

// readCells samples the 32 cells between two edges of a row. Left and right of its
// centre a cell must show the same bit, which lines that only resemble a code do not.
func readCells(row []rgb, left, right float64) (Code, bool) {
	var luma [cellUnits]int
	unit := (right - left) / cellUnits
	if left < 0 || unit < 1 || int(right) >= len(row) {
		return Code{}, false
	}
	darkest, brightest, coloured := 255, 0, 0
	for i := range luma {
		p := row[int(left+(float64(i)+0.5)*unit)]
		luma[i] = p.luma()
		darkest, brightest = min(darkest, luma[i]), max(brightest, luma[i])
		if p.colour() > grey {
			coloured++
		}
	}
	if brightest-darkest < contrast || coloured > 4 {
		return Code{}, false
	}
	var bits uint32
	half := (darkest + brightest) / 2
	for i, l := range luma {
		bits <<= 1
		if l > half {
			bits |= 1
		}
		centre := left + (float64(i)+0.5)*unit
		for _, off := range [...]float64{-0.2, 0.2} {
			if (row[int(centre+off*unit)].luma() > half) != (l > half) {
				return Code{}, false
			}
		}
	}
	c := Code{ID: uint8(bits >> 24), Counter: uint16(bits >> 8)}
	return c, Sum(c.ID, c.Counter) == uint8(bits)
}

func abs(a int) int { return max(a, -a) }
