package sfu

import (
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
	"go.uber.org/goleak"
)

// Who the streams and viewers of tests belong to, where nothing else is said.
const (
	sender   = "sender"
	receiver = "receiver"
)

// hang is how long a test waits for anything before it counts as stuck.
const hang = 30 * time.Second

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// watcher is an Observer that passes on what it is told.
type watcher struct {
	publishers chan StreamKey
	viewers    chan ViewerKey
}

func newWatcher() *watcher {
	return &watcher{make(chan StreamKey, 64), make(chan ViewerKey, 256)}
}

func (w *watcher) PublisherClosed(k StreamKey) { w.publishers <- k }
func (w *watcher) ViewerClosed(k ViewerKey)    { w.viewers <- k }

func newSFU(t testing.TB, change ...func(*Config)) *SFU {
	t.Helper()
	cfg := Config{Listen: "127.0.0.1:0", Loopback: true, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
	for _, f := range change {
		f(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// clientOptions say how a test client differs from a plain one.
type clientOptions struct {
	codecs  []webrtc.RTPCodecParameters
	tcp     bool
	nack    bool // have the usual interceptors
	setting func(*webrtc.SettingEngine)
	media   func(*webrtc.MediaEngine)
	inbound interceptor.Factory
}

var (
	videoFeedback = []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"}}
	codecOpus     = webrtc.RTPCodecParameters{PayloadType: 111, RTPCodecCapability: webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1"}}
	codecVP8 = webrtc.RTPCodecParameters{PayloadType: 96, RTPCodecCapability: webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeVP8, ClockRate: 90000, RTCPFeedback: videoFeedback}}
	codecVP8RTX = webrtc.RTPCodecParameters{PayloadType: 97, RTPCodecCapability: webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeRTX, ClockRate: 90000, SDPFmtpLine: "apt=96"}}
	codecH264 = webrtc.RTPCodecParameters{PayloadType: 102, RTPCodecCapability: webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeH264, ClockRate: 90000, RTCPFeedback: videoFeedback,
		SDPFmtpLine: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"}}
)

func newClient(t testing.TB, o clientOptions) *webrtc.PeerConnection {
	t.Helper()
	if o.codecs == nil {
		o.codecs = []webrtc.RTPCodecParameters{codecVP8, codecOpus}
	}
	media := &webrtc.MediaEngine{}
	for _, c := range o.codecs {
		kind := webrtc.RTPCodecTypeVideo
		if c.MimeType == webrtc.MimeTypeOpus {
			kind = webrtc.RTPCodecTypeAudio
		}
		if err := media.RegisterCodec(c, kind); err != nil {
			t.Fatal(err)
		}
	}
	if o.media != nil {
		o.media(media)
	}
	registry := &interceptor.Registry{}
	if o.inbound != nil {
		registry.Add(o.inbound)
	}
	if o.nack {
		if err := webrtc.RegisterDefaultInterceptors(media, registry); err != nil {
			t.Fatal(err)
		}
	}
	var se webrtc.SettingEngine
	se.LoggerFactory = pionLog{to: slog.New(slog.NewTextHandler(io.Discard, nil))}
	se.SetIncludeLoopbackCandidate(true)
	se.SetInterfaceFilter(func(name string) bool { return name == "lo" })
	se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	if o.tcp {
		se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeTCP4})
	}
	se.SetICEMulticastDNSMode(1)
	if o.setting != nil {
		o.setting(&se)
	}
	pc, err := webrtc.NewAPI(webrtc.WithMediaEngine(media), webrtc.WithInterceptorRegistry(registry),
		webrtc.WithSettingEngine(se)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.GracefulClose() })
	return pc
}

// offerOf sets a complete local offer and returns it.
func offerOf(t testing.TB, pc *webrtc.PeerConnection) string {
	t.Helper()
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	done := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	<-done
	return pc.LocalDescription().SDP
}

func accept(t testing.TB, pc *webrtc.PeerConnection, answer string) {
	t.Helper()
	err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer})
	if err != nil {
		t.Fatalf("%v in\n%s", err, answer)
	}
}

