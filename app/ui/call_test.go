package ui

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"guichet/app/session"
)

// shortcut presses one of the window's own keys.
func (b *bench) shortcut(key fyne.KeyName, with fyne.KeyModifier) {
	b.t.Helper()
	s := &desktop.CustomShortcut{KeyName: key, Modifier: with}
	if to, ok := b.win.Canvas().Focused().(fyne.Shortcutable); ok {
		to.TypedShortcut(s)
	} else {
		b.shortcuts.TypedShortcut(s)
	}
	b.settle()
}

// TestKeys: each key does its work, also while a text field has the focus.
func TestKeys(t *testing.T) {
	const ctrl = fyne.KeyModifierControl
	for _, in := range []string{"nothing", "the link"} {
		t.Run(in, func(t *testing.T) {
			b := openBench(t, "light", 1366, 768, inCall(0))
			c := b.screen.(*call)
			if in == "the link" {
				b.win.Canvas().Focus(c.share.link)
			}
			b.shortcut(fyne.KeyD, ctrl)
			b.shortcut(fyne.KeyD, ctrl)
			b.shortcut(fyne.KeyE, ctrl)
			b.shortcut(fyne.KeyE, ctrl)
			b.shortcut(fyne.KeyL, ctrl)
			if got := b.app.Clipboard().Content(); got != "https://calls.example.org/t/AB12CD34" {
				t.Errorf("clipboard: %q", got)
			}
			b.shortcut(fyne.KeyH, ctrl|fyne.KeyModifierShift)
			want := []string{"muted true", "muted false", "camera off true", "camera off false", "leave", "preview true"}
			if !slices.Equal(b.fake.commands, want) {
				t.Errorf("commands %q, want %q", b.fake.commands, want)
			}
			b.shortcut(fyne.KeyD, ctrl)
			if b.fake.last() != "preview true" {
				t.Error("the keys of a call work in the lobby")
			}
		})
	}
}

// TestLayoutOfPeople: alone, two, and a grid with the own picture in it.
func TestLayoutOfPeople(t *testing.T) {
	for _, n := range []int{0, 1, 2, 5, 9} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			b := openBench(t, "dark", 1366, 768, inCall(n))
			b.see(1)
			s := b.screen.(*call).stage
			size := s.box.Size()
			if s.alone.Hidden != (n > 0) {
				t.Errorf("the words for an empty stage are hidden: %t", s.alone.Hidden)
			}
			if len(s.order) != n {
				t.Fatalf("%d tiles of others", len(s.order))
			}
			if n == 1 && s.order[0].Size() != size {
				t.Errorf("the other one has %v of %v", s.order[0].Size(), size)
			}
			if n < 2 {
				at, own := s.self.Position(), s.self.Size()
				if size.Width-at.X-own.Width != space4 || size.Height-at.Y-own.Height != space4 {
					t.Errorf("own picture at %v, %v in %v: not at the bottom right", at, own, size)
				}
				return
			}
			status := b.screen.(*call).status.box
			if end := fyne.CurrentApp().Driver().AbsolutePositionForObject(status).Y + status.Size().Height; s.order[0].Position().Y < end {
				t.Errorf("the first tile begins at %v, under the status that ends at %v", s.order[0].Position().Y, end)
			}
			for _, one := range s.order {
				if one.Size() != s.self.Size() {
					t.Errorf("a tile is %v, the own %v", one.Size(), s.self.Size())
				}
			}
		})
	}
}

func TestOwnPictureIsDragged(t *testing.T) {
	b := openBench(t, "dark", 1366, 768, inCall(1))
	s := b.screen.(*call).stage
	before := s.self.Position()
	s.self.Dragged(&fyne.DragEvent{Dragged: fyne.NewDelta(-200, -100)})
	if got := s.self.Position(); math.Abs(float64(got.X-before.X+200)) > 1 || math.Abs(float64(got.Y-before.Y+100)) > 1 {
		t.Errorf("moved from %v to %v", before, got)
	}
	s.self.Dragged(&fyne.DragEvent{Dragged: fyne.NewDelta(-9000, -9000)})
	if got := s.self.Position(); got != fyne.NewPos(space4, space4) {
		t.Errorf("left the stage: %v", got)
	}
	b.win.Resize(fyne.NewSize(1024, 700))
	if got := s.self.Position(); got != fyne.NewPos(space4, space4) {
		t.Errorf("does not stay in its corner: %v", got)
	}
}

