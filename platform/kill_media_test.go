package main

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"guichet/platform/wire"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// peers are the connections of one look at the media.
type peers struct {
	t    testing.TB
	all  []*webrtc.PeerConnection
	stop chan struct{} // ends what sends
	done []chan struct{}
}

func (p *peers) close() {
	close(p.stop)
	for _, d := range p.done {
		<-d
	}
	for _, pc := range p.all {
		if err := pc.GracefulClose(); err != nil {
			p.t.Error(err)
		}
	}
}

func (p *peers) connection() *webrtc.PeerConnection {
	p.t.Helper()
	s := webrtc.SettingEngine{}
	s.SetIncludeLoopbackCandidate(true)
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(s)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		p.t.Fatal(err)
	}
	p.all = append(p.all, pc)
	return pc
}

// offer gathers and returns the offer.
func (p *peers) offer(pc *webrtc.PeerConnection) string {
	p.t.Helper()
	gathered := webrtc.GatheringCompletePromise(pc)
	o, err := pc.CreateOffer(nil)
	if err == nil {
		err = pc.SetLocalDescription(o)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	<-gathered
	return pc.LocalDescription().SDP
}

func (p *peers) accept(pc *webrtc.PeerConnection, answer string) {
	p.t.Helper()
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		p.t.Fatal(err)
	}
}

// sends publishes sound and picture, and returns the status.
func (p *peers) sends(l *lobby, h holder, stream wire.StreamID) int {
	t := p.t
	t.Helper()
	pc := p.connection()
	audio, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}, "audio", string(stream))
	if err != nil {
		t.Fatal(err)
	}
	video, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000}, "video", string(stream))
	if err != nil {
		t.Fatal(err)
	}
	for _, track := range []webrtc.TrackLocal{audio, video} {
		if _, err := pc.AddTrack(track); err != nil {
			t.Fatal(err)
		}
	}
	status, body, _, err := l.ask(http.DefaultClient, "POST", "/rtc-api/conferences/publishStream", h.token, wire.PublishStream{ConferenceID: l.id,
		UserEndpointID: h.endpoint, StreamID: stream, ConferenceStreamType: wire.StreamMicAndCam, SDPOffer: p.offer(pc)})
	if err != nil {
		t.Fatal(err)
	}
	if status != http.StatusOK {
		return status
	}
	var published wire.PublishedStream
	if err := json.Unmarshal(body, &published); err != nil {
		t.Fatal(err)
	}
	p.accept(pc, published.SDPAnswer)
	done := make(chan struct{})
	p.done = append(p.done, done)
	go func() {
		defer close(done)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		frame := []byte{0x10, 0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00, 1, 2, 3} // a key frame of VP8
		for n := uint16(0); ; n++ {
			select {
			case <-p.stop:
				return
			case <-tick.C:
				// Before the connection is up, pion drops what is written.
				_ = audio.WriteRTP(&rtp.Packet{Header: rtp.Header{Version: 2, Marker: true, SequenceNumber: n, Timestamp: uint32(n) * 480}, Payload: []byte{0xfc, 1, 2}})
				_ = video.WriteRTP(&rtp.Packet{Header: rtp.Header{Version: 2, Marker: true, SequenceNumber: n, Timestamp: uint32(n) * 900}, Payload: frame})
			}
		}
	}()
	return status
}

// arriving is what comes of a stream at a viewer, and whether it may.
type arriving struct {
	what         string
	packets      [2]chan struct{} // of sound and picture
	audio, video bool
}

// views begins to receive a stream.
func (p *peers) views(l *lobby, h holder, stream wire.StreamID, what string, audio, video bool) *arriving {
	p.t.Helper()
	pc := p.connection()
	a := &arriving{what, [2]chan struct{}{make(chan struct{}, 1<<14), make(chan struct{}, 1<<14)}, audio, video}
	pc.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		into := a.packets[0]
		if track.Kind() == webrtc.RTPCodecTypeVideo {
			into = a.packets[1]
		}
		for {
			if _, _, err := track.ReadRTP(); err != nil {
				return
			}
			into <- struct{}{}
		}
	})
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
		if _, err := pc.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
			p.t.Fatal(err)
		}
	}
	var viewed wire.ViewedStream
	if err := l.as(h.token, 200, "viewStream", wire.ViewStream{ConferenceID: l.id, UserEndpointID: h.endpoint, StreamID: stream, ViewerID: wire.NewID(),
		SDPOffer: p.offer(pc)}, &viewed); err != nil {
		p.t.Fatalf("%s: %v", what, err)
	}
	p.accept(pc, viewed.SDPAnswer)
	return a
}

// passes waits for so many packets of both kinds.
func (a *arriving) passes(t testing.TB, n int) {
	t.Helper()
	for range n {
		for _, c := range a.packets {
			select {
			case <-c:
			case <-time.After(hang):
				t.Fatalf("%s: nothing comes", a.what)
			}
		}
	}
}

func (a *arriving) drain() (n [2]int) {
	for i, c := range a.packets {
		for len(c) > 0 {
			<-c
			n[i]++
		}
	}
	return n
}

// measure has the sitters publish and view again after a restart, and counts what
// comes of them and at them while packets pass between two whom nothing binds.
func (l *lobby) measure(t *testing.T) {
	t.Helper()
	p := &peers{t: t, stop: make(chan struct{})}
	defer p.close()
	staff := holder{l.hall.token, l.observers[1].endpoint}
	clock := wire.StreamID("clock-" + wire.NewID())
	if status := p.sends(l, l.chair, clock); status != http.StatusOK {
		t.Fatalf("the chair publishes: %d", status)
	}
	free := p.views(l, staff, clock, "what nothing binds", true, true)
	var all []*arriving
	for _, s := range l.sitters {
		if !s.sure.in || len(all) >= 6 {
			continue
		}
		stream := wire.StreamID(s.name + "-" + wire.NewID())
		want := http.StatusOK
		if s.sure.role == wire.JoinAsAudience {
			want = http.StatusForbidden
		}
		if status := p.sends(l, s.holder, stream); status != want {
			l.errorf("%s, %s, publishes: %d", s.name, s.sure.role, status)
		} else if want == http.StatusOK {
			all = append(all, p.views(l, staff, stream, "of "+s.name, !s.sure.audioMuted, !s.sure.videoMuted))
		}
		all = append(all, p.views(l, s.holder, clock, "at "+s.name, !s.sure.deaf && s.sure.allowed != wire.MediaVideoOnly, s.sure.allowed != wire.MediaAudioOnly))
	}
	free.passes(t, 60) // whatever may pass has begun to, or begins below
	for _, a := range all {
		a.drain()
	}
	free.passes(t, 50)
	for _, a := range all {
		l.measured++
		for i, may := range []bool{a.audio, a.video} {
			kind := []string{"sound", "picture"}[i]
			if may {
				select {
				case <-a.packets[i]:
				case <-time.After(hang):
					l.errorf("%s: no %s comes", a.what, kind)
				}
			} else if n := len(a.packets[i]); n > 0 {
				l.errorf("%s: %d packets of %s", a.what, n, kind)
			}
		}
	}
}
