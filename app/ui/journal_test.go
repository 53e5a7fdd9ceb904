package ui

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"guichet/app/session"
)

// TestJournal: changes that a person sees are written once, addresses never.
func TestJournal(t *testing.T) {
	var out bytes.Buffer
	w := New(Config{Logger: slog.New(slog.NewTextHandler(&out, nil))})
	first := inCall(1)
	muted := inCall(1)
	muted.Call.Participants[1].Muted, muted.Call.Participants[1].CameraOff = true, true
	gone := inCall(0)
	gone.Notices = []session.Notice{{ID: 1, Text: "Maria left."}}
	for _, s := range []session.State{signingIn(), lobbyState(), first, first, muted, gone, gone, lobbyState()} {
		w.journal.write(s)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	for i, want := range []string{"phase=signing-in", "phase=lobby", "phase=call", `name="Anna Berg" self=true`,
		`name="Maria Papadopoulou" self=false muted=false camera=on`, `name="Maria Papadopoulou" self=false muted=true camera=off`,
		`msg="participant left" name="Maria Papadopoulou"`, `msg=notice text="Maria left."`, "phase=lobby"} {
		if i >= len(lines) || !strings.Contains(lines[i], want) {
			t.Fatalf("line %d lacks %q in:\n%s", i, want, out.String())
		}
	}
	if len(lines) != 9 {
		t.Errorf("%d lines:\n%s", len(lines), out.String())
	}
	for _, secret := range []string{"AB12", "/t/", "authorize"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%q is logged", secret)
		}
	}
}
