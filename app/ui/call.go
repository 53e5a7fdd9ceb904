package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"guichet/app/session"
)

// call is the screen of a call: the stage, a bar of buttons under it, and on
// demand a panel that pushes both aside.
type call struct {
	kit     *kit
	root    *fyne.Container
	state   session.State
	stage   *stage
	empty   *emptiness
	bar     *bar
	status  *status
	notices *notices
	muted   *flag
	network *flag
	panel   string // which part of the panel is open
	chosen  bool   // the person opened or closed the panel
	side    *fyne.Container
	title   *words
	body    *fyne.Container
	chat    *chat
	people  *people
	files   *files
	viewer  *viewer
	toast   *toast
	unread  unread
	share   *share
	sharing *sharing
	chooser *chooser
	devices *picker
	stop    func()
}

func newCall(k *kit) *call {
	c := &call{kit: k, status: newStatus(k), notices: newNotices(k), files: newFiles(k), viewer: newViewer(k), share: newShare(k), sharing: newSharing(k), chooser: &chooser{kit: k}, devices: newPicker(k),
		muted: newFlag("microphone-off", "You are muted. Press Ctrl+D to speak."), network: newFlag("warning", "Connection lost. Reconnecting, please stay.")}
	c.bar = newBar(k, c.toggle, c.hangUp)
	c.chat = newChat(k, c.escape)
	c.people = newPeople(k, c.askPhoto)
	c.toast = newToast(k, c.toggle)
	c.empty = newEmptiness()
	c.stage = newStage(k, c.empty.box)
	c.side = c.sidePanel()
	top := column(space2, container.NewHBox(c.status.box), container.NewCenter(c.sharing.box), container.NewCenter(c.network.box), container.New(limit{560}, c.notices.box))
	over := container.NewBorder(inset(space3, top), inset(space3, column(space2, c.toast.box, container.NewCenter(c.muted.box))), nil, nil)
	c.toast.place = over.Refresh
	main := beside(nil, container.NewStack(c.stage.box, over, c.viewer.box), nil, c.bar.box)
	c.root = beside(nil, main, c.side, nil) // on the window's own ground, which is the stage's
	c.stop = k.pulse.often(func() {
		if c.panel == panelPeople {
			c.people.levels(k.session.Levels())
		}
	})
	return c
}

// emptiness is what stands on a stage where nobody else is.
type emptiness struct {
	box         *fyne.Container
	title, text *words
}

func newEmptiness() *emptiness {
	e := &emptiness{title: newWords("", style{color: colorStageText, size: theme.SizeNameHeadingText, bold: true, center: true}),
		text: newWords("", style{color: colorStageMuted, center: true})}
	e.box = container.New(limit{480}, inset(space4, middle(column(space3, e.title, e.text))))
	return e
}

// update says why nobody is there, and what to do.
func (e *emptiness) update(s session.State) {
	switch {
	case s.Phase == session.Joining:
		e.title.set("Joining the call")
		e.text.set("One moment, please.")
	case s.Call != nil && s.Call.OnHold:
		e.title.set("The call is on hold")
		if s.Me.Customer {
			e.text.set("Nobody hears or sees anybody. Please stay: it goes on by itself.")
		} else {
			e.text.set("Nobody hears or sees anybody. Press the lit button to go on.")
		}
	case s.Call != nil && s.Call.Own.Audience:
		e.title.set("Nobody speaks just now")
		e.text.set("Please stay: you see and hear whoever does.")
	case s.Call != nil && len(s.Call.Participants) > 1 && len(onStage(s.Call)) <= 1:
		e.title.set("Nobody else is seen here")
		e.text.set("The others are in the list of people.")
	case s.Me.Room:
		e.title.set("You are the first one here")
		e.text.set("Please stay: the others appear here.")
	case s.Me.Customer:
		e.title.set("You are in")
		e.text.set("Please stay: somebody will be with you in a moment.")
	default:
		e.title.set("You are the first one here")
		e.text.set("Send the link to your customer and stay: they appear here.")
	}
	e.box.Refresh()
}

