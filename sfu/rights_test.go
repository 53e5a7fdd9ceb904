package sfu

import (
	"context"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// talk sends a sound every 10 ms until the test ends, at a level.
func (p *publishing) talk(t testing.TB, id, level uint8) {
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for seq := uint16(0); ; seq++ {
			select {
			case <-tick.C:
				p.audio.sendLevel(seq, uint32(seq)*480, id, level, mark([]byte{1}, uint32(seq)))
			case <-stop:
				return
			}
		}
	}()
	t.Cleanup(func() { close(stop); <-done })
}

// expect wants packets of some kinds at a viewer, and none of the others for as
// long as many come to a viewer that may see everything.
func expect(t *testing.T, what string, v, free *viewing, audio, video bool) {
	t.Helper()
	pass := func(n int) {
		for range n {
			wait(t, free.audio, "sound of who may hear everything")
			wait(t, free.video, "picture of who may see everything")
		}
	}
	pass(20) // what was on its way has come
	last(v.audio, nil)
	last(v.video, nil)
	pass(30)
	for kind, one := range map[string]struct {
		c    <-chan *rtp.Packet
		want bool
	}{"sound": {v.audio, audio}, "picture": {v.video, video}} {
		switch {
		case one.want:
			wait(t, one.c, kind+": "+what)
		case len(one.c) > 0:
			t.Errorf("%s comes: %s", kind, what)
		}
	}
}

// settle waits until what was on its way has come.
func settle(t *testing.T, free *viewing) {
	t.Helper()
	last(free.audio, nil)
	for range 30 {
		wait(t, free.audio, "sound of who may hear everything")
	}
}

// last takes what has come, and returns the last of it, or p.
func last(c <-chan *rtp.Packet, p *rtp.Packet) *rtp.Packet {
	for {
		select {
		case p = <-c:
		default:
			return p
		}
	}
}

// TestRightsDecideWhatIsReceived: each right of a receiver, alone, at once and
// for viewers that begin later; another receiver has all of it all the time.
func TestRightsDecideWhatIsReceived(t *testing.T) {
	s := newSFU(t)
	p := publish(t, s, stream1, clientOptions{nack: true}, webrtc.MimeTypeVP8, webrtc.MimeTypeOpus)
	free := view(t, s, ViewerKey{stream1.Conference, stream1.Stream, "free"}, clientOptions{nack: true}, kindAudio, kindVideo)
	wait(t, free.up, "free viewer connected")
	p.start(t)
	p.talk(t, 0, 0)
	join := func(name string) *viewing {
		v := prepare(t, clientOptions{nack: true}, kindAudio, kindVideo)
		answer, err := s.View(t.Context(), ViewerKey{stream1.Conference, stream1.Stream, name}, "bound", offerOf(t, v.pc))
		if err != nil {
			t.Fatal(err)
		}
		accept(t, v.pc, answer)
		wait(t, v.up, "viewer connected")
		return v
	}
	v := join("first")
	for _, step := range []struct {
		name         string
		audio, video bool
	}{
		{"all", true, true}, {"audio alone", true, false}, {"video alone", false, true}, {"nothing", false, false}, {"all again", true, true},
	} {
		r := AllRights
		r.ReceiveAudio, r.ReceiveVideo = step.audio, step.video
		s.Permit(stream1.Conference, "bound", r)
		for name, who := range map[string]*viewing{"viewer": v, "viewer that came after": join(step.name)} {
			expect(t, step.name+", "+name, who, free, step.audio, step.video)
		}
	}
	if len(s.rights) != 0 {
		t.Errorf("rights are kept of who may do everything: %v", s.rights)
	}
	s.Permit(stream1.Conference, "bound", Rights{})
	s.EndConference(stream1.Conference)
	if len(s.rights) != 0 {
		t.Errorf("rights of a conference that has ended: %v", s.rights)
	}
}

// TestRightsDecideWhatIsSent: each right of a sender, alone, at once and for
// streams that begin later; a stream of somebody else goes on all the time.
func TestRightsDecideWhatIsSent(t *testing.T) {
	s := newSFU(t)
	both := []string{webrtc.MimeTypeVP8, webrtc.MimeTypeOpus}
	start := func(owner, name string) *viewing {
		key := StreamKey{stream1.Conference, name}
		p := publishBy(t, func(ctx context.Context, key StreamKey, offer string) (string, error) {
			return s.Publish(ctx, key, owner, offer)
		},
			key, clientOptions{nack: true}, both...)
		v := view(t, s, ViewerKey{key.Conference, key.Stream, "v"}, clientOptions{nack: true}, kindAudio, kindVideo)
		wait(t, v.up, "viewer connected")
		p.start(t)
		p.talk(t, 0, 0)
		return v
	}
	free, v := start("free", "free"), start("bound", "first")
	for _, step := range []struct {
		name         string
		audio, video bool
	}{
		{"all", true, true}, {"audio alone", true, false}, {"video alone", false, true}, {"nothing", false, false}, {"all again", true, true},
	} {
		r := AllRights
		r.SendAudio, r.SendVideo = step.audio, step.video
		s.Permit(stream1.Conference, "bound", r)
		for name, who := range map[string]*viewing{"stream": v, "stream that came after": start("bound", step.name)} {
			expect(t, step.name+", "+name, who, free, step.audio, step.video)
		}
	}
	// A held conference stays held, whatever somebody may do in it, and who may
	// not send stays silent when it goes on.
	s.Permit(stream1.Conference, "bound", Rights{ReceiveAudio: true, ReceiveVideo: true})
	s.Hold(stream1.Conference, true)
	s.Permit(stream1.Conference, "bound", AllRights)
	quiet(t, v)
	s.Permit(stream1.Conference, "bound", Rights{ReceiveAudio: true, ReceiveVideo: true})
	s.Hold(stream1.Conference, false)
	expect(t, "after the hold", v, free, false, false)
}

