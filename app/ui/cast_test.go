package ui

import (
	"slices"
	"testing"

	"fyne.io/fyne/v2"

	"guichet/app/session"
)

// keys are the tiles of a cast, in order.
func (c cast) keys() (all []string) {
	for _, a := range c.actors {
		all = append(all, a.key)
	}
	return all
}

// TestCast: who has a tile, in which order, and whether one is large, by what the
// room says.
func TestCast(t *testing.T) {
	room := func(layout string, change func(*session.Call)) *session.Call {
		c := inCall(4).Call
		c.Room.Layout = layout
		if change != nil {
			change(c)
		}
		return c
	}
	placed := func(positions ...string) func(*session.Call) {
		return func(c *session.Call) {
			for i, p := range positions {
				c.Participants[i+1].Position = p
			}
		}
	}
	screen := func(c *session.Call) { c.Participants[3].ScreenID = "s3/screen" }
	for name, tc := range map[string]struct {
		call  *session.Call
		front string
		want  []string
		large bool
		own   place
		left  int
	}{
		"no room":         {call: room("", nil), want: []string{"e1", "e2", "e3", "e4"}, own: placeGrid},
		"grid":            {call: room("grid-responsive", nil), want: []string{"e1", "e2", "e3", "e4"}, own: placeGrid},
		"for phones":      {call: room("grid-responsive-mobile", nil), want: []string{"e1", "e2", "e3", "e4"}, own: placeGrid},
		"speaker":         {call: room("highlight-1-responsive", nil), front: "e3", want: []string{"e3", "e1", "e2", "e4"}, large: true, own: placeGrid},
		"nobody spoke":    {call: room("highlight-1-responsive", nil), want: []string{"e1", "e2", "e3", "e4"}, large: true, own: placeGrid},
		"speaker is gone": {call: room("highlight-1-responsive", nil), front: "e9", want: []string{"e1", "e2", "e3", "e4"}, large: true, own: placeGrid},
		"place is taken": {call: room("highlight-1-responsive", placed("", "", "", "reserved-1")), front: "e2",
			want: []string{"e4", "e1", "e2", "e3"}, large: true, own: placeGrid},
		"one":   {call: room("1x1", nil), want: []string{"e1"}, own: placeFloat, left: 3},
		"two":   {call: room("2x1", nil), want: []string{"e1", "e2"}, own: placeGrid, left: 2},
		"four":  {call: room("2x2", nil), want: []string{"e1", "e2", "e3", "e4"}, own: placeGrid},
		"nine":  {call: room("3x3", nil), want: []string{"e1", "e2", "e3", "e4"}, own: placeGrid},
		"5up":   {call: room("5up", nil), front: "e2", want: []string{"e2", "e1", "e3", "e4"}, large: true, own: placeGrid},
		"ahead": {call: room("2x1", placed("standard-2", "", "standard-1", "reserved-7")), want: []string{"e4", "e3"}, own: placeGrid, left: 2},
		"outside": {call: room("grid-responsive", placed("off-canvas", "auto")),
			want: []string{"e2", "e3", "e4"}, own: placeGrid},
		"strange": {call: room("0x-7", placed("reserved-x", "standard--3", "reserved-99999999999999999999")), want: []string{"e1", "e3", "e2", "e4"}, own: placeGrid},
		"screen":  {call: room("grid-responsive", screen), front: "e1", want: []string{"e3/screen", "e1", "e2", "e3", "e4"}, large: true, own: placeGrid},
		"screen in the one place": {call: room("1x1", screen), want: []string{"e3/screen"},
			large: true, own: placeGrid, left: 4},
		"second camera": {call: room("grid-responsive", func(c *session.Call) { c.Participants[1].SecondID = "s1/2" }),
			want: []string{"e1", "e1/2", "e2", "e3", "e4"}, own: placeGrid},
		"screen of who is left out": {call: room("grid-responsive", func(c *session.Call) {
			screen(c)
			c.Room.HideVideoMuted = true
			for i := range c.Participants {
				c.Participants[i].CameraOff = true
			}
		}), want: []string{"e3/screen"}, large: true, own: placeGrid},
		"hold": {call: room("grid-responsive", func(c *session.Call) { screen(c); c.OnHold = true }), own: placeFloat},
		"hands": {call: room("grid-responsive", func(c *session.Call) {
			c.Room.HandsFirst = true
			c.Participants[3].Hand = noon
			c.Participants[4].Hand = noon.Add(-1)
		}), want: []string{"e4", "e3", "e1", "e2"}, own: placeGrid},
		"alone": {call: inCall(0).Call, own: placeFloat},
		"one other in a highlight": {call: func() *session.Call { c := inCall(1).Call; c.Room.Layout = "highlight-1-responsive"; return c }(),
			want: []string{"e1"}, own: placeFloat},
	} {
		got := castOf(tc.call, tc.front)
		if !slices.Equal(got.keys(), tc.want) || got.large != tc.large || got.own != tc.own || got.left != tc.left || got.none {
			t.Errorf("%s: %v, large %t, own %d, %d left; want %+v", name, got.keys(), got.large, got.own, got.left, tc)
		}
	}
	if !castOf(watching(2).Call, "").none {
		t.Error("the audience has an own picture")
	}
}

