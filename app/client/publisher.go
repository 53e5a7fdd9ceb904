package client

import (
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"
	"time"

	"guichet/platform/wire"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// Outgoing is what a person sends as one stream. Its tracks outlive calls and
// connections: a packet written while nothing is connected goes nowhere. The
// callbacks are set before the first Join or Share.
type Outgoing struct {
	kind         wire.StreamType
	audio, video *webrtc.TrackLocalStaticRTP // audio is nil for a screen

	// OnKeyFrameNeeded is called when a receiver cannot decode without a key
	// frame. It must not block. May be nil.
	OnKeyFrameNeeded func()
	// OnQuality is told how the own media arrives, about once a second and kind.
	// May be nil.
	OnQuality func(Quality)
}

// Quality is what a receiver's report says (RFC 3550, section 6.4.2).
type Quality struct {
	Kind   webrtc.RTPCodecType
	Loss   float64       // share of packets lost since the last report, 0 to 1
	RTT    time.Duration // 0 when not known
	Jitter time.Duration
}

// NewOutgoing makes a pair of tracks, Opus and VP8.
func NewOutgoing() (*Outgoing, error) {
	audio, err := webrtc.NewTrackLocalStaticRTP(opus, "audio", "guichet")
	if err != nil {
		return nil, err
	}
	video, err := webrtc.NewTrackLocalStaticRTP(vp8, "video", "guichet")
	if err != nil {
		return nil, err
	}
	return &Outgoing{kind: wire.StreamMicAndCam, audio: audio, video: video}, nil
}

// NewOutgoingScreen makes a track of VP8 for what is on the own screen, to be given
// to Call.Share.
func NewOutgoingScreen() (*Outgoing, error) {
	video, err := webrtc.NewTrackLocalStaticRTP(vp8, "video", "guichet-screen")
	if err != nil {
		return nil, err
	}
	return &Outgoing{kind: wire.StreamScreen, video: video}, nil
}

// tracks returns what there is of the two.
func (o *Outgoing) tracks() []*webrtc.TrackLocalStaticRTP {
	if o.audio == nil {
		return []*webrtc.TrackLocalStaticRTP{o.video}
	}
	return []*webrtc.TrackLocalStaticRTP{o.audio, o.video}
}

// metadata is the stream's: the camera is what is looked at first.
func (o *Outgoing) metadata() json.RawMessage {
	if o.kind == wire.StreamScreen {
		return json.RawMessage(`{"primary":false}`)
	}
	return json.RawMessage(`{"primary":true}`)
}

// WriteAudio sends a packet of Opus (RFC 7587). Payload type and SSRC are set
// here. An error means that one of the connections is closing.
func (o *Outgoing) WriteAudio(p *rtp.Packet) error { return o.audio.WriteRTP(p) }

// WriteVideo sends a packet of VP8 (RFC 7741), in the manner of WriteAudio.
func (o *Outgoing) WriteVideo(p *rtp.Packet) error { return o.video.WriteRTP(p) }

func (o *Outgoing) needKeyFrame() {
	if o.OnKeyFrameNeeded != nil {
		o.OnKeyFrameNeeded()
	}
}

// publisher keeps one stream published for as long as an endpoint is in a call.
type publisher struct {
	client               *Client
	conference, endpoint string
	out                  *Outgoing
	mutes                *mutes
	report               func(streamState) // to the call's loop
	hurry, gone          chan struct{}
	life                 context.Context // of the call's loop

	// Of mode P2P.
	p2p   bool
	asked <-chan asking
	relay *relay
	hold  *atomic.Bool
}

// streamState says how a peer does.
type streamState struct {
	stream    wire.StreamID
	connected bool
	err       error // why it will not be tried again
}

// run publishes, and publishes anew when the media is lost or the server took
// the stream back.
func (p *publisher) run(ctx context.Context) {
	var tries backoff
	for tries.wait(ctx, p.hurry) {
		stream := wire.StreamID(wire.NewID())
		publish := p.once
		if p.p2p {
			publish = p.direct
		}
		err := publish(ctx, stream, tries.reset)
		if ctx.Err() != nil {
			if p.out.kind == wire.StreamScreen {
				p.unpublish(p.life, stream) // we stay: nobody is to look at a still picture
			}
			return
		}
		p.client.cfg.Logger.Info("stream is published anew", "conference", p.conference, "stream", stream, "err", err)
		p.report(streamState{})
		if code(err) == wire.CodeInvalid || errors.Is(err, ErrSignedOut) || p.out.kind == wire.StreamScreen && Permanent(err) {
			p.report(streamState{err: err})
			return
		}
		p.unpublish(ctx, stream)
	}
}

func (p *publisher) once(ctx context.Context, stream wire.StreamID, reset func()) error {
	drain(p.gone)
	n, err := p.client.newPeer(ctx, false)
	if err != nil {
		return err
	}
	defer n.close()
	for _, track := range p.out.tracks() {
		t, err := n.pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		if err != nil {
			return err
		}
		n.start(func() { p.readReports(t.Sender(), track.Kind()) })
	}
	err = n.negotiate(ctx, func(ctx context.Context, offer string) (string, error) {
		s, err := p.client.PublishStream(ctx, wire.PublishStream{ConferenceID: p.conference, UserEndpointID: p.endpoint,
			StreamID: stream, ConferenceStreamType: p.out.kind, SDPOffer: offer, Metadata: p.out.metadata()})
		return s.SDPAnswer, err
	})
	if err != nil {
		return err
	}
	p.report(streamState{stream: stream})
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	n.start(func() { p.mutes.apply(ctx, p, stream) })
	return n.serve(ctx, &letterbox{}, p.gone,
		func(ctx context.Context, found []wire.ICECandidate) error {
			return p.client.AddPublishCandidates(ctx, wire.ICECandidates{ConferenceID: p.conference, UserEndpointID: p.endpoint, StreamID: stream, ICECandidates: found})
		},
		func(up bool) {
			if up {
				reset()
			}
			p.report(streamState{stream: stream, connected: up})
		})
}

// unpublish takes a stream back whose media was lost, if the server has not.
func (p *publisher) unpublish(ctx context.Context, stream wire.StreamID) {
	ctx, cancel := context.WithTimeout(ctx, tidyTimeout)
	defer cancel()
	err := p.client.UnpublishStream(ctx, wire.StreamRef{ConferenceID: p.conference, UserEndpointID: p.endpoint, StreamID: stream})
	if err != nil && code(err) != wire.CodeNotFound {
		p.client.cfg.Logger.Debug("stream is left to the server", "stream", stream, "err", err)
	}
}

// readReports reads what the server says of a track until the peer is closed.
func (p *publisher) readReports(sender *webrtc.RTPSender, kind webrtc.RTPCodecType) {
	for {
		packets, _, err := sender.ReadRTCP()
		if err != nil {
			return
		}
		for _, packet := range packets {
			switch r := packet.(type) {
			case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
				p.out.needKeyFrame()
			case *rtcp.ReceiverReport:
				if p.out.OnQuality != nil {
					for _, one := range r.Reports {
						p.out.OnQuality(quality(kind, one, time.Now()))
					}
				}
			}
		}
	}
}

// tidyTimeout bounds requests that only tidy up: when they fail the network is
// down, and what matters is to be quick when it comes back.
const tidyTimeout = 2 * time.Second

// ntpEpoch is what lies between 1900 and 1970, in seconds.
const ntpEpoch = 2208988800

// quality reads one block of a receiver's report.
func quality(kind webrtc.RTPCodecType, r rtcp.ReceptionReport, now time.Time) Quality {
	rate := int64(90000)
	if kind == webrtc.RTPCodecTypeAudio {
		rate = 48000
	}
	q := Quality{Kind: kind, Loss: float64(r.FractionLost) / 256, Jitter: time.Duration(int64(r.Jitter) * int64(time.Second) / rate)}
	if r.LastSenderReport != 0 {
		// The middle 32 bits of the NTP time, in units of 1/65536 s, modulo 2^32.
		middle := uint32(uint64(now.Unix()+ntpEpoch)<<16 | uint64(now.Nanosecond())<<16/uint64(time.Second))
		if passed := middle - r.LastSenderReport - r.Delay; passed < 1<<22 { // 64 s; more is a clock that was set
			q.RTT = time.Duration(passed) * time.Second >> 16
		}
	}
	return q
}

func drain(c <-chan struct{}) {
	select {
	case <-c:
	default:
	}
}

func poke(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
