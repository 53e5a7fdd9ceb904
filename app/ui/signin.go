package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"guichet/app/session"
)

const signInWidth float32 = 400

// signIn is the screen before there is an account.
type signIn struct {
	kit     *kit
	root    fyne.CanvasObject
	server  *field
	begin   *button
	cancel  *button
	next    *words
	address *field
	byHand  *fyne.Container
	notices *notices
	typed   bool // the person wrote an address
}

func newSignIn(k *kit) *signIn {
	s := &signIn{kit: k, server: newField(k, "https://calls.example.org"), address: newFixedField(k, 3), notices: newNotices(k)}
	s.begin = newButton("Sign in with your browser", "", mannerPrimary(), s.start)
	s.begin.tall = true
	s.server.OnSubmitted = func(string) { s.start() }
	s.server.OnChanged = func(string) { s.typed = true }
	s.cancel = newButton("Cancel", "", mannerPlain(), k.session.CancelSignIn)
	s.cancel.escape = k.session.CancelSignIn
	s.next = newWords("", style{size: theme.SizeNameCaptionText, color: colorMuted, center: true})
	s.byHand = column(space1, newWords("No browser opened? Open this address yourself:",
		style{size: theme.SizeNameCaptionText, color: colorMuted}), s.address)
	sign := canvas.NewImageFromResource(mark())
	sign.FillMode = canvas.ImageFillContain
	sign.SetMinSize(fyne.NewSquareSize(72))
	form := column(space5,
		column(space3, sign, newWords("Guichet", style{size: theme.SizeNameHeadingText, bold: true, center: true})),
		column(space2, newWords("Server", style{size: theme.SizeNameCaptionText, color: colorMuted}), s.server),
		column(space3, s.begin, s.notices.box, s.cancel, s.next, s.byHand))
	s.root = container.NewVScroll(container.New(limit{signInWidth}, container.New(margins{top: space5, bottom: space5}, middle(form))))
	return s
}

func (s *signIn) start() {
	if !s.begin.disabled {
		s.kit.session.SignIn(s.server.Text)
	}
}

func (s *signIn) object() fyne.CanvasObject { return s.root }
func (s *signIn) close()                    {}

func (s *signIn) first() fyne.Focusable {
	switch {
	case s.begin.disabled:
		return s.cancel
	case s.server.Text == "":
		return s.server
	}
	return s.begin
}

func (s *signIn) update(st session.State) {
	if !s.typed && st.Server != s.server.Text {
		s.server.SetText(st.Server)
		s.typed = false
	}
	busy := st.Phase == session.SigningIn
	early := st.Phase == session.Waiting
	busy = busy || early
	waits := busy && st.SignInURL != ""
	was := s.begin.disabled
	s.begin.enable(!busy)
	switch {
	case early:
		s.begin.label("Opens at " + moment(st.OpensAt, s.kit.now()))
		s.next.set("The room is not open yet. Leave this window open: you join by yourself.")
	case waits:
		s.begin.label("Waiting for your browser")
		s.next.set("Your browser shows the sign-in page. Sign in there, then come back: this window goes on by itself.")
	case busy:
		s.begin.label("Signing in")
		s.next.set("One moment, please.")
	default:
		s.begin.label("Sign in with your browser")
		s.next.set("Your browser opens the sign-in page of this server. Sign in there, then come back: this window goes on by itself.")
	}
	if busy {
		s.server.Disable()
	} else {
		s.server.Enable()
	}
	s.cancel.Hidden = !busy
	s.byHand.Hidden = !waits
	s.address.set(st.SignInURL)
	s.notices.update(st.Notices)
	s.root.Refresh()
	if was != busy {
		if busy {
			s.kit.focus(s.cancel)
		} else {
			s.kit.focus(s.begin)
		}
	}
}
