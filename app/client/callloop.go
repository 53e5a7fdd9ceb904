package client

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"guichet/platform/wire"
)

// What comes back to the loop from the goroutines that it starts.
type (
	joined struct {
		endpoint   string
		conference string // its id
		err        error
	}
	fetched struct {
		state wire.Conference
		err   error
	}
	peerReport struct {
		peer *running
		streamState
	}
)

// leaving tells the loop that the end is wanted, so that it mends nothing.
type leaving struct{}

// shared tells the loop what screen to publish; nil: none.
type shared struct{ out *Outgoing }

// callLoop is the state of a Call's loop; no other goroutine touches it.
type callLoop struct {
	*Call
	metadata json.RawMessage
	ctx      context.Context // the loop's lifetime
	started  sync.WaitGroup  // what the loop started

	status   Status
	follower *Follower
	news     *news
	member   string // the endpoint that is in, or ""
	fetch    bool   // the state must be fetched though nothing is missing
	busy     bool   // a request is under way
	tries    backoff
	again    *time.Timer // when the next request may be tried
	send     *running
	screen   *Outgoing // that is wanted
	sharing  *running  // its publisher
	shareErr error     // why the last one ended
	views    map[wire.StreamID]*running
	p2p      bool        // the conference's mode
	held     atomic.Bool // it is on hold, and its mode P2P; read by the peers
	over     bool        // for good
	err      error
	told     CallState // last given to OnState, without the conference
	version  int64     // of the conference given with it
}

func newCallLoop(c *Call, metadata json.RawMessage) *callLoop {
	return &callLoop{Call: c, metadata: metadata, follower: &Follower{}, news: newNews(), views: map[wire.StreamID]*running{}, version: -1}
}

func (l *callLoop) run(ctx context.Context, status Status) {
	defer close(l.done)
	defer l.link.calls.remove(l.Call)
	defer l.started.Wait()
	defer l.stopPeers()
	l.ctx = ctx
	l.again = time.NewTimer(l.tries.next())
	defer l.again.Stop()
	l.news.again = time.NewTimer(0)
	defer l.news.again.Stop()
	defer l.standing.set("", true)
	l.take(status)
	for {
		l.tell()
		var due, late <-chan time.Time
		if l.wanting() {
			due = l.again.C
		}
		if l.lagging() {
			late = l.news.again.C
		}
		select {
		case v := <-l.inbox:
			l.take(v)
		case <-due:
			l.request()
		case <-late:
			l.catchUp()
		case <-ctx.Done():
			return
		}
	}
}

// post hands something to the loop from a goroutine that the loop waits for.
func (l *callLoop) post(v any) {
	select {
	case l.inbox <- v:
	case <-l.ctx.Done():
	}
}

// take changes the state by what came in. After the end nothing counts any
// more, but it is still taken, so that nobody waits.
func (l *callLoop) take(v any) {
	if l.over {
		return
	}
	switch v := v.(type) {
	case Status:
		l.connected(v)
	case happening:
		l.follower.Event(v.Event)
		l.relayed(v)
		l.happened(v)
	case messages:
		l.said(v)
	case wire.FileTransfer:
		l.sent(v)
	case caughtUp:
		l.caught(v)
	case joined:
		l.busy = false
		if !l.failed(v.err) {
			l.member, l.fetch = v.endpoint, true
			l.setConference(v.conference)
			l.follower.own, l.follower.parted = v.endpoint, nil
			l.setEndpoint(v.endpoint, true)
			l.missed()
		}
	case fetched:
		l.busy = false
		if !l.failed(v.err) {
			l.fetch = false
			l.follower.Fetched(v.state)
			if l.follower.Missing() {
				l.delay() // the answer was older than an event: not at once again
			}
		}
	case leaving:
		l.over = true
		return
	case shared:
		l.screen, l.shareErr = v.out, nil
		if l.sharing != nil && l.sharing.out != v.out { // at once, whatever else is under way
			l.sharing.cancel()
			l.sharing = nil
		}
	case peerReport:
		v.peer.streamState = v.streamState
		switch {
		case v.err == nil:
		case v.peer == l.send:
			l.end(v.err)
		case v.peer == l.sharing:
			l.screen, l.shareErr = nil, v.err
		}
	}
	if ended, _ := l.follower.Ended(); ended || l.cfg.Staff && l.sentAway() {
		l.end(nil)
	}
	if !l.over {
		l.reconcile()
	}
}

// connected takes a change of the connection. Another endpoint means that the
// server has thrown the old one out of the conference.
func (l *callLoop) connected(s Status) {
	l.status = s
	switch {
	case errors.Is(s.Err, ErrSignedOut):
		l.end(s.Err)
	case !s.Online:
	case s.Endpoint != l.member:
		l.member = ""
		l.stopPeers()
		l.hurry()
	default:
		l.fetch = true // there may be news whose event is not kept any more
		l.hurry()
		l.missed()
	}
}

