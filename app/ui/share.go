package ui

import (
	"image"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"github.com/skip2/go-qrcode"

	"guichet/app/session"
)

const (
	qrSide     float32 = 184 // of the code on the card
	copiedTime         = 2 * time.Second
)

// share is the card with the link to the call: copy it, show it as a code, see
// how long it is valid, withdraw it, make another.
type share struct {
	box     *fyne.Container
	kit     *kit
	ticket  session.Ticket
	link    *field
	copying *button
	code    *canvas.Image
	valid   *words
	state   *words
	live    *fyne.Container // while there is a valid link
	copied  time.Time       // when the link was copied last
	stop    func()
}

func newShare(k *kit) *share {
	s := &share{kit: k, link: newFixedField(k, 2), code: &canvas.Image{ScaleMode: canvas.ImageScalePixels, FillMode: canvas.ImageFillContain}}
	s.copying = newButton("", "", mannerPrimary(), s.copyLink)
	s.showCopied()
	s.valid = newWords("", style{size: theme.SizeNameCaptionText, color: colorMuted, center: true})
	s.state = newWords("", style{})
	revoke := newButton("Withdraw this link", "", manner{fill: colorNone, on: colorDanger, ring: colorDanger}, k.session.RevokeTicket)
	s.live = column(space3,
		s.link, s.copying,
		container.NewCenter(container.NewStack(&canvas.Rectangle{FillColor: rgb(0xFFFFFF), CornerRadius: corner}, inset(space2, s.code))),
		s.valid, revoke)
	heading := style{size: theme.SizeNameCaptionText, color: colorMuted}
	s.box = column(space4, s.state, s.live, newRule(),
		column(space2, newWords("Make another link", heading),
			newButton("For one person", "", mannerPlain(), func() { k.session.MakeTicket(true) }),
			newButton("For several people", "", mannerPlain(), func() { k.session.MakeTicket(false) })))
	s.stop = k.pulse.often(s.showCopied)
	return s
}

func (s *share) close() { s.stop() }

func (s *share) update(t *session.Ticket) {
	valid := t != nil && !t.Revoked
	s.live.Hidden = !valid
	switch {
	case t == nil:
		s.state.set("There is no link to this call yet.")
	case t.Revoked:
		s.state.set("This link was withdrawn. Nobody can join with it any more.")
	default:
		s.state.set("Send this link to your customer. It opens in any browser; nothing has to be installed.")
	}
	if !valid || *t == s.ticket {
		s.box.Refresh()
		return
	}
	s.ticket = *t
	s.copied = time.Time{}
	s.link.set(t.URL)
	s.valid.set(validity(*t, s.kit.now()))
	if s.code.Image = code(t.URL); s.code.Image != nil {
		modules := float32(s.code.Image.Bounds().Dx())
		s.code.SetMinSize(fyne.NewSquareSize(modules * max(1, floor(qrSide/modules)))) // whole pixels for each module
	}
	s.box.Refresh()
}

// copyLink puts the link on the clipboard.
func (s *share) copyLink() {
	if s.live.Hidden || s.ticket.URL == "" {
		return
	}
	s.kit.copy(s.ticket.URL)
	s.copied = s.kit.now()
	s.showCopied()
}

// showCopied says for a moment that the link was copied.
func (s *share) showCopied() {
	if s.kit.now().Sub(s.copied) < copiedTime {
		s.copying.icon = "check"
		s.copying.label("Copied")
		return
	}
	s.copying.icon = "copy"
	s.copying.label("Copy link")
}

// validity says for how long and for whom a link is good.
func validity(t session.Ticket, now time.Time) string {
	who := "for several people"
	if t.SingleUse {
		who = "for one person"
	}
	if t.ExpiresAt.IsZero() {
		return "Valid " + who
	}
	return "Valid until " + moment(t.ExpiresAt, now) + ", " + who
}

// moment says when something is, as short as can be: today the time is enough.
func moment(t, now time.Time) string {
	t = t.In(now.Location())
	if t.YearDay() == now.YearDay() && t.Year() == now.Year() {
		return t.Format("15:04")
	}
	if y := now.AddDate(0, 0, -1); t.YearDay() == y.YearDay() && t.Year() == y.Year() {
		return t.Format("15:04 yesterday")
	}
	if t.Year() != now.Year() {
		return t.Format("15:04 on 2 January 2006")
	}
	return t.Format("15:04 on 2 January")
}

// code draws a link as a QR code, one pixel for each module; nil when the link
// is longer than a code can be.
func code(link string) image.Image {
	q, err := qrcode.New(link, qrcode.Medium)
	if err != nil {
		return nil
	}
	q.DisableBorder = true
	return q.Image(-1)
}
