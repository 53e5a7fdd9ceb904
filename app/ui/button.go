package ui

import (
	"fmt"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// manner is how a button looks.
type manner struct {
	fill, line, on fyne.ThemeColorName // ground, edge, and what is drawn on it
	ring           fyne.ThemeColorName // the frame of keyboard focus
	round          bool
}

func mannerPrimary() manner { return manner{fill: colorBrand, on: colorOnBrand, ring: colorBrand} }
func mannerPlain() manner {
	return manner{fill: colorGround, line: colorLine, on: colorText, ring: colorBrand}
}
func mannerQuiet() manner  { return manner{fill: colorNone, on: colorBrand, ring: colorBrand} }
func mannerDanger() manner { return manner{fill: colorDanger, on: colorOnDanger, ring: colorDanger} }
func mannerRound() manner {
	return manner{fill: colorStageRaised, on: colorStageText, ring: colorStageBrand, round: true}
}
func mannerRoundOff() manner {
	return manner{fill: colorStageText, on: colorStage, ring: colorStageBrand, round: true}
}
func mannerRoundOpen() manner {
	return manner{fill: colorStageBrand, on: colorStage, ring: colorStageText, round: true}
}
func mannerRoundDanger() manner {
	return manner{fill: colorStageDanger, on: colorStageOnDanger, ring: colorStageText, round: true}
}

// button is the one button of the program: with a text, an icon or both. It can
// be reached by Tab, shows focus as a frame, and answers Enter and Space.
type button struct {
	widget.BaseWidget
	text   string
	icon   string
	name   string // what it does, in words, when there is no text; with its key
	tall   bool   // 48 instead of 40 high
	manner manner
	tapped func()
	escape func() // on the Escape key, may be nil
	hints  *hints // shows name while the pointer or the focus rests here; may be nil

	badge int // how much is new behind it; round buttons only

	disabled, focused, hovered bool
}

func newButton(text, icon string, m manner, tapped func()) *button {
	b := &button{text: text, icon: icon, name: text, manner: m, tapped: tapped}
	b.ExtendBaseWidget(b)
	return b
}

// newRoundButton makes a call button with a name instead of a text.
func newRoundButton(name, icon string, m manner, h *hints, tapped func()) *button {
	b := &button{icon: icon, name: name, manner: m, tapped: tapped, hints: h}
	b.ExtendBaseWidget(b)
	return b
}

// look changes icon, name and manner of a button at once.
func (b *button) look(icon, name string, m manner) {
	if b.icon == icon && b.name == name && b.manner == m {
		return
	}
	b.icon, b.name, b.manner = icon, name, m
	b.Refresh()
	if b.hints != nil {
		b.hints.rename(b, name)
	}
}

// count shows how much is new behind a round button.
func (b *button) count(n int) {
	if b.badge != n {
		b.badge = n
		b.Refresh()
	}
}

// label changes the text.
func (b *button) label(text string) {
	if b.text != text {
		b.text, b.name = text, text
		b.Refresh()
	}
}

// enable switches a button on or off.
func (b *button) enable(on bool) {
	if b.disabled == on {
		b.disabled = !on
		b.Refresh()
	}
}

// Disabled tells Fyne to pass the button over when Tab is pressed.
func (b *button) Disabled() bool { return b.disabled }

// Enable and Disable complete fyne.Disableable.
func (b *button) Enable() { b.enable(true) }

// Disable makes the button grey and deaf.
func (b *button) Disable() { b.enable(false) }

// Tapped presses the button.
func (b *button) Tapped(*fyne.PointEvent) {
	if b.hints != nil {
		b.hints.hide(b)
	}
	if !b.disabled && b.tapped != nil {
		b.tapped()
	}
}

// TypedKey presses the button by keyboard.
func (b *button) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		b.Tapped(nil)
	case fyne.KeyEscape:
		if b.escape != nil {
			b.escape()
		}
	}
}

// TypedRune is for Fyne.
func (b *button) TypedRune(rune) {}

// FocusGained is for Fyne.
func (b *button) FocusGained() { b.focused = true; b.Refresh(); b.hint() }

// FocusLost is for Fyne.
func (b *button) FocusLost() { b.focused = false; b.Refresh(); b.unhint() }

// MouseIn is for Fyne.
func (b *button) MouseIn(*desktop.MouseEvent) { b.hovered = true; b.Refresh(); b.hint() }

// MouseMoved is for Fyne.
func (b *button) MouseMoved(*desktop.MouseEvent) {}

// MouseOut is for Fyne.
func (b *button) MouseOut() { b.hovered = false; b.Refresh(); b.unhint() }

// Cursor is for Fyne.
func (b *button) Cursor() desktop.Cursor {
	if b.disabled {
		return desktop.DefaultCursor
	}
	return desktop.PointerCursor
}

// AccessibilityLabel tells a screen reader what the button does.
func (b *button) AccessibilityLabel() string {
	if b.badge > 0 {
		return fmt.Sprintf("%s, %d new", b.name, b.badge)
	}
	return b.name
}

// AccessibilityRole tells a screen reader that this is a button.
func (b *button) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

func (b *button) hint() {
	if b.hints != nil {
		b.hints.show(b, b.name)
	}
}

