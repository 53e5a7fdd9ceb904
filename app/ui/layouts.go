package ui

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"guichet/app/session"
)

// layoutNames are the layouts that are offered, in words.
var layoutNames = []struct{ name, text string }{
	{"grid-responsive", "Grid of everybody"},
	{"highlight-1-responsive", "Who speaks large, the others in a strip"},
	{"1x1", "One person"}, {"2x1", "Two people"}, {"2x2", "Up to 4 people"}, {"5up", "One large and 4 small"},
	{"3x3", "Up to 9 people"}, {"4x4", "Up to 16 people"}, {"5x5", "Up to 25 people"}, {"6x6", "Up to 36 people"},
	{"8x8", "Up to 64 people"}, {"10x10", "Up to 100 people"},
}

// layoutItems are the layouts and what else the room's picture follows, as far as
// it may be set.
func layoutItems(k *kit, c *session.Call) (items []*fyne.MenuItem) {
	if c.Own.MayLayout {
		now := c.Room.Layout
		if now == "" || now == "grid-responsive-mobile" { // the same for a window
			now = "grid-responsive"
		}
		for _, one := range layoutNames {
			item := fyne.NewMenuItem(one.text, func() { k.session.SetLayout(one.name) })
			item.Checked = one.name == now
			items = append(items, item)
		}
	}
	if len(items) > 0 && (c.Own.MayHide || c.Own.MayHandsFirst) {
		items = append(items, fyne.NewMenuItemSeparator())
	}
	if c.Own.MayHide {
		hides := c.Room.HideVideoMuted
		item := fyne.NewMenuItem("Leave out who shows no picture", func() { k.session.HideWithoutPicture(!hides) })
		item.Checked = hides
		items = append(items, item)
	}
	if c.Own.MayHandsFirst {
		first := c.Room.HandsFirst
		item := fyne.NewMenuItem("Raised hands first", func() { k.session.SetHandsFirst(!first) })
		item.Checked = first
		items = append(items, item)
	}
	return items
}

// placeItems are the places that somebody can be given.
func placeItems(k *kit, endpoint, now string) (items []*fyne.MenuItem) {
	add := func(position, text string) {
		item := fyne.NewMenuItem(text, func() { k.session.Place(endpoint, position) })
		item.Checked = position == now
		items = append(items, item)
	}
	if now == "" {
		now = "auto"
	}
	add("auto", "As it comes")
	add("reserved-1", "The first or large place")
	for n := 2; n <= 4; n++ {
		add(fmt.Sprint("reserved-", n), fmt.Sprint("Place ", n))
	}
	add("off-canvas", "Not on the stage")
	return items
}

// drop shows a menu below an object, or above it where there is more room, with
// its right ends flush.
func drop(items []*fyne.MenuItem, below fyne.CanvasObject) *widget.PopUpMenu {
	on := fyne.CurrentApp().Driver().CanvasForObject(below)
	if on == nil || len(items) == 0 {
		return nil
	}
	menu := widget.NewPopUpMenu(fyne.NewMenu("", items...), on)
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(below)
	menu.ShowAtPosition(at.AddXY(below.Size().Width-menu.MinSize().Width, below.Size().Height+space1))
	on.Focus(menu)
	return menu
}
