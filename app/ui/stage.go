package ui

import (
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
// in a corner, where it can be dragged; more in an even grid with the own one.
type stage struct {
	box    *fyne.Container
	kit    *kit
	alone  *fyne.Container  // shown while nobody else is there
	tiles  map[string]*seat // by endpoint
	order  []*seat          // the others, in order of arrival
	self   *seat
	watch  bool          // we are of the audience: there is no own picture
	corner fyne.Position // of the own picture: 0 to 1 of the free way, both axes
}

// seat is a tile and the stream that it shows.
type seat struct {
	*tile
	stream string
}

// newStage makes an empty stage; alone is shown in its middle until somebody comes.
func newStage(k *kit, alone *fyne.Container) *stage {
	s := &stage{kit: k, alone: alone, tiles: map[string]*seat{},
		self: &seat{tile: newTile(true, colorStage)}, corner: fyne.NewPos(1, 1)}
	s.self.moved = s.drag
	s.box = container.New(s)
	return s
}

// update shows who is there now.
func (s *stage) update(c *session.Call) {
	here := map[string]bool{}
	s.order = s.order[:0]
	s.watch = c.Own.Audience
	shown := onStage(c)
	for _, p := range shown {
		t := s.self
		if !p.Self {
			here[p.Endpoint] = true
			if c.OnHold { // their last pictures would look like them
				continue
			}
			if t = s.tiles[p.Endpoint]; t == nil {
				t = &seat{tile: newTile(false, colorStage)}
				s.tiles[p.Endpoint] = t
			}
			s.order = append(s.order, t)
		}
		s.follow(t, p.StreamID)
	}
	for endpoint, t := range s.tiles {
		if !here[endpoint] {
			t.unwatch()
			delete(s.tiles, endpoint)
		}
	}
	for _, p := range shown {
		if c.OnHold && !p.Self {
			continue
		}
		t, where := s.self, placeGrid
		switch {
		case !p.Self && len(s.order) == 1:
			t, where = s.tiles[p.Endpoint], placeStage
		case !p.Self:
			t = s.tiles[p.Endpoint]
		case len(s.order) == 1:
			where = placeFloat
		}
		f := face{name: p.Name, muted: p.Muted, off: p.CameraOff, speaking: p.Speaking, hand: !p.Hand.IsZero()}
		if p.Self {
			f.label, f.speaking = "You", p.Speaking && len(s.order) > 1
		} else {
			f.frozen = !p.HasVideo && p.StreamID != "" && t.pic.Version() > 0
		}
		t.set(f, where)
	}
	s.arrange()
}

// onStage are those who have a tile: not the audience, nor who shows no picture
// where the room leaves them out; raised hands first where the room wants that.
func onStage(c *session.Call) []session.Participant {
	var shown []session.Participant
	for _, p := range c.Participants {
		if p.Self || !p.Audience && !(c.Room.HideVideoMuted && p.CameraOff) {
			shown = append(shown, p)
		}
	}
	if c.Room.HandsFirst {
		return ranked(shown)
	}
	return shown
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
	if !s.watch {
		objects = append(objects, s.self.tile)
	}
	same := len(objects) == len(s.box.Objects)
	for i := 0; same && i < len(objects); i++ {
		same = objects[i] == s.box.Objects[i]
	}
	if same {
		return
	}
	s.box.Objects = objects
	s.box.Refresh()
}

// Layout places the tiles.
func (s *stage) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	s.alone.Resize(size)
	if len(s.order) > 1 {
		all := s.order[:len(s.order):len(s.order)]
		if !s.watch {
			all = append(all, s.self)
		}
		at, each := evenGrid(len(all), size, gridGap)
		if at[0].Y < gridTop {
			at, each = evenGrid(len(all), size.SubtractWidthHeight(0, gridTop), gridGap)
			for i := range at {
				at[i].Y += gridTop
			}
		}
		for i, t := range all {
			t.Move(at[i])
			t.Resize(each)
		}
		return
	}
	for _, t := range s.order {
		t.Move(fyne.Position{})
		t.Resize(size)
	}
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
	if len(s.order) > 1 {
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
