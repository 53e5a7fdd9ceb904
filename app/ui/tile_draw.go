package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
)

const (
	edgeWidth  float32 = 4  // around a tile that floats
	pillHeight float32 = 28 // of the name

	captionHeight = pillHeight // of the name below a screen
)

// CreateRenderer is for Fyne.
func (t *tile) CreateRenderer() fyne.WidgetRenderer {
	r := &tileRenderer{t: t, back: &canvas.Rectangle{}, disc: &canvas.Circle{}, letters: &canvas.Text{},
		edge: &canvas.Rectangle{}, frame: &canvas.Rectangle{}, pill: &canvas.Rectangle{},
		mic: &canvas.Image{FillMode: canvas.ImageFillContain}, name: &canvas.Text{},
		spot: &canvas.Circle{}, hand: &canvas.Image{FillMode: canvas.ImageFillContain}}
	r.letters.TextStyle.Bold = true
	r.name.TextSize = sizeSecondary
	for i := range r.corners {
		r.corners[i] = &canvas.Image{FillMode: canvas.ImageFillStretch}
		r.corners[i].Resize(fyne.NewSquareSize(corner))
	}
	r.Refresh()
	return r
}

type tileRenderer struct {
	t           *tile
	back        *canvas.Rectangle
	disc        *canvas.Circle
	letters     *canvas.Text
	edge, frame *canvas.Rectangle
	corners     [4]*canvas.Image // of what lies around, over the picture's own corners
	pill        *canvas.Rectangle
	mic         *canvas.Image
	name        *canvas.Text
	spot        *canvas.Circle // behind the hand
	hand        *canvas.Image
}

func (r *tileRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.back, r.disc, r.letters, r.t.raster, r.corners[0], r.corners[1], r.corners[2], r.corners[3],
		r.edge, r.frame, r.pill, r.mic, r.name, r.spot, r.hand}
}

func (r *tileRenderer) Destroy()           {}
func (r *tileRenderer) MinSize() fyne.Size { return fyne.NewSize(64, 36) }

func (r *tileRenderer) Layout(size fyne.Size) {
	r.back.Resize(size)
	r.frame.Resize(size)
	r.edge.Resize(size.AddWidthHeight(2*edgeWidth, 2*edgeWidth))
	r.edge.Move(fyne.NewPos(-edgeWidth, -edgeWidth))

	for i, c := range r.corners {
		c.Move(fyne.NewPos(float32(i%2)*(size.Width-corner), float32(i/2)*(size.Height-corner)))
	}
	w, h := r.t.pic.SourceSize()
	at, video := contain(r.t.room(size), w, h)
	r.t.raster.Move(at)
	r.t.raster.Resize(video)

	side := max(32, min(min(size.Width, size.Height)*0.42, 144))
	r.disc.Resize(fyne.NewSquareSize(side))
	r.disc.Move(fyne.NewPos((size.Width-side)/2, (size.Height-side)/2))
	r.letters.TextSize = side * 0.38
	text := r.letters.MinSize()
	r.letters.Resize(text)
	r.letters.Move(fyne.NewPos((size.Width-text.Width)/2, (size.Height-text.Height)/2))
	r.layoutName(size)

	const spot = 36
	r.spot.Resize(fyne.NewSquareSize(spot))
	r.spot.Move(fyne.NewPos(size.Width-spot-space2, space2))
	r.hand.Resize(fyne.NewSquareSize(22))
	r.hand.Move(fyne.NewPos(size.Width-space2-(spot+22)/2, space2+(spot-22)/2))
}

