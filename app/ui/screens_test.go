package ui

import (
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"guichet/app/session"
)

// views are the states that are looked at in pictures.
func views() map[string]session.State {
	failed := signedOut()
	failed.Notices = []session.Notice{{ID: 3, Text: "calls.example.org does not answer. Check the address and your network, then try again.", Error: true}}
	busy := inCall(5)
	busy.Call.Participants[1].Speaking = true
	busy.Call.Participants[2].Muted = true
	busy.Call.Participants[3].CameraOff = true
	busy.Call.Participants[4].CameraOff, busy.Call.Participants[4].Muted = true, true
	muted := inCall(1)
	muted.Call.MicrophoneMuted, muted.Call.MutedWhileSpeaking, muted.Call.Participants[0].Muted = true, true, true
	muted.Call.CameraOff, muted.Call.Participants[0].CameraOff = true, true
	muted.Call.Participants[1].Muted, muted.Call.Participants[1].CameraOff = true, true
	lost := inCall(1)
	lost.Phase = session.Reconnecting
	lost.Call.Network = session.Network{Grade: session.GradePoor, Word: "poor"}
	lost.Notices = []session.Notice{{ID: 9, Text: "Your microphone was unplugged. Choose another one or plug it in again."}}
	sending := giving()
	sending.Call.Photos = nil
	held := inCall(1)
	held.Call.OnHold = true
	removed := func() session.State {
		s := signedOut()
		s.Notices = []session.Notice{{ID: 1, Text: "You are no longer in the call: removed by Anna Berg.", Error: true}}
		return s
	}
	return map[string]session.State{
		"call-held": held,
		"signin":    signedOut(), "signin-busy": signingIn(), "signin-error": failed,
		"lobby": lobbyState(), "lobby-busy": lobbyBusy(),
		"call-0": inCall(0), "call-1": inCall(1), "call-2": inCall(2), "call-5": busy, "call-9": inCall(9),
		"call-muted": muted, "call-lost": lost,
		"chat-empty": inCall(1), "chat-busy": talking(), "chat-failing": troubledChat(), "chat-closed": inCall(1),
		"people-weak": weak(4), "call-weak": weak(1), "files-empty": inCall(1), "files-busy": giving(), "photo-large": looking(),
		"people-room": leading(), "people-menu": leading(), "people-remove": leading(), "call-room": leading(),
		"call-watching": watching(3), "call-watching-0": watching(0), "people-watching": watching(2), "call-silenced": silenced(),
		"signin-removed": removed(), "signin-waiting": waiting(),
		"screen-6": showing(6), "screen-own": sharingWindow(), "screen-choose": inCall(1), "chat-screen": showing(3),
		"layout-large": arranged("highlight-1-responsive", 6), "layout-5up": arranged("5up", 8), "layout-2x2": arranged("2x2", 7), "layout-1x1": arranged("1x1", 3),
		"people-sound": tuning(), "people-layout": leading(), "people-place": tuning(), "people-deeds": tuning(),
		"files-only": sending, "finder": inCall(1),
	}
}

// TestScreens draws every view light, dark and small; with CAPTURES set to a
// folder it keeps the pictures there.
func TestScreens(t *testing.T) {
	folder := os.Getenv("CAPTURES")
	for name, state := range views() {
		for _, size := range []struct {
			theme string
			w, h  float32
		}{{"light", 1366, 768}, {"dark", 1366, 768}, {"light", 1024, 700}} {
			title := fmt.Sprintf("%s-%s-%.0f", name, size.theme, size.w)
			t.Run(title, func(t *testing.T) {
				b := openBench(t, size.theme, size.w, size.h, state)
				b.pose(name)
				b.see(7)
				if least := b.win.Content().MinSize(); least.Width > size.w || least.Height > size.h {
					t.Errorf("needs %v, has %vx%v", least, size.w, size.h)
				}
				if folder == "" {
					return
				}
				f, err := os.Create(filepath.Join(folder, title+".png"))
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				if err := png.Encode(f, b.win.Canvas().Capture()); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}

// pose does what a person did before the picture was taken.
func (b *bench) pose(name string) {
	kind, _, _ := strings.Cut(name, "-")
	panel := map[string]string{"chat": panelChat, "people": panelPeople, "files": panelFiles, "photo": panelFiles}[kind]
	switch {
	case name == "chat-closed":
		b.give(talking())
	case name == "screen-choose":
		b.give(choosing())
	case name == "finder":
		folder := b.t.TempDir()
		for _, one := range []string{"Contract.pdf", guests[3] + ".docx", "a.txt"} {
			if err := os.WriteFile(filepath.Join(folder, one), nil, 0o600); err != nil {
				b.t.Fatal(err)
			}
		}
		if err := os.Mkdir(filepath.Join(folder, "Scans"), 0o700); err != nil {
			b.t.Fatal(err)
		}
		b.folder = folder
		b.saveAs("Ausweis.jpg", func(string) {})
	case panel != panelNone:
		b.screen.(*call).open(panel)
	}
	b.settle()
	if c, ok := b.screen.(*call); ok && name == "people-menu" {
		c.people.rows[2].more.Tapped(nil)
	} else if ok && name == "people-remove" {
		items := c.people.deeds(c.people.rows[2])
		items[len(items)-1].Action()
	} else if ok && name == "people-sound" {
		c.people.sound(c.people.rows[6])
	} else if ok && name == "people-layout" {
		c.people.layout.Tapped(nil)
	} else if ok && (name == "people-deeds" || name == "people-place") {
		if row := c.people.rows[2]; name == "people-place" {
			drop(placeItems(b.kit, row.endpoint, row.who.Position), row.more)
		} else {
			row.more.Tapped(nil)
		}
	}
	b.settle()
}
