package ui

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"guichet/app/session"
)

// sharing says over the stage that the own screen is shown to others, with a way
// to stop it.
type sharing struct {
	box  *fyne.Container
	text *canvas.Text
	stop *button
}

func newSharing(k *kit) *sharing {
	s := &sharing{text: canvas.NewText("", theme.Color(colorStage))}
	s.text.TextSize, s.text.TextStyle.Bold = sizeSecondary, true
	s.stop = newButton("Stop", "", manner{fill: colorStage, on: colorStageText, ring: colorStageText}, k.session.StopSharing)
	s.stop.name, s.stop.hints = "Stop sharing (Ctrl+Shift+S)", k.hints
	s.box = container.NewStack(newGround(colorStageBrand, "", corner), container.New(margins{space3, space1, space1, space1},
		row(space3, row(space2, middle(newPicture("screen", colorStage, 20)), s.text), s.stop)))
	s.box.Hide()
	return s
}

func (s *sharing) update(share session.Share) {
	on := share.Screen != nil
	if on {
		text := "You are sharing your screen"
		if share.Screen.Window {
			text = "You are sharing the window " + share.Screen.Name
		}
		set(s.text, elide(text, 360, sizeSecondary))
	}
	if s.box.Hidden == on {
		s.box.Hidden = !on
		s.box.Refresh()
	}
}

// chooser is the menu that asks which screen or window to share.
type chooser struct {
	kit  *kit
	menu *widget.PopUpMenu // nil while nothing is asked
}

// update opens the menu above an object when there is something to choose, and
// puts it away when there is not any more.
func (c *chooser) update(share session.Share, above fyne.CanvasObject) {
	switch {
	case share.Choices == nil && c.menu != nil:
		c.menu.Hide()
		c.menu = nil
	case share.Choices != nil && c.menu == nil:
		on := fyne.CurrentApp().Driver().CanvasForObject(above)
		if on == nil || above.Size().IsZero() {
			return // the screen is about to open
		}
		menu := widget.NewPopUpMenu(fyne.NewMenu("", c.items(share.Choices)...), on)
		menu.OnDismiss = func() {
			menu.Hide()
			if c.menu == menu {
				c.menu = nil
				c.kit.session.StopSharing() // ends the choice; what was picked follows
			}
		}
		c.menu = menu
		at := fyne.CurrentApp().Driver().AbsolutePositionForObject(above)
		least := menu.MinSize()
		menu.ShowAtPosition(fyne.NewPos(max(0, at.X+(above.Size().Width-least.Width)/2), max(0, at.Y-least.Height-space2)))
		on.Focus(menu)
	}
}

// items are the screens and, below a line, the windows.
func (c *chooser) items(all []session.Screen) (items []*fyne.MenuItem) {
	screens := 0
	for _, s := range all {
		if !s.Window {
			screens++
		}
	}
	for i, s := range all {
		if s.Window && i > 0 && !all[i-1].Window {
			items = append(items, fyne.NewMenuItemSeparator())
		}
		items = append(items, fyne.NewMenuItem(screenWords(s, screens), func() { c.kit.session.ShareScreen(s.ID) }))
	}
	if len(items) == 0 {
		nothing := fyne.NewMenuItem("Nothing can be shared here", nil)
		nothing.Disabled = true
		items = append(items, nothing)
	}
	return items
}

// screenWords names what can be shared; screens is how many of it are no windows.
func screenWords(s session.Screen, screens int) string {
	size := fmt.Sprintf(", %d × %d", s.Width, s.Height)
	switch {
	case s.Window:
		return "Window: " + elide(s.Name, 340, sizeBody)
	case s.Name == "" && screens > 1:
		return "All screens together" + size
	case screens > 1:
		return "Screen " + s.Name + size
	}
	return "The whole screen" + size
}
