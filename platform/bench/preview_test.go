//go:build figures

package bench

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// A publisher's frames as a camera of 720p makes them, in packets.
const (
	packetSize  = 1100
	keyPackets  = 28 // 30 KB
	restPackets = 2
)

// TestFiguresOfPreviews measures what it costs the program, and each publisher,
// that somebody looks at a room's preview every second, beside the same room that
// nobody looks at.
func TestFiguresOfPreviews(t *testing.T) {
	const each = 15 * time.Second
	for _, publishers := range []int{1, 4, 9} {
		g := startGuichet(t, "ES256")
		room := fmt.Sprint("stage-", publishers)
		senders := make([]*sender, publishers)
		var guest caller
		for i := range senders {
			guest = g.guest(t, room)
			senders[i] = film(t, guest, room)
		}
		keys := func() (n int64) {
			for _, s := range senders {
				n += s.keys.Load()
			}
			return n
		}
		looks, size, took := 0, 0, []float64{}
		measure := func(look bool) (cpu time.Duration, asked int64) {
			usedBefore, keysBefore := g.cpu(), keys()
			end, tick := time.After(each), time.NewTicker(time.Second)
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
					if look {
						from := time.Now()
						size = guest.look(t, room)
						took = append(took, time.Since(from).Seconds()*1000)
						looks++
					}
				case <-end:
					return g.cpu() - usedBefore, keys() - keysBefore
				}
			}
		}
		quiet, unasked := measure(false)
		busy, asked := measure(true)
		_, middle, longest := spread(took)
		minutes := each.Minutes() * float64(publishers)
		figure(t, fmt.Sprintf("preview of a room with %d publishers", publishers), "per look and publisher as named", map[string]float64{
			"looks":                               float64(looks),
			"CPU us per look":                     float64((busy - quiet).Microseconds()) / float64(looks),
			"CPU share of a core, looked at":      busy.Seconds() / each.Seconds(),
			"CPU share of a core, not looked at":  quiet.Seconds() / each.Seconds(),
			"key frames per publisher and minute": float64(asked) / minutes,
			"key frames unasked":                  float64(unasked),
			"KiB/s more of each publisher":        float64(asked) * (keyPackets - restPackets) * packetSize / 1024 / each.Seconds() / float64(publishers),
			"KiB of the picture":                  float64(size) / 1024,
			"p50 ms":                              middle, "max ms": longest,
		})
	}
}

// guest is the holder of a token for a room with previews.
func (g guichet) guest(t *testing.T, room string) caller {
	t.Helper()
	c := g.caller(t)
	var v struct{ Token string }
	if err := c.post("/api/video/room_tokens", map[string]any{"room_name": room, "enable_room_previews": true}, &v); err != nil {
		t.Fatal(err)
	}
	return caller{c.url, v.Token}
}

// look reads a room's preview and returns its size.
func (c caller) look(t *testing.T, room string) int {
	t.Helper()
	r, err := http.NewRequest("GET", c.url+"/previews/"+room, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	if err != nil || a.StatusCode != http.StatusOK || !bytes.HasPrefix(body, []byte("RIFF")) {
		t.Fatalf("preview: status %d, %v", a.StatusCode, err)
	}
	return len(body)
}

// sender is a publisher who makes a key frame when it is asked for one, as
// browsers do.
type sender struct{ keys atomic.Int64 }

// film publishes into a room by WHIP until the test ends.
func film(t *testing.T, c caller, room string) *sender {
	t.Helper()
	s := webrtc.SettingEngine{}
	s.SetIncludeLoopbackCandidate(true)
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(s)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000}, "video", "s")
	if err != nil {
		t.Fatal(err)
	}
	way, err := pc.AddTrack(track)
	if err != nil {
		t.Fatal(err)
	}
	up := make(chan struct{})
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			close(up)
		}
	})
	gathered := webrtc.GatheringCompletePromise(pc)
	offer, err := pc.CreateOffer(nil)
	if err == nil {
		err = pc.SetLocalDescription(offer)
	}
	if err != nil {
		t.Fatal(err)
	}
	<-gathered
	r, err := http.NewRequest("POST", c.url+"/whip/"+room, strings.NewReader(pc.LocalDescription().SDP))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Content-Type", "application/sdp")
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	answer, err := io.ReadAll(a.Body)
	if err != nil || a.StatusCode != http.StatusCreated {
		t.Fatalf("WHIP: status %d, %v: %s", a.StatusCode, err, answer)
	}
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: string(answer)}); err != nil {
		t.Fatal(err)
	}
	<-up
	v, asked, stop, stopped := &sender{}, make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
	go func() {
		for {
			list, _, err := way.ReadRTCP()
			if err != nil {
				return
			}
			for _, p := range list {
				if _, ok := p.(*rtcp.PictureLossIndication); ok {
					select {
					case asked <- struct{}{}:
					default:
					}
				}
			}
		}
	}()
	go func() { defer close(stopped); v.run(track, asked, stop) }()
	t.Cleanup(func() {
		close(stop)
		<-stopped
		if err := pc.Close(); err != nil {
			t.Error(err)
		}
	})
	return v
}

// run sends 30 frames a second, the first one and those that are asked for being
// key frames.
func (s *sender) run(track *webrtc.TrackLocalStaticRTP, asked, stop <-chan struct{}) {
	tick := time.NewTicker(time.Second / 30)
	defer tick.Stop()
	// RFC 6386, section 9.1: a key frame that is shown, with a first partition of
	// 100 bytes, of 1280x720.
	head := []byte{0x90, 0x0c, 0x00, 0x9d, 0x01, 0x2a, 0x00, 0x05, 0xd0, 0x02}
	h := rtp.Header{Version: 2}
	send := func(packets int, first []byte) {
		for i := range packets {
			payload := make([]byte, packetSize)
			if i == 0 {
				payload[0] = 0x10 // RFC 7741, section 4.2: the start of a partition
				copy(payload[1:], first)
			}
			h.Marker = i == packets-1
			_ = track.WriteRTP(&rtp.Packet{Header: h, Payload: payload})
			h.SequenceNumber++
		}
		h.Timestamp += 3000
	}
	send(keyPackets, head)
	for {
		select {
		case <-asked:
			s.keys.Add(1)
			send(keyPackets, head)
		case <-tick.C:
			send(restPackets, []byte{0x01})
		case <-stop:
			return
		}
	}
}
