package ui

import (
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"guichet/app/session"
)

// TestSharing: the key asks what to share, the menu is used by keyboard, the window
// says what is shown, and the same key ends it.
func TestSharing(t *testing.T) {
	const keys = fyne.KeyModifierControl | fyne.KeyModifierShift
	b := openBench(t, "light", 1366, 768, inCall(1))
	c := b.screen.(*call)
	b.shortcut(fyne.KeyS, keys)
	if b.fake.last() != "choose a screen" || c.chooser.menu == nil || c.sharing.box.Visible() {
		t.Fatalf("%q, a menu: %t", b.fake.last(), c.chooser.menu != nil)
	}
	b.press(fyne.KeyDown)
	b.press(fyne.KeyDown)
	b.press(fyne.KeyReturn)
	if b.fake.last() != "share screen:DP-2" || c.chooser.menu != nil || !c.sharing.box.Visible() || c.bar.screen.manner != mannerRoundOpen() {
		t.Errorf("%q, shown: %t", b.fake.last(), c.sharing.box.Visible())
	}
	b.shortcut(fyne.KeyS, keys)
	if b.fake.last() != "stop sharing" || c.sharing.box.Visible() || c.bar.screen.manner != mannerRound() {
		t.Errorf("%q, shown: %t", b.fake.last(), c.sharing.box.Visible())
	}

	b.shortcut(fyne.KeyS, keys)
	b.press(fyne.KeyEscape)
	if b.fake.last() != "stop sharing" || c.chooser.menu != nil {
		t.Errorf("Escape gives %q", b.fake.last())
	}

	// The permission goes in the middle of it.
	b.shortcut(fyne.KeyS, keys)
	gone := inCall(1)
	gone.Call.Own.MayShare = false
	b.give(gone)
	if c.chooser.menu != nil || c.bar.screen.Visible() {
		t.Error("still asked, or offered")
	}
	b.shortcut(fyne.KeyS, keys)
	if b.fake.last() == "choose a screen" && len(b.fake.commands) > 8 {
		t.Errorf("the key still works: %q", b.fake.commands)
	}
	b.give(sharingWindow())
	if !strings.HasPrefix(c.sharing.text.Text, "You are sharing the window Filiale") {
		t.Errorf("it says %q", c.sharing.text.Text)
	}
	c.sharing.stop.Tapped(nil)
	b.settle()
	if b.fake.last() != "stop sharing" {
		t.Errorf("the button gives %q", b.fake.last())
	}
}