func TestInFront(t *testing.T) {
	c := inCall(3).Call
	speak := func(who ...int) {
		for i := range c.Participants {
			c.Participants[i].Speaking = slices.Contains(who, i)
		}
	}
	front := inFront(c, "")
	for _, tc := range []struct {
		who  []int
		want string
	}{{nil, ""}, {[]int{0}, ""}, {[]int{2}, "e2"}, {[]int{1, 2}, "e2"}, {[]int{1}, "e1"}, {nil, "e1"}, {[]int{3, 1}, "e1"}, {[]int{3}, "e3"}} {
		speak(tc.who...)
		if front = inFront(c, front); front != tc.want {
			t.Errorf("%v speak: %q in front, want %q", tc.who, front, tc.want)
		}
	}
}

// TestLargeFirst: the large one gets most, nothing touches or leaves the box.
func TestLargeFirst(t *testing.T) {
	const gap = 8
	for n := 0; n <= 12; n++ {
		for _, box := range []fyne.Size{{Width: 1366, Height: 648}, {Width: 1024, Height: 580}, {Width: 704, Height: 580}, {Width: 400, Height: 900}} {
			for _, shape := range []float32{tileShape, 4.0 / 3, 32.0 / 9, 9.0 / 16} {
				at, big, strip, each := largeFirst(n, box, shape, gap)
				if len(strip) != n {
					t.Fatalf("%d in %v: %d places", n, box, len(strip))
				}
				if at.X < 0 || at.Y < 0 || at.X+big.Width > box.Width || at.Y+big.Height > box.Height || big.Width < box.Width*0.6 && big.Height < box.Height*0.6 {
					t.Errorf("%d in %v: the large one is %v at %v", n, box, big, at)
				}
				for i, p := range strip {
					if p.X < 0 || p.Y < 0 || p.X+each.Width > box.Width || p.Y+each.Height > box.Height {
						t.Errorf("%d in %v: place %d at %v of %v is outside", n, box, i, p, each)
					}
					if p.X < at.X+big.Width && p.Y < at.Y+big.Height {
						t.Errorf("%d in %v, shape %.2f: place %d at %v touches the large one of %v", n, box, shape, i, p, big)
					}
				}
			}
		}
	}
}

// TestScreenOnStage: the screen is large and upright beside everybody, its name does
// not lie on it, and it goes when it ends.
func TestScreenOnStage(t *testing.T) {
	b := openBench(t, "dark", 1366, 768, showing(3))
	b.see(1)
	s := b.screen.(*call).stage
	if len(s.order) != 4 || s.order[0].place != placeScreen || s.order[0].face.label != "Jonas Weber: screen" {
		t.Fatalf("%d tiles, the first of %q", len(s.order), s.order[0].face.label)
	}
	large, small := s.order[0], s.order[1]
	if large.Size().Width < 4*small.Size().Width || s.self.Size() != small.Size() {
		t.Errorf("the screen is %v beside %v, the own picture %v", large.Size(), small.Size(), s.self.Size())
	}
	if bottom := large.raster.Position().Y + large.raster.Size().Height; bottom > large.Size().Height-captionHeight+1 {
		t.Errorf("the screen ends at %v of %v: no room for the name", bottom, large.Size())
	}
	b.give(inCall(3))
	if len(s.order) != 3 || len(s.tiles) != 3 || s.order[0].Size() != s.self.Size() {
		t.Errorf("afterwards %d tiles, %v and %v", len(s.order), s.order[0].Size(), s.self.Size())
	}
	crowded := inCall(3)
	crowded.Call.Room.Layout = "1x1"
	b.give(crowded)
	if !s.rest.box.Visible() || s.rest.text.Text != "2 more without a place in this layout" || s.order[0].Size() != s.box.Size() {
		t.Errorf("%q, one of %v", s.rest.text.Text, s.order[0].Size())
	}
}
