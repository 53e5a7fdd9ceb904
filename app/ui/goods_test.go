package ui

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/storage"

	"guichet/app/session"
)

// write types a text into the field that has the focus.
func (b *bench) write(text string) {
	b.t.Helper()
	for _, r := range text {
		b.win.Canvas().Focused().TypedRune(r)
	}
}

// TestChat: the key opens it with the field ready, Enter sends, Shift+Enter
// begins a line, Escape closes; nothing empty or too long is sent.
func TestChat(t *testing.T) {
	b := openBench(t, "light", 1366, 768, inCall(1))
	c := b.screen.(*call)
	b.shortcut(fyne.KeyJ, fyne.KeyModifierControl)
	if c.panel != panelChat || b.win.Canvas().Focused() != fyne.Focusable(c.chat.write) {
		t.Fatalf("panel %q, focus on %T", c.panel, b.win.Canvas().Focused())
	}
	if c.stage.box.Size().Width != 1366-panelWidth {
		t.Errorf("the stage is %v wide", c.stage.box.Size().Width)
	}
	b.press(fyne.KeyReturn)
	b.write("one")
	c.chat.write.KeyDown(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
	b.press(fyne.KeyReturn)
	c.chat.write.KeyUp(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
	b.write("two")
	b.press(fyne.KeyReturn)
	if b.fake.last() != "say one\ntwo" || c.chat.write.Text != "" || len(c.chat.list.Objects) != 1 || c.chat.empty.Visible() {
		t.Errorf("%q, then %q, %d rows", b.fake.last(), c.chat.write.Text, len(c.chat.list.Objects))
	}
	c.chat.write.SetText(strings.Repeat("ü", session.MaxMessage/2+1))
	b.press(fyne.KeyReturn)
	if b.fake.last() != "say one\ntwo" || c.chat.length.Hidden {
		t.Error("what is too long is sent, or not told")
	}
	c.chat.write.SetText("x")
	b.shortcut(fyne.KeyD, fyne.KeyModifierControl)
	if b.fake.last() != "muted true" {
		t.Errorf("the window's keys do not work here: %q", b.fake.last())
	}
	c.chat.send.Tapped(nil)
	b.settle()
	if b.fake.last() != "say x" {
		t.Errorf("the button: %q", b.fake.last())
	}
	b.win.Canvas().Focus(c.chat.write)
	b.press(fyne.KeyEscape)
	if c.panel != panelNone {
		t.Error("Escape does not close the panel")
	}
}

// TestUnsent says why, and tries again.
func TestUnsent(t *testing.T) {
	b := openBench(t, "light", 1366, 768, troubledChat())
	c := b.screen.(*call)
	c.toggle(panelChat)
	if len(c.chat.outbox.Objects) != 2 {
		t.Fatalf("%d wait", len(c.chat.outbox.Objects))
	}
	b.fake.RetryMessage("m8")
	b.settle()
	if b.fake.last() != "retry m8" || c.chat.waiting[0].Trouble != "" {
		t.Error("it is not tried again")
	}
}

// TestLongChat draws the newest part, keeps the reader's place, and shows more
// on demand.
func TestLongChat(t *testing.T) {
	s := inCall(1)
	for n := range 250 {
		s.Call.Messages = append(s.Call.Messages, line(n, 0, fmt.Sprint("number ", n)))
	}
	b := openBench(t, "light", 1366, 768, s)
	c := b.screen.(*call)
	c.toggle(panelChat)
	if len(c.chat.list.Objects) != atATime || c.chat.from != 150 || !c.chat.atEnd() || c.chat.earlier.Hidden {
		t.Fatalf("%d rows from %d on, at the end: %t", len(c.chat.list.Objects), c.chat.from, c.chat.atEnd())
	}
	c.chat.earlier.Tapped(nil)
	c.chat.scroll.ScrollToTop()
	if len(c.chat.list.Objects) != 200 || c.chat.from != 50 {
		t.Errorf("%d rows from %d on", len(c.chat.list.Objects), c.chat.from)
	}
	s.Call.Messages = append(slices.Clone(s.Call.Messages), line(250, 0, "new"))
	b.give(s)
	if c.chat.scroll.Offset.Y != 0 || c.chat.latest.Hidden {
		t.Error("the reader is torn away, or not told")
	}
	c.chat.latest.Tapped(nil)
	if !c.chat.atEnd() || c.chat.latest.Visible() {
		t.Error("the button does not go to the end")
	}
}

func TestLinked(t *testing.T) {
	for text, want := range map[string][]string{
		"see https://a.example/x?y=1, please": {"see", "<https://a.example/x?y=1>", ", please"},
		"(http://a.example)":                  {"(", "<http://a.example>", ")"},
		"HTTPS://A.example":                   {"<HTTPS://A.example>"},
		"javascript:alert(1) file:///etc":     {"javascript:alert(1) file:///etc"},
		"https://user:secret@a.example":       {"https://user:secret@a.example"},
		"https:// nothing":                    {"https:// nothing"},
		"plain":                               {"plain"},
	} {
		var got []string
		for _, p := range linked(text) {
			if p.link != nil {
				p.text = "<" + p.text + ">"
			}
			got = append(got, p.text)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q", text, got)
		}
	}
}

// TestNews: what comes while the panel is closed is counted and told, what is
// shown is not.
func TestNews(t *testing.T) {
	now := noon
	b := openBench(t, "light", 1366, 768, inCall(4))
	b.kit.now = func() time.Time { return now }
	c := b.screen.(*call)
	c.toast.now = b.kit.now
	b.give(talking())
	if c.bar.chat.badge != 5 || c.toast.box.Hidden || c.toast.text.part.Text != "Maria Papadopoulou: 👍 ok" {
		t.Errorf("%d new, %q", c.bar.chat.badge, c.toast.text.part.Text)
	}
	if got := c.bar.chat.AccessibilityLabel(); got != "Chat (Ctrl+J), 5 new" {
		t.Errorf("a screen reader says %q", got)
	}
	now = now.Add(toastTime)
	b.kit.pulse.draw(true)
	if c.toast.box.Visible() {
		t.Error("the word stays")
	}
	c.toggle(panelChat)
	if c.bar.chat.badge != 0 {
		t.Error("what is shown counts as new")
	}
	more := talking()
	more.Call.Messages = append(more.Call.Messages, line(8, 0, "more"))
	more.Call.Files = giving().Call.Files
	b.give(more)
	if c.bar.chat.badge != 0 || c.bar.files.badge != 2 || c.toast.panel != panelFiles {
		t.Errorf("%d messages, %d files, told of %q", c.bar.chat.badge, c.bar.files.badge, c.toast.panel)
	}
	c.toggle(panelFiles)
	if c.bar.files.badge != 0 || c.toast.box.Visible() {
		t.Error("the word stays though its part is open")
	}
}

// TestFiles: each stage offers what can be done.
func TestFiles(t *testing.T) {
	b := openBench(t, "light", 1366, 768, giving())
	c := b.screen.(*call)
	c.toggle(panelFiles)
	for id, want := range map[string]string{"f1": "Save as…", "f2": "Cancel", "f3": "Save as…", "f4": "Try again, Remove", "f5": "Cancel"} {
		var got []string
		for _, o := range c.files.rows[id].buttons.Objects {
			if o.Visible() {
				got = append(got, o.(*button).text)
			}
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%s: %q", id, got)
		}
	}
	if got := c.files.rows["f2"].about.part.Text; got != "Saving, 29 kB of 47 kB" {
		t.Errorf("%q", got)
	}
	c.files.rows["f5"].cancel.Tapped(nil)
	c.files.rows["f4"].again.Tapped(nil)
	if got := b.fake.commands[len(b.fake.commands)-2:]; !slices.Equal(got, []string{"cancel f5", "send again f4"}) {
		t.Errorf("%q", got)
	}
	b.dropped(fyne.Position{}, []fyne.URI{storage.NewFileURI("/home/anna/a.pdf")})
	if b.fake.last() != "send /home/anna/a.pdf" {
		t.Errorf("dropped: %q", b.fake.last())
	}
}

// TestPhotos: a photo is asked for in the list of people, and shown large.
func TestPhotos(t *testing.T) {
	b := openBench(t, "light", 1366, 768, giving())
	c := b.screen.(*call)
	c.toggle(panelPeople)
	if c.people.rows[0].more.Visible() || !c.people.rows[1].more.Visible() {
		t.Error("not the others, and they alone, can be asked")
	}
	c.people.rows[1].more.Tapped(nil)
	menu := b.win.Canvas().Focused()
	for _, key := range []fyne.KeyName{fyne.KeyDown, fyne.KeyReturn} {
		menu.TypedKey(&fyne.KeyEvent{Name: key})
	}
	b.settle()
	if b.fake.last() != "photo e1" || c.panel != panelFiles {
		t.Errorf("%q, panel %q", b.fake.last(), c.panel)
	}
	b.fake.OpenPhoto("p2")
	b.settle()
	if !c.viewer.box.Visible() || c.viewer.hash.Text != giving().Call.Photos[1].SHA256 {
		t.Errorf("shown: %t, %q", c.viewer.box.Visible(), c.viewer.hash.Text)
	}
	b.press(fyne.KeyEscape)
	if c.viewer.box.Visible() || b.fake.last() != "close photo" {
		t.Errorf("Escape: %q", b.fake.last())
	}
	customer := giving()
	customer.Me.Customer = true
	b.give(customer)
	if c.people.rows[1].more.Visible() {
		t.Error("a customer is offered to ask for photos")
	}
}

// TestFinder: to open a file by list and by path, and to save one, asking before
// another is replaced.
func TestFinder(t *testing.T) {
	b := openBench(t, "light", 1366, 768, inCall(1))
	folder := t.TempDir()
	for _, name := range []string{"b.pdf", "a.pdf", ".hidden"} {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(folder, "z"), 0o700); err != nil {
		t.Fatal(err)
	}
	var got string
	open := func(save bool, name string) *finder {
		got, b.folder = "", folder
		f := &finder{title: "t", confirm: "OK", save: save, name: name, then: func(path string) { got = path }}
		b.find(f)
		return f
	}
	f := open(false, "")
	if len(f.entries) != 3 || f.entries[0].Name() != "z" || f.entries[1].Name() != "a.pdf" {
		t.Errorf("entries %v", f.entries)
	}
	f.list.Select(1)
	if f.folder != filepath.Join(folder, "z") || len(f.entries) != 0 {
		t.Errorf("a folder is not entered: %s", f.folder)
	}
	f.list.Select(0)
	f.list.Select(3)
	b.press(fyne.KeyReturn)
	if got != filepath.Join(folder, "b.pdf") || b.asking || b.win.Canvas().Overlays().Top() != nil {
		t.Errorf("chose %q", got)
	}
	f = open(false, "")
	f.path.SetText("nothing.pdf")
	b.press(fyne.KeyReturn)
	if got != "" || f.trouble.part.Text == "" {
		t.Error("a file that is not there is taken")
	}
	b.press(fyne.KeyEscape)
	if b.asking {
		t.Error("Escape does not leave")
	}
	f = open(true, "a.pdf")
	b.press(fyne.KeyReturn)
	if got != "" || f.yes.text != "Replace it" {
		t.Error("a file is replaced without a question")
	}
	b.press(fyne.KeyReturn)
	if got != filepath.Join(folder, "a.pdf") {
		t.Errorf("saved as %q", got)
	}
	open(true, "new.pdf")
	b.press(fyne.KeyReturn)
	if got != filepath.Join(folder, "new.pdf") {
		t.Errorf("saved as %q", got)
	}
	f = open(true, "new.pdf")
	f.path.SetText(filepath.Join(folder, "nowhere", "new.pdf"))
	b.press(fyne.KeyReturn)
	if got != "" || f.trouble.part.Text == "" {
		t.Error("a folder that is not there is taken")
	}
	f.leave()
}

func TestTroubled(t *testing.T) {
	for n, want := range map[int]string{0: "", 1: "Maria Papadopoulou's network poor", 4: "2 others: network poor"} {
		if got, _ := troubled(weak(n).Call); got != want {
			t.Errorf("%d others: %q", n, got)
		}
	}
}

func TestFileSize(t *testing.T) {
	for n, want := range map[int64]string{0: "0 bytes", 1: "1 byte", 1023: "1023 bytes", 1024: "1 kB", 48_200: "47 kB", 2_345_678: "2.2 MB", 24_000_000: "23 MB"} {
		if got := fileSize(n); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
}
