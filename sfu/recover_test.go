package sfu

import (
	"context"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// lossy drops the first copy of every fifth packet on its way to a client.
type lossy struct{ interceptor.NoOp }

func (l *lossy) NewInterceptor(string) (interceptor.Interceptor, error) { return l, nil }

func (l *lossy) BindRemoteStream(info *interceptor.StreamInfo, r interceptor.RTPReader) interceptor.RTPReader {
	if info.MimeType != webrtc.MimeTypeVP8 {
		return r
	}
	seen := map[uint16]bool{}
	var mu sync.Mutex
	return interceptor.RTPReaderFunc(func(b []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
		for {
			n, attributes, err := r.Read(b, a)
			if err != nil || n < 4 {
				return n, attributes, err
			}
			seq := uint16(b[2])<<8 | uint16(b[3])
			mu.Lock()
			drop := !seen[seq] && seq%5 == 0
			seen[seq] = true
			mu.Unlock()
			if !drop {
				return n, attributes, err
			}
		}
	})
}

func TestLossIsRepaired(t *testing.T) {
	for name, codecs := range map[string][]webrtc.RTPCodecParameters{
		"by retransmission stream": {codecVP8, codecVP8RTX},
		"in the same stream":       {codecVP8},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSFU(t)
			p := publish(t, s, stream1, clientOptions{nack: true}, webrtc.MimeTypeVP8)
			p.start(t)
			v := view(t, s, viewer1, clientOptions{
				codecs: codecs, nack: true, inbound: &lossy{},
				// The packets are dropped behind the replay check.
				setting: func(s *webrtc.SettingEngine) { s.DisableSRTPReplayProtection(true) },
			}, kindVideo)
			first := markOf(wait(t, v.video, "video").Payload)
			const packets = 200
			missing := map[uint32]bool{}
			for n := range uint32(packets) {
				missing[first+n] = true
			}
			delete(missing, first)
			deadline := time.After(hang)
			for len(missing) > 0 {
				select {
				case got := <-v.video:
					delete(missing, markOf(got.Payload))
				case <-deadline:
					t.Fatalf("%d of %d packets never came: %v", len(missing), packets, s.Stats())
				}
			}
			st := s.Stats()
			if st.NACKs == 0 || st.Retransmissions < packets/5-1 {
				t.Errorf("stats %+v", st)
			}
			list, err := s.ViewerStats(viewer1)
			if err != nil || len(list) != 1 || list[0].Retransmissions == 0 || list[0].Kind != "video" {
				t.Errorf("viewer stats %+v %v", list, err)
			}
		})
	}
}

func TestFloodOfNACKsIsNoAmplifier(t *testing.T) {
	s := newSFU(t)
	p := publish(t, s, stream1, clientOptions{}, webrtc.MimeTypeVP8)
	p.start(t)
	v := view(t, s, viewer1, clientOptions{}, kindVideo)
	first := wait(t, v.video, "video")
	pairs := make([]rtcp.NackPair, 100)
	for i := range pairs {
		pairs[i] = rtcp.NackPair{PacketID: first.SequenceNumber, LostPackets: 0xffff}
	}
	flood := []rtcp.Packet{&rtcp.TransportLayerNack{MediaSSRC: first.SSRC, Nacks: pairs}}
	const rounds = 20
	for range rounds {
		if err := v.pc.WriteRTCP(flood); err != nil {
			t.Fatal(err)
		}
		wait(t, v.video, "video")
	}
	until(t, "the flood to arrive", func() bool { return s.Stats().NACKs >= rounds*1700/2 })
	st := s.Stats()
	if limit := resendStart + st.PacketsOut/2; st.Retransmissions > limit {
		t.Errorf("%d packets sent again for %d sent", st.Retransmissions, st.PacketsOut)
	}
}

// until polls, as the counters have no event of their own.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(hang)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func TestLateViewerStartsWithTheLastKeyFrame(t *testing.T) {
	s := newSFU(t)
	p := publish(t, s, stream1, clientOptions{}, webrtc.MimeTypeVP8)
	p.video.frame(true) // one key frame and its group, and then silence
	for range 20 {
		p.video.frame(false)
	}
	const total = 21 * 3
	until(t, "the group", func() bool { return s.Stats().PacketsIn == total })
	asked := time.Now()
	v := view(t, s, viewer1, clientOptions{}, kindVideo)
	first := wait(t, v.video, "a key frame from the history")
	t.Logf("key frame after %v", time.Since(asked))
	last := first
	for n := range uint32(total) {
		if n > 0 {
			last = wait(t, v.video, "the group")
		}
		if markOf(last.Payload) != n || last.SequenceNumber != first.SequenceNumber+uint16(n) {
			t.Fatalf("packet %d came as %d, sequence %d after %d", n, markOf(last.Payload), last.SequenceNumber, first.SequenceNumber)
		}
	}
	if len(p.video.asked) != 0 {
		t.Error("the publisher was asked for a key frame")
	}
	p.video.frame(false)
	if next := wait(t, v.video, "what followed"); next.SequenceNumber != last.SequenceNumber+1 {
		t.Error("a gap between the history and what followed")
	}
}

