package sfu

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// beat is the time between two packets of a clapper's sound.
const beat = 20 * time.Millisecond

// clap sends sound with every beat and a picture with every other, each with the
// beat's number, until the test ends: what has one number was heard and seen at
// one moment. The two have clocks of their own, and reports of different moments
// by a wall clock that is hours off.
func (p *publishing) clap(t *testing.T) {
	const videoZero, audioZero = 4_294_000_000, 77_000
	stop, done := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(stop); <-done })
	go func() {
		defer close(done)
		start := time.Now()
		tick := time.NewTicker(beat)
		defer tick.Stop()
		report := func(ssrc, zero, clock uint32, at time.Duration) {
			_ = p.pc.WriteRTCP([]rtcp.Packet{&rtcp.SenderReport{SSRC: ssrc, NTPTime: toNTP(start.Add(at - 5*time.Hour)),
				RTPTime: zero + uint32(at/time.Millisecond)*(clock/1000)}})
		}
		for n := uint32(0); ; n++ {
			at := time.Duration(n) * beat
			p.audio.send(uint16(n), audioZero+n*960, false, mark(nil, n))
			if n%2 == 0 {
				p.video.send(uint16(n/2), videoZero+n*1800, true, vp8(true, true, n))
			}
			switch n % 50 {
			case 3:
				report(p.video.ssrc, videoZero, 90_000, at-7*time.Millisecond)
			case 11:
				report(p.audio.ssrc, audioZero, 48_000, at+2*time.Millisecond)
			}
			select {
			case <-tick.C:
			case <-stop:
				return
			}
		}
	}()
}

// audience is a viewer who keeps the last packet and the last report of each
// kind, and when the first of each came.
type audience struct {
	*viewing
	t *testing.T

	mu      sync.Mutex
	news    chan struct{} // closed with the next packet or report
	last    map[webrtc.RTPCodecType]*rtp.Packet
	reports map[uint32]*rtcp.SenderReport
	came    map[string]time.Time // first packets and reports since the last reset, by what they are
}

func attend(t *testing.T, s *SFU, viewer string) *audience {
	t.Helper()
	a := &audience{viewing: prepare(t, clientOptions{}, kindVideo, kindAudio), t: t, news: make(chan struct{}),
		last: map[webrtc.RTPCodecType]*rtp.Packet{}, reports: map[uint32]*rtcp.SenderReport{}, came: map[string]time.Time{}}
	for _, tr := range a.pc.GetTransceivers() {
		go a.readReports(tr.Receiver())
	}
	stop := make(chan struct{})
	t.Cleanup(func() { close(stop) })
	go a.readPackets(stop)
	answer, err := s.View(t.Context(), ViewerKey{stream1.Conference, stream1.Stream, viewer}, receiver, offerOf(t, a.pc))
	if err != nil {
		t.Fatal(err)
	}
	accept(t, a.pc, answer)
	return a
}

func (a *audience) readReports(r *webrtc.RTPReceiver) {
	for {
		list, _, err := r.ReadRTCP()
		if err != nil {
			return
		}
		for _, packet := range list {
			if sr, ok := packet.(*rtcp.SenderReport); ok {
				a.note(func() { a.reports[sr.SSRC] = sr })
			}
		}
	}
}

func (a *audience) readPackets(stop <-chan struct{}) {
	for {
		select {
		case p := <-a.video:
			a.note(func() { a.last[kindVideo] = p })
		case p := <-a.audio:
			a.note(func() { a.last[kindAudio] = p })
		case <-stop:
			return
		}
	}
}

// note keeps something that came.
func (a *audience) note(keep func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	keep()
	for kind, p := range a.last {
		a.first(kind.String())
		if a.reports[p.SSRC] != nil {
			a.first(kind.String() + " report")
		}
	}
	close(a.news)
	a.news = make(chan struct{})
}

func (a *audience) first(what string) {
	if _, ok := a.came[what]; !ok {
		a.came[what] = time.Now()
	}
}

// anew forgets what came of a kind.
func (a *audience) anew(kinds ...webrtc.RTPCodecType) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, k := range kinds {
		if p := a.last[k]; p != nil {
			delete(a.reports, p.SSRC)
		}
		delete(a.last, k)
	}
	clear(a.came)
}

