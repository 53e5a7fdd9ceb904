package client

import (
	"context"
	"slices"

	"guichet/platform/wire"
)

// running is a publisher or a viewer at work.
type running struct {
	streamState
	seen        bool      // publisher: the conference has shown the stream
	out         *Outgoing // publisher
	cancel      context.CancelFunc
	hurry, gone chan struct{}

	// Of mode P2P.
	relay *relay
	asked chan asking // publisher
}

// reconcile starts and stops the publisher and the viewers so that they fit the
// conference.
func (l *callLoop) reconcile() {
	if l.member == "" || l.fetch || !l.follower.fetched {
		return
	}
	l.p2p = l.follower.state.Mode == wire.ModeP2P
	l.held.Store(l.p2p && l.follower.state.Metadata[wire.MetadataOnHold] == "true")
	in := false
	own := map[wire.StreamID]bool{}
	others := map[wire.StreamID]Incoming{}
	for _, p := range l.follower.state.Participants {
		for _, n := range p.Endpoints {
			in = in || n.ID == l.member
			for _, s := range n.Streams {
				if n.ID == l.member {
					own[s.ID] = true
				} else {
					others[s.ID] = Incoming{Endpoint: n.ID, Stream: s}
				}
			}
		}
	}
	switch {
	case in:
		l.publish(own)
		l.share(own)
		l.view(others)
	case !l.follower.Missing():
		// Thrown out, for instance because we seemed dead: ask to be let in again.
		l.member = ""
		l.stopPeers()
	}
}

// sends tells whether we are to publish: the audience of a room does not.
func (l *callLoop) sends() bool {
	if l.cfg.Send == nil {
		return false
	}
	m, ok := memberIn(l.follower.state.Metadata, l.member)
	return !ok || m.Role != wire.JoinAsAudience
}

// publish keeps the publisher at work, and tells it when the server took its
// stream back.
func (l *callLoop) publish(own map[wire.StreamID]bool) {
	if !l.sends() {
		if l.send != nil {
			l.send.cancel()
			l.send = nil
		}
		return
	}
	if l.send == nil {
		l.send = l.startPublisher(l.cfg.Send, l.mutes)
		return
	}
	l.send.look(own)
}

// share does the same for the screen, and stops it when it is not wanted or not
// permitted any more.
func (l *callLoop) share(own map[wire.StreamID]bool) {
	if l.screen != nil && !l.mayShare() {
		l.screen, l.shareErr = nil, ErrNotPermitted
	}
	if l.sharing != nil && l.sharing.out != l.screen {
		l.sharing.cancel()
		l.sharing = nil
	}
	switch {
	case l.screen == nil:
	case l.sharing == nil:
		l.sharing = l.startPublisher(l.screen, newMutes())
	default:
		l.sharing.look(own)
	}
}

// mayShare tells whether we may publish a screen: who is bound by nothing may.
func (l *callLoop) mayShare() bool {
	m, ok := memberIn(l.follower.state.Metadata, l.member)
	return !ok || m.Role != wire.JoinAsAudience && slices.Contains(m.Permissions, wire.SelfScreenshare)
}

func (l *callLoop) startPublisher(out *Outgoing, m *mutes) *running {
	r, ctx := l.newRunning()
	r.out = out
	p := &publisher{client: l.client, conference: l.conference(), endpoint: l.member, out: out, mutes: m, life: l.ctx,
		report: func(s streamState) { l.post(peerReport{r, s}) }, hurry: r.hurry, gone: r.gone,
		p2p: l.p2p, asked: r.asked, relay: r.relay, hold: &l.held}
	l.started.Go(func() { p.run(ctx) })
	return r
}

// look tells a publisher when the server took its stream back.
func (r *running) look(own map[wire.StreamID]bool) {
	switch {
	case r.stream == "":
		r.seen = false
	case own[r.stream]:
		r.seen = true
	case r.seen:
		r.seen = false
		poke(r.gone)
	}
}

// view keeps one viewer at work for every stream of the others.
func (l *callLoop) view(others map[wire.StreamID]Incoming) {
	if l.cfg.Receive == nil {
		return
	}
	for id, r := range l.views {
		if _, ok := others[id]; !ok {
			r.cancel()
			delete(l.views, id)
		}
	}
	for id, in := range others {
		if l.views[id] != nil {
			continue
		}
		r, ctx := l.newRunning()
		r.stream = id
		v := &viewer{client: l.client, conference: l.conference(), endpoint: l.member, in: in, receive: l.cfg.Receive,
			report: func(s streamState) { l.post(peerReport{r, s}) }, hurry: r.hurry,
			p2p: l.p2p, relay: r.relay, hold: &l.held}
		l.views[id] = r
		l.started.Go(func() { v.run(ctx) })
	}
}

func (l *callLoop) newRunning() (*running, context.Context) {
	ctx, cancel := context.WithCancel(l.ctx)
	return &running{cancel: cancel, hurry: make(chan struct{}, 1), gone: make(chan struct{}, 1), relay: &relay{}, asked: make(chan asking, maxBoxes)}, ctx
}

// stopPeers stops all media. What runs ends by itself; the loop waits for it
// before it ends.
func (l *callLoop) stopPeers() {
	if l.send != nil {
		l.send.cancel()
		l.send = nil
	}
	if l.sharing != nil {
		l.sharing.cancel()
		l.sharing = nil
	}
	for id, r := range l.views {
		r.cancel()
		delete(l.views, id)
	}
}
