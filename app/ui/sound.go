package ui

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"guichet/app/session"
)

// soundActs are what the card of somebody's sound changes.
const soundActs = session.ActInputVolume | session.ActOutputVolume | session.ActSensitivity

// soundCard sets how loud somebody is heard and hears the others, and what of
// their sound is left out. It lies over the window until it is put away, or until
// there is nothing left in it to set.
type soundCard struct {
	box      *widget.PopUp
	endpoint string
	rows     []*soundRow
}

// soundRow is one number of the three.
type soundRow struct {
	act    session.Act
	box    *fyne.Container
	said   *words
	slider *widget.Slider
	say    func(value int) string
}

// newSoundCard shows the card of somebody.
func newSoundCard(k *kit, on fyne.Canvas, who session.Participant) *soundCard {
	c := &soundCard{endpoint: who.Endpoint}
	heard, hears := "How loud everybody hears them", "How loud they hear the others"
	if who.Self {
		heard, hears = "How loud everybody hears you", "How loud you hear the others"
	}
	c.rows = []*soundRow{
		newSoundRow(session.ActInputVolume, heard, -50, 50, who.InputVolume, decibels, func(v int) { k.session.SetInputVolume(c.endpoint, v) }),
		newSoundRow(session.ActOutputVolume, hears, -50, 50, who.OutputVolume, decibels, func(v int) { k.session.SetOutputVolume(c.endpoint, v) }),
		newSoundRow(session.ActSensitivity, "Leave out noise", 0, 100, who.Sensitivity, noise, func(v int) { k.session.SetSensitivity(c.endpoint, v) }),
	}
	rows := column(space4)
	for _, one := range c.rows {
		rows.Add(one.box)
	}
	done := newButton("Done", "", mannerPrimary(), c.close)
	done.escape = c.close
	c.box = widget.NewModalPopUp(inset(space5, sized(400, 0, column(space4,
		newWords("Sound of "+who.Name, style{size: theme.SizeNameHeadingText, bold: true, oneLine: true}), rows,
		container.New(margins{top: space2}, container.New(layout.NewCustomPaddedHBoxLayout(space3), layout.NewSpacer(), done))))), on)
	c.allow(who.Acts)
	c.box.Show()
	c.box.Resize(fyne.NewSize(min(464, on.Size().Width-2*space4), c.box.MinSize().Height))
	on.Focus(done)
	return c
}

func newSoundRow(act session.Act, title string, least, most, now int, say func(int) string, change func(int)) *soundRow {
	r := &soundRow{act: act, say: say, said: newWords(say(now), style{size: theme.SizeNameCaptionText, color: colorMuted}), slider: widget.NewSlider(float64(least), float64(most))}
	r.slider.Step = 1
	r.slider.SetValue(float64(now))
	r.slider.OnChanged = func(v float64) { r.said.set(say(int(v))) }
	r.slider.OnChangeEnded = func(v float64) { change(int(v)) }
	r.box = column(space1, newWords(title, style{}), r.slider, r.said)
	return r
}

// update follows what may be set, and puts the card away when nothing may.
func (c *soundCard) update(all []session.Participant) {
	for _, p := range all {
		if p.Endpoint == c.endpoint && p.Acts&soundActs != 0 {
			c.allow(p.Acts)
			return
		}
	}
	c.close()
}

func (c *soundCard) allow(acts session.Act) {
	for _, one := range c.rows {
		if hidden := acts&one.act == 0; hidden != one.box.Hidden {
			one.box.Hidden = hidden
			one.box.Refresh()
		}
	}
}

func (c *soundCard) close() { c.box.Hide() }

// decibels says a volume: each step is 0.4 dB.
func decibels(v int) string {
	if v == 0 {
		return "As it comes"
	}
	return fmt.Sprintf("%+.1f dB", 0.4*float64(v))
}

// noise says a sensitivity.
func noise(v int) string {
	if v == 0 {
		return "Everything is heard"
	}
	return fmt.Sprintf("Nothing below %d dB is heard", v-127)
}
