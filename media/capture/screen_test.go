//go:build cgo && linux

package capture

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestScreen captures the screen of an X server of its own.
func TestScreen(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	x := exec.Command("Xvfb", "-displayfd", "3", "-noreset", "-screen", "0", "1366x768x24", "-nolisten", "tcp")
	x.ExtraFiles = []*os.File{w}
	if err := x.Start(); err != nil {
		t.Fatalf("this test needs Debian's xvfb: %v", err)
	}
	defer func() {
		_ = x.Process.Kill()
		_ = x.Wait()
	}()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	number, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("DISPLAY", ":"+strings.TrimSpace(number))

	if screens := Screens(); len(screens) != 1 || screens[0].Name != "Screen" {
		t.Fatalf("screens %v", screens)
	}
	v, err := OpenScreen("Screen", Options{Width: 640, Height: 640, FrameRate: 30})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	for range 3 {
		f, err := v.Next(guard(t))
		if err != nil {
			t.Fatal(err)
		}
		// 1366x768 shrunk into the box, even.
		if f.Image.Rect.Dx() != 640 || f.Image.Rect.Dy() != 358 {
			t.Errorf("picture %v", f.Image.Rect)
		}
		f.Release()
	}
	if _, err := OpenScreen("Another", Options{}); !errors.Is(err, ErrSource) {
		t.Errorf("unknown screen: %v", err)
	}
	if err := v.Close(); err != nil {
		t.Error(err)
	}
	if _, err := v.Next(guard(t)); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}
