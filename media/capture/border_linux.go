package capture

import (
	"image"

	"github.com/jezek/xgb/shape"
	"github.com/jezek/xgb/xproto"
)

const (
	borderWidth = 3        // pixels
	borderColor = 0xC4352C // red, green, blue
)

// border is a thin frame inside the edges of a monitor that is shared, so that
// nobody forgets it while other windows lie over ours. It takes no clicks, and is
// left out of the picture. The server takes it down with the connection.
type border struct{ sides [4]xproto.Window }

// newBorder makes one that is not shown yet; nil where a window that lets clicks
// through cannot be made.
func (d *display) newBorder() *border {
	if !d.has("SHAPE") {
		return nil
	}
	b := &border{}
	for i := range b.sides {
		w, err := xproto.NewWindowId(d.conn)
		if err == nil {
			err = xproto.CreateWindowChecked(d.conn, d.root.RootDepth, w, d.root.Root, 0, 0, 1, 1, 0, xproto.WindowClassInputOutput, d.root.RootVisual,
				xproto.CwBackPixel|xproto.CwOverrideRedirect, []uint32{borderColor, 1}).Check()
		}
		if err == nil {
			err = shape.RectanglesChecked(d.conn, shape.SoSet, shape.SkInput, xproto.ClipOrderingUnsorted, w, 0, 0, nil).Check()
		}
		if err != nil {
			return nil
		}
		b.sides[i] = w
	}
	return b
}

// surround shows the frame inside the edges of a part of the root window.
func (d *display) surround(b *border, at image.Rectangle) {
	const w = borderWidth
	for i, r := range [4]image.Rectangle{
		image.Rect(at.Min.X, at.Min.Y, at.Max.X, at.Min.Y+w), image.Rect(at.Min.X, at.Max.Y-w, at.Max.X, at.Max.Y),
		image.Rect(at.Min.X, at.Min.Y+w, at.Min.X+w, at.Max.Y-w), image.Rect(at.Max.X-w, at.Min.Y+w, at.Max.X, at.Max.Y-w),
	} {
		xproto.ConfigureWindow(d.conn, b.sides[i], xproto.ConfigWindowX|xproto.ConfigWindowY|xproto.ConfigWindowWidth|xproto.ConfigWindowHeight|xproto.ConfigWindowStackMode,
			[]uint32{uint32(int32(r.Min.X)), uint32(int32(r.Min.Y)), uint32(r.Dx()), uint32(r.Dy()), xproto.StackModeAbove})
		xproto.MapWindow(d.conn, b.sides[i])
	}
}