func TestSpeakerIsFramed(t *testing.T) {
	b := openBench(t, "dark", 1366, 768, views()["call-5"])
	s := b.screen.(*call).stage
	if !s.order[0].face.speaking || s.order[1].face.speaking {
		t.Error("not the speaker is framed")
	}
}

// TestPanel: the card opens while nobody is there, closes when somebody comes,
// pushes the stage, and obeys the person from the first click on.
func TestPanel(t *testing.T) {
	b := openBench(t, "light", 1366, 768, inCall(0))
	c := b.screen.(*call)
	if c.panel != panelShare || c.stage.box.Size().Width != 1366-panelWidth {
		t.Fatalf("panel %q, the stage is %v", c.panel, c.stage.box.Size())
	}
	b.give(inCall(1))
	if c.panel != panelNone || c.stage.box.Size().Width != 1366 {
		t.Errorf("somebody came: panel %q, the stage is %v", c.panel, c.stage.box.Size())
	}
	c.bar.people.Tapped(nil)
	if c.panel != panelPeople || len(c.people.rows) != 2 {
		t.Errorf("panel %q with %d people", c.panel, len(c.people.rows))
	}
	b.give(inCall(3))
	if len(c.people.list.Objects) != 4 {
		t.Errorf("%d rows for 4 people", len(c.people.list.Objects))
	}
	b.give(inCall(0))
	if len(c.people.list.Objects) != 1 || c.panel != panelPeople {
		t.Errorf("%d rows for one, panel %q", len(c.people.list.Objects), c.panel)
	}
	c.bar.people.Tapped(nil)
	if c.panel != panelNone || !c.side.Hidden {
		t.Error("the panel does not close")
	}
}

func TestShareCard(t *testing.T) {
	b := openBench(t, "light", 1366, 768, inCall(0))
	s := b.screen.(*call).share
	if s.link.Text != "https://calls.example.org/t/AB12CD34" || s.code.Image == nil || s.valid.part.Text != "Valid until 14:00, for one person" {
		t.Errorf("link %q, code %v, %q", s.link.Text, s.code.Image != nil, s.valid.part.Text)
	}
	s.link.TypedRune('x')
	s.link.TypedKey(&fyne.KeyEvent{Name: fyne.KeyBackspace})
	s.link.TypedShortcut(&fyne.ShortcutPaste{Clipboard: b.app.Clipboard()})
	if s.link.Text != "https://calls.example.org/t/AB12CD34" {
		t.Errorf("the link can be changed: %q", s.link.Text)
	}
	s.link.TypedShortcut(&fyne.ShortcutSelectAll{})
	if s.link.SelectedText() != s.link.Text {
		t.Error("the link cannot be selected")
	}
	s.copying.Tapped(nil)
	if s.copying.text != "Copied" || b.app.Clipboard().Content() != s.link.Text {
		t.Errorf("the button says %q", s.copying.text)
	}
	b.fake.RevokeTicket()
	b.settle()
	if !s.live.Hidden {
		t.Error("a withdrawn link is shown")
	}
	b.app.Clipboard().SetContent("")
	s.copyLink()
	if b.app.Clipboard().Content() != "" {
		t.Error("a withdrawn link is copied")
	}
	b.fake.MakeTicket(false)
	b.settle()
	if s.live.Hidden || s.valid.part.Text != "Valid until 13:00, for several people" {
		t.Errorf("a new link: %q", s.valid.part.Text)
	}
}

// TestCustomer sees neither links nor a way to end the call for others.
func TestCustomer(t *testing.T) {
	state := inCall(0)
	state.Me.Customer, state.Call.Ticket = true, nil
	b := openBench(t, "light", 1366, 768, state)
	c := b.screen.(*call)
	if c.panel != panelNone || c.bar.share.Visible() || c.people.end.Visible() {
		t.Error("a customer is offered an agent's things")
	}
}