// layoutName puts the name at the bottom left, cut where it would not fit.
func (r *tileRenderer) layoutName(size fyne.Size) {
	if r.t.place == placeScreen {
		at, shown := r.t.raster.Position(), r.t.raster.Size()
		if !r.t.shows() {
			at, shown = fyne.Position{}, r.t.room(size)
		}
		r.name.Text = elide(r.says(), shown.Width-2*space2, sizeSecondary)
		text := r.name.MinSize()
		r.name.Resize(text)
		r.name.Move(fyne.NewPos(at.X+(shown.Width-text.Width)/2, at.Y+shown.Height+(captionHeight-text.Height)/2))
		return
	}
	room := size.Width - 2*space2 - 2*space2
	x := space2 + space2
	if r.t.face.muted {
		r.mic.Resize(fyne.NewSquareSize(18))
		r.mic.Move(fyne.NewPos(x, size.Height-space2-pillHeight/2-9))
		x += 18 + space1
		room -= 18 + space1
	}
	r.name.Text = elide(r.says(), room, sizeSecondary)
	text := r.name.MinSize()
	r.name.Resize(text)
	r.name.Move(fyne.NewPos(x, size.Height-space2-pillHeight/2-text.Height/2))
	r.pill.Resize(fyne.NewSize(x+text.Width, pillHeight))
	r.pill.Move(fyne.NewPos(space2, size.Height-space2-pillHeight))
}

func (r *tileRenderer) says() string {
	if r.t.face.frozen && !r.t.face.off {
		return r.t.face.called() + " (picture paused)"
	}
	return r.t.face.called()
}

func (r *tileRenderer) Refresh() {
	t := r.t
	shows := t.shows()
	none := theme.Color(colorNone)
	// Behind a picture and on the whole stage the tile's ground would be hidden
	// or the stage's own: each full area costs a software renderer milliseconds.
	r.back.FillColor, r.back.CornerRadius = theme.Color(colorStageSurface), corner
	r.back.Hidden = t.place == placeStage || t.place == placeScreen || shows
	r.disc.FillColor = theme.Color(colorStageRaised)
	r.letters.Text, r.letters.Color = initials(t.face.name), theme.Color(colorStageText)
	r.disc.Hidden, r.letters.Hidden = shows, shows
	t.raster.Hidden = !shows
	r.edge.FillColor, r.edge.StrokeColor = none, theme.Color(t.around)
	r.edge.StrokeWidth, r.edge.CornerRadius, r.edge.Hidden = edgeWidth, corner+edgeWidth, t.place != placeFloat
	for i, name := range []string{"corner-tl", "corner-tr", "corner-bl", "corner-br"} {
		c := r.corners[i]
		if c.Hidden = t.place != placeGrid || !shows; !c.Hidden {
			c.Resource = icon(name, theme.Color(t.around))
			c.Refresh()
		}
	}
	r.frame.FillColor, r.frame.StrokeColor = none, theme.Color(colorStageBrand)
	r.frame.StrokeWidth, r.frame.CornerRadius, r.frame.Hidden = 2, corner, t.place != placeGrid || !t.face.speaking
	r.pill.FillColor, r.pill.CornerRadius = theme.Color(colorStageVeil), pillHeight/2
	r.pill.Hidden = t.place == placeScreen
	r.name.Color = theme.Color(colorStageText)
	r.mic.Hidden = !t.face.muted
	r.mic.Resource = icon("microphone-off", theme.Color(colorStageText))
	r.spot.FillColor, r.spot.Hidden = theme.Color(colorStageBrand), !t.face.hand
	r.hand.Resource, r.hand.Hidden = icon("hand", theme.Color(colorStage)), !t.face.hand
	r.Layout(t.Size())
	for _, o := range []fyne.CanvasObject{r.back, r.disc, r.letters, r.edge, r.frame, r.pill, r.mic, r.name, r.spot, r.hand} {
		o.Refresh()
	}
	if shows {
		t.raster.Refresh()
	}
}

// elide cuts a text that is wider than its room and ends it with an ellipsis.
func elide(text string, room, size float32) string {
	wide := func(s string) bool { return fyne.MeasureText(s, size, fyne.TextStyle{}).Width > room }
	if !wide(text) {
		return text
	}
	runes := []rune(text)
	low, high := 0, len(runes) // so many letters fit, so many do not
	for high-low > 1 {
		if mid := (low + high) / 2; wide(string(runes[:mid]) + "…") {
			high = mid
		} else {
			low = mid
		}
	}
	return string(runes[:low]) + "…"
}
