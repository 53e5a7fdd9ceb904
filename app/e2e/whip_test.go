package e2e

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"guichet/media/capture/pattern"
	"guichet/media/codec"

	"github.com/pion/rtcp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
	"github.com/pion/webrtc/v4/pkg/media/samplebuilder"
)

// whipPeer posts an offer with all its candidates, as WHIP and WHEP clients do,
// and returns the connection.
func whipPeer(t *testing.T, r rest, path string, prepare func(*webrtc.PeerConnection)) *webrtc.PeerConnection {
	t.Helper()
	s := webrtc.SettingEngine{}
	s.SetIncludeLoopbackCandidate(true)
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(s)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pc.Close(); err != nil {
			t.Error(err)
		}
	})
	prepare(pc)
	gathered := webrtc.GatheringCompletePromise(pc)
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := pc.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	<-gathered
	request, err := http.NewRequest("POST", r.url+path, strings.NewReader(pc.LocalDescription().SDP))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+r.token)
	request.Header.Set("Content-Type", "application/sdp")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusCreated {
		t.Fatalf("POST %s: status %d, %v: %s", path, response.StatusCode, err, answer)
	}
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: string(answer)}); err != nil {
		t.Fatal(err)
	}
	return pc
}

// sendPattern publishes the moving pattern of an id over WHIP, with a key frame
// when it is asked for one and at no other time, until the test ends.
func sendPattern(t *testing.T, r rest, conference string, id uint8) {
	t.Helper()
	track, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000}, "video", "whip")
	if err != nil {
		t.Fatal(err)
	}
	wanted := make(chan struct{}, 1)
	whipPeer(t, r, "/whip/"+conference, func(pc *webrtc.PeerConnection) {
		sender, err := pc.AddTrack(track)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			for {
				packets, _, err := sender.ReadRTCP()
				if err != nil {
					return
				}
				for _, p := range packets {
					if _, ok := p.(*rtcp.PictureLossIndication); ok {
						select {
						case wanted <- struct{}{}:
						default:
						}
					}
				}
			}
		}()
	})
	encoder, err := codec.NewVP8Encoder(codec.VP8Config{Bitrate: 500_000, FrameRate: 15})
	if err != nil {
		t.Fatal(err)
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(stop); <-stopped; encoder.Close() })
	go func() {
		defer close(stopped)
		const interval = time.Second / 15
		tick := time.NewTicker(interval)
		defer tick.Stop()
		picture := pattern.New(640, 360)
		for n := 0; ; n++ {
			key := n == 0
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			select {
			case <-wanted:
				key = true
			default:
			}
			pattern.Draw(picture, id, uint16(n))
			packet, err := encoder.Encode(picture, time.Duration(n)*interval, key)
			if err != nil {
				t.Error(err)
				return
			}
			if len(packet.Data) > 0 {
				// What is written before the connection is up is dropped.
				_ = track.WriteSample(media.Sample{Data: packet.Data, Duration: interval})
			}
		}
	}()
}

// watchPattern views a stream over WHEP and returns when it has decoded two
// different frames of the pattern, the first of them a key frame.
func watchPattern(t *testing.T, r rest, conference, stream string, id uint8) {
	t.Helper()
	path := "/whep/" + conference
	if stream != "" {
		path += "?stream=" + stream
	}
	done := make(chan struct{})
	whipPeer(t, r, path, func(pc *webrtc.PeerConnection) {
		if _, err := pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
			t.Fatal(err)
		}
		pc.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
			decoder, err := codec.NewVP8Decoder()
			if err != nil {
				t.Error(err)
				return
			}
			defer decoder.Close()
			frames := samplebuilder.New(100, &codecs.VP8Packet{}, 90000)
			seen := map[uint16]bool{}
			first := true
			for {
				p, _, err := track.ReadRTP()
				if err != nil {
					return
				}
				frames.Push(p)
				for s := frames.Pop(); s != nil; s = frames.Pop() {
					if _, _, key := codec.VP8Header(s.Data); first && !key {
						t.Error("the first frame is no key frame")
					}
					first = false
					img, err := decoder.Decode(s.Data)
					if err != nil || img == nil {
						continue
					}
					if code, ok := pattern.Read(img); ok && code.ID == id && len(seen) < 2 {
						if seen[code.Counter] = true; len(seen) == 2 {
							close(done)
						}
					}
				}
			}
		})
	})
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("the viewer of %s does not see pattern %d moving", path, id)
	}
}
