package capture

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"slices"
	"time"

	"github.com/jezek/xgb/composite"
	"github.com/jezek/xgb/shm"
	"github.com/jezek/xgb/xfixes"
	"github.com/jezek/xgb/xproto"
	"golang.org/x/sys/unix"
)

// remeasured is how often it is looked whether a monitor's place changed; a
// window is measured for each picture.
const remeasured = time.Second

// x11Grabber reads a part of the root window, or a window's own pixels, which
// nothing that lies over it can change. Two buffers take turns, so that a picture
// can be compared with the one before.
type x11Grabber struct {
	*display
	area   string        // id of the monitor; "" for a window
	window xproto.Window // 0 for a monitor
	shared bool          // the server writes into memory of ours
	cursor bool          // the pointer can be asked for
	border *border       // around a monitor; nil for none

	at       image.Rectangle // of the root window, or from 0, 0
	measured time.Time
	from     xproto.Drawable
	pixmap   xproto.Pixmap // of a window; 0 for none
	shown    bool          // the window is not put away
	buffers  [2]segment
	now      int          // the newer of the two
	known    bool         // the other holds the picture before
	pointer  pointerState // in the newer picture
	hidden   []byte       // what the pointer covers of it
}

// segment is the memory of one picture, shared with the server if it can be.
type segment struct {
	pix []byte
	seg shm.Seg // 0: the server sends it
}

// pointerState is where the pointer is and how it looks.
type pointerState struct {
	at     image.Rectangle // on the picture; empty: nowhere
	serial uint32
	image  []uint32 // ARGB, multiplied by its alpha
	size   image.Point
}

// measure finds out where to read and how much, and makes room for it.
func (g *x11Grabber) measure() error {
	at, anew := image.Rectangle{}, false
	if g.window != 0 {
		size, state := xproto.GetGeometry(g.conn, xproto.Drawable(g.window)), xproto.GetWindowAttributes(g.conn, g.window)
		r, err := size.Reply()
		a, err2 := state.Reply()
		if err := errors.Join(err, err2); err != nil {
			return fmt.Errorf("%w: %w", ErrScreenGone, err)
		}
		at = image.Rect(0, 0, int(r.Width), int(r.Height))
		shown := a.MapState == xproto.MapStateViewable
		anew, g.shown = shown && !g.shown, shown
		if !shown && g.from != 0 {
			return nil // its last pixels stay
		}
	} else {
		if time.Since(g.measured) < remeasured {
			return nil
		}
		list := g.areas()
		i := slices.IndexFunc(list, func(a area) bool { return a.ID == g.area })
		if i < 0 {
			return ErrScreenGone
		}
		at = list[i].at
		if g.border != nil {
			g.surround(g.border, at) // again above what came since
			at = at.Inset(borderWidth)
		}
	}
	g.measured = time.Now()
	if at == g.at && g.from != 0 && !anew {
		return nil
	}
	if at.Dx() < 16 || at.Dy() < 16 || at.Dx() > 16384 || at.Dy() > 16384 {
		return fmt.Errorf("%w: it has %v pixels", ErrScreenGone, at.Size())
	}
	g.at = at
	g.from = xproto.Drawable(g.root.Root)
	if g.window != 0 {
		if err := g.name(); err != nil {
			return err
		}
	}
	return g.allocate()
}

// name gets hold of the pixels of a window, which are others after each change of
// its size and after it was put away.
func (g *x11Grabber) name() error {
	id, err := xproto.NewPixmapId(g.conn)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrScreenGone, err)
	}
	if err := composite.NameWindowPixmapChecked(g.conn, g.window, id).Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrScreenGone, err)
	}
	if g.pixmap != 0 {
		xproto.FreePixmap(g.conn, g.pixmap)
	}
	g.pixmap, g.from = id, xproto.Drawable(id)
	return nil
}

// allocate makes both buffers fit. A server that cannot share memory, as one on
// another machine, sends its pictures.
func (g *x11Grabber) allocate() error {
	g.free()
	g.known = false
	size := 4 * g.at.Dx() * g.at.Dy()
	for i := range g.buffers {
		if g.shared {
			if s, err := g.share(size); err == nil {
				g.buffers[i] = s
				continue
			}
			g.shared = false
		}
		g.buffers[i] = segment{pix: make([]byte, size)}
	}
	return nil
}

// share makes memory that the server writes into. Nobody else can find it, and it
// goes with the last of both that uses it.
func (g *x11Grabber) share(size int) (s segment, err error) {
	id, err := unix.SysvShmGet(unix.IPC_PRIVATE, size, unix.IPC_CREAT|0o600)
	if err != nil {
		return s, err
	}
	defer func() { _, _ = unix.SysvShmCtl(id, unix.IPC_RMID, nil) }()
	if s.pix, err = unix.SysvShmAttach(id, 0, 0); err != nil {
		return s, err
	}
	if s.seg, err = shm.NewSegId(g.conn); err == nil {
		err = shm.AttachChecked(g.conn, s.seg, uint32(id), false).Check()
	}
	if err != nil {
		_ = unix.SysvShmDetach(s.pix)
		return segment{}, err
	}
	return s, nil
}

