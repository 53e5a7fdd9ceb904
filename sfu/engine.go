package sfu

import (
	"fmt"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/stun/v4"
	"github.com/pion/webrtc/v4"
)

const (
	silenceTolerated  = 8 * time.Second  // then the connection counts as disconnected
	disconnectedLimit = 12 * time.Second // then as failed
	checkEvery        = 2 * time.Second
	handshakeRetry    = 150 * time.Millisecond // of DTLS messages
	replayWindow      = 1024                   // packets; retransmissions come late
)

// engine makes PeerConnections; all share its certificate and its port.
type engine struct {
	settings   webrtc.SettingEngine
	config     webrtc.Configuration
	upstream   *interceptor.Registry
	downstream *interceptor.Registry
	candidates []string
}

func (e *engine) configure(udp *udpMux, tcp *tcpMux, net *network, log pionLog) {
	s := &e.settings
	s.LoggerFactory = log
	s.SetICEUDPMux(udp)
	s.SetICETCPMux(tcp)
	s.SetNet(net)
	s.SetNetworkTypes([]webrtc.NetworkType{
		webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6, webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6,
	})
	s.DisableActiveTCP(true)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetIncludeLoopbackCandidate(true) // which addresses there are, net says
	s.SetICETimeouts(silenceTolerated, disconnectedLimit, checkEvery)
	s.SetSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80)
	s.SetSRTPReplayProtectionWindow(replayWindow)
	s.SetDTLSRetransmissionInterval(handshakeRetry)
	s.SetReceiveMTU(maxPacket)
}

// newUpstream returns what a publisher is told by itself: NACKs, receiver
// reports, and when each packet came (so that browsers raise their bitrate).
func newUpstream(log pionLog) (*interceptor.Registry, error) {
	lost, err := nack.NewGeneratorInterceptor(
		nack.GeneratorSize(512), nack.GeneratorSkipLastN(2), nack.GeneratorMaxNacksPerPacket(8),
		nack.GeneratorInterval(40*time.Millisecond), nack.WithGeneratorLoggerFactory(log))
	if err != nil {
		return nil, err
	}
	reports, err := report.NewReceiverInterceptor(report.WithReceiverLoggerFactory(log))
	if err != nil {
		return nil, err
	}
	arrivals, err := twcc.NewSenderInterceptor(twcc.WithLoggerFactory(log))
	if err != nil {
		return nil, err
	}
	r := &interceptor.Registry{}
	r.Add(lost)
	r.Add(reports)
	r.Add(arrivals)
	return r, nil
}

// connection makes a PeerConnection that knows the codecs of the sections taken
// and no others.
func (e *engine) connection(o *offer, upstream bool) (*webrtc.PeerConnection, error) {
	media := &webrtc.MediaEngine{}
	for i := range o.sections {
		s := &o.sections[i]
		if s.use != taken {
			continue
		}
		if err := register(media, s, upstream); err != nil {
			return nil, fmt.Errorf("%w: section %s: %w", ErrBadOffer, s.mid, err)
		}
	}
	registry := e.downstream
	if upstream {
		registry = e.upstream
	}
	settings, path := e.settings, &roam{}
	settings.SetICEBindingRequestHandler(func(m *stun.Message, _, _ ice.Candidate, pair *ice.CandidatePair) bool {
		return path.follow(m, pair, time.Now())
	})
	if !o.passive {
		// The DTLS server chooses the SRTP profile: so it is AES-GCM wherever the
		// client has it, at a quarter of the cost of AES-CM with HMAC-SHA1.
		if err := settings.SetAnsweringDTLSRole(webrtc.DTLSRoleServer); err != nil {
			return nil, err
		}
	}
	api := webrtc.NewAPI(webrtc.WithSettingEngine(settings), webrtc.WithMediaEngine(media),
		webrtc.WithInterceptorRegistry(registry))
	return api.NewPeerConnection(e.config)
}

func register(media *webrtc.MediaEngine, s *section, upstream bool) error {
	f := s.format
	var feedback []webrtc.RTCPFeedback
	if f.kind == webrtc.RTPCodecTypeVideo {
		feedback = []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"}}
	}
	if upstream {
		feedback = append(feedback, webrtc.RTCPFeedback{Type: webrtc.TypeRTCPFBTransportCC})
	}
	err := media.RegisterCodec(webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: f.mime, ClockRate: f.clock, Channels: f.channels, SDPFmtpLine: f.fmtp, RTCPFeedback: feedback,
		},
		PayloadType: webrtc.PayloadType(f.payload),
	}, f.kind)
	if err == nil && f.repair != 0 {
		err = media.RegisterCodec(webrtc.RTPCodecParameters{
			RTPCodecCapability: webrtc.RTPCodecCapability{
				MimeType: mimeRTX, ClockRate: f.clock, SDPFmtpLine: fmt.Sprintf("apt=%d", f.payload),
			},
			PayloadType: webrtc.PayloadType(f.repair),
		}, f.kind)
	}
	for _, e := range s.extensions(knownExtensions(upstream)) {
		if err == nil {
			err = media.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: e.URI}, f.kind)
		}
	}
	return err
}

func knownExtensions(upstream bool) []string {
	if upstream {
		return []string{audioLevelURI, transportURI}
	}
	return []string{audioLevelURI}
}

// retransmissionType returns the payload type that repairs another, or 0.
func retransmissionType(codecs []webrtc.RTPCodecParameters, of webrtc.PayloadType) uint8 {
	for _, c := range codecs {
		if c.MimeType == mimeRTX && fmtpValue(c.SDPFmtpLine, "apt") == fmt.Sprint(of) {
			return uint8(c.PayloadType)
		}
	}
	return 0
}
