package ui

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"guichet/app/session"
)

// notices shows sentences for the person, the newest last, each with a way to
// put it away.
type notices struct {
	box     *fyne.Container
	shown   []session.Notice
	dismiss func(id int64)
	hints   *hints
}

// mostNotices is how many are shown at once; older ones wait until there is room.
const mostNotices = 3

func newNotices(k *kit) *notices {
	return &notices{box: column(space2), dismiss: k.session.Dismiss, hints: k.hints}
}

func (n *notices) update(list []session.Notice) {
	list = list[max(0, len(list)-mostNotices):]
	if slices.Equal(n.shown, list) {
		return
	}
	n.shown = slices.Clone(list)
	n.box.RemoveAll()
	for _, one := range list {
		away := newButton("", "close", manner{fill: colorNone, on: colorText, ring: colorBrand}, func() { n.dismiss(one.ID) })
		away.name, away.hints = "Close this message", n.hints
		sign, edge := newPicture("info", colorText, 20), colorLine
		if one.Error {
			sign, edge = newPicture("warning", colorDanger, 20), colorDanger
		}
		n.box.Add(strip(sign, edge, one.Text, away))
	}
	n.box.Refresh()
}

// strip is a framed sentence with a sign before and a button after it.
func strip(sign fyne.CanvasObject, edge fyne.ThemeColorName, text string, after fyne.CanvasObject) fyne.CanvasObject {
	body := container.New(margins{left: space3, right: space2}, middle(newWords(text, style{})))
	return container.NewStack(newGround(colorGround, edge, corner),
		container.New(margins{left: space4, right: space1, top: space1, bottom: space1},
			container.NewBorder(nil, nil, middle(sign), middle(after), body)))
}
