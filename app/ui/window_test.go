package ui

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"guichet/app/session"
)

// TestApplyCoalesces: of many snapshots that come while Fyne is busy only the
// newest is shown, and one function waits.
func TestApplyCoalesces(t *testing.T) {
	b := openBench(t, "light", 1366, 768, signedOut())
	b.Apply(signingIn())
	b.Apply(lobbyState())
	b.Apply(inCall(2))
	if len(b.todo) != 1 {
		t.Fatalf("%d functions wait", len(b.todo))
	}
	b.settle()
	if c, ok := b.screen.(*call); !ok || len(c.stage.order) != 2 {
		t.Errorf("shows %T", b.screen)
	}
}

// TestApplyBeforeRun: snapshots before there is a window wait for it.
func TestApplyBeforeRun(t *testing.T) {
	w := New(Config{})
	w.do = func(func()) { t.Error("something is given to Fyne before it runs") }
	w.Apply(lobbyState())
}

// TestApplyAfterTheEnd: the session tells of its own end when the window is gone.
func TestApplyAfterTheEnd(t *testing.T) {
	b := openBench(t, "light", 1366, 768, inCall(1))
	b.Window.do = b.onFyne
	b.start()
	b.end()
	b.Apply(lobbyState())
	if b.screen != nil || b.kind != kindNone {
		t.Errorf("shows %T", b.screen)
	}
}

func TestEveryPhaseHasAScreen(t *testing.T) {
	b := openBench(t, "light", 1366, 768, signedOut())
	for _, phase := range []session.Phase{session.SignedOut, session.SigningIn, session.Lobby, session.Joining, session.InCall, session.Reconnecting, "unheard of"} {
		s := inCall(1)
		s.Phase = phase
		if phase == session.Joining {
			s.Call.StartedAt, s.Call.Ticket, s.Call.Network = time.Time{}, nil, session.Network{}
		}
		b.give(s)
		want := map[session.Phase]kind{session.Lobby: kindLobby, session.Joining: kindCall, session.InCall: kindCall, session.Reconnecting: kindCall}
		w, ok := want[phase]
		if !ok {
			w = kindSignIn
		}
		if b.kind != w {
			t.Errorf("%s: screen %d, want %d", phase, b.kind, w)
		}
	}
}

func TestNoDisplay(t *testing.T) {
	t.Setenv("DISPLAY", "")
	t.Setenv("WAYLAND_DISPLAY", "")
	if err := New(Config{}).Run(t.Context(), newFake(signedOut())); err == nil {
		t.Error("a window without a display")
	}
}

// TestDeadDisplay: nobody answers at the display that the environment names.
func TestDeadDisplay(t *testing.T) {
	dir := t.TempDir()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), "GUICHET_UI_VIEW=signin", "DISPLAY=:54321", "WAYLAND_DISPLAY=", "LANG=C.UTF-8", "HOME="+dir, "XDG_CONFIG_HOME="+dir, "XDG_CACHE_HOME="+dir)
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), ErrNoDisplay.Error()) || strings.Contains(string(out), "panic") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestLocales(t *testing.T) {
	for value, want := range map[string]bool{"C": false, "C.UTF-8": false, "POSIX": false, "": false, "en_US.UTF-8": true, "el_GR": true, "de": true, "ca_ES@valencia": true, "fil_PH": true} {
		if readable(value) != want {
			t.Errorf("%q: readable %t", value, !want)
		}
	}
	t.Setenv("LC_ALL", "")
	t.Setenv("LC_MESSAGES", "")
	t.Setenv("LANG", "C.UTF-8")
	speak()
	if got := os.Getenv("LANG"); got != "en_US.UTF-8" {
		t.Errorf("LANG=%s", got)
	}
}

// TestWindow drives the real window on an X server of its own, without a session
// bus: sign in, call, mute, copy the link, hang up, join with the link, all by
// keyboard; then SIGTERM ends it.
func TestWindow(t *testing.T) {
	x := startX(t)
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, exe)
	cmd.Env = append(os.Environ(), "GUICHET_UI_VIEW=signin", "DISPLAY="+x, "WAYLAND_DISPLAY=", "DBUS_SESSION_BUS_ADDRESS=", "LANG=C.UTF-8", "FYNE_SCALE=1",
		"HOME="+dir, "XDG_CONFIG_HOME="+filepath.Join(dir, "config"), "XDG_CACHE_HOME="+filepath.Join(dir, "cache"), "XDG_RUNTIME_DIR="+dir)
	var log strings.Builder
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewScanner(out)
	expect := func(want string) {
		t.Helper()
		for said.Scan() {
			if said.Text() == want {
				return
			}
		}
		t.Fatalf("the session never got %q; log:\n%s", want, log.String())
	}
	do := func(args ...string) {
		t.Helper()
		c := exec.CommandContext(ctx, "xdotool", args...)
		c.Env = append(os.Environ(), "DISPLAY="+x)
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("xdotool %q: %v %s", args, err, out)
		}
	}
	key := func(name string) { t.Helper(); do("key", "--clearmodifiers", name) }

	do("search", "--sync", "--onlyvisible", "--name", "Guichet")
	expect("shown sign-in")
	key("Return")
	expect("sign in https://calls.example.org")
	expect("shown lobby")
	key("Return")
	expect("new call")
	expect("shown call")
	key("ctrl+d")
	expect("muted true")
	key("ctrl+e")
	expect("camera off true")
	key("ctrl+l")
	key("ctrl+shift+h")
	expect("leave")
	expect("shown lobby")
	key("Tab")
	key("ctrl+v")
	key("Return")
	expect("join https://calls.example.org/t/AB12CD34")
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for said.Scan() {
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("ends with %v; log:\n%s", err, log.String())
	}
}

// startX starts an X server on a free display and returns its name.
func startX(t *testing.T) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", "1366x768x24", "+extension", "GLX", "-nolisten", "tcp")
	cmd.ExtraFiles = []*os.File{w}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait() // ended by our signal
	})
	w.Close()
	defer r.Close()
	var number int
	if _, err := fmt.Fscan(r, &number); err != nil {
		t.Fatalf("the X server does not start: %v", err)
	}
	return fmt.Sprintf(":%d", number)
}
