package session

import (
	"errors"
	"time"

	"guichet/platform/wire"
)

// opening is a room that is waited for.
type opening struct {
	server, link string
	at           time.Time // by the clock on the wall, since a computer may sleep meanwhile
}

// soonest is how long it takes at least until the server is asked again.
const soonest = time.Second

// early tells that a room does not let anybody in yet, and when it does by the
// clock of this computer, which may be wrong.
func early(err error, now time.Time) (opens time.Time, is bool) {
	var e *wire.Error
	if !errors.As(err, &e) || e.Reason != wire.ReasonEarly || e.NotBefore == nil {
		return time.Time{}, false
	}
	if e.Now == nil {
		return e.NotBefore.Time, true
	}
	return now.Round(0).Add(max(e.NotBefore.Sub(e.Now.Time), soonest)), true
}

// await waits until the room that was visited opens.
func (l *loop) await(opens time.Time) {
	o := l.opening
	l.part(l.hangUp("too early", false), nil)
	o.at = opens
	l.opening, l.state.OpensAt, l.state.Server = o, opens, o.server
	l.enter(Waiting)
}

// watchOpening visits the room once it opens.
func (l *loop) watchOpening(now time.Time) {
	if o := l.opening; l.state.Phase == Waiting && !now.Round(0).Before(o.at) {
		l.visit(o.server, o.link)
	}
}