func TestViewerOfALongGroupGetsANewKeyFrame(t *testing.T) {
	s := newSFU(t)
	p := publish(t, s, stream1, clientOptions{}, webrtc.MimeTypeVP8)
	p.video.frame(true)
	for n := 1; n < groupPackets; n++ {
		p.video.frame(false)
	}
	until(t, "the group", func() bool { return s.Stats().PacketsIn >= 2*groupPackets })
	v := view(t, s, viewer1, clientOptions{}, kindVideo)
	wait(t, p.video.asked, "a request for a key frame")
	wait(t, v.up, "viewer connected")
	until(t, "the viewer to wait", func() bool {
		tr := s.track(stream1, 0)
		tr.mu.Lock()
		defer tr.mu.Unlock()
		return tr.waiting == 1
	})
	before := p.video.n
	p.video.frame(true)
	first := wait(t, v.video, "video")
	if !vp8KeyFrame(first.Payload) || markOf(first.Payload) != before {
		t.Error("it does not start with the new key frame")
	}
}

func (s *SFU) track(key StreamKey, i int) *track {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.streams[key].tracks[i]
}

func TestKeyFrameRequestsReachThePublisherWithAFloor(t *testing.T) {
	s := newSFU(t)
	p := publish(t, s, stream1, clientOptions{}, webrtc.MimeTypeVP8)
	p.video.frame(true) // and no other: nothing answers the requests
	v := view(t, s, viewer1, clientOptions{}, kindVideo)
	first := wait(t, v.video, "video")
	requests := []rtcp.Packet{
		&rtcp.PictureLossIndication{MediaSSRC: first.SSRC},
		&rtcp.FullIntraRequest{MediaSSRC: first.SSRC, FIR: []rtcp.FIREntry{{SSRC: first.SSRC}}},
	}
	for i := range 40 {
		if err := v.pc.WriteRTCP(requests[i%2 : i%2+1]); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "all requests to arrive", func() bool { return s.Stats().KeyRequests == 40 })
	before := wait(t, p.video.asked, "the first request upstream")
	for range 2 { // each request that comes too early is kept for later
		if err := v.pc.WriteRTCP(requests[:1]); err != nil {
			t.Fatal(err)
		}
		next := wait(t, p.video.asked, "the pending request")
		if gap := next.Sub(before); gap < keyRequestFloor-50*time.Millisecond {
			t.Errorf("%v between two requests", gap)
		}
		before = next
	}
	if n := s.Stats().KeyRequestsSent; n > 5 {
		t.Errorf("%d requests upstream", n)
	}
}

func TestViewersSeeARestartedPublisherGoOn(t *testing.T) {
	withoutSources := func(f func(context.Context, StreamKey, string) (string, error)) func(context.Context, StreamKey, string) (string, error) {
		return func(ctx context.Context, k StreamKey, offer string) (string, error) {
			return f(ctx, k, regexp.MustCompile(`(?m)^a=ssrc.*\r\n`).ReplaceAllString(offer, ""))
		}
	}
	s := newSFU(t)
	p := publishBy(t, withoutSources(s.publishAs(sender)), stream1, clientOptions{}, webrtc.MimeTypeVP8)
	v := view(t, s, viewer1, clientOptions{}, kindVideo)
	wait(t, v.up, "viewer connected")
	p.video.frame(true)
	var last *rtp.Packet
	for range 3 {
		last = wait(t, v.video, "video")
	}
	check := func(what string) {
		t.Helper()
		for i := range 3 {
			next := wait(t, v.video, what)
			if next.SequenceNumber != last.SequenceNumber+1 || next.SSRC != last.SSRC {
				t.Fatalf("%s: sequence %d follows %d", what, next.SequenceNumber, last.SequenceNumber)
			}
			if step := next.Timestamp - last.Timestamp; i == 0 && (step == 0 || step > 90000*60) {
				t.Fatalf("%s: time moves by %d", what, int32(step))
			}
			last = next
		}
	}
	p.video.seq, p.video.ts = p.video.seq+20000, 12345
	p.video.frame(true)
	check("a jump of the same source")

	other := p.video.ssrc + 1
	for i := range uint16(3) {
		p.video.sendAs(other, 700+i, 99, i == 2, vp8(true, i == 0, 1000+uint32(i)))
	}
	check("a new source in the same connection")

	q := publishBy(t, withoutSources(s.Republish), stream1, clientOptions{}, webrtc.MimeTypeVP8)
	q.video.frame(true)
	check("a new connection")
	if st := s.Stats(); st.Streams != 1 || st.Viewers != 1 {
		t.Errorf("stats %+v", st)
	}
}
