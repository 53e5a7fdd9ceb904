package ui

import (
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"guichet/app/session"
)

// TestDeeds: a person's menu offers what may be done to them and nothing else.
func TestDeeds(t *testing.T) {
	b := openBench(t, "light", 1366, 768, leading())
	c := b.screen.(*call)
	c.open(panelPeople)
	offered := map[string][]string{}
	for _, one := range c.people.rows {
		for _, item := range c.people.deeds(one) {
			offered[one.endpoint] = append(offered[one.endpoint], item.Label)
		}
	}
	for endpoint, want := range map[string][]string{
		session.SelfView: nil,
		"e1":             {"Mute", "Turn camera off", "Make audience", "Remove…"},
		"e2":             {"Mute", "Turn camera off", "Lower hand", "Make audience", "Remove…"},
		"e3":             {"Unmute", "Turn camera on", "Make audience", "Remove…"},
		"e4":             {"Let speak", "Remove…"},
		"e5":             {"Lower hand", "Let speak", "Remove…"},
	} {
		if !slices.Equal(offered[endpoint], want) {
			t.Errorf("%s: %q, want %q", endpoint, offered[endpoint], want)
		}
	}
	order := []string{session.SelfView, "e5", "e2", "e1", "e3", "e6", "e4"}
	for i, one := range c.people.rows {
		if one.endpoint != order[i] {
			t.Errorf("row %d is %s, want %s", i, one.endpoint, order[i])
		}
	}
	if got := c.people.rows[4].what.part.Text; got != "Member, muted, no picture" {
		t.Errorf("the muted one is %q", got)
	}

	// By keyboard: the first item after those of the camera mutes; removing asks once and names the person.
	c.people.rows[2].more.Tapped(nil)
	menu := b.win.Canvas().Focused()
	for _, key := range []fyne.KeyName{fyne.KeyDown, fyne.KeyDown, fyne.KeyDown, fyne.KeyDown, fyne.KeyDown, fyne.KeyReturn} {
		menu.TypedKey(&fyne.KeyEvent{Name: key})
	}
	b.settle()
	if b.fake.last() != "act 1 on e2" {
		t.Errorf("muting gives %q", b.fake.last())
	}
	items := c.people.deeds(c.people.rows[2])
	items[len(items)-1].Action()
	if b.fake.last() != "act 1 on e2" || !b.asking {
		t.Fatal("removes without a question")
	}
	b.win.Canvas().FocusNext()
	b.press(fyne.KeyReturn)
	if b.fake.last() != "act 128 on e2" {
		t.Errorf("removing gives %q", b.fake.last())
	}

	if c.people.lock.text != "Let people in again" {
		t.Errorf("a locked call offers %q", c.people.lock.text)
	}
	c.people.lock.Tapped(nil)
	b.settle()
	if b.fake.last() != "lock false" || c.people.lock.text != "Let nobody else in" || c.status.lock.Visible() {
		t.Errorf("unlocking gives %q, then %q", b.fake.last(), c.people.lock.text)
	}
}

// TestGuestsMenu: without a right over anybody there is no menu and no lock, with
// one there is, and nothing of an agent's in it.
func TestGuestsMenu(t *testing.T) {
	s := watching(2)
	b := openBench(t, "light", 1366, 768, s)
	c := b.screen.(*call)
	if c.people.rows[1].more.Visible() || c.people.lock.Visible() {
		t.Error("somebody without rights is offered something")
	}
	led := watching(2)
	led.Call.Participants[1].Acts = session.ActMute
	b.give(led)
	if !c.people.rows[1].more.Visible() || c.people.rows[2].more.Visible() || c.people.photos {
		t.Error("the menu does not follow the rights")
	}
}

// TestWatching: the audience has no microphone, no camera and no own picture, and
// is not on the stage; let speak, it has.
func TestWatching(t *testing.T) {
	b := openBench(t, "dark", 1366, 768, watching(2))
	c := b.screen.(*call)
	if c.bar.microphone.Visible() || c.bar.camera.Visible() || c.bar.hand.Visible() || !c.bar.watches.box.Visible() || slices.Contains(c.stage.box.Objects, fyne.CanvasObject(c.stage.self.tile)) {
		t.Error("somebody who watches is offered to send")
	}
	c.bar.microphone.Tapped(nil)
	c.bar.camera.Tapped(nil)
	if got := b.fake.last(); strings.Contains(got, "muted") || strings.Contains(got, "camera off") {
		t.Errorf("the keys still give %q", got)
	}
	b.give(inCall(2))
	if !c.bar.microphone.Visible() || !c.bar.camera.Visible() || c.bar.watches.box.Visible() || !slices.Contains(c.stage.box.Objects, fyne.CanvasObject(c.stage.self.tile)) {
		t.Error("somebody who was let speak cannot")
	}
	b.give(leading())
	if len(c.stage.order) != 4 {
		t.Errorf("%d tiles for 4 who speak and 2 who watch", len(c.stage.order))
	}
	hidden := leading()
	hidden.Call.Room.HideVideoMuted, hidden.Call.Room.HandsFirst = true, true
	b.give(hidden)
	if len(c.stage.order) != 3 || !c.stage.order[0].face.hand {
		t.Errorf("%d tiles, the first with a raised hand: %t", len(c.stage.order), c.stage.order[0].face.hand)
	}
}

// TestSilenced: a server's mute shows at once, a press asks the session, and the
// button shows what comes of it, not what was wished.
func TestSilenced(t *testing.T) {
	stuck := silenced()
	stuck.Call.MicrophoneMuted = true
	b := openBench(t, "light", 1366, 768, stuck)
	c := b.screen.(*call)
	if c.bar.microphone.icon != "microphone-off" || c.bar.camera.icon != "camera-off" || !strings.Contains(c.bar.microphone.name, "cannot") {
		t.Errorf("buttons %s, %s: %s", c.bar.microphone.icon, c.bar.camera.icon, c.bar.microphone.name)
	}
	c.bar.microphone.Tapped(nil)
	b.settle()
	if b.fake.last() != "muted false" || c.bar.microphone.icon != "microphone-off" || c.bar.asksMuted {
		t.Errorf("%q, then %s", b.fake.last(), c.bar.microphone.icon)
	}
	free := silenced()
	free.Call.Own.Silenced, free.Call.Own.MayUnmute = false, true
	b.give(free)
	if c.bar.microphone.icon != "microphone" {
		t.Error("the button stays crossed after the mute was lifted")
	}
	c.bar.hand.Tapped(nil)
	b.settle()
	if b.fake.last() != "hand false" || c.bar.hand.name != "Raise your hand" {
		t.Errorf("%q, then %q", b.fake.last(), c.bar.hand.name)
	}
}

// TestRaisedHandIsTold once, while the list is closed.
func TestRaisedHandIsTold(t *testing.T) {
	b := openBench(t, "light", 1366, 768, inCall(2))
	c := b.screen.(*call)
	up := inCall(2)
	up.Call.Participants[2].Hand = noon
	b.give(up)
	if !c.toast.box.Visible() || c.toast.text.part.Text != "Jonas Weber raises a hand" {
		t.Errorf("told: %q", c.toast.text.part.Text)
	}
	c.toast.hide()
	b.give(up)
	if c.toast.box.Visible() {
		t.Error("told twice")
	}
}