func TestScreenWords(t *testing.T) {
	for want, s := range map[string]session.Screen{
		"Screen HDMI-1, 1920 × 1080":        {Name: "HDMI-1", Width: 1920, Height: 1080},
		"All screens together, 4480 × 1440": {Width: 4480, Height: 1440},
		"Window: Contract.pdf":              {Name: "Contract.pdf", Window: true, Width: 5, Height: 5},
	} {
		if got := screenWords(s, 2); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := screenWords(session.Screen{Name: "screen", Width: 1366, Height: 768}, 1); got != "The whole screen, 1366 × 768" {
		t.Errorf("the only one is %q", got)
	}
}

// labels are the texts of items; those that are checked begin with a star.
func labels(items []*fyne.MenuItem) (all []string) {
	for _, item := range items {
		switch {
		case item.IsSeparator:
		case item.Checked:
			all = append(all, "*"+item.Label)
		default:
			all = append(all, item.Label)
		}
	}
	return all
}

// TestLayoutMenu: it offers what may be set, shows what is, and is not there
// otherwise.
func TestLayoutMenu(t *testing.T) {
	b := openBench(t, "light", 1366, 768, leading())
	c := b.screen.(*call)
	c.open(panelPeople)
	if !c.people.layout.Visible() {
		t.Fatal("who may choose the layout is not offered it")
	}
	items := layoutItems(b.kit, b.fake.state.Call)
	if got := labels(items); len(got) != 14 || got[0] != "*Grid of everybody" || got[12] != "Leave out who shows no picture" {
		t.Errorf("%q", got)
	}
	items[1].Action()
	b.settle()
	if b.fake.last() != "layout highlight-1-responsive" || !slices.Contains(labels(layoutItems(b.kit, b.fake.state.Call)), "*Who speaks large, the others in a strip") {
		t.Errorf("%q", b.fake.last())
	}
	for i, want := range map[int]string{13: "hide true", 14: "hands first true"} {
		items[i].Action()
		if b.fake.last() != want {
			t.Errorf("item %d gives %q", i, b.fake.last())
		}
	}
	b.settle()
	if got := labels(layoutItems(b.kit, b.fake.state.Call)); got[12] != "*Leave out who shows no picture" || got[13] != "*Raised hands first" {
		t.Errorf("%q", got)
	}
	few := leading()
	few.Call.Own.MayLayout, few.Call.Own.MayHide = false, false
	b.give(few)
	if got := labels(layoutItems(b.kit, few.Call)); !slices.Equal(got, []string{"Raised hands first"}) {
		t.Errorf("%q", got)
	}
	few.Call.Own.MayHandsFirst = false
	b.give(few)
	if c.people.layout.Visible() {
		t.Error("an empty menu is offered")
	}
}

// TestSoundCard: it shows what may be set, sets it once when a slider is let go, and
// goes when nothing may be set any more.
func TestSoundCard(t *testing.T) {
	s := leading()
	who := &s.Call.Participants[1]
	who.Acts |= session.ActInputVolume | session.ActSensitivity
	who.InputVolume, who.Sensitivity = -10, 30
	b := openBench(t, "light", 1366, 768, s)
	c := b.screen.(*call)
	c.open(panelPeople)
	i := slices.IndexFunc(c.people.rows, func(p *person) bool { return p.endpoint == "e1" })
	items := c.people.deeds(c.people.rows[i])
	at := slices.Index(labels(items), "Sound…")
	if at < 0 {
		t.Fatalf("%q", labels(items))
	}
	items[at].Action()
	card := c.people.card
	if card == nil || !card.box.Visible() || card.rows[0].box.Hidden || !card.rows[1].box.Hidden || card.rows[2].box.Hidden {
		t.Fatal("not the rows that may be set")
	}
	if said := card.rows[0].said.part.Text; card.rows[0].slider.Value != -10 || said != "-4.0 dB" {
		t.Errorf("at %v: %q", card.rows[0].slider.Value, said)
	}
	b.win.Canvas().Focus(card.rows[0].slider)
	b.press(fyne.KeyRight)
	if b.fake.last() != "input of e1 -9" || card.rows[0].said.part.Text != "-3.6 dB" {
		t.Errorf("%q, %q", b.fake.last(), card.rows[0].said.part.Text)
	}
	b.win.Canvas().Focus(card.rows[2].slider)
	b.press(fyne.KeyLeft)
	if b.fake.last() != "sensitivity of e1 29" || card.rows[2].said.part.Text != "Nothing below -98 dB is heard" {
		t.Errorf("%q, %q", b.fake.last(), card.rows[2].said.part.Text)
	}
	b.give(leading())
	if card.box.Visible() {
		t.Error("the card stays though nothing may be set")
	}
	if decibels(0) != "As it comes" || noise(0) != "Everything is heard" {
		t.Error("the words of nothing")
	}
}

// TestOwnMenu: oneself has a menu of what may be done to oneself, and no other.
func TestOwnMenu(t *testing.T) {
	s := watching(1)
	s.Call.Participants[0].Acts = session.ActDeafen | session.ActOutputVolume | session.ActPlace
	s.Call.Participants[0].Position = "reserved-1"
	b := openBench(t, "light", 1366, 768, s)
	c := b.screen.(*call)
	c.open(panelPeople)
	if !c.people.rows[0].more.Visible() {
		t.Fatal("there is no menu")
	}
	items := c.people.deeds(c.people.rows[0])
	if got := labels(items); !slices.Equal(got, []string{"Stop hearing the others", "Sound…", "Place on the stage…"}) {
		t.Errorf("%q", got)
	}
	places := placeItems(b.kit, session.SelfView, "reserved-1")
	if got := labels(places); !slices.Contains(got, "*The first or large place") {
		t.Errorf("%q", got)
	}
	items[0].Action()
	if want := "act 256 on self"; b.fake.last() != want {
		t.Errorf("%q, want %q", b.fake.last(), want)
	}
	places[0].Action()
	if b.fake.last() != "place of self auto" {
		t.Errorf("%q", b.fake.last())
	}
}

// TestTurnsOfHands: raised hands are counted in the order in which they went up.
func TestTurnsOfHands(t *testing.T) {
	b := openBench(t, "light", 1366, 768, leading())
	c := b.screen.(*call)
	c.open(panelPeople)
	var said []string
	for _, one := range c.people.rows[:3] {
		said = append(said, one.what.part.Text)
	}
	if want := []string{"You", "Member, hand raised (1), watching", "Member, hand raised (2)"}; !slices.Equal(said, want) {
		t.Errorf("%q, want %q", said, want)
	}
	one := inCall(2)
	one.Call.Participants[1].Hand = noon
	b.give(one)
	if got := c.people.rows[1].what.part.Text; got != "Customer, hand raised" {
		t.Errorf("the only one: %q", got)
	}
}

// TestWaitingForARoom says when it opens, and can be given up.
func TestWaitingForARoom(t *testing.T) {
	b := openBench(t, "light", 1366, 768, waiting())
	s := b.screen.(*signIn)
	if want := "Opens at " + moment(noon.Add(3*time.Hour), noon); s.begin.text != want || !s.begin.disabled || s.cancel.Hidden || !strings.Contains(s.next.part.Text, "by yourself") {
		t.Errorf("%q, want %q; %q", s.begin.text, want, s.next.part.Text)
	}
	s.cancel.Tapped(nil)
	if b.fake.last() != "cancel sign-in" {
		t.Errorf("%q", b.fake.last())
	}
}
