package session

import (
	"context"
	"slices"
	"sync"
	"time"

	"guichet/app/client"
	"guichet/platform/wire"
)

// command is what the loop reacts to: what a person wants, in the first group,
// and what came of it, in the second. do runs on the loop and waits for nobody.
type command interface{ do(l *loop) }

// look is how often the loop looks after who speaks and who is seen.
const look = 200 * time.Millisecond

// loop is the state of the session's goroutine; no other touches it.
type loop struct {
	*Session
	state   State // what is published next; lists in it are replaced, not changed
	dirty   bool
	ctx     context.Context // the loop's lifetime
	started sync.WaitGroup  // what the loop started

	signing     int // number of the newest sign-in; results of older ones are stale
	stopSigning context.CancelFunc
	pending     string // to join as soon as signed in
	home        string // the server to go back to after the visit to a room
	opening     opening
	account     Account
	client      *client.Client
	link        *client.Connection
	linked      int // number of the newest connection
	status      client.Status

	out        *client.Outgoing
	dialled    int // number of the newest call
	call       *client.Call
	last       client.CallState
	rights     client.Rights      // in the call
	seated     bool               // they are known
	wishedDeaf bool               // we asked to hear nobody
	adjusting  map[adjust]*adjust // values that the server is asked for, and what waits behind each
	was        bool               // our media was connected once in this call
	troubled   time.Time
	network    network

	screen        *client.Outgoing
	screenNetwork network
	offered       []Screen // to choose from, last

	spoke time.Time // when the person last spoke though muted

	// Of the call: see chat.go, files.go and snapshots.go.
	mine     map[string]bool   // our endpoints, of before an outage, too
	names    map[string]string // by endpoint and by user, of all who were there
	sending  string            // the message under way
	accepted map[string]bool   // messages that the server has
	ways     map[string]*transfer
	told     map[string]wire.FileTransfer
	pictures map[string]wire.Snapshot
	cameras  map[string]cameraAsk
	wanted   []string // pictures to fetch
	fetching bool

	asking bool // which calls run
	asked  time.Time

	previewing bool
	cameraBad  bool // the chosen camera does not work
	cameraTry  int
	warnings   [3][]string // by kind of device
	lastNotice int64
	causes     map[cause]int64 // notice of a lasting cause
	loud       map[string]time.Time
	with       []string // names of all who were in the call
}

func newLoop(s *Session, out, screen *client.Outgoing) *loop {
	return &loop{Session: s, out: out, screen: screen, causes: map[cause]int64{}, loud: map[string]time.Time{},
		state: State{Phase: SignedOut, Server: s.cfg.Server, Recent: s.cfg.Recent,
			Devices: Devices{Camera: s.cfg.Camera, Microphone: s.cfg.Microphone, Speaker: s.cfg.Speaker}}}
}

func (l *loop) run(ctx context.Context) {
	defer close(l.done)
	l.ctx = ctx
	l.restore()
	l.scan()
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		l.publish()
		select {
		case c := <-l.commands:
			c.do(l)
		case <-tick.C:
			l.observe()
		case <-ctx.Done():
			l.end()
			return
		}
	}
}

// end leaves everything and waits for all that was started.
func (l *loop) end() {
	if l.stopSigning != nil {
		l.stopSigning()
	}
	l.disconnect(nil)
	l.started.Wait()
	l.studio.close()
}

// publish gives out a snapshot if anything changed.
func (l *loop) publish() {
	if !l.dirty {
		return
	}
	l.dirty = false
	s := l.state
	if s.Call != nil {
		c := *s.Call
		s.Call = &c
	}
	l.latest.Store(&s)
	l.cfg.OnChange(s)
}

// change marks the state as changed.
func (l *loop) change() { l.dirty = true }

// enter changes the phase.
func (l *loop) enter(p Phase) {
	if l.state.Phase == p {
		return
	}
	l.state.Phase = p
	l.change()
}

// remember hands over what should be known the next time.
func (l *loop) remember() {
	d := l.state.Devices
	l.cfg.Remember(Preferences{Server: l.state.Server, Camera: d.Camera, Microphone: d.Microphone, Speaker: d.Speaker, Recent: slices.Clone(l.state.Recent)})
}

// inCall tells whether there is a call, joined or on the way.
func (l *loop) inCall() bool { return l.state.Call != nil }
