package sfu

import (
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
)

// quiet waits until nothing has come for a while; what is on its way when a hold
// begins may still arrive.
func quiet(t *testing.T, v *viewing) {
	t.Helper()
	calm := time.NewTimer(200 * time.Millisecond)
	defer calm.Stop()
	for hang := time.After(20 * time.Second); ; {
		select {
		case <-v.video:
			calm.Reset(200 * time.Millisecond)
		case <-v.audio:
			calm.Reset(200 * time.Millisecond)
		case <-calm.C:
			return
		case <-hang:
			t.Fatal("media flows while the conference is held")
		}
	}
}

// TestHoldStopsEverything: nothing reaches anybody while a conference is held,
// also not who joins or publishes meanwhile, and afterwards it goes on with a
// key frame and without a gap.
func TestHoldStopsEverything(t *testing.T) {
	s := newSFU(t)
	p := publish(t, s, stream1, clientOptions{nack: true}, webrtc.MimeTypeVP8, webrtc.MimeTypeOpus)
	v := view(t, s, viewer1, clientOptions{nack: true}, kindAudio, kindVideo)
	wait(t, v.up, "viewer connected")
	p.start(t)
	wait(t, v.video, "video")
	s.Hold(stream1.Conference, true)
	quiet(t, v)
	before := s.Stats()

	late := view(t, s, ViewerKey{stream1.Conference, stream1.Stream, "late"}, clientOptions{nack: true}, kindVideo)
	wait(t, late.up, "late viewer connected")
	other := StreamKey{stream1.Conference, "other"}
	second := publish(t, s, other, clientOptions{nack: true}, webrtc.MimeTypeVP8)
	onSecond := view(t, s, ViewerKey{other.Conference, other.Stream, "v"}, clientOptions{nack: true}, kindVideo)
	wait(t, onSecond.up, "viewer of the new stream connected")
	second.start(t)
	quiet(t, late)
	quiet(t, onSecond)
	held := s.Stats()
	if held.PacketsOut != before.PacketsOut || held.PacketsIn <= before.PacketsIn {
		t.Errorf("while held %d packets came and %d went", held.PacketsIn-before.PacketsIn, held.PacketsOut-before.PacketsOut)
	}

	var last uint16
	s.Hold(stream1.Conference, false)
	for name, v := range map[string]*viewing{"first": v, "late": late, "of the new stream": onSecond} {
		first := wait(t, v.video, "video of the viewer: "+name)
		if !vp8KeyFrame(first.Payload) {
			t.Errorf("%s: the first packet after the hold is not the start of a key frame", name)
		}
		last = first.SequenceNumber
		for range 10 {
			next := wait(t, v.video, "video")
			if next.SequenceNumber != last+1 {
				t.Errorf("%s: sequence %d follows %d", name, next.SequenceNumber, last)
			}
			last = next.SequenceNumber
		}
	}
	s.Hold(stream1.Conference, true)
	s.EndConference(stream1.Conference)
	if len(s.held) != 0 {
		t.Errorf("held conferences that have ended: %v", s.held)
	}
}

// TestHoldLeavesNoGap: the number after a hold follows the one before it, so
// that the receiver's cipher never sees a jump that it would take for a wrap.
func TestHoldLeavesNoGap(t *testing.T) {
	var o sequencer
	o.clock = 90_000
	now := time.Now()
	before, _, _ := o.place(1, 10, 1000, false, now)
	o.anew = true
	after, _, v := o.place(1, 10+40_000, 1000+90_000*600, false, now.Add(600*time.Second))
	if v != restart || after != before+1 {
		t.Errorf("%d follows %d, verdict %d", after, before, v)
	}
	if next, _, v := o.place(1, 10+40_001, 1000+90_000*600+3000, false, now.Add(601*time.Second)); v != fresh || next != after+1 {
		t.Errorf("%d follows %d, verdict %d", next, after, v)
	}
}