// source is a TrackLocal that writes any packet a test likes.
type source struct {
	kind  webrtc.RTPCodecType
	mime  string
	bound chan struct{}
	once  sync.Once
	w     webrtc.TrackLocalWriter
	ssrc  uint32
	pt    uint8
}

func newSource(mime string) *source {
	kind := webrtc.RTPCodecTypeVideo
	if mime == webrtc.MimeTypeOpus {
		kind = webrtc.RTPCodecTypeAudio
	}
	return &source{kind: kind, mime: mime, bound: make(chan struct{})}
}

func (s *source) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	for _, p := range c.CodecParameters() {
		if p.MimeType == s.mime {
			s.w, s.ssrc, s.pt = c.WriteStream(), uint32(c.SSRC()), uint8(p.PayloadType)
			s.once.Do(func() { close(s.bound) })
			return p, nil
		}
	}
	return webrtc.RTPCodecParameters{}, webrtc.ErrUnsupportedCodec
}
func (s *source) Unbind(webrtc.TrackLocalContext) error { return nil }
func (s *source) ID() string                            { return s.kind.String() }
func (s *source) RID() string                           { return "" }
func (s *source) StreamID() string                      { return "camera" }
func (s *source) Kind() webrtc.RTPCodecType             { return s.kind }

func (s *source) send(seq uint16, ts uint32, marker bool, payload []byte) {
	s.sendAs(s.ssrc, seq, ts, marker, payload)
}

func (s *source) sendAs(ssrc uint32, seq uint16, ts uint32, marker bool, payload []byte) {
	_, _ = s.w.WriteRTP(&rtp.Header{Version: 2, SSRC: ssrc, PayloadType: s.pt, SequenceNumber: seq, Timestamp: ts, Marker: marker}, payload)
}

// sendLevel sends a packet with an audio level, unless id is 0.
func (s *source) sendLevel(seq uint16, ts uint32, id, level uint8, payload []byte) {
	h := rtp.Header{Version: 2, SSRC: s.ssrc, PayloadType: s.pt, SequenceNumber: seq, Timestamp: ts}
	if id != 0 {
		_ = h.SetExtension(id, []byte{level})
	}
	_, _ = s.w.WriteRTP(&h, payload)
}

// vp8 makes a packet of a frame: n is the mark by which tests know it.
func vp8(key, first bool, n uint32) []byte {
	b := []byte{0x80, 0x80, 0x80 | byte(n>>8&0x7f), byte(n), 0x01}
	if first {
		b[0] |= 0x10
		if key {
			b[4] = 0x10
		}
	}
	return mark(b, n)
}

func mark(b []byte, n uint32) []byte {
	b = append(b, make([]byte, 64)...)
	return binary.BigEndian.AppendUint32(b, n)
}

func markOf(b []byte) uint32 { return binary.BigEndian.Uint32(b[len(b)-4:]) }

// camera publishes VP8 frames of perFrame packets until the test ends: a key
// frame first, and at each PLI.
type camera struct {
	*source
	perFrame int
	every    time.Duration
	asked    chan time.Time // PLIs as they came
	key      chan struct{}
	seq      uint16
	ts       uint32
	n        uint32
}

func (c *camera) frame(key bool) {
	for i := range c.perFrame {
		c.send(c.seq, c.ts, i == c.perFrame-1, vp8(key, i == 0, c.n))
		c.seq++
		c.n++
	}
	c.ts += 3000
}

func (c *camera) run(stop <-chan struct{}) {
	tick := time.NewTicker(c.every)
	defer tick.Stop()
	c.frame(true)
	for {
		select {
		case <-tick.C:
			c.frame(false)
		case <-c.key:
			c.frame(true)
		case <-stop:
			return
		}
	}
}

// publishing is a connected publisher.
type publishing struct {
	pc      *webrtc.PeerConnection
	up      chan struct{}
	video   *camera
	audio   *source
	senders []*webrtc.RTPSender
}

func connected(pc *webrtc.PeerConnection) chan struct{} {
	up := make(chan struct{})
	once := sync.OnceFunc(func() { close(up) })
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			once()
		}
	})
	return up
}

