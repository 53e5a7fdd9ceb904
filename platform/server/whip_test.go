package server

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"guichet/platform/wire"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// peer is a standard WHIP or WHEP client made of pion.
type peer struct {
	*webrtc.PeerConnection
	t        *testing.T
	caller   caller
	location string
}

func newPeer(t *testing.T, c caller) *peer {
	t.Helper()
	s := webrtc.SettingEngine{}
	s.SetIncludeLoopbackCandidate(true)
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(s)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{PeerConnection: pc, t: t, caller: c}
	t.Cleanup(func() {
		if err := pc.GracefulClose(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// negotiate posts the offer without candidates and trickles them by PATCH.
func (p *peer) negotiate(path string) answer {
	p.t.Helper()
	var mu sync.Mutex
	var fragment strings.Builder
	gathered := make(chan struct{})
	p.OnICECandidate(func(c *webrtc.ICECandidate) {
		mu.Lock()
		defer mu.Unlock()
		if c == nil {
			fragment.WriteString("a=end-of-candidates\r\n")
			close(gathered)
			return
		}
		fragment.WriteString("a=" + c.ToJSON().Candidate + "\r\n")
	})
	offer, err := p.CreateOffer(nil)
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.SetLocalDescription(offer); err != nil {
		p.t.Fatal(err)
	}
	a := p.caller.send("POST", path, "application/sdp", []byte(offer.SDP))
	if a.status != http.StatusCreated {
		return a
	}
	p.location = a.header.Get("Location")
	if err := p.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: string(a.body)}); err != nil {
		p.t.Fatal(err)
	}
	<-gathered
	mu.Lock()
	defer mu.Unlock()
	body := "m=video 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n" + fragment.String()
	if patch := p.caller.send("PATCH", p.location, "application/trickle-ice-sdpfrag", []byte(body)); patch.status != http.StatusNoContent {
		p.t.Fatalf("PATCH: status %d: %s", patch.status, patch.body)
	}
	return a
}

// publish sends VP8-shaped key frames, 30 a second, until the peer is closed.
func publish(t *testing.T, c caller, conference string) *peer {
	t.Helper()
	return film(t, c, conference, append([]byte{0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00}, "frame of the WHIP test"...))
}

// film sends one key frame, 30 times a second, until the peer is closed.
func film(t *testing.T, c caller, conference string, frame []byte) *peer {
	t.Helper()
	p := newPeer(t, c)
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000}, "video", "s")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.AddTrack(track); err != nil {
		t.Fatal(err)
	}
	if a := p.negotiate("/whip/" + conference); a.status != http.StatusCreated {
		t.Fatalf("WHIP: status %d: %s", a.status, a.body)
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(33 * time.Millisecond)
		defer tick.Stop()
		// One packet per frame: payload descriptor with S=1, then the key frame.
		payload := append([]byte{0x10}, frame...)
		for n := uint16(0); ; n++ {
			select {
			case <-stop:
				return
			case <-tick.C:
				// Writing before the connection is up is dropped by pion.
				_ = track.WriteRTP(&rtp.Packet{Header: rtp.Header{Version: 2, Marker: true, SequenceNumber: n, Timestamp: uint32(n) * 3000}, Payload: payload})
			}
		}
	}()
	t.Cleanup(func() { close(stop); <-stopped })
	return p
}

func TestWHIPAndWHEP(t *testing.T) {
	r := serve(t, nil)
	service := r.application("test", "secret")
	publisher := publish(t, service, "studio") // a conference made on demand

	viewer := newPeer(t, service)
	if _, err := viewer.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
		t.Fatal(err)
	}
	got := make(chan []byte, 1)
	viewer.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		p, _, err := track.ReadRTP()
		if err == nil {
			got <- p.Payload
		}
	})
	a := viewer.negotiate("/whep/studio")
	if a.status != http.StatusCreated || a.header.Get("Content-Type") != "application/sdp" || a.header.Get("ETag") == "" {
		t.Fatalf("WHEP: status %d, header %v: %s", a.status, a.header, a.body)
	}
	if links := a.header.Values("Link"); len(links) < 2 || !strings.Contains(links[0], `rel="ice-server"`) {
		t.Errorf("Link: %q", links)
	}
	select {
	case payload := <-got:
		if !strings.Contains(string(payload), "WHIP test") {
			t.Errorf("got payload %q", payload)
		}
	case <-time.After(patience):
		t.Fatal("no packet arrived")
	}
	if s := service.state("studio"); len(s.Participants) != 1 || len(s.Participants[0].Endpoints) != 2 {
		t.Errorf("the conference holds %+v, want the publisher's and the viewer's endpoint", s.Participants)
	}

	other := r.application("CLIENT_ID", "CLIENT_SECRET")
	other.send("DELETE", publisher.location, "", nil).refused("DELETE by somebody else", 403, wire.CodeForbidden)
	service.send("PATCH", publisher.location, "application/trickle-ice-sdpfrag", []byte("hello\r\n")).refused("broken fragment", 400, wire.CodeInvalid)
	service.send("PATCH", publisher.location, "text/plain", nil).refused("PATCH of text", 415, wire.CodeMediaType)
	for _, p := range []*peer{viewer, publisher} {
		if a := service.send("DELETE", p.location, "", nil); a.status != http.StatusOK {
			t.Errorf("DELETE: status %d: %s", a.status, a.body)
		}
		service.send("DELETE", p.location, "", nil).refused("second DELETE", 404, wire.CodeNotFound)
	}
	if s := service.state("studio"); len(s.Participants) != 0 {
		t.Errorf("after both left: %+v", s.Participants)
	}
}
