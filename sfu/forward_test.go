package sfu

import (
	"bytes"
	"testing"

	"github.com/pion/webrtc/v4"
)

var (
	stream1 = StreamKey{"conference", "stream"}
	viewer1 = ViewerKey{"conference", "stream", "viewer"}
)

func TestForwardVideoAndAudio(t *testing.T) {
	s := newSFU(t)
	p := publish(t, s, stream1, clientOptions{nack: true}, webrtc.MimeTypeVP8, webrtc.MimeTypeOpus)
	v := view(t, s, viewer1, clientOptions{nack: true}, kindAudio, kindVideo)
	wait(t, v.up, "viewer connected")
	p.start(t)
	first := wait(t, v.video, "video")
	if !vp8KeyFrame(first.Payload) {
		t.Error("the first packet is not the start of a key frame")
	}
	last := first
	for range 30 {
		next := wait(t, v.video, "video")
		n := markOf(next.Payload)
		if n != markOf(last.Payload)+1 || next.SequenceNumber != last.SequenceNumber+1 {
			t.Fatalf("packet %d follows %d, sequence %d follows %d", n, markOf(last.Payload), next.SequenceNumber, last.SequenceNumber)
		}
		if want := vp8(false, n%3 == 0, n); !bytes.Equal(want[5:], next.Payload[5:]) {
			t.Fatalf("packet %d changed on its way", n)
		}
		if wantMarker := n%3 == 2; next.Marker != wantMarker {
			t.Fatalf("packet %d has marker %v", n, next.Marker)
		}
		last = next
	}
	for n := uint32(0); len(v.audio) < 5 && n < 2000; n++ {
		p.audio.send(uint16(n), n*960, false, mark([]byte{0xfc}, n))
		<-v.video // paced by the camera
	}
	if a := wait(t, v.audio, "audio"); a.Payload[0] != 0xfc {
		t.Error("audio changed on its way")
	}
	if st := s.Stats(); st.Streams != 1 || st.Viewers != 1 || st.PacketsIn == 0 || st.PacketsOut == 0 {
		t.Errorf("stats %+v", st)
	}
}