// free gives the buffers back.
func (g *x11Grabber) free() {
	for i, s := range g.buffers {
		if s.seg != 0 {
			shm.Detach(g.conn, s.seg)
			_ = unix.SysvShmDetach(s.pix)
		}
		g.buffers[i] = segment{}
	}
}

// close frees everything. The server forgets what is left with the connection.
func (g *x11Grabber) close() error {
	g.free()
	g.display.close()
	return nil
}

// grab reads the picture and draws the pointer into it.
func (g *x11Grabber) grab() (changed bool, err error) {
	if err := g.measure(); err != nil {
		return false, err
	}
	g.uncover()
	g.now = 1 - g.now
	if err := g.read(&g.buffers[g.now]); err != nil {
		g.measured, g.known = time.Time{}, false // it may lie elsewhere by now
		if err := g.measure(); err != nil {
			return false, err
		}
		if err := g.read(&g.buffers[g.now]); err != nil {
			return false, err
		}
	}
	before, pointer := g.pointer, g.point()
	changed = !g.known || before.at != pointer.at || before.serial != pointer.serial || !bytes.Equal(g.buffers[0].pix, g.buffers[1].pix)
	g.known = true
	g.cover(pointer)
	return changed, nil
}

func (g *x11Grabber) read(to *segment) error {
	x, y, w, h := int16(g.at.Min.X), int16(g.at.Min.Y), uint16(g.at.Dx()), uint16(g.at.Dy())
	if to.seg != 0 {
		_, err := shm.GetImage(g.conn, g.from, x, y, w, h, ^uint32(0), xproto.ImageFormatZPixmap, to.seg, 0).Reply()
		return err
	}
	r, err := xproto.GetImage(g.conn, xproto.ImageFormatZPixmap, g.from, x, y, w, h, ^uint32(0)).Reply()
	if err != nil {
		return err
	}
	if len(r.Data) < len(to.pix) {
		return fmt.Errorf("%d bytes for %d", len(r.Data), len(to.pix))
	}
	copy(to.pix, r.Data)
	return nil
}

// picture returns what was read last.
func (g *x11Grabber) picture() (pix []byte, stride int, size image.Point) {
	return g.buffers[g.now].pix, 4 * g.at.Dx(), g.at.Size()
}

// point asks for the pointer. Over another window than the one shared it is not
// drawn; what cannot be asked for is left out.
func (g *x11Grabber) point() (p pointerState) {
	if !g.cursor {
		return p
	}
	r, err := xfixes.GetCursorImage(g.conn).Reply()
	if err != nil || len(r.CursorImage) < int(r.Width)*int(r.Height) {
		return p
	}
	x, y := int(r.X), int(r.Y)
	if g.window != 0 {
		t, err := xproto.TranslateCoordinates(g.conn, g.root.Root, g.window, r.X, r.Y).Reply()
		if err != nil {
			return p
		}
		x, y = int(t.DstX), int(t.DstY)
	}
	hot := image.Pt(x, y).Sub(g.at.Min)
	if !hot.In(image.Rectangle{Max: g.at.Size()}) {
		return p
	}
	p.size = image.Pt(int(r.Width), int(r.Height))
	p.at = image.Rectangle{Max: p.size}.Add(hot).Sub(image.Pt(int(r.Xhot), int(r.Yhot)))
	p.serial, p.image = r.CursorSerial, r.CursorImage
	return p
}

// cover draws the pointer into the newer picture, and keeps what lies under it.
func (g *x11Grabber) cover(p pointerState) {
	g.pointer, g.hidden = p, g.hidden[:0]
	pix, stride, size := g.picture()
	in := p.at.Intersect(image.Rectangle{Max: size})
	for y := in.Min.Y; y < in.Max.Y; y++ {
		line := pix[y*stride+4*in.Min.X : y*stride+4*in.Max.X]
		g.hidden = append(g.hidden, line...)
		from := p.image[(y-p.at.Min.Y)*p.size.X+in.Min.X-p.at.Min.X:]
		for x := range in.Dx() {
			c := from[x]
			rest := 255 - c>>24
			for i := range 3 {
				at := &line[4*x+i]
				*at = uint8(min(c>>(8*i)&0xFF+uint32(*at)*rest/255, 255))
			}
		}
	}
}

// uncover takes the pointer out of the picture again, for the comparison with the
// next.
func (g *x11Grabber) uncover() {
	if len(g.hidden) == 0 || !g.known {
		return
	}
	pix, stride, size := g.picture()
	in := g.pointer.at.Intersect(image.Rectangle{Max: size})
	for y := in.Min.Y; y < in.Max.Y; y++ {
		n := copy(pix[y*stride+4*in.Min.X:y*stride+4*in.Max.X], g.hidden)
		g.hidden = g.hidden[n:]
	}
	g.hidden = nil
}
