package sfu

import (
	"testing"
	"time"

	"github.com/pion/rtcp"
)

func TestNTP(t *testing.T) {
	at := time.Date(2026, 11, 21, 12, 0, 0, 250_000_000, time.UTC)
	v := toNTP(at)
	if uint32(v) != 1<<30 {
		t.Errorf("a quarter of a second is %x", uint32(v))
	}
	if got := fromNTP(v); got.Sub(at).Abs() > time.Microsecond {
		t.Errorf("%v came back as %v", at, got)
	}
}

func TestRoundTrip(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	sent := uint32(toNTP(now.Add(-150*time.Millisecond)) >> 16)
	rtt, ok := roundTrip(rtcp.ReceptionReport{LastSenderReport: sent, Delay: 65536 / 10}, now)
	if !ok || (rtt-50*time.Millisecond).Abs() > time.Millisecond {
		t.Errorf("got %v %v, want 50 ms", rtt, ok)
	}
	if _, ok := roundTrip(rtcp.ReceptionReport{}, now); ok {
		t.Error("a round trip without a report")
	}
	if _, ok := roundTrip(rtcp.ReceptionReport{LastSenderReport: sent, Delay: 65536}, now); ok {
		t.Error("a round trip below zero")
	}
}

// Audio and video of one moment must stay of one moment, however wrong the
// publisher's clock is and however long its reports took.
func TestSenderReportsKeepLipSync(t *testing.T) {
	ours := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	theirs := ours.Add(-37 * time.Hour)
	var c sourceClock
	c.observe(theirs, ours.Add(80*time.Millisecond))
	c.observe(theirs.Add(time.Second), ours.Add(1020*time.Millisecond)) // a faster one
	c.observe(theirs.Add(2*time.Second), ours.Add(2300*time.Millisecond))
	if want := ours.Sub(theirs) + 20*time.Millisecond; c.ahead != want {
		t.Fatalf("clock is %v ahead, want %v", c.ahead, want)
	}
	video := sourceReport{known: true, wall: theirs.Add(time.Second), ts: 90_000}
	audio := sourceReport{known: true, wall: theirs.Add(3 * time.Second), ts: 3 * 48_000}
	now := ours.Add(10*time.Second + 20*time.Millisecond)
	if got := video.at(now, c, 90_000); got != 10*90_000 {
		t.Errorf("video at %d, want %d", got, 10*90_000)
	}
	if got := audio.at(now, c, 48_000); got != 10*48_000 {
		t.Errorf("audio at %d, want %d", got, 10*48_000)
	}
	early := ours.Add(520 * time.Millisecond) // before the report's moment
	if got := video.at(early, c, 90_000); got != 45_000 {
		t.Errorf("video before its report at %d, want %d", got, 45_000)
	}
	c.observe(theirs.Add(time.Minute), ours.Add(10*time.Minute)) // it was set
	if want := ours.Add(10 * time.Minute).Sub(theirs.Add(time.Minute)); c.ahead != want {
		t.Errorf("after the clock was set: %v ahead, want %v", c.ahead, want)
	}
}

func TestResendsAreBounded(t *testing.T) {
	var r resends
	now := time.Unix(9, 0)
	if !r.allow(7, 0, 0, 0, now) {
		t.Fatal("the first copy is refused")
	}
	if r.allow(7, 0, 0, 0, now.Add(resendFloor/2)) {
		t.Error("a second copy at once")
	}
	if !r.allow(8, 0, 0, 0, now) {
		t.Error("another packet is refused")
	}
	if r.allow(7, 100*time.Millisecond, 0, 0, now.Add(50*time.Millisecond)) {
		t.Error("a second copy within the round trip")
	}
	if !r.allow(7, 100*time.Millisecond, 0, 0, now.Add(100*time.Millisecond)) {
		t.Error("no second copy after the round trip")
	}
	if r.allow(9, 0, 100, resendStart+50, now) {
		t.Error("more than half of what was sent")
	}
	if !r.allow(0, 0, 0, 0, now) {
		t.Error("sequence number 0 is refused")
	}
}