// sidePanel makes the panel with its three parts.
func (c *call) sidePanel() *fyne.Container {
	c.title = newWords("", style{bold: true})
	shut := newButton("", "close", manner{fill: colorNone, on: colorText, ring: colorBrand}, func() { c.toggle(c.panel) })
	shut.name, shut.hints = "Close the panel", c.kit.hints
	c.body = container.NewStack()
	head := container.New(margins{left: space4, right: space2, top: space2}, container.NewBorder(nil, nil, nil, shut, middle(c.title)))
	side := container.NewStack(newGround(colorLine, "", 0), container.New(margins{left: 1}, newGround(colorGround, "", 0)), sized(panelWidth, 0,
		container.New(layout.NewBorderLayout(head, nil, nil, nil), head, c.body))) // in the order of Tab
	side.Hide()
	return side
}

// toggle opens a part of the panel, or closes it when it is open.
func (c *call) toggle(panel string) {
	c.chosen = true
	if panel == c.panel {
		panel = panelNone
	}
	c.open(panel)
}

func (c *call) open(panel string) {
	if panel == c.panel {
		return
	}
	c.panel = panel
	var part fyne.CanvasObject
	switch panel {
	case panelChat:
		c.title.set("Chat")
		part = c.chat.box
	case panelFiles:
		c.title.set("Files and photos")
		part = c.files.box
	case panelPeople:
		c.title.set("People")
		part = c.people.box
	case panelShare:
		c.title.set("Invite your customer")
		part = c.share.box
	case panelDevices:
		c.title.set("Camera, microphone, speaker")
		part = c.devices.box
	}
	c.body.RemoveAll()
	switch part {
	case nil:
	case c.chat.box: // keeps its field in sight by itself
		c.body.Add(part)
	default:
		c.body.Add(container.NewVScroll(container.New(layout.NewCustomPaddedLayout(space2, space4, space4, space4), part)))
	}
	c.side.Hidden = part == nil
	c.bar.update(c.state, c.panel)
	c.news()
	c.root.Refresh()
	switch panel {
	case panelChat:
		c.chat.end()
		c.kit.focus(c.chat.write)
	case panelFiles:
		c.kit.focus(c.files.send)
	default:
		c.kit.focus(nil)
	}
}

// escape puts the photo away, or else closes the panel.
func (c *call) escape() {
	switch {
	case c.viewer.box.Visible():
		c.kit.session.ClosePhoto()
	case c.panel != panelNone:
		c.toggle(c.panel)
	}
}

// askPhoto asks somebody for a photo, and shows what comes of it.
func (c *call) askPhoto(endpoint string) {
	c.kit.session.AskPhoto(endpoint)
	c.chosen = true
	c.open(panelFiles)
}

// news counts what is new, and tells of it where the panel does not show it.
func (c *call) news() {
	if c.state.Call == nil {
		return
	}
	if panel, icon, text := c.unread.look(c.state.Call, c.panel); panel != panelNone {
		c.toast.raise(panel, icon, text)
	} else if c.toast.panel == c.panel {
		c.toast.hide()
	}
	c.bar.chat.count(c.unread.newMessages)
	c.bar.files.count(c.unread.newFiles)
}

func (c *call) object() fyne.CanvasObject { return c.root }
func (c *call) first() fyne.Focusable     { return nil }
func (c *call) hangUp()                   { c.kit.session.Leave() }

func (c *call) close() {
	c.stop()
	c.chooser.update(session.Share{}, nil)
	c.people.close()
	c.toast.close()
	c.stage.close()
	c.status.close()
	c.share.close()
	c.devices.close()
}

func (c *call) update(s session.State) {
	c.state = s
	c.empty.update(s)
	c.stage.update(s.Call)
	c.status.update(s)
	c.chat.update(s.Call)
	c.people.update(s)
	c.files.update(s.Call)
	c.viewer.update(s.Call)
	c.news()
	c.share.update(s.Call.Ticket)
	c.devices.update(s.Devices)
	c.notices.update(s.Notices)
	c.muted.raise(s.Call.MutedWhileSpeaking && !s.Call.Own.Silenced)
	c.network.raise(s.Phase == session.Reconnecting)
	c.sharing.update(s.Call.Share)
	c.bar.update(s, c.panel)
	c.chooser.update(s.Call.Share, c.bar.screen)
	c.suggest(s)
}

// suggest opens the card with the link while nobody has come, and closes it when
// somebody has, unless the person decided about the panel.
func (c *call) suggest(s session.State) {
	if c.chosen || s.Me.Customer {
		return
	}
	waiting := len(s.Call.Participants) <= 1
	switch {
	case waiting && s.Call.Ticket != nil && c.panel == panelNone:
		c.open(panelShare)
	case !waiting && c.panel == panelShare:
		c.open(panelNone)
	}
}
