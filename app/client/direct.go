package client

import (
	"context"
	"sync"

	"guichet/platform/wire"

	"github.com/pion/webrtc/v4"
)

// direct keeps one stream published in mode P2P: it waits for those who ask to
// view it and answers each with a peer of its own, all of which send the same
// packets.
func (p *publisher) direct(ctx context.Context, stream wire.StreamID, reset func()) error {
	drain(p.gone)
	_, err := p.client.PublishStream(ctx, wire.PublishStream{ConferenceID: p.conference, UserEndpointID: p.endpoint,
		StreamID: stream, ConferenceStreamType: p.out.kind, Metadata: p.out.metadata()})
	if err != nil {
		return err
	}
	reset()
	ctx, cancel := context.WithCancel(ctx)
	var started sync.WaitGroup
	defer started.Wait()
	defer cancel()
	started.Go(func() { p.mutes.apply(ctx, p, stream) })
	health := &health{tell: func(well bool) { p.report(streamState{stream: stream, connected: well}) }}
	health.tell(true)
	for {
		select {
		case a := <-p.asked:
			if a.StreamID != stream {
				p.relay.close(a.ViewerID) // it asked for the one before
				continue
			}
			started.Go(func() {
				defer p.relay.close(a.ViewerID)
				err := p.serveViewer(ctx, a, health)
				if ctx.Err() == nil {
					p.client.cfg.Logger.Info("viewer is served no more", "conference", p.conference, "stream", stream, "viewer", a.ViewerID, "err", err)
				}
			})
		case <-p.gone:
			return errMediaLost
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// serveViewer sends to one viewer until it has gone.
func (p *publisher) serveViewer(ctx context.Context, a asking, health *health) error {
	n, err := p.client.newPeer(ctx, true)
	if err != nil {
		return err
	}
	defer n.close()
	g := &gate{hold: p.hold, need: p.out.needKeyFrame}
	for _, track := range p.out.tracks() {
		t, err := n.pc.AddTransceiverFromTrack(g.track(track), webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		if err != nil {
			return err
		}
		n.start(func() { p.readReports(t.Sender(), track.Kind()) })
	}
	err = n.accept(ctx, a.SDPOffer, func(ctx context.Context, answer string) error {
		return p.client.AnswerViewStream(ctx, wire.AnswerViewStream{ConferenceID: p.conference, UserEndpointID: p.endpoint,
			StreamID: a.StreamID, ViewerID: a.ViewerID, SDPAnswer: answer})
	})
	if err != nil {
		return err
	}
	once := health.viewer()
	defer once(true)
	return n.serve(ctx, a.box, a.box.gone,
		func(ctx context.Context, found []wire.ICECandidate) error {
			return p.client.AddPublishCandidates(ctx, wire.ICECandidates{ConferenceID: p.conference, UserEndpointID: p.endpoint,
				StreamID: a.StreamID, ViewerID: a.ViewerID, ICECandidates: found})
		},
		func(up bool) {
			if up {
				g.open.Store(true)
			}
			once(up)
		})
}

// health sums up how the viewers of a stream do: well, unless one that was
// connected is not at the moment.
type health struct {
	tell func(well bool)
	mu   sync.Mutex
	ill  int
}

// viewer returns what a viewer tells of its changes, and at its end that it is
// well.
func (h *health) viewer() func(up bool) {
	well := true
	return func(up bool) {
		h.mu.Lock()
		defer h.mu.Unlock()
		if up == well {
			return
		}
		well = up
		before := h.ill
		if up {
			h.ill--
		} else {
			h.ill++
		}
		if (before == 0) != (h.ill == 0) {
			h.tell(h.ill == 0)
		}
	}
}
