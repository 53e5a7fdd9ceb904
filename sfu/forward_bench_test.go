package sfu

import (
	"fmt"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// BenchmarkForward measures one packet from the publisher to each viewer:
// "translate" without encryption and socket, "loopback" with them (and with the
// clients that receive, on the same processors). ns/packet is for each packet
// that leaves; allocations are for each that comes in.
func BenchmarkForward(b *testing.B) {
	for _, viewers := range []int{1, 10, 50} {
		b.Run(fmt.Sprintf("translate/%d", viewers), func(b *testing.B) {
			var count counters
			t := newTrack(codec{kindVideo, mimeVP8, 90000, 0, ""}, &count, func() {})
			for range viewers {
				o := newOutlet(t, "stream", "video")
				o.writer = nowhereWriter{}
				o.begin(firstNumber)
				t.live = append(t.live, o)
			}
			forwardAll(b, t, viewers)
		})
		b.Run(fmt.Sprintf("loopback/%d", viewers), func(b *testing.B) {
			s := newSFU(b)
			p := publish(b, s, stream1, clientOptions{}, webrtc.MimeTypeVP8)
			p.video.frame(true)
			for i := range viewers {
				v := prepare(b, clientOptions{}, kindVideo)
				v.pc.OnTrack(func(r *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
					buf := make([]byte, 1600)
					for {
						if _, _, err := r.Read(buf); err != nil {
							return
						}
					}
				})
				answer, err := s.View(b.Context(), ViewerKey{"conference", "stream", fmt.Sprint(i)}, receiver, offerOf(b, v.pc))
				if err != nil {
					b.Fatal(err)
				}
				accept(b, v.pc, answer)
			}
			t := s.track(stream1, 0)
			until(b, "the viewers", func() bool {
				t.mu.Lock()
				defer t.mu.Unlock()
				return len(t.live) == viewers
			})
			forwardAll(b, t, viewers)
		})
	}
}

// forwardAll feeds b.N packets to a track.
func forwardAll(b *testing.B, t *track, viewers int) {
	raw, err := (&rtp.Packet{Header: rtp.Header{Version: 2, SSRC: 7}, Payload: make([]byte, 1100)}).Marshal()
	if err != nil {
		b.Fatal(err)
	}
	next, now := newPacket(), time.Now()
	feed := func(i int) {
		copy(next.buf, raw)
		next.buf[2], next.buf[3] = byte(i>>8), byte(i)
		next.buf[12] = 0x11 // not the start of a frame
		next = t.receive(next, len(raw), 0, now)
	}
	for i := range videoHistory + 1 { // so that its packets have been made
		feed(i)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		feed(videoHistory + 1 + i)
	}
	b.StopTimer()
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*viewers), "ns/packet")
}

type nowhereWriter struct{}

func (nowhereWriter) WriteRTP(_ *rtp.Header, p []byte) (int, error) { return len(p), nil }
func (nowhereWriter) Write(b []byte) (int, error)                   { return len(b), nil }
