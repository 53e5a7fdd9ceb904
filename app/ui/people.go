package ui

import (
	"fmt"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"guichet/app/session"
)

// people lists who is in the call.
type people struct {
	box    *fyne.Container
	kit    *kit
	list   *fyne.Container
	rows   []*person
	lock   *button
	layout *button
	end    *button
	card   *soundCard // of somebody's sound; may be put away
	state  session.State

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
	who      session.Participant
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
	p.layout = newButton("Layout of the stage", "layout", mannerPlain(), func() { drop(layoutItems(k, p.state.Call), p.layout) })
	p.box = column(space5, p.list, column(space2, p.layout, p.lock, p.end))
	return p
}

func (p *people) update(s session.State) {
	all := ranked(s.Call.Participants)
	p.photos, p.state = !s.Me.Customer, s
	for len(p.rows) < len(all) {
		one := p.newPerson()
		p.rows = append(p.rows, one)
		p.list.Add(one.box)
	}
	for _, one := range p.rows[len(all):] {
		p.list.Remove(one.box)
	}
	p.rows = p.rows[:len(all)]
	hands := 0
	for _, who := range all {
		if !who.Hand.IsZero() {
			hands++
		}
	}
	for i, one := range p.rows {
		one.update(all[i], turnOf(all, i, hands))
		one.more.Hidden = all[i].Acts == 0 && (all[i].Self || !p.photos)
		one.box.Refresh()
	}
	if p.card != nil {
		p.card.update(all)
	}
	p.end.Hidden = s.Me.Customer
	p.layout.Hidden = len(layoutItems(p.kit, s.Call)) == 0
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
	endpoint := p.endpoint
	camera := func(what session.CameraRequest) func() {
		return func() { l.kit.session.AskCamera(endpoint, what) }
	}
	var items []*fyne.MenuItem
	if l.photos && !p.who.Self {
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
	drop(items, p.more)
}

// sound shows the card of somebody's sound.
func (l *people) sound(p *person) {
	if on := fyne.CurrentApp().Driver().CanvasForObject(p.more); on != nil {
		l.close()
		l.card = newSoundCard(l.kit, on, p.who)
	}
}

// close puts the card away.
func (l *people) close() {
	if l.card != nil {
		l.card.close()
		l.card = nil
	}
}

// deeds are the items that change what somebody may do; removing comes last and
// asks once.
func (l *people) deeds(p *person) (items []*fyne.MenuItem) {
	endpoint, name := p.endpoint, p.name.part.Text
	deafen, undeafen := "Let them hear nobody", "Let them hear the others again"
	if p.who.Self {
		deafen, undeafen = "Stop hearing the others", "Hear the others again"
	}
	for _, one := range []struct {
		act  session.Act
		text string
	}{
		{session.ActMute, "Mute"}, {session.ActUnmute, "Unmute"},
		{session.ActCameraOff, "Turn camera off"}, {session.ActCameraOn, "Turn camera on"},
		{session.ActLowerHand, "Lower hand"}, {session.ActPromote, "Let speak"}, {session.ActDemote, "Make audience"},
		{session.ActDeafen, deafen}, {session.ActUndeafen, undeafen},
	} {
		if p.acts&one.act != 0 {
			items = append(items, fyne.NewMenuItem(one.text, func() { l.kit.session.Act(endpoint, one.act) }))
		}
	}
	if p.acts&soundActs != 0 {
		items = append(items, fyne.NewMenuItem("Sound…", func() { l.sound(p) }))
	}
	if p.acts&session.ActPlace != 0 {
		items = append(items, fyne.NewMenuItem("Place on the stage…", func() { drop(placeItems(l.kit, endpoint, p.who.Position), p.more) }))
	}
	if p.acts&session.ActRemove != 0 {
		items = append(items, fyne.NewMenuItem("Remove…", func() {
			l.kit.ask(question{title: "Remove " + name + "?", text: name + " leaves the call at once, is told that you did it, and cannot come back with the same link.",
				yes: "Remove", no: "Keep in the call", then: func() { l.kit.session.Act(endpoint, session.ActRemove) }})
		}))
	}
	return items
}

// turnOf says in which turn somebody's hand was raised, "" for a hand that is down
// and for the only one.
func turnOf(all []session.Participant, i, hands int) string {
	if all[i].Hand.IsZero() || hands < 2 {
		return ""
	}
	turn := 1
	for j, other := range all {
		if j != i && !other.Hand.IsZero() && other.Hand.Before(all[i].Hand) {
			turn++
		}
	}
	return fmt.Sprintf(" (%d)", turn)
}

func (p *person) update(who session.Participant, turn string) {
	p.endpoint, p.who = who.Endpoint, who
	if who.Self {
		p.endpoint = session.SelfView
	}
	p.letters.Text, p.letters.Color = initials(who.Name), theme.Color(colorText)
	p.letters.Refresh()
	p.name.set(who.Name)
	p.what.set(role(who, turn))
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

// role says in words what a participant is and does; turn stands behind a raised
// hand.
func role(who session.Participant, turn string) string {
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
		s += ", hand raised" + turn
	}
	if who.ScreenID != "" {
		s += ", shares a screen"
	}
	if who.Deaf {
		s += ", hears nobody"
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
