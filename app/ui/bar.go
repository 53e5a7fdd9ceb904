package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"guichet/app/session"
)

// The parts of the side panel.
const (
	panelNone    = ""
	panelChat    = "chat"
	panelPeople  = "people"
	panelFiles   = "files"
	panelShare   = "share"
	panelDevices = "devices"
)

const barHeight = roundSize + 2*space3

// bar is the row of round buttons under the stage.
type bar struct {
	box                 *fyne.Container
	microphone, camera  *button
	screen              *button
	hold, hand          *button
	chat, people, files *button
	share, devices      *button
	leave               *button
	watches             *flag // says that we are of the audience
	muted, off          bool  // what the person last asked for
	held, raised        bool  // the call is on hold, our hand is up
	asksMuted, asksOff  bool  // and the session has not shown yet
	shares              bool  // the own screen is shown
	own                 session.Own
}

func newBar(k *kit, open func(panel string), hangUp func()) *bar {
	b := &bar{}
	round := func(name, icon string, tapped func()) *button {
		return newRoundButton(name, icon, mannerRound(), k.hints, tapped)
	}
	// A press counts from what the person last asked for: the state that
	// answers may be a moment behind a quick hand.
	// What the room does not permit is not counted on: the session says so.
	b.microphone = round("Mute (Ctrl+D)", "microphone", func() {
		if b.own.Audience {
			return
		}
		muted := !(b.muted || b.own.Silenced)
		if muted && b.own.MayMute || !muted && b.own.MayUnmute {
			b.muted, b.asksMuted = muted, true
		}
		k.session.SetMicrophoneMuted(muted)
	})
	b.camera = round("Stop camera (Ctrl+E)", "camera", func() {
		if b.own.Audience {
			return
		}
		off := !(b.off || b.own.Darkened)
		if off && b.own.MayStop || !off && b.own.MayStart {
			b.off, b.asksOff = off, true
		}
		k.session.SetCameraOff(off)
	})
	b.screen = round("Share your screen (Ctrl+Shift+S)", "screen", func() {
		switch {
		case b.shares:
			k.session.StopSharing()
		case b.own.MayShare:
			k.session.ChooseScreen()
		}
	})
	b.hand = round("Raise your hand", "hand", func() { k.session.RaiseHand(!b.raised) })
	b.hold = round("Hold", "hold", func() { k.session.SetOnHold(!b.held) })
	b.chat = round("Chat (Ctrl+J)", "chat", func() { open(panelChat) })
	b.people = round("People (Ctrl+P)", "people", func() { open(panelPeople) })
	b.files = round("Files and photos (Ctrl+O)", "file", func() { open(panelFiles) })
	b.share = round("Invite with a link (Ctrl+L copies it)", "share", func() { open(panelShare) })
	b.devices = round("Camera, microphone, speaker", "devices", func() { open(panelDevices) })
	b.leave = newRoundButton("Hang up (Ctrl+Shift+H)", "hang-up", mannerRoundDanger(), k.hints, hangUp)
	b.watches = newFlagOf("watch", "You are watching", colorStageRaised, colorStageText)
	b.box = container.New(b, b.watches.box, b.microphone, b.camera, b.screen, b.hand, b.hold, b.chat, b.people, b.files, b.share, b.devices, b.leave)
	return b
}

// update shows what is on and which panel is open.
func (b *bar) update(s session.State, panel string) {
	b.muted, b.asksMuted = settle(b.muted, b.asksMuted, s.Call.MicrophoneMuted)
	b.off, b.asksOff = settle(b.off, b.asksOff, s.Call.CameraOff)
	b.own = s.Call.Own
	switch {
	case (b.muted || b.own.Silenced) && !b.own.MayUnmute:
		b.microphone.look("microphone-off", "You are muted and cannot unmute yourself", mannerRoundOff())
	case b.muted || b.own.Silenced:
		b.microphone.look("microphone-off", "Unmute (Ctrl+D)", mannerRoundOff())
	default:
		b.microphone.look("microphone", "Mute (Ctrl+D)", mannerRound())
	}
	switch {
	case (b.off || b.own.Darkened) && !b.own.MayStart:
		b.camera.look("camera-off", "Your camera is off and you cannot turn it on", mannerRoundOff())
	case b.off || b.own.Darkened:
		b.camera.look("camera-off", "Start camera (Ctrl+E)", mannerRoundOff())
	default:
		b.camera.look("camera", "Stop camera (Ctrl+E)", mannerRound())
	}
	if b.held = s.Call.OnHold; b.held {
		b.hold.look("hold", "Go on", mannerRoundOpen())
	} else {
		b.hold.look("hold", "Hold: nobody hears or sees anybody", mannerRound())
	}
	if b.raised = b.own.HandRaised; b.raised {
		b.hand.look("hand", "Lower your hand", mannerRoundOpen())
	} else {
		b.hand.look("hand", "Raise your hand", mannerRound())
	}
	if b.shares = s.Call.Share.Screen != nil; b.shares {
		b.screen.look("screen", "Stop sharing your screen (Ctrl+Shift+S)", mannerRoundOpen())
	} else {
		b.screen.look("screen", "Share your screen (Ctrl+Shift+S)", mannerRound())
	}
	b.screen.Hidden = !b.own.MayShare && !b.shares
	b.microphone.Hidden, b.camera.Hidden, b.hand.Hidden = b.own.Audience, b.own.Audience, !b.own.MayHand
	b.watches.raise(b.own.Audience)
	for name, one := range map[string]*button{panelChat: b.chat, panelPeople: b.people, panelFiles: b.files, panelShare: b.share, panelDevices: b.devices} {
		m := mannerRound()
		if name == panel {
			m = mannerRoundOpen()
		}
		one.look(one.icon, one.name, m)
	}
	b.share.Hidden, b.hold.Hidden = s.Me.Customer, s.Me.Customer
	b.box.Refresh()
}

// settle takes what the session shows, unless that is older than the person's
// wish: the session grants every wish, so it will show it.
func settle(wish, asks, shown bool) (now, still bool) {
	if asks && wish != shown {
		return wish, true
	}
	return shown, false
}

// Layout centres the buttons and sets hanging up apart at the right end. Where
// there is little room the buttons move together, and to the left.
func (b *bar) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	var row []*button
	for _, one := range []*button{b.microphone, b.camera, b.screen, b.hand, b.hold, b.chat, b.people, b.files, b.share, b.devices} {
		if one.Visible() {
			row = append(row, one)
		}
	}
	n := float32(len(row))
	gap, edge := space4, space5
	if size.Width < n*(roundSize+gap)+2*(roundSize+edge) {
		gap, edge = space2, space3
	}
	y := (size.Height - roundSize) / 2
	width := n*(roundSize+gap) - gap
	end := size.Width - edge - roundSize
	x := max(edge, min((size.Width-width)/2, end-space2-width))
	if b.watches.box.Visible() {
		own := b.watches.box.MinSize()
		b.watches.box.Resize(own)
		b.watches.box.Move(fyne.NewPos(edge, floor((size.Height-own.Height)/2)))
		x = max(x, edge+own.Width+gap)
	}
	for _, one := range append(row, b.leave) {
		one.Resize(fyne.NewSquareSize(roundSize))
	}
	for _, one := range row {
		one.Move(fyne.NewPos(floor(x), y))
		x += roundSize + gap
	}
	b.leave.Move(fyne.NewPos(end, y))
}

// MinSize is for Fyne.
func (b *bar) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(11*roundSize+10*space2+2*space3, barHeight)
}
