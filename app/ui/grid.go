package ui

import (
	"math"

	"fyne.io/fyne/v2"
)

// tileShape is how wide a tile of the grid is for its height.
const tileShape = 16.0 / 9.0

// evenGrid places n tiles of one size and shape in a box, as large as can be
// with a gap between and around them; a last row that is not full is centred.
func evenGrid(n int, box fyne.Size, gap float32) ([]fyne.Position, fyne.Size) {
	if n <= 0 {
		return nil, fyne.Size{}
	}
	var cols int
	var size fyne.Size
	for c := 1; c <= n; c++ {
		rows := (n + c - 1) / c
		w := (box.Width - gap*float32(c+1)) / float32(c)
		h := (box.Height - gap*float32(rows+1)) / float32(rows)
		if w > h*tileShape {
			w = h * tileShape
		}
		if w > size.Width {
			cols, size = c, fyne.NewSize(w, w/tileShape)
		}
	}
	if cols == 0 { // the box is smaller than its gaps
		return make([]fyne.Position, n), fyne.Size{}
	}
	size = fyne.NewSize(floor(size.Width), floor(size.Height))
	rows := (n + cols - 1) / cols
	top := (box.Height - float32(rows)*size.Height - float32(rows-1)*gap) / 2
	at := make([]fyne.Position, n)
	for i := range at {
		r, c := i/cols, i%cols
		in := min(cols, n-r*cols) // tiles in this row
		left := (box.Width - float32(in)*size.Width - float32(in-1)*gap) / 2
		at[i] = fyne.NewPos(floor(left+float32(c)*(size.Width+gap)), floor(top+float32(r)*(size.Height+gap)))
	}
	return at, size
}

func floor(v float32) float32 { return float32(math.Floor(float64(v))) }

const leastStrip float32 = 128 // how wide a tile of a strip should be at least

// largeFirst gives one tile of a shape most of a box and n others a strip at its
// right or below, wherever the large one becomes larger.
func largeFirst(n int, box fyne.Size, shape, gap float32) (at fyne.Position, big fyne.Size, strip []fyne.Position, each fyne.Size) {
	if n <= 0 {
		return fyne.NewPos(gap, 0), fyne.NewSize(max(0, box.Width-2*gap), max(0, box.Height-gap)), nil, fyne.Size{}
	}
	best := float32(-1)
	for _, right := range []bool{true, false} {
		for _, share := range []float32{0.16, 0.22, 0.3} {
			room, left := fyne.NewSize(floor(box.Width*share), box.Height), fyne.NewSize(box.Width, box.Height)
			if right {
				left.Width -= room.Width
			} else {
				room = fyne.NewSize(box.Width, floor(box.Height*share))
				left.Height -= room.Height
			}
			places, size := evenGrid(n, room, gap)
			_, shown := contain(left, int(shape*1000), 1000)
			worth := shown.Width * shown.Height
			if size.Width < leastStrip {
				worth *= size.Width / leastStrip * 0.5
			}
			if worth <= best {
				continue
			}
			best, strip, each = worth, places, size
			at, big = fyne.NewPos(gap, 0), fyne.NewSize(max(0, left.Width-gap), max(0, left.Height-gap))
			for i := range strip {
				if right {
					strip[i].X += left.Width
				} else {
					strip[i].Y += left.Height
				}
			}
			if !right {
				big.Width = max(0, left.Width-2*gap)
			}
		}
	}
	return at, big, strip, each
}