// TestHold: one press holds the call and another lets it go on; meanwhile no
// last picture of the others stands there as if it were them.
func TestHold(t *testing.T) {
	b := openBench(t, "light", 1366, 768, inCall(1))
	c := b.screen.(*call)
	c.bar.hold.Tapped(nil)
	b.settle()
	if b.fake.last() != "hold true" || !c.empty.box.Visible() || c.empty.title.part.Text != "The call is on hold" || len(c.stage.order) != 0 {
		t.Errorf("%s: %q", b.fake.last(), c.empty.title.part.Text)
	}
	c.bar.hold.Tapped(nil)
	b.settle()
	if b.fake.last() != "hold false" || c.empty.box.Visible() || len(c.stage.order) != 1 {
		t.Errorf("%s, %d tiles", b.fake.last(), len(c.stage.order))
	}
	customer := inCall(1)
	customer.Me.Customer = true
	b.give(customer)
	if c.bar.hold.Visible() {
		t.Error("a customer is offered to hold the call")
	}
}

func TestHints(t *testing.T) {
	b := openBench(t, "light", 1366, 768, views()["call-muted"])
	c := b.screen.(*call)
	if c.muted.box.Hidden || c.bar.microphone.icon != "microphone-off" {
		t.Error("a muted speaker is not told so")
	}
	b.give(inCall(1))
	if !c.muted.box.Hidden || c.bar.microphone.icon != "microphone" {
		t.Error("the hint stays")
	}
	b.give(views()["call-lost"])
	if c.network.box.Hidden {
		t.Error("a lost connection is not told")
	}
	// The hint of a button names its key and lies inside the window.
	h := b.kit.hints
	h.of = c.bar.leave
	h.place(c.bar.leave.name)
	if h.text.Text != "Hang up (Ctrl+Shift+H)" || h.back.Position().X+h.back.Size().Width > 1366 || h.back.Position().Y < 0 {
		t.Errorf("%q at %v", h.text.Text, h.back.Position())
	}
	c.bar.leave.MouseOut()
	if h.layer.Visible() {
		t.Error("the hint stays after the pointer left")
	}
}

// TestClosingAsksOnce: during a call, and not in the lobby.
func TestClosingAsksOnce(t *testing.T) {
	b := openBench(t, "light", 1366, 768, inCall(1))
	closed := 0
	b.quit = func() { closed++ }
	b.closing()
	if closed != 0 || b.win.Canvas().Overlays().Top() == nil {
		t.Fatal("closes without a question")
	}
	b.press(fyne.KeyReturn) // the focus lies on staying
	if closed != 0 || b.win.Canvas().Overlays().Top() != nil || b.asking {
		t.Fatal("staying does not stay")
	}
	b.closing()
	b.win.Canvas().FocusNext()
	b.press(fyne.KeyReturn)
	if closed != 1 {
		t.Error("hanging up and closing does not close")
	}
}

// TestEndForAll asks first.
func TestEndForAll(t *testing.T) {
	b := openBench(t, "light", 1366, 768, inCall(1))
	c := b.screen.(*call)
	c.toggle(panelPeople)
	c.people.end.Tapped(nil)
	if b.fake.last() == "end for all" {
		t.Fatal("ends without a question")
	}
	b.press(fyne.KeyEscape)
	if b.win.Canvas().Overlays().Top() != nil {
		t.Fatal("Escape does not take the question away")
	}
	c.people.end.Tapped(nil)
	b.win.Canvas().FocusNext()
	b.press(fyne.KeyReturn)
	if !slices.Contains(b.fake.commands, "end for all") {
		t.Errorf("commands %q", b.fake.commands)
	}
}

func TestCompany(t *testing.T) {
	joining := inCall(0)
	joining.Phase = session.Joining
	for want, s := range map[string]session.State{"Joining the call": joining, "Nobody else is here": inCall(0),
		"Maria Papadopoulou": inCall(1), "Maria Papadopoulou, Jonas Weber": inCall(2), "Maria Papadopoulou and 4 others": inCall(5)} {
		if got := company(s); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestElapsed(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0:00", 65 * time.Second: "1:05", 3665 * time.Second: "1:01:05", -time.Second: "0:00"} {
		if got := elapsed(d); got != want {
			t.Errorf("%v: %q", d, got)
		}
	}
}
