package sfu

import (
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
)

// The publisher reports that two timestamps are of one moment; the viewer's
// reports must say the same of what it is sent.
func TestSenderReportsReachTheViewer(t *testing.T) {
	s := newSFU(t)
	p := publish(t, s, stream1, clientOptions{}, webrtc.MimeTypeVP8, webrtc.MimeTypeOpus)
	v := prepare(t, clientOptions{}, kindVideo, kindAudio)
	reports := make(chan *rtcp.SenderReport, 64)
	names := make(chan *rtcp.SourceDescription, 64)
	for _, tr := range v.pc.GetTransceivers() {
		go func() {
			for {
				list, _, err := tr.Receiver().ReadRTCP()
				if err != nil {
					return
				}
				for _, packet := range list {
					switch packet := packet.(type) {
					case *rtcp.SenderReport:
						reports <- packet
					case *rtcp.SourceDescription:
						names <- packet
					}
				}
			}
		}()
	}
	answer, err := s.View(t.Context(), viewer1, receiver, offerOf(t, v.pc))
	if err != nil {
		t.Fatal(err)
	}
	accept(t, v.pc, answer)
	wait(t, v.up, "viewer connected")
	until(t, "the viewer to play", func() bool {
		tr := s.track(stream1, 1)
		tr.mu.Lock()
		defer tr.mu.Unlock()
		return len(tr.live) == 1
	})
	const videoTime, audioTime = 700_000, 4_000_000_000
	p.video.send(1, videoTime, true, vp8(true, true, 1))
	p.audio.send(1, audioTime, false, mark(nil, 1))
	video, audio := wait(t, v.video, "video"), wait(t, v.audio, "audio")

	// One moment, by a clock that is hours off.
	moment := toNTP(time.Now().Add(-5 * time.Hour))
	err = p.pc.WriteRTCP([]rtcp.Packet{
		&rtcp.SenderReport{SSRC: p.video.ssrc, NTPTime: moment, RTPTime: videoTime},
	})
	if err == nil {
		err = p.pc.WriteRTCP([]rtcp.Packet{&rtcp.SenderReport{SSRC: p.audio.ssrc, NTPTime: moment, RTPTime: audioTime}})
	}
	if err != nil {
		t.Fatal(err)
	}
	got := map[uint32]*rtcp.SenderReport{}
	for got[video.SSRC] == nil || got[audio.SSRC] == nil {
		r := wait(t, reports, "sender reports")
		got[r.SSRC] = r
	}
	// When, by the reports, are the two packets?
	at := func(ssrc, ts uint32, clock int64) time.Time {
		r := got[ssrc]
		behind := int64(int32(r.RTPTime - ts))
		return fromNTP(r.NTPTime).Add(-time.Duration(behind * int64(time.Second) / clock))
	}
	a, b := at(video.SSRC, video.Timestamp, 90_000), at(audio.SSRC, audio.Timestamp, 48_000)
	if d := a.Sub(b).Abs(); d > 5*time.Millisecond {
		t.Errorf("audio and video of one moment are %v apart", d)
	}
	if d := time.Since(a).Abs(); d > hang {
		t.Errorf("reports are by another clock than ours: off by %v", d)
	}
	if r := got[video.SSRC]; r.PacketCount != 1 || r.OctetCount != uint32(len(video.Payload)) {
		t.Errorf("%d packets, %d octets", r.PacketCount, r.OctetCount)
	}
	first := wait(t, names, "CNAME").Chunks[0].Items[0]
	if first.Type != rtcp.SDESCNAME || !strings.Contains(answer, "cname:"+first.Text) {
		t.Errorf("CNAME %q is not that of the answer", first.Text)
	}
}

// The viewer's receiver reports end up in its statistics.
func TestViewerReportsAreKept(t *testing.T) {
	s := newSFU(t)
	p := publish(t, s, stream1, clientOptions{}, webrtc.MimeTypeVP8)
	p.start(t)
	v := view(t, s, viewer1, clientOptions{}, kindVideo)
	first := wait(t, v.video, "video")
	lastReport := uint32(toNTP(time.Now().Add(-100*time.Millisecond)) >> 16)
	err := v.pc.WriteRTCP([]rtcp.Packet{&rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{
		{SSRC: first.SSRC, FractionLost: 64, TotalLost: 0xffffff, Jitter: 900, LastSenderReport: lastReport},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	var got TrackStats
	until(t, "the report", func() bool {
		list, err := s.ViewerStats(viewer1)
		if err != nil {
			t.Fatal(err)
		}
		got = list[0]
		return got.FractionLost != 0
	})
	if got.FractionLost != 0.25 || got.PacketsLost != -1 || got.Jitter != 10*time.Millisecond {
		t.Errorf("%+v", got)
	}
	if got.RoundTrip < 99*time.Millisecond || got.RoundTrip > hang {
		t.Errorf("round trip %v", got.RoundTrip)
	}
}

func TestAudioLevelIsForwarded(t *testing.T) {
	level := func(se *webrtc.MediaEngine) {
		if err := se.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: audioLevelURI}, kindAudio); err != nil {
			t.Fatal(err)
		}
	}
	s := newSFU(t)
	p := publish(t, s, stream1, clientOptions{media: level}, webrtc.MimeTypeOpus)
	with := view(t, s, viewer1, clientOptions{media: level}, kindAudio)
	without := view(t, s, ViewerKey{"conference", "stream", "plain"}, clientOptions{}, kindAudio)
	until(t, "both to play", func() bool {
		tr := s.track(stream1, 0)
		tr.mu.Lock()
		defer tr.mu.Unlock()
		return len(tr.live) == 2
	})
	id := uint8(p.senders[0].GetParameters().HeaderExtensions[0].ID)
	p.audio.sendLevel(1, 960, id, 0x85, mark(nil, 1))
	p.audio.sendLevel(2, 1920, 0, 0, mark(nil, 2))
	for _, v := range []*viewing{with, without} {
		first, second := wait(t, v.audio, "audio"), wait(t, v.audio, "audio")
		var want []byte
		if v == with {
			want = []byte{0x85}
		}
		ids := first.GetExtensionIDs()
		if (len(ids) == 1) != (v == with) || v == with && string(first.GetExtension(ids[0])) != string(want) {
			t.Errorf("extensions %v", ids)
		}
		if second.Extension {
			t.Error("a level that nobody sent")
		}
	}
}
