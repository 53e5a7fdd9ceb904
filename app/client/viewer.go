package client

import (
	"context"
	"sync/atomic"

	"guichet/platform/wire"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// Incoming describes a stream that is about to be received.
type Incoming struct {
	Endpoint string // who publishes it
	Stream   wire.Stream
	// RequestKeyFrame asks for a key frame (RTCP PLI, RFC 4585 section 6.3.1). It
	// does not block and may be called from any goroutine.
	RequestKeyFrame func()
}

// Receiver takes what is received of a stream over one media connection.
// Packets of one kind come from one goroutine, in the order of arrival; their
// memory is the receiver's. Close comes last.
type Receiver interface {
	Packet(kind webrtc.RTPCodecType, p *rtp.Packet)
	SenderReport(kind webrtc.RTPCodecType, ntp uint64, rtp uint32)
	Close()
}

// viewer receives one stream for as long as it is published.
type viewer struct {
	client               *Client
	conference, endpoint string
	in                   Incoming
	receive              func(Incoming) (Receiver, error)
	report               func(streamState)
	hurry                chan struct{}

	// Of mode P2P.
	p2p   bool
	relay *relay
	hold  *atomic.Bool
}

// run views, and views anew when the media is lost.
func (v *viewer) run(ctx context.Context) {
	var tries backoff
	for tries.wait(ctx, v.hurry) {
		id := wire.NewID()
		err := v.once(ctx, id, tries.reset)
		if ctx.Err() != nil {
			return
		}
		v.report(streamState{stream: v.in.Stream.ID})
		v.client.cfg.Logger.Info("stream is viewed anew", "conference", v.conference, "stream", v.in.Stream.ID, "err", err)
		if code(err) == "" {
			v.stop(ctx, id)
		}
	}
}

func (v *viewer) once(ctx context.Context, id string, reset func()) error {
	box := v.relay.open(id)
	defer v.relay.close(id)
	n, err := v.client.newPeer(ctx, v.p2p)
	if err != nil {
		return err
	}
	var video atomic.Uint32 // SSRC
	in := v.in
	in.RequestKeyFrame = func() {
		if s := video.Load(); s != 0 {
			// An error is a connection that is closing.
			_ = n.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: s}})
		}
	}
	receiver, err := v.receive(in)
	if err != nil {
		n.close()
		return err
	}
	defer receiver.Close()
	defer n.close()
	n.pc.OnTrack(func(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) {
		if t.Kind() == webrtc.RTPCodecTypeVideo {
			video.Store(uint32(t.SSRC()))
		}
		n.start(func() { v.readPackets(t, receiver, in.RequestKeyFrame) })
		n.start(func() { readSenderReports(t.Kind(), r, receiver) })
	})
	for _, kind := range kinds(v.in.Stream.Type) {
		if _, err := n.pc.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
			return err
		}
	}
	err = n.negotiate(ctx, func(ctx context.Context, offer string) (string, error) {
		s, err := v.client.ViewStream(ctx, wire.ViewStream{ConferenceID: v.conference, UserEndpointID: v.endpoint,
			StreamID: v.in.Stream.ID, ViewerID: id, SDPOffer: offer})
		return s.SDPAnswer, err
	})
	if err != nil {
		return err
	}
	return n.serve(ctx, box, nil,
		func(ctx context.Context, found []wire.ICECandidate) error {
			return v.client.AddViewCandidates(ctx, wire.ICECandidates{ConferenceID: v.conference, UserEndpointID: v.endpoint,
				StreamID: v.in.Stream.ID, ViewerID: id, ICECandidates: found})
		},
		func(up bool) {
			if up {
				reset()
			}
			v.report(streamState{stream: v.in.Stream.ID, connected: up})
		})
}

// stop frees what the server still keeps of a lost viewer.
func (v *viewer) stop(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(ctx, tidyTimeout)
	defer cancel()
	err := v.client.StopViewStream(ctx, wire.StreamRef{ConferenceID: v.conference, UserEndpointID: v.endpoint, StreamID: v.in.Stream.ID, ViewerID: id})
	if err != nil && code(err) != wire.CodeNotFound {
		v.client.cfg.Logger.Debug("viewer is left to the server", "stream", v.in.Stream.ID, "err", err)
	}
}

// readPackets hands on what arrives. In mode P2P nobody but we keep silence while
// the call is on hold.
func (v *viewer) readPackets(t *webrtc.TrackRemote, to Receiver, keyFrame func()) {
	missed := false
	for {
		p, _, err := t.ReadRTP()
		if err != nil {
			return
		}
		if v.hold.Load() {
			missed = true
			continue
		}
		if missed && t.Kind() == webrtc.RTPCodecTypeVideo {
			keyFrame()
		}
		missed = false
		to.Packet(t.Kind(), p)
	}
}

func readSenderReports(kind webrtc.RTPCodecType, r *webrtc.RTPReceiver, to Receiver) {
	for {
		packets, _, err := r.ReadRTCP()
		if err != nil {
			return
		}
		for _, packet := range packets {
			if s, ok := packet.(*rtcp.SenderReport); ok {
				to.SenderReport(kind, s.NTPTime, s.RTPTime)
			}
		}
	}
}

// kinds returns what to ask for of a stream. What it does not hold is answered
// inactive.
func kinds(t wire.StreamType) []webrtc.RTPCodecType {
	switch t {
	case wire.StreamMic:
		return []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio}
	case wire.StreamCam:
		return []webrtc.RTPCodecType{webrtc.RTPCodecTypeVideo}
	}
	return []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo}
}