// get waits for packet and report of each kind. It returns how long after the
// last of the packets the last of the reports came.
func (a *audience) get(kinds ...webrtc.RTPCodecType) (behind time.Duration) {
	a.t.Helper()
	deadline := time.After(hang)
	for {
		a.mu.Lock()
		news, ready := a.news, true
		var packet, report time.Time
		for _, k := range kinds {
			p, r := a.came[k.String()], a.came[k.String()+" report"]
			ready = ready && !r.IsZero()
			if p.After(packet) {
				packet = p
			}
			if r.After(report) {
				report = r
			}
		}
		a.mu.Unlock()
		if ready {
			return report.Sub(packet)
		}
		select {
		case <-news:
		case <-deadline:
			a.t.Fatalf("no packets or reports of %v", kinds)
		}
	}
}

// apart returns how long after the sound a picture of the same moment is shown, by
// the reports.
func (a *audience) apart() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	// When, by our clock, was the beat 0?
	zero := func(kind webrtc.RTPCodecType, clock int64) time.Time {
		p := a.last[kind]
		r := a.reports[p.SSRC]
		since := int64(int32(p.Timestamp - r.RTPTime))
		return fromNTP(r.NTPTime).Add(time.Duration(since * int64(time.Second) / clock)).Add(-time.Duration(markOf(p.Payload)) * beat)
	}
	return zero(kindVideo, 90_000).Sub(zero(kindAudio, 48_000))
}

// TestSoundAndPictureBelongTogether: whenever and however somebody begins to see
// and hear a stream, a clap is seen when it is heard: within ten milliseconds, and
// from the beginning on. This is what sync_audio_video asks for, and it holds for
// every room.
func TestSoundAndPictureBelongTogether(t *testing.T) {
	const soon, together = reportEvery / 2, 10 * time.Millisecond
	s := newSFU(t)
	p := publish(t, s, stream1, clientOptions{}, webrtc.MimeTypeVP8, webrtc.MimeTypeOpus)
	p.clap(t)
	until(t, "the publisher's reports", func() bool { return s.track(stream1, 0).reported() && s.track(stream1, 1).reported() })
	check := func(a *audience, what string, kinds ...webrtc.RTPCodecType) (behind time.Duration) {
		t.Helper()
		behind = a.get(kinds...)
		d := a.apart()
		t.Logf("%s: %v apart, known %v after the first packets", what, d, behind)
		if d.Abs() > together {
			t.Errorf("%s: %v apart", what, d)
		}
		return behind
	}
	atOnce := func(a *audience, what string, kinds ...webrtc.RTPCodecType) {
		t.Helper()
		if behind := check(a, what, kinds...); behind > soon {
			t.Errorf("%s: known %v after the first packets", what, behind)
		}
	}
	a := attend(t, s, "first")
	atOnce(a, "who comes", kindVideo, kindAudio)

	s.Hold(stream1.Conference, true)
	quietNow(t, a)
	s.Hold(stream1.Conference, false)
	check(a, "after a hold", kindVideo, kindAudio)

	s.Permit(stream1.Conference, sender, Rights{SendAudio: true, Quietest: silence})
	quietNow(t, a, kindVideo)
	half := attend(t, s, "half")
	if behind := half.get(kindAudio); behind > soon {
		t.Errorf("sound without a picture: known after %v", behind)
	}
	s.Permit(stream1.Conference, sender, AllRights)
	check(a, "after the camera was muted", kindVideo)
	atOnce(half, "who came while the camera was muted", kindVideo)

	s.Permit(stream1.Conference, receiver, Rights{})
	quietNow(t, a)
	s.Permit(stream1.Conference, receiver, AllRights)
	check(a, "who was deaf", kindVideo, kindAudio)
}

// reported tells whether the publisher has told which moment a track's time is.
func (t *track) reported() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.report.known
}

// quietNow waits until nothing of a kind has come for a while, and forgets what
// came before; without a kind, of both.
func quietNow(t *testing.T, a *audience, kinds ...webrtc.RTPCodecType) {
	t.Helper()
	if len(kinds) == 0 {
		kinds = []webrtc.RTPCodecType{kindVideo, kindAudio}
	}
	for deadline := time.Now().Add(hang); time.Now().Before(deadline); {
		a.anew(kinds...)
		if a.silent(10*beat, kinds) {
			a.anew(kinds...)
			return
		}
	}
	t.Fatal("media flows on")
}

// silent tells whether nothing of the kinds comes for a while.
func (a *audience) silent(long time.Duration, kinds []webrtc.RTPCodecType) bool {
	for end := time.After(long); ; {
		a.mu.Lock()
		news, came := a.news, slices.ContainsFunc(kinds, func(k webrtc.RTPCodecType) bool { return a.last[k] != nil })
		a.mu.Unlock()
		if came {
			return false
		}
		select {
		case <-news:
		case <-end:
			return true
		}
	}
}
