package session

import (
	"context"
	"errors"
	"image"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"guichet/app/client"
)

// Config is what a Session is made of.
type Config struct {
	Accounts Accounts
	Media    Media
	HTTP     *http.Client // nil for an own one

	Server                      string // remembered, or given
	Camera, Microphone, Speaker string // chosen before
	Name                        string // what others see; "" for the account's
	Recent                      []Recent

	// OnChange gets every snapshot, on the loop: it must be quick.
	OnChange func(State)
	// Remember gets what should be known the next time, on the loop.
	Remember func(Preferences)
	Logger   *slog.Logger
	Now      func() time.Time
}

// Preferences is what a person chose.
type Preferences struct {
	Server                      string
	Camera, Microphone, Speaker string
	Recent                      []Recent
}

// Session runs the program's life from sign-in to sign-out.
type Session struct {
	cfg      Config
	commands chan command
	cancel   context.CancelFunc
	stopping <-chan struct{} // closed when the loop takes no more commands
	done     chan struct{}   // closed when the loop and all that it started have ended
	latest   atomic.Pointer[State]
	watchers watchers
	players  players
	studio   *studio
}

// New checks the configuration and starts the loop, which first tries to sign
// in with what was kept.
func New(cfg Config) (*Session, error) {
	if cfg.Accounts == nil || cfg.Media == nil {
		return nil, errors.New("session: Accounts and Media are needed")
	}
	if cfg.OnChange == nil {
		cfg.OnChange = func(State) {}
	}
	if cfg.Remember == nil {
		cfg.Remember = func(Preferences) {}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	out, err := client.NewOutgoing()
	if err != nil {
		return nil, err
	}
	screen, err := client.NewOutgoingScreen()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Session{cfg: cfg, commands: make(chan command, 64), cancel: cancel, stopping: ctx.Done(), done: make(chan struct{})}
	s.studio = newStudio(cfg.Media, out, screen, studioEvents{
		show:        func(m *image.YCbCr) { s.watchers.show(SelfView, m) },
		warning:     func(k kind, err error) { s.send(deviceWarning{k, err}) },
		mutedSpeech: func() { s.send(mutedSpeech{}) },
		unshared:    func(of *Screen, err error) { s.send(screenFailed{of, err}) },
	})
	out.OnKeyFrameNeeded = s.studio.requestKeyFrame
	out.OnQuality = func(q client.Quality) { s.send(quality{q}) }
	screen.OnKeyFrameNeeded = s.studio.requestScreenKeyFrame
	screen.OnQuality = func(q client.Quality) { s.send(screenQuality{q}) }
	l := newLoop(s, out, screen)
	s.latest.Store(&State{Phase: SignedOut, Server: cfg.Server})
	go l.run(ctx)
	return s, nil
}

// Close leaves a call, unregisters, frees all devices and returns when
// everything has ended. The account stays remembered.
func (s *Session) Close() {
	s.cancel()
	<-s.done
}

// send puts a command into the loop's queue, unless the loop is ending.
func (s *Session) send(c command) {
	select {
	case s.commands <- c:
	case <-s.stopping:
	}
}
