package ui

import (
	"image/color"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
)

// hintDelay is how long a pointer rests before it is told what is under it.
const hintDelay = 350 * time.Millisecond

// hints shows what a button does, and its key, beside the button. Its layer lies
// over the whole window and takes no events.
type hints struct {
	layer *fyne.Container
	back  *canvas.Rectangle
	text  *canvas.Text
	of    fyne.CanvasObject // whom the hint is about, nil when there is none
	timer *time.Timer
	do    func(func())
}

// newHints makes the layer; do brings a function to Fyne's goroutine.
func newHints(do func(func())) *hints {
	h := &hints{do: do, back: canvas.NewRectangle(color.Transparent), text: canvas.NewText("", color.Transparent)}
	h.back.CornerRadius, h.text.TextSize = corner, sizeSecondary
	h.layer = container.NewWithoutLayout(h.back, h.text)
	h.layer.Hide()
	return h
}

// show shows a hint after a moment.
func (h *hints) show(of fyne.CanvasObject, text string) {
	h.stop()
	h.of = of
	h.timer = time.AfterFunc(hintDelay, func() {
		h.do(func() {
			if h.of == of {
				h.place(text)
			}
		})
	})
}

// rename changes the words of a hint that may be shown.
func (h *hints) rename(of fyne.CanvasObject, text string) {
	if h.of == of && h.layer.Visible() {
		h.place(text)
	}
}

// hide takes the hint about an object away.
func (h *hints) hide(of fyne.CanvasObject) {
	if h.of == of {
		h.stop()
	}
}

// stop takes any hint away.
func (h *hints) stop() {
	if h.timer != nil {
		h.timer.Stop()
	}
	h.of = nil
	h.layer.Hide()
}

// place puts the words above the object, or below where there is no room, and
// keeps them within the window.
func (h *hints) place(text string) {
	h.back.FillColor, h.text.Color = theme.Color(colorText), theme.Color(colorGround)
	h.text.Text = text
	words := h.text.MinSize()
	size := words.AddWidthHeight(2*space3, 2*space1+space1)
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(h.of).
		Subtract(fyne.CurrentApp().Driver().AbsolutePositionForObject(h.layer))
	x := at.X + (h.of.Size().Width-size.Width)/2
	x = max(space2, min(x, h.layer.Size().Width-size.Width-space2))
	y := at.Y - size.Height - space2
	if y < space2 {
		y = at.Y + h.of.Size().Height + space2
	}
	h.back.Resize(size)
	h.back.Move(fyne.NewPos(x, y))
	h.text.Resize(words)
	h.text.Move(fyne.NewPos(x+space3, y+(size.Height-words.Height)/2))
	h.layer.Show()
	h.layer.Refresh()
}

// shade returns a colour with another alpha.
func shade(c color.Color, alpha uint8) color.Color {
	r, g, b, _ := c.RGBA()
	return color.NRGBA{R: uint8(r >> 8), G: uint8(g >> 8), B: uint8(b >> 8), A: alpha}
}
