package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

// keys makes the window's own keys work, whatever has the focus.
func (w *Window) keys() {
	const ctrl, shift = fyne.KeyModifierControl, fyne.KeyModifierShift
	during := func(f func(*call)) func(fyne.Shortcut) {
		return func(fyne.Shortcut) {
			if c, ok := w.screen.(*call); ok && !w.asking {
				f(c)
			}
		}
	}
	add := func(key fyne.KeyName, with fyne.KeyModifier, f func(*call)) {
		s := &desktop.CustomShortcut{KeyName: key, Modifier: with}
		w.shortcuts.AddShortcut(s, during(f))
		w.win.Canvas().AddShortcut(s, w.shortcuts.TypedShortcut)
	}
	add(fyne.KeyD, ctrl, func(c *call) { c.bar.microphone.Tapped(nil) })
	add(fyne.KeyE, ctrl, func(c *call) { c.bar.camera.Tapped(nil) })
	add(fyne.KeyL, ctrl, func(c *call) { c.share.copyLink() })
	add(fyne.KeyJ, ctrl, func(c *call) { c.toggle(panelChat) })
	add(fyne.KeyP, ctrl, func(c *call) { c.toggle(panelPeople) })
	add(fyne.KeyO, ctrl, func(c *call) { c.toggle(panelFiles) })
	add(fyne.KeyS, ctrl|shift, func(c *call) { c.bar.screen.Tapped(nil) })
	add(fyne.KeyH, ctrl|shift, func(c *call) { c.hangUp() })
	w.win.Canvas().SetOnTypedKey(func(e *fyne.KeyEvent) {
		if c, ok := w.screen.(*call); ok && e.Name == fyne.KeyEscape {
			c.escape()
		}
	})
}
