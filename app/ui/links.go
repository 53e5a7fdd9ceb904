package ui

import (
	"net/url"
	"regexp"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// part is a piece of a message: a text, or the address of a page.
type part struct {
	text string
	link *url.URL
}

// linked finds the addresses in a text. Only pages are opened: another program's
// addresses would let strangers start it.
func linked(text string) (parts []part) {
	add := func(s string) {
		if s = strings.Trim(s, " \n"); s != "" {
			parts = append(parts, part{text: s})
		}
	}
	from := 0
	for _, at := range regexp.MustCompile(`(?i)\bhttps?://[^\s<>"]+`).FindAllStringIndex(text, -1) {
		found := strings.TrimRight(text[at[0]:at[1]], ".,;:!?)]}'")
		u, err := url.Parse(found)
		if err != nil || u.Hostname() == "" || u.User != nil {
			continue
		}
		add(text[from:at[0]])
		parts = append(parts, part{text: found, link: u})
		from = at[0] + len(found)
	}
	add(text[from:])
	return parts
}

// link is an address that opens in the browser. It is cut to the room there is;
// the hint shows all of it.
type link struct {
	widget.BaseWidget
	text  string
	open  func()
	hints *hints

	focused bool
}

func newLink(text string, h *hints, open func()) *link {
	l := &link{text: text, open: open, hints: h}
	l.ExtendBaseWidget(l)
	return l
}

// Tapped opens the page.
func (l *link) Tapped(*fyne.PointEvent) { l.hints.hide(l); l.open() }

// TypedKey opens it by keyboard.
func (l *link) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		l.Tapped(nil)
	}
}

// TypedRune is for Fyne.
func (l *link) TypedRune(rune) {}

// FocusGained is for Fyne.
func (l *link) FocusGained() { l.focused = true; l.Refresh(); l.hints.show(l, l.text) }

// FocusLost is for Fyne.
func (l *link) FocusLost() { l.focused = false; l.Refresh(); l.hints.hide(l) }

// MouseIn is for Fyne.
func (l *link) MouseIn(*desktop.MouseEvent) { l.hints.show(l, l.text) }

// MouseMoved is for Fyne.
func (l *link) MouseMoved(*desktop.MouseEvent) {}

// MouseOut is for Fyne.
func (l *link) MouseOut() { l.hints.hide(l) }

// Cursor is for Fyne.
func (l *link) Cursor() desktop.Cursor { return desktop.PointerCursor }

// AccessibilityLabel tells a screen reader where the link leads.
func (l *link) AccessibilityLabel() string { return l.text }

// AccessibilityRole is for Fyne.
func (l *link) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleLink }

// CreateRenderer is for Fyne.
func (l *link) CreateRenderer() fyne.WidgetRenderer {
	r := &linkRenderer{l: l, text: &canvas.Text{}, line: &canvas.Rectangle{}, ring: &canvas.Rectangle{}}
	r.Refresh()
	return r
}

type linkRenderer struct {
	l          *link
	text       *canvas.Text
	line, ring *canvas.Rectangle
}

func (r *linkRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.ring, r.text, r.line}
}
func (r *linkRenderer) Destroy()           {}
func (r *linkRenderer) MinSize() fyne.Size { return fyne.NewSize(80, 22) }

func (r *linkRenderer) Layout(size fyne.Size) {
	r.text.Text = elide(r.l.text, size.Width, sizeBody)
	text := r.text.MinSize()
	r.text.Resize(text)
	r.text.Move(fyne.NewPos(0, (size.Height-text.Height)/2))
	r.line.Resize(fyne.NewSize(text.Width, 1))
	r.line.Move(fyne.NewPos(0, (size.Height+text.Height)/2-2))
	r.ring.Resize(fyne.NewSize(text.Width+2*space1, size.Height))
	r.ring.Move(fyne.NewPos(-space1, 0))
}

func (r *linkRenderer) Refresh() {
	r.text.Color, r.text.TextSize = theme.Color(colorBrand), sizeBody
	r.line.FillColor = theme.Color(colorBrand)
	r.ring.FillColor, r.ring.StrokeColor = theme.Color(colorNone), theme.Color(colorBrand)
	r.ring.StrokeWidth, r.ring.CornerRadius, r.ring.Hidden = 2, space1, !r.l.focused
	r.Layout(r.l.Size())
	for _, o := range r.Objects() {
		o.Refresh()
	}
}
