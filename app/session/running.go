package session

import (
	"slices"
	"time"

	"guichet/app/client"
	"guichet/platform/wire"
)

// askRunning is how often the lobby asks which calls run.
const askRunning = 5 * time.Second

// maxRunning bounds the list of them.
const maxRunning = 50

// Running is a call of the organization with somebody in it.
type Running struct {
	ConferenceID string
	With         []string // names of who is in, in order of arrival
}

// watchRunning asks for the calls that run while they are looked at.
func (l *loop) watchRunning() {
	if l.state.Phase != Lobby || l.client == nil {
		l.asked = time.Time{} // at once when the lobby is back
		return
	}
	now := l.cfg.Now()
	if l.asking || now.Sub(l.asked) < askRunning {
		return
	}
	l.asking, l.asked = true, now
	api := l.client
	l.started.Go(func() {
		list, err := api.Conferences(l.ctx)
		l.send(runningListed{api, list, err})
	})
}

// runningListed is the answer. A server that does not answer is told of
// elsewhere; meanwhile the last list stands.
type runningListed struct {
	of   *client.Client
	list []wire.ConferenceEntry
	err  error
}

func (c runningListed) do(l *loop) {
	l.asking = false
	if c.err != nil || c.of != l.client {
		return
	}
	var running []Running
	for _, e := range c.list {
		if e.Participants > 0 && len(running) < maxRunning {
			running = append(running, Running{e.ID, e.Names})
		}
	}
	if !slices.EqualFunc(running, l.state.Running, func(a, b Running) bool {
		return a.ConferenceID == b.ConferenceID && slices.Equal(a.With, b.With)
	}) {
		l.state.Running = running
		l.change()
	}
}
