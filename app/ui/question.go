package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// question is asked once before something that cannot be taken back.
type question struct {
	title, text string
	yes, no     string // what the buttons say
	then        func() // on yes
	answered    func() // either way; may be nil
}

// show asks over the whole window; keyboard focus lies on the harmless answer.
func (q question) show(on fyne.Canvas) {
	var box *widget.PopUp
	answer := func(then func()) func() {
		return func() {
			box.Hide()
			if q.answered != nil {
				q.answered()
			}
			if then != nil {
				then()
			}
		}
	}
	no := newButton(q.no, "", mannerPlain(), answer(nil))
	yes := newButton(q.yes, "", mannerDanger(), answer(q.then))
	no.escape, yes.escape = no.tapped, no.tapped
	box = widget.NewModalPopUp(inset(space5, sized(360, 0, column(space4,
		newWords(q.title, style{size: theme.SizeNameHeadingText, bold: true}),
		newWords(q.text, style{}),
		container.New(margins{top: space2}, container.New(layout.NewCustomPaddedHBoxLayout(space3), layout.NewSpacer(), no, yes))))), on)
	box.Show()
	box.Resize(fyne.NewSize(min(440, on.Size().Width-2*space4), box.MinSize().Height))
	on.Focus(no)
}