// TestForbiddenMediaLeavesNoGap: when video comes back it begins with a key
// frame, and its numbers and those of sound follow those of before.
func TestForbiddenMediaLeavesNoGap(t *testing.T) {
	s := newSFU(t)
	p := publish(t, s, stream1, clientOptions{nack: true}, webrtc.MimeTypeVP8, webrtc.MimeTypeOpus)
	free := view(t, s, ViewerKey{stream1.Conference, stream1.Stream, "free"}, clientOptions{nack: true}, kindAudio, kindVideo)
	v := prepare(t, clientOptions{}, kindAudio, kindVideo)
	answer, err := s.View(t.Context(), viewer1, "bound", offerOf(t, v.pc))
	if err != nil {
		t.Fatal(err)
	}
	accept(t, v.pc, answer)
	wait(t, v.up, "viewer connected")
	wait(t, free.up, "free viewer connected")
	p.start(t)
	p.talk(t, 0, 0)
	sound, picture := wait(t, v.audio, "sound"), wait(t, v.video, "picture")
	for range 3 {
		s.Permit(stream1.Conference, "bound", Rights{})
		settle(t, free)
		sound, picture = last(v.audio, sound), last(v.video, picture)
		s.Permit(stream1.Conference, "bound", AllRights)
		for i := range 40 {
			heard, seen := wait(t, v.audio, "sound"), wait(t, v.video, "picture")
			if heard.SequenceNumber != sound.SequenceNumber+1 || seen.SequenceNumber != picture.SequenceNumber+1 {
				t.Fatalf("sound %d follows %d, picture %d follows %d", heard.SequenceNumber, sound.SequenceNumber, seen.SequenceNumber, picture.SequenceNumber)
			}
			if i == 0 && !vp8KeyFrame(seen.Payload) {
				t.Error("the first picture is not the start of a key frame")
			}
			sound, picture = heard, seen
		}
	}
}

// TestNothingForbiddenIsSentAgain: who may not see a stream asks for its packets
// by number, those to come included.
func TestNothingForbiddenIsSentAgain(t *testing.T) {
	s := newSFU(t)
	p := publish(t, s, stream1, clientOptions{nack: true}, webrtc.MimeTypeVP8, webrtc.MimeTypeOpus)
	free := view(t, s, ViewerKey{stream1.Conference, stream1.Stream, "free"}, clientOptions{nack: true}, kindAudio, kindVideo)
	v := prepare(t, clientOptions{codecs: []webrtc.RTPCodecParameters{codecVP8, codecVP8RTX, codecOpus}}, kindAudio, kindVideo)
	answer, err := s.View(t.Context(), viewer1, "bound", offerOf(t, v.pc))
	if err != nil {
		t.Fatal(err)
	}
	accept(t, v.pc, answer)
	wait(t, v.up, "viewer connected")
	wait(t, free.up, "free viewer connected")
	p.start(t)
	p.talk(t, 0, 0)
	seen := wait(t, v.video, "picture")
	s.Permit(stream1.Conference, "bound", Rights{})
	settle(t, free)
	ask := func() {
		for from := seen.SequenceNumber; from != seen.SequenceNumber+17*20; from += 17 {
			nack := &rtcp.TransportLayerNack{MediaSSRC: seen.SSRC, Nacks: []rtcp.NackPair{{PacketID: from, LostPackets: 0xffff}}}
			if err := v.pc.WriteRTCP([]rtcp.Packet{nack, &rtcp.PictureLossIndication{MediaSSRC: seen.SSRC}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	before := s.Stats()
	ask()
	expect(t, "asked for again", v, free, false, false)
	after := s.Stats()
	if after.NACKs == before.NACKs || after.Retransmissions != before.Retransmissions {
		t.Errorf("%d packets were asked for, %d sent again", after.NACKs-before.NACKs, after.Retransmissions-before.Retransmissions)
	}
}

// TestSensitivity: sound below what may be heard of somebody goes nowhere; words
// keep their ends, and nothing is missing afterwards.
func TestSensitivity(t *testing.T) {
	var count counters
	track := newTrack(codec{kindAudio, mimeOpus, 48000, 2, ""}, &count, func() {})
	track.quietest.Store(60)
	now := time.Now()
	var numbers []uint64
	for i, step := range []struct {
		level uint8
		after time.Duration
		heard bool
	}{
		{90, 0, false}, {127, 0, false}, {60, 0, true}, {61, linger / 2, true}, {100, linger, false}, {10, 0, true}, {100, 2 * linger, false}, {0x80 | 30, 0, true},
	} {
		now = now.Add(step.after)
		p := newPacket()
		p.level, p.leveled, p.to = step.level, true, 1
		next, _ := track.file(p, &rtp.Header{SSRC: 1, SequenceNumber: uint16(i), Timestamp: uint32(i) * 960}, track.tooQuiet(p, now), now)
		if heard := next != nil; heard != step.heard {
			t.Errorf("step %d, level %d: heard %t", i, step.level, heard)
		}
		if next != nil {
			numbers = append(numbers, p.number)
		}
	}
	for i, n := range numbers {
		if n != numbers[0]+uint64(i) {
			t.Errorf("numbers %v", numbers)
		}
	}
	untold := newPacket()
	untold.to = 1
	if track.tooQuiet(untold, now.Add(time.Hour)) {
		t.Error("a publisher who tells no levels is not heard")
	}
}
