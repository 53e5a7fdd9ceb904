package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"guichet/platform/wire"

	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"
)

// How long ICE waits, in order: without an answer until it says so, after that
// until it gives up and we start anew, and between checks (RFC 7675 asks for
// consent to end after 30 s at the latest).
const (
	iceDisconnected = 4 * time.Second
	iceFailed       = 10 * time.Second
	iceInterval     = time.Second
	iceFirst        = 15 * time.Second // to connect at all
)

// Payload types that we offer; the server may answer with others.
const (
	payloadVP8  = 96
	payloadOpus = 111
)

// errMediaLost ends a peer whose media stopped, so that a new one is made.
var errMediaLost = errors.New("the media connection was lost")

// errAnswer tells that an answer is no SDP that fits the offer.
var errAnswer = errors.New("the server's answer cannot be used")

// errOffer tells that a viewer's offer is no SDP that can be answered.
var errOffer = errors.New("the viewer's offer cannot be used")

// Codecs of a call: what every browser has too.
var (
	opus = webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1"}
	vp8  = webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000, RTCPFeedback: []webrtc.RTCPFeedback{{Type: "ccm", Parameter: "fir"}}}
)

// newAPI sets pion up. Loopback candidates are wanted only for a server on this
// very machine.
func newAPI(server *url.URL) (*webrtc.API, error) {
	m := &webrtc.MediaEngine{}
	for kind, c := range map[webrtc.RTPCodecType]webrtc.RTPCodecParameters{
		webrtc.RTPCodecTypeAudio: {RTPCodecCapability: opus, PayloadType: payloadOpus},
		webrtc.RTPCodecTypeVideo: {RTPCodecCapability: vp8, PayloadType: payloadVP8},
	} {
		if err := m.RegisterCodec(c, kind); err != nil {
			return nil, fmt.Errorf("set up codecs: %w", err)
		}
	}
	i := &interceptor.Registry{}
	if err := webrtc.RegisterDefaultInterceptors(m, i); err != nil {
		return nil, fmt.Errorf("set up feedback: %w", err)
	}
	var s webrtc.SettingEngine
	s.SetICETimeouts(iceDisconnected, iceFailed, iceInterval)
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6, webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6})
	s.SetIncludeLoopbackCandidate(isLoopback(server.Hostname()))
	return webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithInterceptorRegistry(i), webrtc.WithSettingEngine(s)), nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// peer is one PeerConnection. Candidates and states are collected by pion's
// callbacks and read by the goroutine that runs the peer.
type peer struct {
	pc *webrtc.PeerConnection

	mu         sync.Mutex
	candidates []wire.ICECandidate
	state      webrtc.PeerConnectionState
	closed     bool
	news       chan struct{}

	readers sync.WaitGroup // added to under mu, unless closed
}

// newPeer makes a PeerConnection with the servers that the platform names. It
// must be closed. The TURN servers reach the SFU alone, so a direct one to
// another participant goes without them.
func (c *Client) newPeer(ctx context.Context, direct bool) (*peer, error) {
	servers, err := c.ICEServers(ctx)
	if err != nil {
		return nil, err
	}
	var cfg webrtc.Configuration
	for _, s := range servers {
		if direct {
			s.URLs = slices.DeleteFunc(s.URLs, func(u string) bool { return strings.HasPrefix(u, "turn") })
		}
		if len(s.URLs) == 0 {
			continue
		}
		cfg.ICEServers = append(cfg.ICEServers, webrtc.ICEServer{URLs: s.URLs, Username: s.Username, Credential: s.Credential})
	}
	pc, err := c.api.NewPeerConnection(cfg)
	if err != nil {
		return nil, fmt.Errorf("make a media connection: %w", err)
	}
	p := &peer{pc: pc, news: make(chan struct{}, 1)}
	pc.OnICECandidate(func(found *webrtc.ICECandidate) {
		var next wire.ICECandidate // an empty one ends the list
		if found != nil {
			init := found.ToJSON()
			next = wire.ICECandidate{Candidate: init.Candidate, SDPMid: init.SDPMid, SDPMLineIndex: init.SDPMLineIndex}
		}
		p.mu.Lock()
		p.candidates = append(p.candidates, next)
		p.mu.Unlock()
		p.wake()
	})
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		p.mu.Lock()
		p.state = s
		p.mu.Unlock()
		p.wake()
	})
	return p, nil
}

func (p *peer) wake() {
	select {
	case p.news <- struct{}{}:
	default:
	}
}

func (p *peer) take() ([]wire.ICECandidate, webrtc.PeerConnectionState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	found := p.candidates
	p.candidates = nil
	return found, p.state
}

// negotiate makes the offer, has it answered and begins to connect.
func (p *peer) negotiate(ctx context.Context, exchange func(ctx context.Context, offer string) (answer string, err error)) error {
	offer, err := p.pc.CreateOffer(nil)
	if err != nil {
		return fmt.Errorf("make an offer: %w", err)
	}
	if err := p.pc.SetLocalDescription(offer); err != nil {
		return fmt.Errorf("make an offer: %w", err)
	}
	answer, err := exchange(ctx, offer.SDP)
	if err != nil {
		return err
	}
	if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		return errAnswer // pion's error may quote SDP
	}
	return nil
}

// accept answers an offer and begins to connect.
func (p *peer) accept(ctx context.Context, offer string, send func(ctx context.Context, answer string) error) error {
	if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return errOffer // pion's error may quote SDP
	}
	answer, err := p.pc.CreateAnswer(nil)
	if err != nil {
		return errOffer
	}
	if err := p.pc.SetLocalDescription(answer); err != nil {
		return errOffer
	}
	return send(ctx, answer.SDP)
}

// hear takes the candidates of the other side. One that cannot be used is one
// path less.
func (p *peer) hear(found []wire.ICECandidate) {
	for _, c := range found {
		_ = p.pc.AddICECandidate(webrtc.ICECandidateInit{Candidate: c.Candidate, SDPMid: c.SDPMid, SDPMLineIndex: c.SDPMLineIndex})
	}
}

// serve exchanges candidates as they are found and tells of every change between
// connected and not. It returns when the media is lost or gone is readable.
func (p *peer) serve(ctx context.Context, box *letterbox, gone <-chan struct{}, send func(context.Context, []wire.ICECandidate) error, connected func(bool)) error {
	first := time.NewTimer(iceFirst)
	defer first.Stop()
	up := false
	for {
		found, state := p.take()
		if len(found) > 0 {
			if err := send(ctx, found); err != nil {
				return err
			}
		}
		switch state {
		case webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed:
			return errMediaLost
		}
		if now := state == webrtc.PeerConnectionStateConnected; now != up {
			up = now
			first.Stop()
			connected(up)
		}
		select {
		case <-p.news:
		case <-box.news:
			p.hear(box.letters())
		case <-first.C:
			return errMediaLost
		case <-gone:
			return errMediaLost
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// start runs f until the peer is closed, which makes f's reads fail. Pion's
// callbacks may come late, even after close: then f does not run.
func (p *peer) start(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.readers.Go(f)
	}
}

// close ends the connection and returns when all that it started has ended.
func (p *peer) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	// The only error is that of a socket closed twice.
	_ = p.pc.GracefulClose()
	p.readers.Wait()
}
