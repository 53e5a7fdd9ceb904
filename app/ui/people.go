package ui

import (
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
	end  *button
	ask  func(endpoint string) // for a photo
}

// person is one row of the list.
type person struct {
	box      *fyne.Container
	letters  *canvas.Text
	name     *words
	what     *words
	level    *meter
	endpoint string
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
	p.box = column(space5, p.list, p.end)
	return p
}

func (p *people) update(s session.State) {
	all := s.Call.Participants
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
		one.more.Hidden = all[i].Self || s.Me.Customer
		one.box.Refresh()
	}
	p.end.Hidden = s.Me.Customer
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
		what: newWords("", caption), word: newWords("", caption), bars: newBarsOf(colorGood, colorWarn, colorMuted),
		silent: newPicture("microphone-off", colorMuted, 20), dark: newPicture("camera-off", colorMuted, 20)}
	p.more = newRoundButton("", "more", manner{fill: colorNone, on: colorText, ring: colorBrand}, l.kit.hints, func() { l.menu(p) })
	p.letters.TextSize, p.letters.TextStyle.Bold = sizeSecondary, true
	p.network = container.NewBorder(nil, nil, middle(p.bars), nil, container.New(margins{left: space2}, p.word))
	disc := container.NewStack(sized(40, 40, newGround(colorSurface, colorLine, 20)), container.NewCenter(p.letters))
	p.box = container.NewBorder(nil, nil, container.NewVBox(disc), container.NewVBox(row(space2, p.silent, p.dark, p.more)),
		container.New(margins{left: space2, right: space2}, container.New(layout.NewCustomPaddedVBoxLayout(2), p.name, p.what, p.network,
			container.New(margins{top: 2}, sized(40, 4, p.level)))))
	return p
}

// menu shows what somebody's camera can be asked for.
func (l *people) menu(p *person) {
	on := fyne.CurrentApp().Driver().CanvasForObject(p.more)
	if on == nil {
		return
	}
	camera := func(what session.CameraRequest) func() {
		return func() { l.kit.session.AskCamera(p.endpoint, what) }
	}
	menu := widget.NewPopUpMenu(fyne.NewMenu("",
		fyne.NewMenuItem("Ask for a photo", func() { l.ask(p.endpoint) }),
		fyne.NewMenuItemSeparator(),
		fyne.NewMenuItem("Switch camera", camera(session.CameraSwitch)),
		fyne.NewMenuItem("Flash on", camera(session.CameraFlashOn)),
		fyne.NewMenuItem("Flash off", camera(session.CameraFlashOff))), on)
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(p.more)
	menu.ShowAtPosition(at.AddXY(p.more.Size().Width-menu.MinSize().Width, p.more.Size().Height+space1))
	on.Focus(menu)
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
	p.silent.Hidden, p.dark.Hidden = !who.Muted, !who.CameraOff
	p.more.look("more", "Photo and camera of "+who.Name, p.more.manner)
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
	}
	switch {
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
