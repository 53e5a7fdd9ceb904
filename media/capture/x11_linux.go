package capture

import (
	"cmp"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/composite"
	"github.com/jezek/xgb/randr"
	"github.com/jezek/xgb/xfixes"
	"github.com/jezek/xgb/xproto"
)

// display is a connection to the X server of its own, so that a fault of ours
// cannot end the window's.
type display struct {
	conn *xgb.Conn
	root *xproto.ScreenInfo
}

// openDisplay connects to the server that DISPLAY names.
func openDisplay() (*display, error) {
	if os.Getenv("XDG_SESSION_TYPE") == "wayland" {
		return nil, ErrWayland // its X server shows only the windows of programs made for X, on black
	}
	xgb.Logger.SetOutput(io.Discard) // it speaks to standard error
	conn, err := xgb.NewConn()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoScreen, err)
	}
	d := &display{conn: conn}
	setup := xproto.Setup(conn)
	if d.root = setup.DefaultScreen(conn); setup.ImageByteOrder != xproto.ImageOrderLSBFirst || !d.readable(d.root.RootVisual, d.root.RootDepth) {
		d.close()
		return nil, fmt.Errorf("%w: pixels of %d bits", ErrNoScreen, d.root.RootDepth)
	}
	return d, nil
}

func (d *display) close() { d.conn.Close() }

// readable tells whether pixels of a visual are blue, green and red bytes.
func (d *display) readable(visual xproto.Visualid, depth byte) bool {
	if depth != 24 && depth != 32 {
		return false
	}
	for _, of := range d.root.AllowedDepths {
		for _, v := range of.Visuals {
			if v.VisualId == visual {
				return v.RedMask == 0xFF0000 && v.GreenMask == 0xFF00 && v.BlueMask == 0xFF
			}
		}
	}
	return false
}

// has makes an extension usable on this connection. The library's own Init writes
// into maps that the readers of all connections read without a lock; what it would
// put there, the extensions' events and errors, is not met here.
func (d *display) has(extension string) bool {
	r, err := xproto.QueryExtension(d.conn, uint16(len(extension)), extension).Reply()
	if err != nil || !r.Present {
		return false
	}
	d.conn.ExtLock.Lock()
	d.conn.Extensions[extension] = r.MajorOpcode
	d.conn.ExtLock.Unlock()
	switch extension {
	case "RANDR":
		v, err := randr.QueryVersion(d.conn, 1, 5).Reply()
		return err == nil && (v.MajorVersion > 1 || v.MinorVersion >= 5)
	case "XFIXES":
		_, err = xfixes.QueryVersion(d.conn, 4, 0).Reply()
	case "Composite":
		_, err = composite.QueryVersion(d.conn, 0, 4).Reply()
	}
	return err == nil
}

// area is a screen and where it lies on the root window.
type area struct {
	Screen
	at image.Rectangle
}

// everything is all monitors together.
func (d *display) everything() area {
	w, h := int(d.root.WidthInPixels), int(d.root.HeightInPixels)
	if g, err := xproto.GetGeometry(d.conn, xproto.Drawable(d.root.Root)).Reply(); err == nil {
		w, h = int(g.Width), int(g.Height)
	}
	return area{Screen{ID: "screen:", Width: w, Height: h}, image.Rect(0, 0, w, h)}
}

// areas returns the monitors from left to right, and all together where there are
// several.
func (d *display) areas() []area {
	all := d.everything()
	var list []area
	if d.has("RANDR") {
		if r, err := randr.GetMonitors(d.conn, d.root.Root, true).Reply(); err == nil {
			for _, m := range r.Monitors {
				at := image.Rect(int(m.X), int(m.Y), int(m.X)+int(m.Width), int(m.Y)+int(m.Height)).Intersect(all.at)
				name := d.atom(m.Name)
				if !at.Empty() && name != "" {
					list = append(list, area{Screen{ID: "screen:" + name, Name: name, Width: at.Dx(), Height: at.Dy()}, at})
				}
			}
		}
	}
	slices.SortStableFunc(list, func(a, b area) int {
		return cmp.Or(cmp.Compare(a.at.Min.X, b.at.Min.X), cmp.Compare(a.at.Min.Y, b.at.Min.Y))
	})
	if len(list) != 1 {
		list = append(list, all)
	}
	return list
}

