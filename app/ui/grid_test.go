package ui

import (
	"fmt"
	"math"
	"testing"

	"fyne.io/fyne/v2"
)

// TestGridIsEven: whatever the number and the box, tiles have one size and the
// shape, lie inside without touching, and a short last row is centred.
func TestGridIsEven(t *testing.T) {
	const gap = 8
	for n := 1; n <= 25; n++ {
		for _, box := range []fyne.Size{{Width: 1366, Height: 696}, {Width: 1024, Height: 628}, {Width: 700, Height: 640}, {Width: 320, Height: 700}, {Width: 1900, Height: 300}} {
			at, size := evenGrid(n, box, gap)
			name := fmt.Sprintf("%d in %v", n, box)
			if len(at) != n || size.Width < 20 {
				t.Fatalf("%s: %d places of %v", name, len(at), size)
			}
			if shape := size.Width / size.Height; math.Abs(float64(shape)-tileShape) > 0.05 {
				t.Errorf("%s: shape %.3f", name, shape)
			}
			for i, p := range at {
				if p.X < 0 || p.Y < 0 || p.X+size.Width > box.Width || p.Y+size.Height > box.Height {
					t.Errorf("%s: tile %d at %v is outside", name, i, p)
				}
				for j, q := range at[:i] {
					if math.Abs(float64(p.X-q.X)) < float64(size.Width+gap-1) && math.Abs(float64(p.Y-q.Y)) < float64(size.Height+gap-1) {
						t.Errorf("%s: tiles %d and %d touch", name, i, j)
					}
				}
			}
			last := at[n-1]
			first := last
			for _, p := range at {
				if p.Y == last.Y && p.X < first.X {
					first = p
				}
			}
			if left, right := first.X, box.Width-last.X-size.Width; math.Abs(float64(left-right)) > 2 {
				t.Errorf("%s: the last row has %v left and %v right", name, left, right)
			}
		}
	}
}

func TestGridUsesTheRoom(t *testing.T) {
	for n, want := range map[int]float32{2: 660, 3: 590, 4: 590, 6: 430, 10: 320} {
		if _, size := evenGrid(n, fyne.NewSize(1366, 696), 8); size.Width < want {
			t.Errorf("%d tiles are %v wide, could be %v", n, size.Width, want)
		}
	}
}

func TestGridWithoutRoom(t *testing.T) {
	for _, box := range []fyne.Size{{}, {Width: 5, Height: 5}, {Width: 1000}} {
		if at, _ := evenGrid(9, box, 8); len(at) != 9 {
			t.Errorf("box %v: %d places", box, len(at))
		}
	}
	if at, _ := evenGrid(0, fyne.NewSize(100, 100), 8); at != nil {
		t.Error("places for nobody")
	}
}
