package ui

import (
	"fmt"
	"image"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"guichet/app/session"
)

const (
	gridGap         = space2
	gridTop float32 = 48 // of the stage is left to the status above a grid
)

// stage shows the people in a call: one on the whole stage with the own picture
// in a corner, where it can be dragged; more in an even grid with the own one; a
// screen, or who stands in front, large beside a strip of the others.
type stage struct {
	box    *fyne.Container
	kit    *kit
	alone  *fyne.Container  // shown while nobody else is there
	tiles  map[string]*seat // by the key of an actor
	order  []*seat          // those that are shown
	self   *seat
	cast   cast
	front  string        // endpoint of who spoke last
	rest   *flag         // how many have no place
	corner fyne.Position // of the own picture: 0 to 1 of the free way, both axes
}

// seat is a tile and the stream that it shows.
type seat struct {
	*tile
	stream string
}

// newStage makes an empty stage; alone is shown in its middle until somebody comes.
func newStage(k *kit, alone *fyne.Container) *stage {
	s := &stage{kit: k, alone: alone, tiles: map[string]*seat{}, rest: newFlagOf("people", "", colorStageRaised, colorStageText),
		self: &seat{tile: newTile(true, colorStage)}, corner: fyne.NewPos(1, 1)}
	s.self.moved = s.drag
	s.box = container.New(s)
	return s
}

// update shows who is there now.
func (s *stage) update(c *session.Call) {
	s.front = inFront(c, s.front)
	s.cast = castOf(c, s.front)
	here := map[string]bool{}
	s.order = s.order[:0]
	for i, a := range s.cast.actors {
		here[a.key] = true
		t := s.tiles[a.key]
		if t == nil {
			t = &seat{tile: newTile(false, colorStage)}
			s.tiles[a.key] = t
		}
		s.order = append(s.order, t)
		s.follow(t, a.stream)
		t.set(a.face(t), s.place(i))
	}
	for key, t := range s.tiles {
		if !here[key] {
			t.unwatch()
			delete(s.tiles, key)
		}
	}
	for _, p := range c.Participants {
		if p.Self {
			s.follow(s.self, p.StreamID)
			s.self.set(face{name: p.Name, label: "You", muted: p.Muted, off: p.CameraOff, speaking: p.Speaking && len(s.order) > 1, hand: !p.Hand.IsZero()}, s.cast.own)
		}
	}
	set(s.rest.text, fmt.Sprintf("%d more without a place in this layout", s.cast.left))
	s.rest.raise(s.cast.left > 0)
	s.arrange()
}

// place says where the tile of an actor lies.
func (s *stage) place(i int) place {
	switch {
	case s.cast.actors[i].shot == shotScreen:
		return placeScreen
	case len(s.cast.actors) == 1 && !s.cast.large:
		return placeStage
	}
	return placeGrid
}

// face is what a tile says of somebody else.
func (a actor) face(t *seat) face {
	p := a.who
	switch a.shot {
	case shotScreen:
		return face{name: p.Name, label: p.Name + ": screen"}
	case shotSecond:
		return face{name: p.Name, label: p.Name + ": second camera"}
	}
	return face{name: p.Name, muted: p.Muted, off: p.CameraOff, speaking: p.Speaking, hand: !p.Hand.IsZero(),
		frozen: !p.HasVideo && p.StreamID != "" && t.pic.Version() > 0}
}

// follow makes a tile show a stream.
func (s *stage) follow(t *seat, stream string) {
	if t.stream == stream {
		return
	}
	t.stream = stream
	if stream == "" {
		t.unwatch()
		return
	}
	t.watch(s.kit.pulse, func(show func(*image.YCbCr)) func() { return s.kit.session.OnVideo(stream, show) })
}

