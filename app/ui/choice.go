package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// choice lets a person pick one of some options from a menu.
type choice struct {
	widget.BaseWidget
	name    string // what is chosen, for screen readers
	icon    string
	options []option
	chosen  string
	changed func(value string)

	focused, hovered bool
}

// option is one thing to choose.
type option struct{ value, text string }

func newChoice(name, icon string, changed func(value string)) *choice {
	c := &choice{name: name, icon: icon, changed: changed}
	c.ExtendBaseWidget(c)
	return c
}

// set changes the options and what is chosen.
func (c *choice) set(options []option, chosen string) {
	same := c.chosen == chosen && len(c.options) == len(options)
	for i := 0; same && i < len(options); i++ {
		same = c.options[i] == options[i]
	}
	if !same {
		c.options, c.chosen = options, chosen
		c.Refresh()
	}
}

// text returns what is chosen in words.
func (c *choice) text() string {
	for _, o := range c.options {
		if o.value == c.chosen {
			return o.text
		}
	}
	return c.chosen
}

// Tapped opens the menu.
func (c *choice) Tapped(*fyne.PointEvent) {
	on := fyne.CurrentApp().Driver().CanvasForObject(c)
	if on == nil || len(c.options) == 0 {
		return
	}
	on.Focus(c)
	items := make([]*fyne.MenuItem, len(c.options))
	for i, o := range c.options {
		items[i] = fyne.NewMenuItem(o.text, func() { c.pick(o.value) })
		items[i].Checked = o.value == c.chosen
	}
	menu := widget.NewPopUpMenu(fyne.NewMenu("", items...), on)
	menu.ShowAtPosition(fyne.CurrentApp().Driver().AbsolutePositionForObject(c).AddXY(0, c.Size().Height+space1))
	menu.Resize(menu.MinSize().Max(fyne.NewSize(c.Size().Width, 0)))
}

func (c *choice) pick(value string) {
	if value != c.chosen {
		c.chosen = value
		c.Refresh()
		c.changed(value)
	}
}

// TypedKey opens the menu by keyboard.
func (c *choice) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace, fyne.KeyDown, fyne.KeyUp:
		c.Tapped(nil)
	}
}

// TypedRune is for Fyne.
func (c *choice) TypedRune(rune) {}

// FocusGained is for Fyne.
func (c *choice) FocusGained() { c.focused = true; c.Refresh() }

// FocusLost is for Fyne.
func (c *choice) FocusLost() { c.focused = false; c.Refresh() }

// MouseIn is for Fyne.
func (c *choice) MouseIn(*desktop.MouseEvent) { c.hovered = true; c.Refresh() }

// MouseMoved is for Fyne.
func (c *choice) MouseMoved(*desktop.MouseEvent) {}

// MouseOut is for Fyne.
func (c *choice) MouseOut() { c.hovered = false; c.Refresh() }

// Cursor is for Fyne.
func (c *choice) Cursor() desktop.Cursor { return desktop.PointerCursor }

// AccessibilityLabel tells a screen reader what is chosen here.
func (c *choice) AccessibilityLabel() string { return c.name + ": " + c.text() }

// AccessibilityRole is for Fyne.
func (c *choice) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// CreateRenderer is for Fyne.
func (c *choice) CreateRenderer() fyne.WidgetRenderer {
	r := &choiceRenderer{c: c, ring: &canvas.Rectangle{}, back: &canvas.Rectangle{}, text: &canvas.Text{},
		img: &canvas.Image{FillMode: canvas.ImageFillContain}, arrow: &canvas.Image{FillMode: canvas.ImageFillContain}}
	r.Refresh()
	return r
}

type choiceRenderer struct {
	c          *choice
	ring, back *canvas.Rectangle
	img, arrow *canvas.Image
	text       *canvas.Text
}

func (r *choiceRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.ring, r.back, r.img, r.text, r.arrow}
}
func (r *choiceRenderer) Destroy()           {}
func (r *choiceRenderer) MinSize() fyne.Size { return fyne.NewSize(160, 40) }

func (r *choiceRenderer) Layout(size fyne.Size) {
	r.ring.Resize(size.AddWidthHeight(6, 6))
	r.ring.Move(fyne.NewPos(-3, -3))
	r.back.Resize(size)
	r.img.Resize(fyne.NewSquareSize(20))
	r.img.Move(fyne.NewPos(space3, (size.Height-20)/2))
	r.arrow.Resize(fyne.NewSquareSize(16))
	r.arrow.Move(fyne.NewPos(size.Width-space3-16, (size.Height-16)/2))
	left := space3 + 20 + space2
	r.text.Text = elide(r.c.text(), size.Width-left-space3-16-space2, sizeSecondary)
	text := r.text.MinSize()
	r.text.Resize(text)
	r.text.Move(fyne.NewPos(left, (size.Height-text.Height)/2))
}

func (r *choiceRenderer) Refresh() {
	r.ring.FillColor, r.ring.StrokeColor = theme.Color(colorNone), theme.Color(colorBrand)
	r.ring.StrokeWidth, r.ring.CornerRadius, r.ring.Hidden = 2, corner+3, !r.c.focused
	r.back.FillColor, r.back.StrokeColor = theme.Color(colorGround), theme.Color(colorLine)
	r.back.StrokeWidth, r.back.CornerRadius = 1, corner
	if r.c.hovered {
		r.back.StrokeColor = theme.Color(colorText)
	}
	r.text.Color, r.text.TextSize = theme.Color(colorText), sizeSecondary
	r.img.Resource = icon(r.c.icon, theme.Color(colorMuted))
	r.arrow.Resource = icon("open", theme.Color(colorMuted))
	r.Layout(r.c.Size())
	for _, o := range []fyne.CanvasObject{r.ring, r.back, r.img, r.text, r.arrow} {
		o.Refresh()
	}
}
