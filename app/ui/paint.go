package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// ground is a filled area in a colour of the theme; it follows when the system
// turns from light to dark.
type ground struct {
	widget.BaseWidget
	fill   fyne.ThemeColorName
	line   fyne.ThemeColorName // the edge's colour, "" for none
	radius float32
}

func newGround(fill, line fyne.ThemeColorName, radius float32) *ground {
	g := &ground{fill: fill, line: line, radius: radius}
	g.ExtendBaseWidget(g)
	return g
}

// CreateRenderer is for Fyne.
func (g *ground) CreateRenderer() fyne.WidgetRenderer {
	r := &groundRenderer{g: g, rect: canvas.NewRectangle(theme.Color(g.fill))}
	r.Refresh()
	return r
}

type groundRenderer struct {
	g    *ground
	rect *canvas.Rectangle
}

func (r *groundRenderer) Layout(size fyne.Size)        { r.rect.Resize(size) }
func (r *groundRenderer) MinSize() fyne.Size           { return fyne.Size{} }
func (r *groundRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.rect} }
func (r *groundRenderer) Destroy()                     {}
func (r *groundRenderer) Refresh() {
	r.rect.FillColor = theme.Color(r.g.fill)
	r.rect.CornerRadius = r.g.radius
	r.rect.StrokeWidth = 0
	if r.g.line != "" {
		r.rect.StrokeWidth, r.rect.StrokeColor = 1, theme.Color(r.g.line)
	}
	r.rect.Refresh()
}

// picture is an icon of our set in a colour of the theme.
type picture struct {
	widget.BaseWidget
	name  string
	color fyne.ThemeColorName
	size  float32
}

func newPicture(name string, color fyne.ThemeColorName, size float32) *picture {
	p := &picture{name: name, color: color, size: size}
	p.ExtendBaseWidget(p)
	return p
}

// CreateRenderer is for Fyne.
func (p *picture) CreateRenderer() fyne.WidgetRenderer {
	img := canvas.NewImageFromResource(icon(p.name, theme.Color(p.color)))
	img.FillMode = canvas.ImageFillContain
	return &pictureRenderer{p, img}
}

type pictureRenderer struct {
	p   *picture
	img *canvas.Image
}

func (r *pictureRenderer) Layout(size fyne.Size) {
	side := fyne.Min(r.p.size, fyne.Min(size.Width, size.Height))
	r.img.Resize(fyne.NewSquareSize(side))
	r.img.Move(fyne.NewPos((size.Width-side)/2, (size.Height-side)/2))
}
func (r *pictureRenderer) MinSize() fyne.Size           { return fyne.NewSquareSize(r.p.size) }
func (r *pictureRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.img} }
func (r *pictureRenderer) Destroy()                     {}
func (r *pictureRenderer) Refresh() {
	r.img.Resource = icon(r.p.name, theme.Color(r.p.color))
	r.img.Refresh()
}
