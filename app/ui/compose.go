package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

// compose is the field for a message: Enter sends, Shift+Enter begins a new
// line, Tab leaves it.
type compose struct {
	field
	send   func(text string)
	escape func()
	shift  bool // is held down
}

func newCompose(k *kit, send func(string), escape func()) *compose {
	c := &compose{send: send, escape: escape}
	c.keys = k.keys
	c.MultiLine, c.Wrapping = true, fyne.TextWrapWord
	c.ExtendBaseWidget(c)
	c.SetPlaceHolder("Write a message")
	c.SetMinRowsVisible(2)
	return c
}

// AcceptsTab lets Tab leave.
func (c *compose) AcceptsTab() bool { return false }

// KeyDown is for Fyne.
func (c *compose) KeyDown(e *fyne.KeyEvent) {
	c.shift = c.shift || isShift(e.Name)
	c.field.KeyDown(e)
}

// KeyUp is for Fyne.
func (c *compose) KeyUp(e *fyne.KeyEvent) {
	c.shift = c.shift && !isShift(e.Name)
	c.field.KeyUp(e)
}

// FocusLost is for Fyne.
func (c *compose) FocusLost() {
	c.shift = false
	c.field.FocusLost()
}

// TypedKey sends on Enter.
func (c *compose) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyReturn, fyne.KeyEnter:
		if !c.shift {
			c.send(c.Text)
			return
		}
	case fyne.KeyEscape:
		c.escape()
		return
	}
	c.field.TypedKey(e)
}

func isShift(key fyne.KeyName) bool {
	return key == desktop.KeyShiftLeft || key == desktop.KeyShiftRight
}
