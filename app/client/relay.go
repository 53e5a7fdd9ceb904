package client

import (
	"encoding/json"
	"sync"

	"guichet/platform/wire"
)

// Bounds of what others may send for the views of one stream.
const (
	maxLetters = 256 // candidates that wait for their peer
	maxBoxes   = 64  // viewers at a time
)

// relay holds what the other sides of views send in mode P2P, until the peers of
// one stream take it: those who view ours, or ours of somebody's.
type relay struct {
	mu    sync.Mutex
	boxes map[string]*letterbox // by viewer
}

// letterbox is what came for one view.
type letterbox struct {
	mu    sync.Mutex
	found []wire.ICECandidate
	news  chan struct{}
	gone  chan struct{} // closed when the other side views no more
	over  bool
}

// open makes the box of a view; nil when it is there already or there are too
// many.
func (r *relay) open(viewer string) *letterbox {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.boxes[viewer] != nil || len(r.boxes) >= maxBoxes {
		return nil
	}
	if r.boxes == nil {
		r.boxes = map[string]*letterbox{}
	}
	b := &letterbox{news: make(chan struct{}, 1), gone: make(chan struct{})}
	r.boxes[viewer] = b
	return b
}

// close takes the box away; what comes late goes nowhere.
func (r *relay) close(viewer string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.boxes, viewer)
}

// take sorts in what was relayed about a view.
func (r *relay) take(e wire.ViewEvent) {
	r.mu.Lock()
	b := r.boxes[e.ViewerID]
	r.mu.Unlock()
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case e.Type == wire.EventStreamViewStopped && !b.over:
		b.over = true
		close(b.gone)
	case e.Type == wire.EventStreamICECandidatesFound && len(b.found)+len(e.ICECandidates) <= maxLetters:
		b.found = append(b.found, e.ICECandidates...)
		poke(b.news)
	}
}

// letters takes the candidates that came.
func (b *letterbox) letters() []wire.ICECandidate {
	b.mu.Lock()
	defer b.mu.Unlock()
	found := b.found
	b.found = nil
	return found
}

// asking is somebody's wish to view our stream.
type asking struct {
	wire.ViewEvent
	box *letterbox
}

// relayed takes what the server relays to this endpoint alone. It belongs to a
// stream of somebody's that we view, or else to ours.
func (l *callLoop) relayed(h happening) {
	switch h.Type {
	case wire.EventStreamViewRequested, wire.EventStreamViewStopped, wire.EventStreamICECandidatesFound:
	default:
		return
	}
	var e wire.ViewEvent
	if err := json.Unmarshal(h.body, &e); err != nil {
		l.client.cfg.Logger.Warn("event is not readable", "err", err)
		return
	}
	r := l.views[e.StreamID]
	if r == nil {
		r = l.send
	}
	if l.sharing != nil && l.sharing.stream == e.StreamID {
		r = l.sharing
	}
	switch {
	case r == nil:
	case e.Type != wire.EventStreamViewRequested:
		r.relay.take(e)
	case r == l.send, r == l.sharing:
		box := r.relay.open(e.ViewerID)
		if box == nil {
			return // told again, or too many
		}
		select {
		case r.asked <- asking{e, box}:
		default: // they ask again
			r.relay.close(e.ViewerID)
		}
	}
}
