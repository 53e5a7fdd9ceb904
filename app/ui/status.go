package ui

import (
	"fmt"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"guichet/app/session"
)

// status says at the top left of the stage with whom, for how long and over
// what network the call is.
type status struct {
	box             *fyne.Container
	who, clock, net *canvas.Text
	bars            *bars
	other           *canvas.Text // whose network is worse than ours, and how
	otherBars       *bars
	began           time.Time
	now             func() time.Time
	stop            func()
	lock            *picture // nobody else may join
}

func newStatus(k *kit) *status {
	line := func(c fyne.ThemeColorName, bold bool) *canvas.Text {
		t := canvas.NewText("", theme.Color(c))
		t.TextSize, t.TextStyle.Bold = sizeSecondary, bold
		return t
	}
	s := &status{who: line(colorStageText, true), clock: line(colorStageText, false), net: line(colorStageMuted, false), bars: newBars(), other: line(colorStageMuted, false), otherBars: newBars(), now: k.now, lock: newPicture("lock", colorStageText, 18)}
	s.box = container.NewStack(newGround(colorStageVeil, "", corner), container.New(margins{space3, space3, space2, space2},
		row(space3, row(space2, middle(s.lock), s.who), s.clock, row(space2, middle(s.bars), s.net), row(space2, middle(s.otherBars), s.other))))
	s.stop = k.pulse.often(s.tick)
	return s
}

func (s *status) close() { s.stop() }

func (s *status) update(st session.State) {
	c := st.Call
	set(s.who, elide(company(st), 360, sizeSecondary))
	s.lock.Hidden = !c.Room.Locked
	s.began = c.StartedAt
	s.bars.Hidden = lit(c.Network.Grade) == 0
	s.bars.set(lit(c.Network.Grade))
	set(s.net, "Network "+c.Network.Word)
	s.net.Hidden = c.Network.Word == ""
	text, grade := troubled(c)
	s.otherBars.Hidden, s.other.Hidden = text == "", text == ""
	s.otherBars.set(lit(grade))
	set(s.other, elide(text, 280, sizeSecondary))
	s.tick()
	s.box.Refresh()
}

// troubled says whose network is worse than good, of the others; when several
// are, how many.
func troubled(c *session.Call) (text string, worst session.Grade) {
	n := 0
	var who session.Participant
	for _, p := range c.Participants {
		if !p.Self && p.Network.Grade > session.GradeGood {
			if n++; p.Network.Grade > worst {
				worst, who = p.Network.Grade, p
			}
		}
	}
	switch n {
	case 0:
		return "", worst
	case 1:
		return who.Name + "'s network " + who.Network.Word, worst
	}
	return fmt.Sprintf("%d others: network %s", n, who.Network.Word), worst
}

// tick moves the clock.
func (s *status) tick() {
	if s.began.IsZero() {
		set(s.clock, "")
		return
	}
	set(s.clock, elapsed(s.now().Sub(s.began)))
}

// set changes a text only when it differs, so that nothing is drawn for nothing.
func set(t *canvas.Text, s string) {
	if t.Text != s {
		t.Text = s
		t.Refresh()
	}
}

// company names the room, who is in the call besides us, and how many watch.
func company(s session.State) string {
	if s.Phase == session.Joining {
		return "Joining the call"
	}
	var names []string
	watching := 0
	for _, p := range s.Call.Participants {
		switch {
		case p.Self:
		case p.Audience:
			watching++
		default:
			names = append(names, p.Name)
		}
	}
	text := speakers(names)
	if s.Call.Room.Name != "" && len(names) > 1 { // there is no room for all
		text = fmt.Sprint(len(names), " others")
	}
	switch {
	case watching > 0 && len(names) == 0:
		text = fmt.Sprint(watching, " watching")
	case watching > 0:
		text += fmt.Sprint(", ", watching, " watching")
	}
	if s.Call.Room.Name != "" {
		text = s.Call.Room.Name + ": " + text
	}
	return text
}

func speakers(names []string) string {
	switch {
	case len(names) == 0:
		return "Nobody else is here"
	case len(names) > 3:
		return fmt.Sprintf("%s and %d others", names[0], len(names)-1)
	}
	return strings.Join(names, ", ")
}

// elapsed is a clock: 4:05, and 1:04:05 after an hour.
func elapsed(d time.Duration) string {
	sec := int(max(d, 0).Seconds())
	if sec >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", sec/3600, sec/60%60, sec%60)
	}
	return fmt.Sprintf("%d:%02d", sec/60, sec%60)
}

// flag is a short sentence on the stage that comes and goes, such as "You are
// muted".
type flag struct {
	box  *fyne.Container
	text *canvas.Text
}

func newFlag(name, text string) *flag { return newFlagOf(name, text, colorWarn, colorOnWarn) }

// newFlagOf is one on another ground.
func newFlagOf(name, text string, ground, on fyne.ThemeColorName) *flag {
	t := canvas.NewText(text, theme.Color(on))
	t.TextSize, t.TextStyle.Bold = sizeSecondary, true
	f := &flag{text: t}
	f.box = container.NewStack(newGround(ground, "", corner), container.New(margins{space3, space4, space2, space2},
		container.New(layout.NewCustomPaddedHBoxLayout(space2), newPicture(name, on, 20), middle(t))))
	f.box.Hide()
	return f
}

// raise shows or hides the flag.
func (f *flag) raise(up bool) {
	if f.box.Hidden == up {
		f.box.Hidden = !up
		f.box.Refresh()
	}
}
