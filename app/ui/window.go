package ui

import (
	"context"
	"log/slog"
	"net/url"
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"guichet/app/session"
)

// Config is what a window needs besides a session.
type Config struct {
	Theme  string           // "light", "dark", or "" to follow the system
	Logger *slog.Logger     // gets a line for each change that a person notices; none when nil
	Now    func() time.Time // time.Now when nil
}

// Window is the program's window. Make it with New, give Apply to the session
// as its OnChange, and Run it with the session.
type Window struct {
	config Config
	do     func(func()) // brings a function to Fyne's goroutine

	newest  atomic.Pointer[session.State]
	ready   atomic.Bool // there is a window to show states in: from start to end
	pending atomic.Bool // a function that will show newest is on its way
	journal journal     // of what was shown

	// What follows belongs to Fyne's goroutine.
	app     fyne.App
	win     fyne.Window
	look    *look
	kit     *kit
	screen  screen
	kind    kind
	content *fyne.Container
	asking  bool   // a question is open: closing the window asks once
	folder  string // where a file was last chosen or saved
	quit    func() // closes the window without a question
	// The own keys are kept here, too, because Fyne gives none to the window
	// while a text field has the focus; the field passes them on.
	shortcuts fyne.ShortcutHandler
}

// kit is what all screens share.
type kit struct {
	session Session
	hints   *hints
	pulse   *pulse
	now     func() time.Time
	copy    func(string)         // onto the clipboard
	focus   func(fyne.Focusable) // moves the keyboard's focus
	ask     func(question)
	keys    func(fyne.Shortcut) // gets the window's own keys from fields
	browse  func(*url.URL)      // opens a page
	choose  func(then func(path string))
	saveAs  func(name string, then func(path string))
}

// screen is what fills the window.
type screen interface {
	object() fyne.CanvasObject
	update(session.State)
	first() fyne.Focusable // has the focus when the screen opens; nil for none
	close()
}

// kind is a kind of screen.
type kind int

const (
	kindNone kind = iota
	kindSignIn
	kindLobby
	kindCall
)

// New makes a window that is not open yet.
func New(c Config) *Window {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	w := &Window{config: c, journal: journal{log: c.Logger}}
	w.do = w.onFyne
	return w
}

// onFyne runs f on Fyne's goroutine while there is a window. Once its loop has
// ended Fyne calls what it is given on the caller's goroutine, where nothing of
// a window may be touched, so that f is asked for twice.
func (w *Window) onFyne(f func()) {
	if !w.ready.Load() {
		return
	}
	fyne.Do(func() {
		if w.ready.Load() {
			f()
		}
	})
}

// Apply shows a snapshot. It returns at once and may be called from one
// goroutine at a time, also before Run and after it; of several snapshots that
// come faster than they can be shown only the newest is.
func (w *Window) Apply(s session.State) {
	w.newest.Store(&s)
	w.nudge()
}

// nudge has the newest snapshot shown soon.
func (w *Window) nudge() {
	if !w.ready.Load() || w.pending.Swap(true) {
		return
	}
	w.do(func() {
		w.pending.Store(false)
		s := *w.newest.Load()
		w.show(s)
		w.journal.write(s) // what it tells can be seen already
	})
}

// Run opens the window and returns when it was closed or ctx has ended. It must
// be called from the program's main goroutine.
func (w *Window) Run(ctx context.Context, s Session) error {
	if err := display(); err != nil {
		return err
	}
	a := newApp()
	w.open(a, s)
	// Before its loop runs Fyne would call what it is given on the caller's
	// goroutine, so nothing is given to it before.
	started := make(chan struct{})
	a.Lifecycle().SetOnStarted(func() {
		w.start()
		w.kit.pulse.start()
		close(started)
	})
	ended, ending := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ending)
		select {
		case <-ctx.Done():
		case <-ended:
			return
		}
		select {
		case <-started:
			w.do(func() {
				w.end()
				a.Quit()
			})
		case <-ended:
		}
	}()
	err := runLoop(w.win, started)
	close(ended)
	<-ending
	w.end()
	return err
}