// wanting tells whether a request is to be made when its time has come.
func (l *callLoop) wanting() bool {
	return !l.over && !l.busy && l.status.Online && (l.member == "" || l.fetch || l.follower.Missing())
}

// request joins, or fetches the state.
func (l *callLoop) request() {
	l.busy = true
	l.delay()
	endpoint := l.status.Endpoint
	if l.member == "" {
		l.setEndpoint(endpoint, false)
		l.started.Go(func() {
			id, err := l.join(endpoint)
			l.post(joined{endpoint, id, err})
		})
		return
	}
	l.started.Go(func() {
		state, err := l.client.Conference(l.ctx, l.conference())
		l.post(fetched{state, err})
	})
}

// errForgotten says that the server does not know the endpoint any more.
var errForgotten = errors.New("the server has forgotten this endpoint")

// join lets the endpoint in and returns the conference's id. What is not found
// can be the conference or the endpoint; a beat tells which.
func (l *callLoop) join(endpoint string) (id string, err error) {
	s, err := l.client.JoinConference(l.ctx, wire.JoinConference{ConferenceID: l.conference(), UserEndpointID: endpoint, Metadata: l.metadata})
	if code(err) == wire.CodeNotFound && code(l.client.KeepAlive(l.ctx, endpoint)) == wire.CodeNotFound {
		l.link.Hurry() // it will register another
		return "", errForgotten
	}
	return s.ID, err
}

// delay says when the next request may be made.
func (l *callLoop) delay() { l.again.Reset(l.tries.next()) }

// hurry makes everything that waits for its next try do it now.
func (l *callLoop) hurry() {
	l.tries.reset()
	l.delay()
	for _, r := range []*running{l.send, l.sharing} {
		if r != nil {
			poke(r.hurry)
		}
	}
	for _, v := range l.views {
		poke(v.hurry)
	}
}

// failed sorts the outcome of a request: trying again, or the end of the call.
func (l *callLoop) failed(err error) bool {
	switch {
	case err == nil:
		l.tries.reset()
		l.delay()
		return false
	case l.member != "" && code(err) == wire.CodeForbidden:
		l.member = "" // thrown out: ask to be let in again
	case code(err) == wire.CodeForbidden && l.sentAway():
		l.end(nil)
	case Permanent(err):
		l.end(err)
	}
	return true
}

// sentAway tells that somebody took us out, rather than that the server took us
// for dead or our token ended. Who is a guest finds out by
// asking to be let in again, which the server refuses; staff it would let in, so
// for staff the reason decides.
func (l *callLoop) sentAway() bool {
	if l.follower.parted == nil {
		return false
	}
	reason := *l.follower.parted
	return wire.LeftByRemoval(reason) || reason == "" && !l.cfg.Staff
}

// end ends the call for good, because of an error if there is one.
func (l *callLoop) end(err error) {
	l.over, l.err = true, err
	l.stopPeers()
}

// tell publishes the state if it changed.
func (l *callLoop) tell() {
	ended, reason := l.follower.Ended()
	removed := l.over && !ended && l.err == nil && l.sentAway()
	if removed {
		if reason = *l.follower.parted; reason == wire.LeftRemoved {
			reason = "" // nobody gave one
		}
	}
	now := CallState{Staff: l.cfg.Staff, Removed: removed, Endpoint: l.member, Joined: l.member != "" && l.follower.fetched, Online: l.status.Online,
		Sending: !l.sends() || l.send != nil && l.send.connected, Receiving: true, Network: l.news.network, Measured: l.news.measured, Ended: l.over, Reason: reason, Err: l.err}
	if l.send != nil {
		now.Stream = l.send.stream
	}
	now.Shares, now.ShareErr = l.screen != nil, l.shareErr
	now.Shown = l.sharing != nil && l.sharing.connected
	for _, v := range l.views {
		now.Receiving = now.Receiving && v.connected
	}
	in := ""
	if now.Joined && now.Online {
		in = now.Endpoint
	}
	l.standing.set(in, l.over)
	version := l.follower.state.Version
	if version == l.version && now.same(l.told) {
		return
	}
	l.told, l.version = now, version
	now.Conference = l.follower.State()
	l.cfg.OnState(now)
}

func (a CallState) same(b CallState) bool {
	return a.Endpoint == b.Endpoint && a.Stream == b.Stream && a.Joined == b.Joined && a.Online == b.Online && a.Sending == b.Sending &&
		a.Receiving == b.Receiving && a.Ended == b.Ended && a.Removed == b.Removed && a.Reason == b.Reason && a.Err == b.Err && a.Shares == b.Shares && a.Shown == b.Shown && a.ShareErr == b.ShareErr && a.Measured.Equal(b.Measured)
}
