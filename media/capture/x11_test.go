//go:build linux

package capture

import (
	"bufio"
	"bytes"
	"errors"
	"image"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"guichet/media/capture/pattern"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/randr"
	"github.com/jezek/xgb/xproto"
)

// xServer is an X server of the test's own, and a client that draws on it.
type xServer struct {
	t    testing.TB
	conn *xgb.Conn
	root *xproto.ScreenInfo
	gc   xproto.Gcontext
}

// startX starts one of 1366x768 pixels and points DISPLAY at it.
func startX(t testing.TB) *xServer {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	x := exec.Command("Xvfb", "-displayfd", "3", "-noreset", "-screen", "0", "1366x768x24", "-nolisten", "tcp")
	x.ExtraFiles = []*os.File{w}
	if err := x.Start(); err != nil {
		t.Fatalf("this test needs Debian's xvfb: %v", err)
	}
	t.Cleanup(func() {
		_ = x.Process.Kill()
		_ = x.Wait()
	})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	number, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("DISPLAY", ":"+strings.TrimSpace(number))
	t.Setenv("XDG_SESSION_TYPE", "x11")
	d, err := openDisplay()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.close)
	s := &xServer{t: t, conn: d.conn, root: d.root}
	if s.gc, err = xproto.NewGcontextId(s.conn); err != nil {
		t.Fatal(err)
	}
	s.must(xproto.CreateGCChecked(s.conn, s.gc, xproto.Drawable(s.root.Root), 0, nil).Check())
	if !d.has("RANDR") {
		t.Fatal("the X server knows no monitors")
	}
	return s
}

func (s *xServer) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// paint draws the test picture of an id.
func (s *xServer) paint(on xproto.Drawable, at image.Rectangle, id uint8, counter uint16) {
	s.t.Helper()
	m := pattern.New(at.Dx(), at.Dy())
	pattern.Draw(m, id, counter)
	row := make([]byte, 4*at.Dx())
	for y := range at.Dy() {
		for x := range at.Dx() {
			r, g, b, _ := m.At(x, y).RGBA()
			copy(row[4*x:], []byte{byte(b >> 8), byte(g >> 8), byte(r >> 8), 0})
		}
		xproto.PutImage(s.conn, xproto.ImageFormatZPixmap, on, s.gc, uint16(at.Dx()), 1, int16(at.Min.X), int16(at.Min.Y+y), 0, 24, row)
	}
	s.sync()
}

// sync waits until the server has done all.
func (s *xServer) sync() {
	s.t.Helper()
	_, err := xproto.GetInputFocus(s.conn).Reply()
	s.must(err)
}

func (s *xServer) atom(name string) xproto.Atom {
	s.t.Helper()
	r, err := xproto.InternAtom(s.conn, false, uint16(len(name)), name).Reply()
	s.must(err)
	return r.Atom
}

// monitor adds a monitor that shows a part of the root window.
func (s *xServer) monitor(name string, at image.Rectangle) {
	s.t.Helper()
	s.must(randr.SetMonitorChecked(s.conn, s.root.Root, randr.MonitorInfo{Name: s.atom(name), X: int16(at.Min.X), Y: int16(at.Min.Y),
		Width: uint16(at.Dx()), Height: uint16(at.Dy()), WidthInMillimeters: 300, HeightInMillimeters: 200}).Check())
}

// window opens a window that the desktop lists.
func (s *xServer) window(title string, at image.Rectangle) xproto.Window {
	s.t.Helper()
	w, err := xproto.NewWindowId(s.conn)
	s.must(err)
	s.must(xproto.CreateWindowChecked(s.conn, s.root.RootDepth, w, s.root.Root, int16(at.Min.X), int16(at.Min.Y), uint16(at.Dx()), uint16(at.Dy()), 0,
		xproto.WindowClassInputOutput, s.root.RootVisual, xproto.CwBackPixel, []uint32{0}).Check())
	if title != "" {
		s.must(xproto.ChangePropertyChecked(s.conn, xproto.PropModeReplace, w, s.atom("_NET_WM_NAME"), s.atom("UTF8_STRING"), 8, uint32(len(title)), []byte(title)).Check())
		id := make([]byte, 4)
		xgb.Put32(id, uint32(w))
		s.must(xproto.ChangePropertyChecked(s.conn, xproto.PropModeAppend, s.root.Root, s.atom("_NET_CLIENT_LIST"), xproto.AtomWindow, 32, 1, id).Check())
	}
	s.must(xproto.MapWindowChecked(s.conn, w).Check())
	s.sync()
	return w
}

