package ui

import (
	"image"
	"math"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"guichet/media/capture/pattern"
)

func TestContainKeepsTheShape(t *testing.T) {
	for _, box := range []fyne.Size{{Width: 1366, Height: 696}, {Width: 400, Height: 700}, {Width: 64, Height: 36}} {
		for _, v := range []image.Point{{1280, 720}, {640, 480}, {720, 1280}, {321, 181}} {
			at, size := contain(box, v.X, v.Y)
			if got, want := float64(size.Width/size.Height), float64(v.X)/float64(v.Y); math.Abs(got-want) > 0.001 {
				t.Errorf("%v in %v: shape %.4f, want %.4f", v, box, got, want)
			}
			if at.X < 0 || at.Y < 0 || at.X+size.Width > box.Width+0.01 || at.Y+size.Height > box.Height+0.01 {
				t.Errorf("%v in %v: %v at %v", v, box, size, at)
			}
			if size.Width < box.Width-0.01 && size.Height < box.Height-0.01 {
				t.Errorf("%v in %v: only %v", v, box, size)
			}
		}
	}
	if _, size := contain(fyne.NewSize(100, 100), 0, 0); size != fyne.NewSize(100, 100) {
		t.Error("no picture yet: the tile's own size")
	}
}

func TestInitials(t *testing.T) {
	for name, want := range map[string]string{"Anna Berg": "AB", "maria": "M", "Ελένη Κωνσταντοπούλου": "ΕΚ", "Zoë van den Berg": "ZB",
		"  ": "?", "": "?", "agent-1": "A1", "Agent 1": "A1", "(Gast)": "G", "🙂": "?"} {
		if got := initials(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestElide(t *testing.T) {
	test.NewTempApp(t)
	long := "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz"
	for _, room := range []float32{40, 120, 300} {
		got := elide(long, room, sizeSecondary)
		if !strings.HasSuffix(got, "…") || fyne.MeasureText(got, sizeSecondary, fyne.TextStyle{}).Width > room {
			t.Errorf("room %v: %q", room, got)
		}
	}
	if got := elide("Li", 300, sizeSecondary); got != "Li" {
		t.Errorf("short: %q", got)
	}
}

// TestMirror: the own picture is shown as in a mirror, so a code in it reads
// backwards; others are shown as they are.
func TestMirror(t *testing.T) {
	test.NewTempApp(t)
	m := pattern.New(640, 360)
	pattern.Draw(m, 9, 77)
	for _, mirror := range []bool{false, true} {
		tile := newTile(mirror, colorStage)
		if err := tile.pic.Update(m); err != nil {
			t.Fatal(err)
		}
		got := tile.frame(640, 360)
		if _, ok := pattern.Read(got); ok == mirror {
			t.Errorf("mirror %t: code read %t", mirror, ok)
		}
	}
}

// TestFramesAreNotAllocated: a new picture on the screen makes no garbage.
func TestFramesAreNotAllocated(t *testing.T) {
	test.NewTempApp(t)
	m := pattern.New(640, 360)
	for _, mirror := range []bool{false, true} {
		tile := newTile(mirror, colorStage)
		step := func() {
			if err := tile.pic.Update(m); err != nil {
				t.Fatal(err)
			}
			tile.frame(320, 180)
		}
		for range 4 {
			step() // fills the buffers
		}
		if n := testing.AllocsPerRun(50, step); n > 0 {
			t.Errorf("mirror %t: %v allocations for each picture", mirror, n)
		}
	}
}

// TestStoppedCamera: no conversion while a camera is off, and no old picture
// when it comes back.
func TestStoppedCamera(t *testing.T) {
	b := openBench(t, "light", 1366, 768, inCall(1))
	b.see(1)
	who := b.screen.(*call).stage.order[0]
	if !who.shows() || who.raster.Hidden {
		t.Fatal("no picture is shown")
	}
	s := inCall(1)
	s.Call.Participants[1].CameraOff = true
	b.give(s)
	before := who.pic.Version()
	b.see(2)
	if who.shows() || !who.raster.Hidden || who.pic.Version() != before {
		t.Error("a stopped camera is still drawn")
	}
	b.give(inCall(1))
	if who.shows() {
		t.Error("the picture of before flashes up")
	}
	b.see(3)
	if !who.shows() || who.raster.Hidden {
		t.Error("the picture does not come back")
	}
}
