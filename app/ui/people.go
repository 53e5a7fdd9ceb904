package ui

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"guichet/app/session"
)

// people lists who is in the call.
type people struct {
	box  *fyne.Container
	kit  *kit
	list *fyne.Container
	rows []*person
	lock *button
	end  *button

	photos bool // people may be asked for them
	locked bool
	ask    func(endpoint string) // for a photo
}

// person is one row of the list.
type person struct {
	box      *fyne.Container
	letters  *canvas.Text
	name     *words
	what     *words
	level    *meter
	loud     *fyne.Container // holds level
	endpoint string
	acts     session.Act
	hand     *picture
	silent   *picture
	dark     *picture
	more     *button
	network  *fyne.Container
	bars     *bars
	word     *words
}

func newPeople(k *kit, ask func(endpoint string)) *people {
	p := &people{kit: k, ask: ask, list: column(space4)}
	p.end = newButton("End the call for everybody", "", manner{fill: colorNone, on: colorDanger, ring: colorDanger}, func() {
		k.ask(question{title: "End the call for everybody?", text: "Everyone is sent away and the link stops working.",
			yes: "End for everybody", no: "Go on", then: k.session.EndForAll})
	})
	p.lock = newButton("Let nobody else in", "lock", mannerPlain(), func() { k.session.LockRoom(!p.locked) })
	p.box = column(space5, p.list, column(space2, p.lock, p.end))
	return p
}

func (p *people) update(s session.State) {
	all := ranked(s.Call.Participants)
	p.photos = !s.Me.Customer
	for len(p.rows) < len(all) {
		one := p.newPerson()
		p.rows = append(p.rows, one)
		p.list.Add(one.box)
	}
	for _, one := range p.rows[len(all):] {
		p.list.Remove(one.box)
	}
	p.rows = p.rows[:len(all)]
	for i, one := range p.rows {
		one.update(all[i])
		one.more.Hidden = all[i].Self || all[i].Acts == 0 && !p.photos
		one.box.Refresh()
	}
	p.end.Hidden = s.Me.Customer
	p.lock.Hidden, p.locked = !s.Call.Own.MayLock, s.Call.Room.Locked
	if p.locked {
		p.lock.label("Let people in again")
	} else {
		p.lock.label("Let nobody else in")
	}
}

// ranked puts raised hands first, the one that is up longest before the others,
// and the audience last; ourselves stay at the top.
func ranked(all []session.Participant) []session.Participant {
	rank := func(p session.Participant) int {
		switch {
		case p.Self:
			return 0
		case !p.Hand.IsZero():
			return 1
		case !p.Audience:
			return 2
		}
		return 3
	}
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b session.Participant) int {
		if d := rank(a) - rank(b); d != 0 || rank(a) != 1 {
			return d
		}
		return a.Hand.Compare(b.Hand)
	})
	return all
}

// levels moves the bars of who speaks.
func (p *people) levels(l session.Levels) {
	for _, one := range p.rows {
		if one.endpoint == session.SelfView {
			one.level.set(l.Microphone)
		} else {
			one.level.set(l.Endpoints[one.endpoint])
		}
	}
}

func (l *people) newPerson() *person {
	caption := style{size: theme.SizeNameCaptionText, color: colorMuted, oneLine: true}
	p := &person{letters: canvas.NewText("", theme.Color(colorText)), level: newMeter(), name: newWords("", style{bold: true, oneLine: true}),
		what: newWords("", style{size: theme.SizeNameCaptionText, color: colorMuted}), word: newWords("", caption), bars: newBarsOf(colorGood, colorWarn, colorMuted),
		hand: newPicture("hand", colorBrand, 20), silent: newPicture("microphone-off", colorMuted, 20), dark: newPicture("camera-off", colorMuted, 20)}
	p.more = newRoundButton("", "more", manner{fill: colorNone, on: colorText, ring: colorBrand}, l.kit.hints, func() { l.menu(p) })
	p.letters.TextSize, p.letters.TextStyle.Bold = sizeSecondary, true
	p.network = container.NewBorder(nil, nil, middle(p.bars), nil, container.New(margins{left: space2}, p.word))
	disc := container.NewStack(sized(40, 40, newGround(colorSurface, colorLine, 20)), container.NewCenter(p.letters))
	p.loud = container.New(margins{top: 2}, sized(40, 4, p.level))
	p.box = container.NewBorder(nil, nil, container.NewVBox(disc), container.NewVBox(row(space2, p.hand, p.silent, p.dark, p.more)),
		container.New(margins{left: space2, right: space2}, container.New(layout.NewCustomPaddedVBoxLayout(2), p.name, p.what, p.network, p.loud)))
	return p
}