// runLoop is ShowAndRun with an error: on a display that does not answer Fyne
// panics before it has started.
func runLoop(win fyne.Window, started <-chan struct{}) (err error) {
	defer func() {
		select {
		case <-started:
			return // any panic is a fault
		default:
		}
		if recover() != nil {
			err = ErrNoDisplay
		}
	}()
	win.ShowAndRun()
	return nil
}

// start lets snapshots through, beginning with the newest.
func (w *Window) start() {
	w.ready.Store(true)
	if w.newest.Load() != nil {
		w.nudge()
	}
}

// end stops everything that shows the session, before Fyne's loop ends: what
// touched the window afterwards would run beside whoever ends the program.
func (w *Window) end() {
	if w.ready.Swap(false) {
		w.kit.pulse.close()
	}
	w.shut()
}

// open makes the window's content in an app, without running it.
func (w *Window) open(a fyne.App, s Session) {
	w.app = a
	w.look = newLook(w.config.Theme)
	a.Settings().SetTheme(w.look)
	a.SetIcon(mark())
	w.win = a.NewWindow("Guichet")
	hints := newHints(w.do)
	w.kit = &kit{session: s, hints: hints, pulse: newPulse(w.do), now: w.config.Now, copy: a.Clipboard().SetContent,
		focus: w.win.Canvas().Focus, ask: w.ask, keys: w.shortcuts.TypedShortcut,
		browse: w.browse, choose: w.choose, saveAs: w.saveAs}
	w.quit = func() {
		w.end()
		w.win.Close()
	}
	w.content = container.NewStack()
	w.win.SetPadded(false)
	w.win.SetContent(container.NewStack(w.content, hints.layer))
	w.win.Resize(fyne.NewSize(1280/scale(a), 720/scale(a)))
	w.win.CenterOnScreen()
	w.win.SetMaster()
	w.win.SetCloseIntercept(w.closing)
	w.win.SetOnDropped(w.dropped)
	w.keys()
	if first := w.newest.Load(); first != nil {
		w.show(*first)
		w.journal.write(*first)
	} else {
		w.show(session.State{Phase: session.SignedOut})
	}
}

// show brings a snapshot onto the screen, on another screen when the phase asks.
func (w *Window) show(s session.State) {
	if k := kindOf(s); k != w.kind {
		w.shut()
		w.kind = k
		// Clearing the window costs nothing; a rectangle as large as it costs a
		// software renderer 12 ms for each picture.
		w.look.stage = k == kindCall
		switch k {
		case kindLobby:
			w.screen = newLobby(w.kit)
		case kindCall:
			w.screen = newCall(w.kit)
		default:
			w.screen = newSignIn(w.kit)
		}
		w.screen.update(s)
		w.content.Objects = []fyne.CanvasObject{w.screen.object()}
		w.content.Refresh()
		if first := w.screen.first(); first != nil {
			w.kit.focus(first)
		}
		return
	}
	w.screen.update(s)
}

// shut ends the screen that is shown.
func (w *Window) shut() {
	if w.screen != nil {
		w.kit.hints.stop()
		w.win.Canvas().Unfocus()
		w.screen.close()
	}
	w.screen, w.kind = nil, kindNone
}

// kindOf says which screen shows a state.
func kindOf(s session.State) kind {
	switch s.Phase {
	case session.Lobby:
		return kindLobby
	case session.Joining, session.InCall, session.Reconnecting:
		if s.Call != nil {
			return kindCall
		}
		return kindLobby
	}
	return kindSignIn
}

// ask shows a question, unless one is open.
func (w *Window) ask(q question) {
	if w.asking {
		return
	}
	w.asking = true
	q.answered = func() { w.asking = false }
	q.show(w.win.Canvas())
}

// closing closes the window; during a call it asks once before.
func (w *Window) closing() {
	if w.kind != kindCall || w.asking {
		w.quit()
		return
	}
	w.ask(question{title: "Leave the call?", text: "Closing the window hangs up. The others stay in the call.",
		yes: "Hang up and close", no: "Stay in the call", then: w.quit})
}
