package ui

import (
	"image"
	"strings"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"guichet/media/playout"
)

// face is what a tile says about its person.
type face struct {
	name     string // whose initials stand for them
	label    string // what is written instead of the name, such as "You"
	muted    bool
	off      bool // the camera is stopped or there is none
	frozen   bool // pictures should arrive, and do not
	speaking bool
	hand     bool // is raised
}

// called is what is written on the tile.
func (f face) called() string {
	if f.label != "" {
		return f.label
	}
	return f.name
}

// place says where a tile lies, and so what its edge looks like.
type place int

const (
	placeGrid   place = iota // beside others: round corners, a frame while speaking
	placeStage               // the whole stage: neither
	placeFloat               // over another picture: a dark edge around
	placeScreen              // a screen: nothing may lie on it, so the name stands below
)

// tile shows one person: the picture in its own shape on the stage's colour, or
// initials; the name with a crossed microphone; a frame while speaking.
//
// Pictures come by watch on a decoder's goroutine and are converted there.
// Everything else belongs to Fyne's goroutine.
type tile struct {
	widget.BaseWidget
	pic    *playout.Picture
	raster *canvas.Raster
	face   face
	place  place
	mirror bool
	around fyne.ThemeColorName
	flip   *image.RGBA // the mirrored picture, reused
	blank  *image.RGBA
	moved  func(fyne.Delta) // called when the tile is dragged, may be nil
	unhook []func()
}

// newTile makes a tile that lies on a colour; mirror shows people as they know
// themselves.
func newTile(mirror bool, around fyne.ThemeColorName) *tile {
	t := &tile{around: around, pic: &playout.Picture{}, mirror: mirror, blank: image.NewRGBA(image.Rect(0, 0, 1, 1))}
	t.raster = canvas.NewRaster(t.frame)
	t.ExtendBaseWidget(t)
	return t
}

// watch begins to show a stream: video starts the pictures, beat draws them.
func (t *tile) watch(beat *pulse, video func(show func(*image.YCbCr)) (stop func())) {
	t.unwatch()
	t.unhook = append(t.unhook, video(func(m *image.YCbCr) {
		// An impossible picture is left out; the next one may be right.
		_ = t.pic.Update(m)
	}), beat.picture(t.pic, t.fresh))
}

// unwatch stops the pictures and forgets the last one.
func (t *tile) unwatch() {
	for _, stop := range t.unhook {
		stop()
	}
	t.unhook = nil
	t.pic.Clear()
}

// set changes what the tile says.
func (t *tile) set(f face, p place) {
	if t.face == f && t.place == p {
		return
	}
	if f.off && !t.face.off {
		t.pic.Clear() // the picture of before must not flash up when the camera comes back
	}
	t.face, t.place = f, p
	t.pic.SetHidden(f.off)
	t.Refresh()
}

// fresh draws a new picture.
func (t *tile) fresh() {
	w, h := t.pic.SourceSize()
	if at, size := contain(t.room(t.Size()), w, h); t.raster.Hidden || at != t.raster.Position() || size != t.raster.Size() {
		t.Refresh()
		return
	}
	t.raster.Refresh()
}

// room is what the picture may take of the tile.
func (t *tile) room(size fyne.Size) fyne.Size {
	if t.place == placeScreen {
		size.Height = max(0, size.Height-captionHeight)
	}
	return size
}

// shows tells whether there is a picture to show.
func (t *tile) shows() bool { return !t.face.off && t.pic.Version() > 0 && t.pic.Latest() != nil }

// frame returns the picture to draw, in at most w x h pixels.
func (t *tile) frame(w, h int) image.Image {
	t.pic.SetSize(w, h)
	m := t.pic.Latest()
	if m == nil {
		return t.blank
	}
	t.raster.ScaleMode = canvas.ImageScaleFastest
	if m.Rect.Dx() < w-1 {
		t.raster.ScaleMode = canvas.ImageScaleSmooth // a small picture is enlarged
	}
	if !t.mirror {
		return m
	}
	if t.flip == nil || t.flip.Rect != m.Rect {
		t.flip = image.NewRGBA(m.Rect)
	}
	mirrorInto(t.flip, m)
	return t.flip
}

// mirrorInto copies a picture with left and right exchanged.
func mirrorInto(dst, src *image.RGBA) {
	w := src.Rect.Dx()
	for y := range src.Rect.Dy() {
		from, to := src.Pix[y*src.Stride:][:4*w], dst.Pix[y*dst.Stride:][:4*w]
		for i, j := 0, 4*(w-1); i < 4*w; i, j = i+4, j-4 {
			copy(to[j:j+4], from[i:i+4])
		}
	}
}

// contain returns where a picture of w x h lies in a box when it is as large as
// can be, keeps its shape and is centred.
func contain(box fyne.Size, w, h int) (fyne.Position, fyne.Size) {
	if w <= 0 || h <= 0 || box.Width <= 0 || box.Height <= 0 {
		return fyne.Position{}, box
	}
	size := fyne.NewSize(box.Width, box.Width*float32(h)/float32(w))
	if size.Height > box.Height {
		size = fyne.NewSize(box.Height*float32(w)/float32(h), box.Height)
	}
	return fyne.NewPos((box.Width-size.Width)/2, (box.Height-size.Height)/2), size
}

// initials returns the first letters of the first and the last word of a name.
func initials(name string) string {
	fields := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if len(fields) == 0 {
		return "?"
	}
	first := []rune(fields[0])[:1]
	if len(fields) > 1 {
		first = append(first, []rune(fields[len(fields)-1])[0])
	}
	return strings.ToUpper(string(first))
}

// Dragged moves a tile that may be moved.
func (t *tile) Dragged(e *fyne.DragEvent) {
	if t.moved != nil {
		t.moved(e.Dragged)
	}
}

// DragEnd is for Fyne.
func (t *tile) DragEnd() {}

// AccessibilityLabel tells a screen reader who this is.
func (t *tile) AccessibilityLabel() string {
	s := t.face.called()
	if t.face.muted {
		s += ", microphone muted"
	}
	if t.face.off {
		s += ", camera off"
	}
	if t.face.hand {
		s += ", hand raised"
	}
	return s
}

// AccessibilityRole is for Fyne.
func (t *tile) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }
