package ui

import (
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// toastTime is how long a toast stays.
const toastTime = 8 * time.Second

// toast is a word about something new that the closed panel hides. It goes away
// by itself; the bar's button keeps the count.
type toast struct {
	box   *fyne.Container
	text  *words
	icon  *picture
	now   func() time.Time
	until time.Time
	panel string // that shows what is new
	place func() // makes room for it
	stop  func()
}

func newToast(k *kit, open func(panel string)) *toast {
	t := &toast{text: newWords("", style{oneLine: true}), icon: newPicture("chat", colorText, 20), now: k.now, place: func() {}}
	show := newButton("Show", "", mannerQuiet(), func() { panel := t.panel; t.hide(); open(panel) })
	t.box = container.New(limit{480}, container.NewStack(newGround(colorGround, colorLine, corner),
		container.New(margins{left: space3, right: space1, top: space1, bottom: space1},
			container.NewBorder(nil, nil, middle(t.icon), show, container.New(margins{left: space2, right: space2}, middle(t.text))))))
	t.box.Hide()
	t.stop = k.pulse.often(func() {
		if t.box.Visible() && !t.now().Before(t.until) {
			t.hide()
		}
	})
	return t
}

// raise shows a sentence that a part of the panel tells more of.
func (t *toast) raise(panel, icon, text string) {
	t.panel, t.until = panel, t.now().Add(toastTime)
	t.icon.name = icon
	t.icon.Refresh()
	t.text.set(strings.Join(strings.Fields(text), " "))
	t.box.Show()
	t.place()
}

func (t *toast) hide() {
	if t.box.Visible() {
		t.box.Hide()
		t.place()
	}
}

func (t *toast) close() { t.stop() }
