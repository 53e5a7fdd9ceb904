package ui

import (
	"errors"
	"os"
	"runtime"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
)

// ErrNoDisplay says that there is no screen to open a window on.
var ErrNoDisplay = errors.New("there is no display to open the window on")

// display tells whether a window can be opened at all; Fyne would panic.
func display() error {
	switch runtime.GOOS {
	case "windows", "darwin":
		return nil
	}
	if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return ErrNoDisplay
	}
	return nil
}

// newApp makes the Fyne app. It has no tray icon: without a session bus the tray
// ends the program with a crash.
func newApp() fyne.App {
	speak()
	if dir, err := os.UserCacheDir(); err == nil {
		_ = os.MkdirAll(dir, 0o700) // Fyne makes its own folder in there and no more; without a cache it goes on
	}
	a := app.NewWithID("guichet")
	// Fyne saves its preferences, of which we have none, in a last event that it
	// queues while its loop ends; when that comes between two steps of the end
	// nobody takes it any more, and Fyne waits for it for ever (v2.8.0: runGL, Run).
	if l, ok := a.Lifecycle().(interface{ SetOnStoppedHookExecuted(func()) }); ok {
		l.SetOnStoppedHookExecuted(nil)
	}
	return a
}

// speak replaces a locale that Fyne cannot read, such as C.UTF-8, by English;
// it would complain on each use.
func speak() {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		value := os.Getenv(name)
		if value == "" {
			continue
		}
		if !readable(value) {
			os.Setenv(name, "en_US.UTF-8")
		}
		return // the first one set is the one that counts
	}
}

// readable tells whether a value such as el_GR.UTF-8 begins with a language's
// code of two or three letters.
func readable(locale string) bool {
	n := strings.IndexFunc(locale, func(r rune) bool { return r < 'a' || r > 'z' })
	if n < 0 {
		n = len(locale)
	}
	return n == 2 || n == 3
}

// scale is how much larger than usual the person wants everything. The window
// opens with so many fewer units, and so with as many pixels as ever.
func scale(a fyne.App) float32 {
	if v, err := strconv.ParseFloat(os.Getenv("FYNE_SCALE"), 32); err == nil && v > 0 {
		return float32(v)
	}
	if v := a.Settings().Scale(); v > 0 {
		return v
	}
	return 1
}