func (d *display) atom(a xproto.Atom) string {
	r, err := xproto.GetAtomName(d.conn, a).Reply()
	if err != nil {
		return ""
	}
	return r.Name
}

// property reads at most 64 KiB of a window's property.
func (d *display) property(w xproto.Window, name string) []byte {
	a, err := xproto.InternAtom(d.conn, true, uint16(len(name)), name).Reply()
	if err != nil || a.Atom == xproto.AtomNone {
		return nil
	}
	r, err := xproto.GetProperty(d.conn, false, w, a.Atom, xproto.GetPropertyTypeAny, 0, 1<<14).Reply()
	if err != nil {
		return nil
	}
	return r.Value
}

const (
	maxWindows = 10 // that are offered
	maxTitle   = 200
)

// windows returns the windows that the desktop lists, without our own, the one on
// top first.
func (d *display) windows() (list []Screen) {
	if !d.has("Composite") {
		return nil
	}
	ids := d.property(d.root.Root, "_NET_CLIENT_LIST_STACKING")
	if ids == nil {
		ids = d.property(d.root.Root, "_NET_CLIENT_LIST")
	}
	for ; len(ids) >= 4 && len(list) < maxWindows; ids = ids[:len(ids)-4] {
		w := xproto.Window(xgb.Get32(ids[len(ids)-4:]))
		if pid := d.property(w, "_NET_WM_PID"); len(pid) >= 4 && int(xgb.Get32(pid)) == os.Getpid() {
			continue
		}
		title := d.property(w, "_NET_WM_NAME")
		if len(title) == 0 {
			title = d.property(w, "WM_NAME")
		}
		a, err := xproto.GetWindowAttributes(d.conn, w).Reply()
		g, err2 := xproto.GetGeometry(d.conn, xproto.Drawable(w)).Reply()
		if errors.Join(err, err2) != nil || a.MapState != xproto.MapStateViewable || len(title) == 0 || g.Width < 32 || g.Height < 32 || !d.readable(a.Visual, g.Depth) {
			continue
		}
		list = append(list, Screen{ID: windowID(w), Name: strings.ToValidUTF8(string(title[:min(len(title), maxTitle)]), ""), Window: true,
			Width: int(g.Width), Height: int(g.Height)})
	}
	return list
}

const windowKind = "window:"

func windowID(w xproto.Window) string {
	return windowKind + strconv.FormatUint(uint64(w), 16)
}

// Screens returns what can be shared: the monitors, all together, then windows.
func Screens() ([]Screen, error) {
	d, err := openDisplay()
	if err != nil {
		return nil, err
	}
	defer d.close()
	var list []Screen
	for _, a := range d.areas() {
		list = append(list, a.Screen)
	}
	return append(list, d.windows()...), nil
}

// OpenScreen opens a screen or window by its id, "" for the first, at 10 frames/s
// unless wished otherwise; pictures larger than the wished size (1920x1080 by
// default) are shrunk.
func OpenScreen(id string, o Options) (Video, error) {
	o, err := screenOptions(o)
	if err != nil {
		return nil, err
	}
	d, err := openDisplay()
	if err != nil {
		return nil, err
	}
	g, err := d.grabber(id)
	if err != nil {
		d.close()
		return nil, err
	}
	_, _, size := g.picture()
	return newScreenVideo(g, size.X, size.Y, o), nil
}

// grabber makes what reads a screen or window. It owns the connection then.
func (d *display) grabber(id string) (*x11Grabber, error) {
	g := &x11Grabber{display: d, shared: d.has("MIT-SHM"), cursor: d.has("XFIXES")}
	if hex, is := strings.CutPrefix(id, windowKind); is {
		w, err := strconv.ParseUint(hex, 16, 32)
		if err != nil || !d.has("Composite") {
			return nil, ErrScreenGone
		}
		g.window = xproto.Window(w)
		if err := composite.RedirectWindowChecked(d.conn, g.window, composite.RedirectAutomatic).Check(); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrScreenGone, err)
		}
	} else {
		list := d.areas()
		i := slices.IndexFunc(list, func(a area) bool { return id == "" || a.ID == id })
		if i < 0 {
			return nil, ErrScreenGone
		}
		g.area, g.border = list[i].ID, d.newBorder()
	}
	if err := g.measure(); err != nil {
		g.free()
		return nil, err
	}
	return g, nil
}
