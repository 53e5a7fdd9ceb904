package ui

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"guichet/app/session"
)

// bubble is one message of the chat. A click with the other button copies it.
type bubble struct {
	widget.BaseWidget
	content fyne.CanvasObject
	text    string
	copy    func(string)
}

// newBubble shows a message; our own lie at the right on a ground of their own.
// trouble is what to show below one that is not sent yet; it may be nil.
func newBubble(k *kit, m session.Message, now time.Time, below fyne.CanvasObject) *bubble {
	who, when := m.Name, moment(m.At, now)
	if m.Own {
		who = "You"
	}
	if below != nil {
		when = ""
	}
	at := canvas.NewText(when, theme.Color(colorMuted))
	at.TextSize = sizeSecondary
	body := column(space1, container.NewBorder(nil, nil, nil, at,
		container.New(margins{right: space2}, newWords(who, style{size: theme.SizeNameCaptionText, color: colorMuted, oneLine: true}))))
	for _, p := range linked(m.Text) {
		if p.link == nil {
			body.Add(newWords(p.text, style{}))
			continue
		}
		body.Add(newLink(p.text, k.hints, func() { k.browse(p.link) }))
	}
	if below != nil {
		body.Add(below)
	}
	b := &bubble{text: m.Text, copy: k.copy}
	if m.Own {
		b.content = container.New(margins{left: space6}, container.NewStack(newGround(colorSurface, "", corner),
			container.New(margins{space3, space3, space2, space2}, body)))
	} else {
		b.content = container.New(margins{right: space6}, container.NewStack(newGround(colorGround, colorLine, corner),
			container.New(margins{space3, space3, space2, space2}, body)))
	}
	b.ExtendBaseWidget(b)
	return b
}

// TappedSecondary offers to copy the text.
func (b *bubble) TappedSecondary(e *fyne.PointEvent) {
	if on := fyne.CurrentApp().Driver().CanvasForObject(b); on != nil {
		widget.ShowPopUpMenuAtPosition(fyne.NewMenu("", fyne.NewMenuItem("Copy the text", func() { b.copy(b.text) })), on, e.AbsolutePosition)
	}
}

// CreateRenderer is for Fyne.
func (b *bubble) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(b.content) }
