package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync"
	"time"

	"guichet/app/session"
)

// errNotSignedIn ends a headless program that nobody signed in.
var errNotSignedIn = errors.New("nobody is signed in")

// headless is the front without a window: it prints what happens, one JSON
// object a line, and ends when the call that it was started for is over.
type headless struct {
	mu      sync.Mutex
	out     *json.Encoder
	last    session.State
	states  chan session.State // the newest
	joining bool
}

func newHeadless(out io.Writer, joining bool) *headless {
	h := &headless{out: json.NewEncoder(out), states: make(chan session.State, 1), joining: joining}
	h.out.SetEscapeHTML(false)
	return h
}

// Apply prints what is new.
func (h *headless) Apply(s session.State) {
	h.differences(h.last, s)
	h.last = s
	select {
	case <-h.states:
	default:
	}
	h.states <- s
}

// print writes a line. Standard output that is closed is nobody's loss.
func (h *headless) print(line any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	_ = h.out.Encode(line)
}

// Run signs in if need be, and watches pictures and loudness.
func (h *headless) Run(ctx context.Context, s *session.Session) error {
	seconds := time.NewTicker(time.Second)
	defer seconds.Stop()
	w := watching{h: h, session: s, by: map[string]func(){}}
	defer w.keep(nil)
	var now session.State
	called, asked := false, false
	for {
		select {
		case now = <-h.states:
			w.keep(now.Call)
			called = called || now.Call != nil && !now.Call.StartedAt.IsZero()
			switch {
			case h.joining && called && now.Call == nil:
				return nil
			case h.joining && now.Phase == session.Lobby && failed(now), now.Phase == session.SignedOut && (asked || failed(now)):
				return errNotJoined(now)
			case now.Phase == session.SignedOut:
				asked = true
				s.SignIn("")
			}
		case <-seconds.C:
			if now.Call != nil {
				l := s.Levels()
				h.print(levelsLine{"levels", l.Microphone, l.Endpoints})
			}
		case <-ctx.Done():
			return nil
		}
	}
}

func failed(s session.State) bool {
	for _, n := range s.Notices {
		if n.Error {
			return true
		}
	}
	return false
}

func errNotJoined(s session.State) error {
	for _, n := range s.Notices {
		if n.Error {
			return errors.New(n.Text)
		}
	}
	return errNotSignedIn
}