// arrange puts the tiles on the stage, the own one on top.
func (s *stage) arrange() {
	s.alone.Hidden = len(s.order) > 0
	objects := []fyne.CanvasObject{s.alone}
	for _, t := range s.order {
		objects = append(objects, t.tile)
	}
	if !s.cast.none {
		objects = append(objects, s.self.tile)
	}
	objects = append(objects, s.rest.box)
	same := len(objects) == len(s.box.Objects)
	for i := 0; same && i < len(objects); i++ {
		same = objects[i] == s.box.Objects[i]
	}
	if same {
		s.Layout(nil, s.box.Size()) // another may be large now
		return
	}
	s.box.Objects = objects
	s.box.Refresh()
}

// Layout places the tiles.
func (s *stage) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	s.alone.Resize(size)
	rest := s.rest.box.MinSize()
	s.rest.box.Resize(rest)
	s.rest.box.Move(fyne.NewPos(size.Width-rest.Width-space3, max(0, (gridTop-rest.Height)/2)))
	all := s.order[:len(s.order):len(s.order)]
	if !s.cast.none && s.cast.own == placeGrid {
		all = append(all, s.self)
	}
	switch {
	case s.cast.large:
		s.layLarge(all, size)
	case len(all) == 1 && s.cast.own == placeFloat || len(all) == 1 && s.cast.none:
		all[0].Move(fyne.Position{})
		all[0].Resize(size)
	default:
		s.layGrid(all, size)
	}
	if s.cast.own == placeFloat {
		s.layOwn(size)
	}
}

// layGrid makes all tiles equal.
func (s *stage) layGrid(all []*seat, size fyne.Size) {
	at, each := evenGrid(len(all), size, gridGap)
	if len(at) > 0 && at[0].Y < gridTop {
		at, each = evenGrid(len(all), size.SubtractWidthHeight(0, gridTop), gridGap)
		for i := range at {
			at[i].Y += gridTop
		}
	}
	for i, t := range all {
		t.Move(at[i])
		t.Resize(each)
	}
}

// layLarge gives the first tile most of the room and the others a strip.
func (s *stage) layLarge(all []*seat, size fyne.Size) {
	shape := float32(tileShape)
	if w, h := all[0].pic.SourceSize(); w > 0 && h > 0 {
		shape = float32(w) / float32(h)
	}
	at, big, strip, each := largeFirst(len(all)-1, size.SubtractWidthHeight(0, gridTop), shape, gridGap)
	all[0].Move(at.AddXY(0, gridTop))
	all[0].Resize(big)
	for i, t := range all[1:] {
		t.Move(strip[i].AddXY(0, gridTop))
		t.Resize(each)
	}
}

// layOwn puts the own picture over the others.
func (s *stage) layOwn(size fyne.Size) {
	w := floor(max(160, min(size.Width*0.2, 288)))
	own := fyne.NewSize(w, floor(w/tileShape))
	s.self.Resize(own)
	free := s.free(size, own)
	s.self.Move(fyne.NewPos(space4+s.corner.X*free.Width, space4+s.corner.Y*free.Height))
}

// MinSize is for Fyne.
func (s *stage) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(320, 160) }

// free is how far the own picture may be moved.
func (s *stage) free(size, own fyne.Size) fyne.Size {
	return fyne.NewSize(max(0, size.Width-own.Width-2*space4), max(0, size.Height-own.Height-2*space4))
}

// drag moves the own picture; it stays on the stage.
func (s *stage) drag(d fyne.Delta) {
	if s.cast.own != placeFloat {
		return
	}
	move := func(at, by, free float32) float32 {
		if free <= 0 {
			return at
		}
		return min(1, max(0, at+by/free))
	}
	free := s.free(s.box.Size(), s.self.Size())
	s.corner = fyne.NewPos(move(s.corner.X, d.DX, free.Width), move(s.corner.Y, d.DY, free.Height))
	s.Layout(nil, s.box.Size())
	s.self.Refresh()
}

// close stops all pictures.
func (s *stage) close() {
	s.self.unwatch()
	for _, t := range s.tiles {
		t.unwatch()
	}
}
