package ui

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/pprof"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"guichet/app/session"
)

// TestMain runs the tests, or, when the variable below is set, a real window
// with a fake session behind it: Fyne wants the main goroutine for that.
func TestMain(m *testing.M) {
	if view := os.Getenv("GUICHET_UI_VIEW"); view != "" {
		os.Exit(realWindow(view))
	}
	goleak.VerifyTestMain(m, goleak.IgnoreCurrent()) // Fyne starts one of its own before
}

// realWindow opens a window on the display, starting with one of the views, and
// prints each command that the session gets as a line.
func realWindow(view string) int {
	state, ok := views()[view]
	if !ok {
		fmt.Fprintln(os.Stderr, "no such view")
		return 2
	}
	w := New(Config{Theme: os.Getenv("GUICHET_UI_THEME"), Logger: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	if state.Call != nil {
		state.Call.StartedAt = time.Now()
	}
	f := newFake(state)
	f.note = func(command string) { fmt.Println(command) }
	last, drawn, began := kindNone, 0, time.Now()
	onFyne := w.do
	w.do = func(work func()) {
		onFyne(func() {
			work()
			if drawn++; drawn%100 == 0 {
				var use syscall.Rusage
				if syscall.Getrusage(syscall.RUSAGE_SELF, &use) == nil {
					fmt.Println("drawn", drawn, "in", time.Since(began).Round(time.Millisecond), "with", time.Duration(use.Utime.Nano()+use.Stime.Nano()).Round(time.Millisecond))
				}
			}
			if w.kind != last {
				last = w.kind
				fmt.Println("shown", [...]string{"nothing", "sign-in", "lobby", "call"}[last])
			}
		})
	}
	f.apply = func(s session.State) {
		if s.Phase == session.SigningIn {
			s = lobbyState() // the browser was quick
			f.mu.Lock()
			f.state = s
			f.mu.Unlock()
		}
		w.Apply(s)
	}
	w.Apply(state)
	if file := os.Getenv("GUICHET_UI_PROFILE"); file != "" {
		out, err := os.Create(file)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer out.Close()
		if err := pprof.StartCPUProfile(out); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer pprof.StopCPUProfile()
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		t := time.NewTicker(time.Second / 30)
		defer t.Stop()
		for i := uint16(0); ; i++ {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
				f.frame(1280, 720, i)
			}
		}
	}()
	if err := w.Run(ctx, f); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	stop()
	<-ended
	return 0
}
