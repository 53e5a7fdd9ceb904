package ui

import (
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"guichet/app/session"
)

func TestLobbyByKeyboard(t *testing.T) {
	b := openBench(t, "light", 1366, 768, lobbyState())
	if !slices.Contains(b.fake.commands, "preview true") {
		t.Error("the own camera is not shown")
	}
	b.press(fyne.KeyReturn)
	if !slices.Contains(b.fake.commands, "new call") {
		t.Fatalf("Enter in the lobby: %q", b.fake.commands)
	}
	if _, ok := b.screen.(*call); !ok {
		t.Fatal("the call does not open")
	}
	if b.fake.last() != "preview false" {
		t.Errorf("the lobby's camera picture is not given back: %q", b.fake.commands)
	}
}

// TestTabOrder: Tab goes through all that can be done, New call first.
func TestTabOrder(t *testing.T) {
	b := openBench(t, "light", 1366, 768, lobbyBusy())
	l := b.screen.(*lobby)
	var order []fyne.Focusable
	for range 20 {
		order = append(order, b.win.Canvas().Focused())
		b.win.Canvas().FocusNext()
	}
	// One button of each of the two calls that run comes between.
	if order[0] != l.begin || order[3] != l.link || order[1] == order[2] {
		t.Error("New call is not followed by joining, as it is seen")
	}
	for name, o := range map[string]fyne.Focusable{"camera": l.devices.camera, "microphone": l.devices.microphone, "speaker": l.devices.speaker} {
		if !slices.Contains(order, o) {
			t.Errorf("Tab does not reach the %s", name)
		}
	}
}

// TestRunningCalls: what runs can be joined with one press, and is gone when it
// is over.
func TestRunningCalls(t *testing.T) {
	b := openBench(t, "light", 1366, 768, lobbyState())
	l := b.screen.(*lobby)
	if l.runs.Visible() {
		t.Error("a heading without calls")
	}
	s := lobbyState()
	s.Running = []session.Running{{ConferenceID: "4712", With: []string{"Ben Adler"}}}
	b.give(s)
	if !l.runs.Visible() || len(l.running.Objects) != 1 {
		t.Fatalf("%d calls", len(l.running.Objects))
	}
	b.give(lobbyState())
	if l.runs.Visible() || len(l.running.Objects) != 0 {
		t.Error("a call that is over stays")
	}
	b.give(s)
	b.win.Canvas().Focus(l.begin)
	b.win.Canvas().FocusNext()
	b.press(fyne.KeyReturn)
	if !slices.Contains(b.fake.commands, "join 4712") {
		t.Errorf("commands: %q", b.fake.commands)
	}
}

func TestLobbyJoins(t *testing.T) {
	b := openBench(t, "light", 1366, 768, lobbyState())
	l := b.screen.(*lobby)
	l.link.SetText("  https://calls.example.org/t/XY12 ")
	b.win.Canvas().Focus(l.link)
	b.press(fyne.KeyReturn)
	if !slices.Contains(b.fake.commands, "join https://calls.example.org/t/XY12") {
		t.Errorf("commands: %q", b.fake.commands)
	}
}

func TestLobbyRecentCalls(t *testing.T) {
	b := openBench(t, "light", 1366, 768, lobbyState())
	l := b.screen.(*lobby)
	if l.empty.Hidden || len(l.recent.Objects) != 0 {
		t.Error("without calls it does not say so")
	}
	b.give(lobbyBusy())
	if !l.empty.Hidden || len(l.recent.Objects) != 3 {
		t.Errorf("%d calls, empty text hidden: %t", len(l.recent.Objects), l.empty.Hidden)
	}
	b.give(lobbyState())
	if l.empty.Hidden || len(l.recent.Objects) != 0 {
		t.Error("calls that are gone are shown")
	}
}