// publish connects a publisher of the given codecs under key.
func publish(t testing.TB, s *SFU, key StreamKey, o clientOptions, mimes ...string) *publishing {
	t.Helper()
	return publishBy(t, s.publishAs(sender), key, o, mimes...)
}

// publishAs is Publish of one owner.
func (s *SFU) publishAs(owner string) func(context.Context, StreamKey, string) (string, error) {
	return func(ctx context.Context, key StreamKey, offer string) (string, error) {
		return s.Publish(ctx, key, owner, offer)
	}
}

func publishBy(t testing.TB, by func(context.Context, StreamKey, string) (string, error), key StreamKey, o clientOptions, mimes ...string) *publishing {
	t.Helper()
	p := &publishing{pc: newClient(t, o)}
	p.up = connected(p.pc)
	for _, m := range mimes {
		src := newSource(m)
		tr, err := p.pc.AddTransceiverFromTrack(src, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		if err != nil {
			t.Fatal(err)
		}
		p.senders = append(p.senders, tr.Sender())
		if m == webrtc.MimeTypeOpus {
			p.audio = src
			continue
		}
		p.video = &camera{source: src, perFrame: 3, every: 10 * time.Millisecond, asked: make(chan time.Time, 1024), key: make(chan struct{}, 1)}
	}
	answer, err := by(t.Context(), key, offerOf(t, p.pc))
	if err != nil {
		t.Fatal(err)
	}
	accept(t, p.pc, answer)
	wait(t, p.up, "publisher connected")
	for i, snd := range p.senders {
		if mimes[i] != webrtc.MimeTypeOpus {
			go p.readPLI(snd)
		}
	}
	return p
}

func (p *publishing) readPLI(s *webrtc.RTPSender) {
	for {
		list, _, err := s.ReadRTCP()
		if err != nil {
			return
		}
		for _, r := range list {
			if _, ok := r.(*rtcp.PictureLossIndication); ok {
				select {
				case p.video.asked <- time.Now():
				default:
				}
				select {
				case p.video.key <- struct{}{}:
				default:
				}
			}
		}
	}
}

// start runs the camera until the test ends.
func (p *publishing) start(t testing.TB) {
	stop, done := make(chan struct{}), make(chan struct{})
	go func() { defer close(done); p.video.run(stop) }()
	t.Cleanup(func() { close(stop); <-done })
}

// viewing is a viewer and what it received.
type viewing struct {
	pc     *webrtc.PeerConnection
	up     chan struct{}
	tracks chan *webrtc.TrackRemote
	video  chan *rtp.Packet
	audio  chan *rtp.Packet
	answer string
}

// view connects a viewer that asks for the given kinds.
func view(t testing.TB, s *SFU, key ViewerKey, o clientOptions, kinds ...webrtc.RTPCodecType) *viewing {
	t.Helper()
	v := prepare(t, o, kinds...)
	answer, err := s.View(t.Context(), key, receiver, offerOf(t, v.pc))
	if err != nil {
		t.Fatal(err)
	}
	v.answer = answer
	accept(t, v.pc, answer)
	return v
}

func prepare(t testing.TB, o clientOptions, kinds ...webrtc.RTPCodecType) *viewing {
	t.Helper()
	v := &viewing{pc: newClient(t, o), tracks: make(chan *webrtc.TrackRemote, 8),
		video: make(chan *rtp.Packet, 1<<14), audio: make(chan *rtp.Packet, 1<<12)}
	v.up = connected(v.pc)
	v.pc.OnTrack(func(r *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		v.tracks <- r
		out := v.video
		if r.Kind() == webrtc.RTPCodecTypeAudio {
			out = v.audio
		}
		for {
			p, _, err := r.ReadRTP()
			if err != nil {
				return
			}
			select {
			case out <- p:
			default:
			}
		}
	})
	for _, k := range kinds {
		if _, err := v.pc.AddTransceiverFromKind(k, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
			t.Fatal(err)
		}
	}
	return v
}

func wait[T any](t testing.TB, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(hang):
		t.Fatalf("no %s", what)
		panic("unreachable")
	}
}

const (
	kindVideo = webrtc.RTPCodecTypeVideo
	kindAudio = webrtc.RTPCodecTypeAudio
)
