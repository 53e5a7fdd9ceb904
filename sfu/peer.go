package sfu

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"
)

// connectTimeout is how long a connection may take from the answer to the end
// of the DTLS handshake.
const connectTimeout = 25 * time.Second

// peer is the connection to one client, and what runs for it.
type peer struct {
	pc   *webrtc.PeerConnection
	up   func()        // closes live
	fail func()        // closes lost
	stop func()        // closes quit
	end  func()        // closes gone
	live chan struct{} // closed when DTLS is up
	lost chan struct{} // closed when the connection failed or was closed by the client
	quit chan struct{} // closed when it is to end
	gone chan struct{} // closed when all has ended

	mu    sync.Mutex // orders spawn before the wait in shut
	over  bool
	tasks sync.WaitGroup
}

func newPeer() *peer {
	p := &peer{
		live: make(chan struct{}), lost: make(chan struct{}),
		quit: make(chan struct{}), gone: make(chan struct{}),
	}
	p.up = sync.OnceFunc(func() { close(p.live) })
	p.fail = sync.OnceFunc(func() { close(p.lost) })
	p.stop = sync.OnceFunc(func() { close(p.quit) })
	p.end = sync.OnceFunc(func() { close(p.gone) })
	return p
}

// connect gives the peer its PeerConnection.
func (p *peer) connect(pc *webrtc.PeerConnection) {
	p.pc = pc
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		switch s {
		case webrtc.PeerConnectionStateConnected:
			p.up()
		case webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed:
			p.fail()
		}
	})
}

// negotiate sets the offer and returns the complete answer.
func (p *peer) negotiate(ctx context.Context, o *offer, upstream bool, candidates []string) (string, error) {
	text, err := o.reduced(upstream, knownExtensions(upstream))
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrBadOffer, err)
	}
	err = p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: text})
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrBadOffer, err)
	}
	answer, err := p.pc.CreateAnswer(nil)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrBadOffer, err)
	}
	gathered := webrtc.GatheringCompletePromise(p.pc)
	if err := p.pc.SetLocalDescription(answer); err != nil {
		return "", fmt.Errorf("%w: %w", ErrBadOffer, err)
	}
	select { // our own addresses only: a matter of microseconds
	case <-gathered:
	case <-ctx.Done():
		return "", ctx.Err()
	case <-p.quit:
		return "", ErrClosed
	}
	return o.answer(p.pc.LocalDescription().SDP, candidates)
}

// spawn runs f in a goroutine that shut waits for. It does nothing when the
// peer is ending.
func (p *peer) spawn(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return
	}
	p.tasks.Go(f)
}

// shut ends the connection and everything that runs for it.
func (p *peer) shut() {
	p.stop()
	p.mu.Lock()
	p.over = true
	p.mu.Unlock()
	if p.pc != nil {
		_ = p.pc.GracefulClose() // nothing more can be done about an error
	}
	p.tasks.Wait()
	p.end()
}