// cursor gives the pointer the shape of an arrow.
func (s *xServer) cursor() {
	s.t.Helper()
	font, err := xproto.NewFontId(s.conn)
	s.must(err)
	arrow, err := xproto.NewCursorId(s.conn)
	s.must(err)
	const name, shape = "cursor", 68
	s.must(xproto.OpenFontChecked(s.conn, font, uint16(len(name)), name).Check())
	s.must(xproto.CreateGlyphCursorChecked(s.conn, arrow, font, font, shape, shape+1, 0, 0, 0, 0xFFFF, 0xFFFF, 0xFFFF).Check())
	s.must(xproto.ChangeWindowAttributesChecked(s.conn, s.root.Root, xproto.CwCursor, []uint32{uint32(arrow)}).Check())
}

// reads waits until a source shows a code and no other.
func reads(t *testing.T, v Video, id uint8, counter uint16) {
	t.Helper()
	ctx := guard(t)
	for {
		f, err := v.Next(ctx)
		if err != nil {
			t.Fatalf("pattern %d: %v", id, err)
		}
		codes := pattern.Find(f.Image)
		f.Release()
		if len(codes) == 1 && codes[0].ID == id && codes[0].Counter == counter {
			return
		}
	}
}

func openScreen(t *testing.T, id string, o Options) Video {
	t.Helper()
	v, err := OpenScreen(id, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	return v
}

// TestScreens: each monitor shows its own part, all together show all, and one
// that is switched off ends.
func TestScreens(t *testing.T) {
	x := startX(t)
	left, right := image.Rect(0, 0, 640, 360), image.Rect(640, 100, 1366, 600)
	x.monitor("LEFT-1", left)
	x.monitor("RIGHT-1", right)
	x.paint(xproto.Drawable(x.root.Root), left, 5, 1)
	x.paint(xproto.Drawable(x.root.Root), right, 6, 2)
	list, err := Screens()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []Screen{{ID: "screen:LEFT-1", Name: "LEFT-1", Width: 640, Height: 360}, {ID: "screen:RIGHT-1", Name: "RIGHT-1", Width: 726, Height: 500},
		{ID: "screen:", Width: 1366, Height: 768}} {
		if !slices.Contains(list, want) {
			t.Errorf("no %+v in %+v", want, list)
		}
	}
	l, r, all := openScreen(t, "screen:LEFT-1", Options{FrameRate: 60}), openScreen(t, "screen:RIGHT-1", Options{FrameRate: 60}), openScreen(t, "screen:", Options{FrameRate: 60})
	reads(t, l, 5, 1)
	reads(t, r, 6, 2)
	f, err := all.Next(guard(t))
	if err != nil {
		t.Fatal(err)
	}
	if codes := pattern.Find(f.Image); len(codes) != 2 || f.Image.Rect.Size() != image.Pt(1366-2*borderWidth, 768-2*borderWidth) {
		t.Errorf("all together: %v of %v", codes, f.Image.Rect)
	}
	f.Release()
	x.paint(xproto.Drawable(x.root.Root), left, 5, 3)
	reads(t, l, 5, 3)

	// The frame is on the screen, not in the picture, and goes with the source.
	framed := func(at image.Point) bool {
		t.Helper()
		r, err := xproto.GetImage(x.conn, xproto.ImageFormatZPixmap, xproto.Drawable(x.root.Root), int16(at.X), int16(at.Y), 1, 1, ^uint32(0)).Reply()
		x.must(err)
		return bytes.Equal(r.Data[:3], []byte{borderColor & 0xFF, borderColor >> 8 & 0xFF, borderColor >> 16})
	}
	for _, at := range []image.Point{left.Min, {X: 639, Y: 359}, right.Min.Add(image.Pt(1, 200)), {X: 1365, Y: 767}} {
		if !framed(at) {
			t.Errorf("no frame at %v", at)
		}
	}

	small := openScreen(t, "screen:", Options{Width: 640, Height: 640, FrameRate: 60})
	if f, err = small.Next(guard(t)); err != nil || f.Image.Rect.Dx() != 640 || f.Image.Rect.Dy() != 358 {
		t.Errorf("shrunk to %v, %v", f.Image.Rect, err)
	}
	f.Release()

	x.must(randr.DeleteMonitorChecked(x.conn, x.root.Root, x.atom("RIGHT-1")).Check())
	for err = nil; err == nil; {
		if f, err = r.Next(guard(t)); err == nil {
			f.Release()
		}
	}
	if !errors.Is(err, ErrScreenGone) {
		t.Errorf("switched off: %v", err)
	}
	if _, err := OpenScreen("screen:RIGHT-1", Options{}); !errors.Is(err, ErrScreenGone) {
		t.Errorf("opened though it is off: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if _, err := l.Next(guard(t)); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	for deadline := guard(t); framed(image.Pt(300, 359)) && deadline.Err() == nil; {
		x.sync()
	}
	if framed(image.Pt(300, 359)) {
		t.Error("the frame stays")
	}
}

// TestWindow: a window is shown as it is, whatever lies over it, at whatever size,
// until it is closed.
func TestWindow(t *testing.T) {
	x := startX(t)
	at := image.Rect(40, 40, 440, 290)
	w := x.window("Contract – Λίλα", at)
	list, err := Screens()
	if err != nil || !slices.Contains(list, Screen{ID: windowID(w), Name: "Contract – Λίλα", Window: true, Width: 400, Height: 250}) {
		t.Fatalf("%+v, %v", list, err)
	}
	v := openScreen(t, windowID(w), Options{FrameRate: 60})
	inside := image.Rectangle{Max: at.Size()}
	x.paint(xproto.Drawable(w), inside, 7, 1)
	reads(t, v, 7, 1)

	over := x.window("", at)
	x.paint(xproto.Drawable(over), inside, 8, 1)
	x.paint(xproto.Drawable(w), inside, 7, 2)
	reads(t, v, 7, 2)

	x.must(xproto.ConfigureWindowChecked(x.conn, w, xproto.ConfigWindowWidth|xproto.ConfigWindowHeight, []uint32{600, 300}).Check())
	x.paint(xproto.Drawable(w), image.Rect(0, 0, 600, 300), 7, 3)
	reads(t, v, 7, 3)
	if width, height := v.Size(); width != 600 || height != 300 {
		t.Errorf("the window is %dx%d now", width, height)
	}

	x.must(xproto.UnmapWindowChecked(x.conn, w).Check())
	reads(t, v, 7, 3)
	x.must(xproto.MapWindowChecked(x.conn, w).Check())
	x.paint(xproto.Drawable(w), image.Rect(0, 0, 600, 300), 7, 4)
	reads(t, v, 7, 4)

	x.must(xproto.DestroyWindowChecked(x.conn, w).Check())
	for err = nil; err == nil; {
		var f Frame
		if f, err = v.Next(guard(t)); err == nil {
			f.Release()
		}
	}
	if !errors.Is(err, ErrScreenGone) {
		t.Errorf("closed: %v", err)
	}
	for _, id := range []string{windowID(w), "window:", "window:zz", "window:123456789"} {
		if _, err := OpenScreen(id, Options{}); !errors.Is(err, ErrScreenGone) {
			t.Errorf("%q: %v", id, err)
		}
	}
}

// TestScreenThatIsSent: a server that shares no memory sends its pictures.
func TestScreenThatIsSent(t *testing.T) {
	x := startX(t)
	x.paint(xproto.Drawable(x.root.Root), image.Rect(0, 0, 640, 360), 9, 4)
	d, err := openDisplay()
	if err != nil {
		t.Fatal(err)
	}
	g, err := d.grabber("")
	if err != nil {
		t.Fatal(err)
	}
	g.shared = false
	if err := g.allocate(); err != nil {
		t.Fatal(err)
	}
	v := newScreenVideo(g, 1366, 768, Options{Width: 1920, Height: 1080, FrameRate: 60})
	defer v.Close()
	reads(t, v, 9, 4)
}

// TestPointer: it is drawn into the picture and leaves no trace in the next.
func TestPointer(t *testing.T) {
	size := image.Pt(8, 6)
	before := make([]byte, 4*size.X*size.Y)
	for i := range before {
		before[i] = byte(i)
	}
	for _, at := range []image.Rectangle{image.Rect(2, 1, 5, 4), image.Rect(-1, -2, 2, 1), image.Rect(6, 4, 9, 7)} {
		g := &x11Grabber{at: image.Rectangle{Max: size}, known: true}
		g.buffers[0].pix = bytes.Clone(before)
		white := slices.Repeat([]uint32{0xFFFFFFFF}, 9)
		white[0], white[1] = 0, 0x80404040 // nothing, and a half transparent grey
		g.cover(pointerState{at: at, size: image.Pt(3, 3), image: white})
		drawn := g.buffers[0].pix
		in := at.Intersect(g.at)
		for y := range size.Y {
			for x := range size.X {
				o := 4 * (y*size.X + x)
				n := (y-at.Min.Y)*3 + x - at.Min.X
				switch p := image.Pt(x, y); {
				case !p.In(in), n == 0:
					if !bytes.Equal(drawn[o:o+4], before[o:o+4]) {
						t.Errorf("%v: pixel %v changed", at, p)
					}
				case n == 1:
					if want := byte(0x40 + int(before[o])*0x7F/255); drawn[o] != want {
						t.Errorf("%v: half a pixel is %d, want %d", at, drawn[o], want)
					}
				case drawn[o] != 255 || drawn[o+2] != 255:
					t.Errorf("%v: pixel %v is %v", at, p, drawn[o:o+3])
				}
			}
		}
		g.uncover()
		if !bytes.Equal(g.buffers[0].pix, before) {
			t.Errorf("%v: the pointer leaves a trace", at)
		}
	}
}

// TestPointerIsSeen: the one of the server is in the picture, and moving it counts
// as a change.
func TestPointerIsSeen(t *testing.T) {
	x := startX(t)
	x.cursor()
	d, err := openDisplay()
	if err != nil {
		t.Fatal(err)
	}
	g, err := d.grabber("")
	if err != nil {
		t.Fatal(err)
	}
	defer g.close()
	move := func(x0, y0 int16) {
		t.Helper()
		x.must(xproto.WarpPointerChecked(x.conn, xproto.WindowNone, x.root.Root, 0, 0, 0, 0, x0, y0).Check())
	}
	move(200, 300)
	for range 2 {
		if _, err := g.grab(); err != nil {
			t.Fatal(err)
		}
	}
	if !image.Pt(200, 300).In(g.pointer.at.Inset(-2)) || len(g.hidden) == 0 {
		t.Fatalf("the pointer is at %v", g.pointer.at)
	}
	if changed, err := g.grab(); err != nil || changed {
		t.Errorf("standing still counts as a change: %t, %v", changed, err)
	}
	move(210, 300)
	if changed, err := g.grab(); err != nil || !changed {
		t.Errorf("moving is no change: %t, %v", changed, err)
	}
}

// TestNoScreens: without a server, and in a session of Wayland, there is a sentence.
func TestNoScreens(t *testing.T) {
	t.Setenv("DISPLAY", ":987")
	t.Setenv("XDG_SESSION_TYPE", "x11")
	if _, err := Screens(); !errors.Is(err, ErrNoScreen) {
		t.Errorf("no server: %v", err)
	}
	t.Setenv("XDG_SESSION_TYPE", "wayland")
	if _, err := OpenScreen("", Options{}); !errors.Is(err, ErrWayland) {
		t.Errorf("Wayland: %v", err)
	}
}

// BenchmarkScreen reads a screen that changes each time, and makes a picture of it.
func BenchmarkScreen(b *testing.B) {
	x := startX(b)
	v, err := OpenScreen("", Options{FrameRate: 120})
	if err != nil {
		b.Fatal(err)
	}
	defer v.Close()
	s := v.(*screenVideo)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		_ = xproto.WarpPointer(x.conn, xproto.WindowNone, x.root.Root, 0, 0, 0, 0, int16(n%1000), 300)
		if _, err := s.grabber.grab(); err != nil {
			b.Fatal(err)
		}
		m, err := s.convert()
		if err != nil {
			b.Fatal(err)
		}
		s.free.put(m)
	}
}