func TestLobbyShowsTheOwnCamera(t *testing.T) {
	b := openBench(t, "light", 1366, 768, lobbyState())
	l := b.screen.(*lobby)
	b.see(1)
	if !l.preview.shows() {
		t.Fatal("no picture of the own camera")
	}
	if l.devices.level.level < 0.4 {
		t.Errorf("the level bar stands at %v", l.devices.level.level)
	}
	b.give(inCall(1))
	if n := b.fake.watching(); n != 2 {
		t.Errorf("%d streams are watched in a call with one other", n)
	}
	b.give(signedOut())
	if n := b.fake.watching(); n != 0 {
		t.Errorf("%d streams are watched on the sign-in screen", n)
	}
}

func TestLasted(t *testing.T) {
	for d, want := range map[time.Duration]string{20 * time.Second: "less than a minute", 61 * time.Second: "1 minute",
		12 * time.Minute: "12 minutes", 75 * time.Minute: "1 h 15 min"} {
		if got := lasted(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

func TestMoment(t *testing.T) {
	for at, want := range map[time.Time]string{noon.Add(-time.Hour): "11:00", noon.Add(-20 * time.Hour): "16:00 yesterday",
		noon.AddDate(0, 0, -8): "12:00 on 15 November", noon.AddDate(0, 0, 1): "12:00 on 24 November"} {
		if got := moment(at, noon); got != want {
			t.Errorf("%v: %q, want %q", at, got, want)
		}
	}
}

func TestOptions(t *testing.T) {
	list := []session.Device{{Name: "BRIO", Label: "usb-1"}, {Name: "BRIO", Label: "usb-2"}, {Name: "Built-in"}}
	for chosen, want := range map[string][]string{
		"":              {"System default", "BRIO (usb-1)", "Built-in", "No camera"},
		"none":          {"System default", "BRIO (usb-1)", "Built-in", "No camera"},
		"Jabra":         {"System default", "BRIO (usb-1)", "Built-in", "Jabra (not connected)", "No camera"},
		"pattern:17":    {"System default", "BRIO (usb-1)", "Built-in", "Test picture", "No camera"},
		"file:/a/b.y4m": {"System default", "BRIO (usb-1)", "Built-in", "File b.y4m", "No camera"},
	} {
		var got []string
		for _, o := range options(list, chosen, "No camera") {
			got = append(got, o.text)
		}
		if !slices.Equal(got, want) {
			t.Errorf("chosen %q: %q, want %q", chosen, got, want)
		}
	}
}

// TestPickerByKeyboard opens the menu and takes the next device.
func TestPickerByKeyboard(t *testing.T) {
	b := openBench(t, "light", 1366, 768, lobbyState())
	l := b.screen.(*lobby)
	b.win.Canvas().Focus(l.devices.speaker)
	b.press(fyne.KeySpace)
	menu, ok := b.win.Canvas().Focused().(interface{ TypedKey(*fyne.KeyEvent) })
	if !ok || b.win.Canvas().Overlays().Top() == nil {
		t.Fatal("no menu")
	}
	for _, key := range []fyne.KeyName{fyne.KeyDown, fyne.KeyDown, fyne.KeyReturn} {
		menu.TypedKey(&fyne.KeyEvent{Name: key})
	}
	b.settle()
	if got := b.fake.last(); got != "speaker Jabra Evolve 65" {
		t.Errorf("command %q", got)
	}
	if got := l.devices.speaker.text(); got != "Jabra Evolve 65" {
		t.Errorf("the picker says %q", got)
	}
}

func TestNoticesAreDismissed(t *testing.T) {
	s := lobbyState()
	for i := range 5 {
		s.Notices = append(s.Notices, session.Notice{ID: int64(i), Text: "Something happened. Do this."})
	}
	b := openBench(t, "light", 1366, 768, s)
	l := b.screen.(*lobby)
	if n := len(l.notices.box.Objects); n != mostNotices {
		t.Fatalf("%d messages at once", n)
	}
	b.fake.Dismiss(4)
	b.settle()
	if n := l.notices.shown[2].ID; n != 3 {
		t.Errorf("the newest message is %d", n)
	}
}
