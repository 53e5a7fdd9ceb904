package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// field is a line of text to write, or only to select and copy. The window's own
// keys work while it has the focus; Fyne alone would swallow them.
type field struct {
	widget.Entry
	fixed bool                // may be selected, not changed
	keys  func(fyne.Shortcut) // gets the window's own keys
}

func newField(k *kit, placeholder string) *field {
	f := &field{keys: k.keys}
	f.Wrapping = fyne.TextWrap(fyne.TextTruncateClip) // one line that scrolls
	f.ExtendBaseWidget(f)
	f.SetPlaceHolder(placeholder)
	return f
}

// newFixedField makes a field that can be read and copied only. A long text is
// broken anywhere and shown on so many lines; more are scrolled.
func newFixedField(k *kit, lines int) *field {
	f := newField(k, "")
	f.fixed, f.MultiLine, f.Wrapping = true, true, fyne.TextWrapBreak
	f.SetMinRowsVisible(lines)
	return f
}

// AcceptsTab lets Tab leave a field that cannot be written in.
func (f *field) AcceptsTab() bool { return !f.fixed && f.Entry.AcceptsTab() }

// set changes the text, unless it is the same.
func (f *field) set(s string) {
	if f.Text != s {
		f.SetText(s)
	}
}

// TypedRune writes a letter.
func (f *field) TypedRune(r rune) {
	if !f.fixed {
		f.Entry.TypedRune(r)
	}
}

// TypedKey moves, and changes what may be changed.
func (f *field) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyBackspace, fyne.KeyDelete, fyne.KeyReturn, fyne.KeyEnter:
		if f.fixed {
			return
		}
	}
	f.Entry.TypedKey(e)
}

// TypedShortcut copies and pastes, and gives the window's own keys to the window.
func (f *field) TypedShortcut(s fyne.Shortcut) {
	switch s.(type) {
	case *desktop.CustomShortcut:
		f.keys(s)
		return
	case *fyne.ShortcutPaste, *fyne.ShortcutCut, *fyne.ShortcutUndo, *fyne.ShortcutRedo:
		if f.fixed {
			return
		}
	}
	f.Entry.TypedShortcut(s)
}