func (b *button) unhint() {
	if b.hints != nil {
		b.hints.hide(b)
	}
}

// CreateRenderer is for Fyne.
func (b *button) CreateRenderer() fyne.WidgetRenderer {
	r := &buttonRenderer{b: b, ring: &canvas.Rectangle{}, back: &canvas.Rectangle{}, veil: &canvas.Rectangle{},
		img: &canvas.Image{FillMode: canvas.ImageFillContain}, text: &canvas.Text{}, spot: &canvas.Rectangle{}, number: &canvas.Text{}}
	r.Refresh()
	return r
}

type buttonRenderer struct {
	b                *button
	ring, back, veil *canvas.Rectangle
	img              *canvas.Image
	text             *canvas.Text
	spot             *canvas.Rectangle // behind the number of what is new
	number           *canvas.Text
}

func (r *buttonRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.ring, r.back, r.veil, r.img, r.text, r.spot, r.number}
}

func (r *buttonRenderer) Destroy() {}

func (r *buttonRenderer) height() float32 {
	if r.b.tall {
		return 48
	}
	return 40
}

func (r *buttonRenderer) MinSize() fyne.Size {
	if r.b.manner.round {
		return fyne.NewSquareSize(roundSize)
	}
	w := 2 * space4
	if r.b.icon != "" {
		w += 20
	}
	if r.b.icon != "" && r.b.text != "" {
		w += space2
	}
	if r.b.text != "" {
		w += r.text.MinSize().Width
	} else {
		w = r.height()
	}
	return fyne.NewSize(w, r.height())
}

func (r *buttonRenderer) Layout(size fyne.Size) {
	const off = 4 // distance of the focus frame's outer edge
	r.ring.Resize(size.AddWidthHeight(2*off, 2*off))
	r.ring.Move(fyne.NewPos(-off, -off))
	for _, o := range []fyne.CanvasObject{r.back, r.veil} {
		o.Resize(size)
		o.Move(fyne.Position{})
	}
	side, gap := float32(20), space2
	if r.b.manner.round {
		side = 24
	}
	text := r.text.MinSize()
	w := text.Width
	if r.b.text == "" {
		w, gap = 0, 0
	}
	if r.b.icon == "" {
		side, gap = 0, 0
	}
	x := (size.Width - side - gap - w) / 2
	r.img.Resize(fyne.NewSquareSize(side))
	r.img.Move(fyne.NewPos(x, (size.Height-side)/2))
	r.text.Resize(text)
	r.text.Move(fyne.NewPos(x+side+gap, (size.Height-text.Height)/2))
	const spot = 20
	number := r.number.MinSize()
	r.spot.Resize(fyne.NewSize(max(spot, number.Width+space2), spot))
	r.spot.Move(fyne.NewPos(size.Width-r.spot.Size().Width+space1, -space1))
	r.number.Resize(number)
	r.number.Move(r.spot.Position().AddXY((r.spot.Size().Width-number.Width)/2, (spot-number.Height)/2))
}

func (r *buttonRenderer) Refresh() {
	b, m := r.b, r.b.manner
	radius := corner
	if m.round {
		radius = roundSize / 2
	}
	on := theme.Color(m.on)
	r.back.FillColor, r.back.CornerRadius, r.back.StrokeWidth = theme.Color(m.fill), radius, 0
	if m.line != "" {
		r.back.StrokeColor, r.back.StrokeWidth = theme.Color(m.line), 1
	}
	if b.disabled {
		on = theme.Color(colorMuted)
		r.back.FillColor, r.back.StrokeColor, r.back.StrokeWidth = theme.Color(colorSurface), theme.Color(colorLine), 1
	}
	r.veil.CornerRadius, r.veil.FillColor = radius, theme.Color(colorNone)
	if b.hovered && !b.disabled {
		r.veil.FillColor = shade(on, 0x1F)
	}
	r.ring.CornerRadius, r.ring.StrokeWidth, r.ring.FillColor = radius+4, 2, theme.Color(colorNone)
	r.ring.StrokeColor = theme.Color(m.ring)
	r.ring.Hidden = !b.focused || b.disabled
	r.text.Text, r.text.Color, r.text.TextSize = b.text, on, sizeBody
	r.text.TextStyle = fyne.TextStyle{Bold: m.fill == colorBrand || m.fill == colorDanger}
	r.img.Hidden = b.icon == ""
	if b.icon != "" {
		r.img.Resource = icon(b.icon, on)
		r.img.Refresh()
	}
	r.spot.FillColor, r.spot.CornerRadius = theme.Color(colorStageDanger), 10
	r.number.Color, r.number.TextSize, r.number.TextStyle.Bold = theme.Color(colorStageOnDanger), 12, true
	r.number.Text = strconv.Itoa(b.badge)
	if b.badge > 99 {
		r.number.Text = "99+"
	}
	r.spot.Hidden, r.number.Hidden = b.badge == 0, b.badge == 0
	r.Layout(b.Size())
	for _, o := range []fyne.CanvasObject{r.ring, r.back, r.veil, r.text, r.spot, r.number} {
		o.Refresh()
	}
}
