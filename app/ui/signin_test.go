package ui

import (
	"testing"

	"fyne.io/fyne/v2"

	"guichet/app/session"
)

func TestSignInByKeyboard(t *testing.T) {
	b := openBench(t, "light", 1366, 768, signedOut())
	b.press(fyne.KeyReturn)
	if got := b.fake.last(); got != "sign in https://calls.example.org" {
		t.Fatalf("Enter on the sign-in screen: %q", got)
	}
	s := b.screen.(*signIn)
	if !s.begin.Disabled() || s.cancel.Hidden || s.byHand.Hidden || s.address.Text != signingIn().SignInURL {
		t.Error("the screen does not say that the browser is open")
	}
	b.press(fyne.KeyReturn) // the focus went to Cancel
	if got := b.fake.last(); got != "cancel sign-in" {
		t.Fatalf("Enter while waiting: %q", got)
	}
	if s.begin.Disabled() || !s.cancel.Hidden || b.win.Canvas().Focused() != fyne.Focusable(s.begin) {
		t.Error("after cancelling one cannot sign in again at once")
	}
	b.press(fyne.KeySpace)
	b.press(fyne.KeyEscape)
	if got := b.fake.last(); got != "cancel sign-in" {
		t.Errorf("Escape while waiting: %q", got)
	}
}

// TestSignInWithoutServer: nothing is remembered, so the address is asked first;
// what a person types is not overwritten by a late snapshot.
func TestSignInWithoutServer(t *testing.T) {
	b := openBench(t, "light", 1366, 768, session.State{Phase: session.SignedOut})
	s := b.screen.(*signIn)
	if b.win.Canvas().Focused() != fyne.Focusable(s.server) {
		t.Fatal("the address has not the focus")
	}
	for _, r := range "calls.example.net" {
		s.server.TypedRune(r)
	}
	b.give(signedOut())
	if s.server.Text != "calls.example.net" {
		t.Errorf("the typed address became %q", s.server.Text)
	}
	b.press(fyne.KeyReturn)
	if got := b.fake.last(); got != "sign in calls.example.net" {
		t.Errorf("Enter in the address: %q", got)
	}
}

func TestSignInSaysWhatFailed(t *testing.T) {
	failed := views()["signin-error"]
	b := openBench(t, "light", 1366, 768, failed)
	s := b.screen.(*signIn)
	if len(s.notices.box.Objects) != 1 {
		t.Fatalf("%d messages", len(s.notices.box.Objects))
	}
	driver := fyne.CurrentApp().Driver()
	if driver.AbsolutePositionForObject(s.notices.box).Y < driver.AbsolutePositionForObject(s.begin).Y {
		t.Error("the error is not under the button")
	}
}

// TestStoredSignIn: while the kept account is tried there is no address to open.
func TestStoredSignIn(t *testing.T) {
	state := signingIn()
	state.SignInURL = ""
	b := openBench(t, "light", 1366, 768, state)
	if s := b.screen.(*signIn); !s.byHand.Hidden || s.cancel.Hidden {
		t.Error("offers an address to open, or no way to cancel")
	}
	if b.win.Canvas().Focused() != fyne.Focusable(b.screen.(*signIn).cancel) {
		t.Error("the focus is not on what can be pressed")
	}
	b.give(lobbyState())
	if _, ok := b.screen.(*lobby); !ok {
		t.Error("the lobby does not open by itself")
	}
}