// menu shows what somebody's camera can be asked for, and what can be done to
// them.
func (l *people) menu(p *person) {
	on := fyne.CurrentApp().Driver().CanvasForObject(p.more)
	if on == nil {
		return
	}
	endpoint := p.endpoint
	camera := func(what session.CameraRequest) func() {
		return func() { l.kit.session.AskCamera(endpoint, what) }
	}
	var items []*fyne.MenuItem
	if l.photos {
		items = append(items,
			fyne.NewMenuItem("Ask for a photo", func() { l.ask(endpoint) }),
			fyne.NewMenuItemSeparator(),
			fyne.NewMenuItem("Switch camera", camera(session.CameraSwitch)),
			fyne.NewMenuItem("Flash on", camera(session.CameraFlashOn)),
			fyne.NewMenuItem("Flash off", camera(session.CameraFlashOff)))
	}
	if deeds := l.deeds(p); len(deeds) > 0 {
		if len(items) > 0 {
			items = append(items, fyne.NewMenuItemSeparator())
		}
		items = append(items, deeds...)
	}
	menu := widget.NewPopUpMenu(fyne.NewMenu("", items...), on)
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(p.more)
	menu.ShowAtPosition(at.AddXY(p.more.Size().Width-menu.MinSize().Width, p.more.Size().Height+space1))
	on.Focus(menu)
}

// deeds are the items that change what somebody may do; removing comes last and
// asks once.
func (l *people) deeds(p *person) (items []*fyne.MenuItem) {
	endpoint, name := p.endpoint, p.name.part.Text
	for _, one := range []struct {
		act  session.Act
		text string
	}{
		{session.ActMute, "Mute"}, {session.ActUnmute, "Unmute"},
		{session.ActCameraOff, "Turn camera off"}, {session.ActCameraOn, "Turn camera on"},
		{session.ActLowerHand, "Lower hand"}, {session.ActPromote, "Let speak"}, {session.ActDemote, "Make audience"},
	} {
		if p.acts&one.act != 0 {
			items = append(items, fyne.NewMenuItem(one.text, func() { l.kit.session.Act(endpoint, one.act) }))
		}
	}
	if p.acts&session.ActRemove != 0 {
		items = append(items, fyne.NewMenuItem("Remove…", func() {
			l.kit.ask(question{title: "Remove " + name + "?", text: name + " leaves the call at once, is told that you did it, and cannot come back with the same link.",
				yes: "Remove", no: "Keep in the call", then: func() { l.kit.session.Act(endpoint, session.ActRemove) }})
		}))
	}
	return items
}

func (p *person) update(who session.Participant) {
	p.endpoint = who.Endpoint
	if who.Self {
		p.endpoint = session.SelfView
	}
	p.letters.Text, p.letters.Color = initials(who.Name), theme.Color(colorText)
	p.letters.Refresh()
	p.name.set(who.Name)
	p.what.set(role(who))
	p.loud.Hidden = who.Audience
	p.acts, p.hand.Hidden = who.Acts, who.Hand.IsZero()
	p.silent.Hidden, p.dark.Hidden = !who.Muted || who.Audience, !who.CameraOff || who.Audience
	p.more.look("more", "What to do about "+who.Name, p.more.manner)
	p.network.Hidden = who.Network.Grade == session.GradeUnknown
	p.bars.set(lit(who.Network.Grade))
	p.word.set("Network " + who.Network.Word)
}

// lit is how many of three bars stand for a grade.
func lit(g session.Grade) int {
	return map[session.Grade]int{session.GradeGood: 3, session.GradeFair: 2, session.GradePoor: 1}[g]
}

// role says in words what a participant is and does.
func role(who session.Participant) string {
	s := "Colleague"
	switch {
	case who.Self:
		s = "You"
	case who.Customer:
		s = "Customer"
	case who.Seated:
		s = "Member"
	}
	if !who.Hand.IsZero() {
		s += ", hand raised"
	}
	switch {
	case who.Audience:
		s += ", watching"
	case who.Muted && who.CameraOff:
		s += ", muted, no picture"
	case who.Muted:
		s += ", muted"
	case who.CameraOff:
		s += ", no picture"
	}
	return s
}

// newRule is a thin line between parts.
func newRule() fyne.CanvasObject { return sized(1, 1, newGround(colorSurface, colorLine, 0)) }
