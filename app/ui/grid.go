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
