package playout

import (
	"image"
	"math/rand"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"

	"guichet/media/capture/pattern"
	"guichet/media/codec"
)

// vp8Sender makes RTP packets of the test pattern.
type vp8Sender struct {
	t       testing.TB
	enc     *codec.VP8Encoder
	pack    rtp.Packetizer
	picture *image.YCbCr
	n       int
}

func newVP8Sender(t testing.TB, w, h int) *vp8Sender {
	t.Helper()
	enc, err := codec.NewVP8Encoder(codec.VP8Config{Bitrate: 800_000, FrameRate: 30})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(enc.Close)
	return &vp8Sender{t: t, enc: enc, picture: pattern.New(w, h),
		pack: rtp.NewPacketizer(1200, 96, 1, &codecs.VP8Payloader{EnablePictureID: true}, rtp.NewFixedSequencer(65500), videoRate)}
}

// frame returns the packets of the next picture.
func (s *vp8Sender) frame(key bool) []*rtp.Packet {
	s.t.Helper()
	for {
		pattern.Draw(s.picture, 77, uint16(s.n))
		p, err := s.enc.Encode(s.picture, time.Duration(s.n)*time.Second/30, key)
		if err != nil {
			s.t.Fatal(err)
		}
		s.n++
		if len(p.Data) > 0 {
			return s.pack.Packetize(p.Data, videoRate/30)
		}
	}
}

// screen collects what a Video shows.
type screen struct {
	counters chan int
	keys     chan struct{}
}

func newScreen() *screen {
	return &screen{counters: make(chan int, 1000), keys: make(chan struct{}, 1000)}
}

func (s *screen) config() VideoConfig {
	return VideoConfig{
		OnFrame: func(m *image.YCbCr) {
			if c, ok := pattern.Read(m); ok {
				s.counters <- int(c.Counter)
			} else {
				s.counters <- -1
			}
		},
		OnKeyFrameNeeded: func() { s.keys <- struct{}{} },
	}
}

// next waits for n pictures.
func (s *screen) next(t *testing.T, n int) (got []int) {
	t.Helper()
	guard := time.After(30 * time.Second)
	for range n {
		select {
		case c := <-s.counters:
			got = append(got, c)
		case <-guard:
			t.Fatalf("only %d of %d pictures: %v", len(got), n, got)
		}
	}
	return got
}

func newVideo(t *testing.T, cfg VideoConfig) *Video {
	t.Helper()
	v, err := NewVideo(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v
}

func TestVideoShowsEveryFrame(t *testing.T) {
	send, see := newVP8Sender(t, 640, 360), newScreen()
	v := newVideo(t, see.config())
	var want []int
	r := rand.New(rand.NewSource(2))
	var window []*rtp.Packet
	for range 40 {
		window = append(window, send.frame(false)...)
		want = append(want, send.n-1)
		if len(window) > 8 {
			// Reordered and doubled within a bound.
			r.Shuffle(len(window), func(i, j int) { window[i], window[j] = window[j], window[i] })
			first := want[0] == 0 && len(want) < 10
			if first {
				// A receiver must know where a stream starts.
				slices.SortFunc(window, func(a, b *rtp.Packet) int { return int(int16(a.SequenceNumber - b.SequenceNumber)) })
			}
			for _, p := range window {
				v.Push(p)
				v.Push(p)
			}
			window = nil
		}
	}
	for _, p := range window {
		v.Push(p)
	}
	if got := see.next(t, len(want)); !slices.Equal(got, want) {
		t.Errorf("saw %v, want %v", got, want)
	}
	s := v.Stats()
	if s.Frames != 40 || s.Width != 640 || s.Height != 360 || s.LostPackets != 0 || s.KeyRequests != 0 {
		t.Errorf("%+v", s)
	}
}

// TestVideoLoss loses one packet for good: a key frame is asked for and nothing is
// shown until it comes.
func TestVideoLoss(t *testing.T) {
	send, see := newVP8Sender(t, 320, 180), newScreen()
	cfg := see.config()
	cfg.Wait = 30 * time.Millisecond
	v := newVideo(t, cfg)
	for range 3 {
		for _, p := range send.frame(false) {
			v.Push(p)
		}
	}
	see.next(t, 3)
	for _, p := range send.frame(false)[1:] { // the first packet is lost
		v.Push(p)
	}
	for range 3 {
		for _, p := range send.frame(false) {
			v.Push(p)
		}
	}
	select {
	case <-see.keys:
	case c := <-see.counters:
		t.Fatalf("picture %d shown after a loss", c)
	case <-time.After(30 * time.Second):
		t.Fatal("no key frame asked for")
	}
	for _, p := range send.frame(true) {
		v.Push(p)
	}
	if got := see.next(t, 1); got[0] != send.n-1 {
		t.Errorf("saw %v, want the key frame %d", got, send.n-1)
	}
	if s := v.Stats(); s.Dropped == 0 || s.LostPackets == 0 {
		t.Errorf("%+v", s)
	}
}

// TestVideoAsksAgain joins in the middle: the request is repeated while packets flow.
func TestVideoAsksAgain(t *testing.T) {
	send, see := newVP8Sender(t, 320, 180), newScreen()
	send.frame(true) // never arrives
	v := newVideo(t, see.config())
	started := time.Now()
	for _, p := range send.frame(false) {
		v.Push(p)
	}
	for i := range 3 {
		select {
		case <-see.keys:
		case <-time.After(30 * time.Second):
			t.Fatalf("only %d requests", i)
		}
	}
	if took := time.Since(started); took < 2*askAgain {
		t.Errorf("three requests within %v", took)
	}
}

// TestVideoRetransmission brings the missing packet in time.
func TestVideoRetransmission(t *testing.T) {
	send, see := newVP8Sender(t, 640, 360), newScreen()
	cfg := see.config()
	cfg.Wait = 10 * time.Second
	v := newVideo(t, cfg)
	for _, p := range send.frame(false) {
		v.Push(p)
	}
	packets := append(send.frame(false), send.frame(false)...)
	for _, p := range packets[1:] {
		v.Push(p)
	}
	see.next(t, 1)
	v.Push(packets[0])
	if got := see.next(t, 2); !slices.Equal(got, []int{1, 2}) {
		t.Errorf("saw %v", got)
	}
}

func TestVideoFrameWithoutMarkerAndPadding(t *testing.T) {
	a := newAssembler(time.Second)
	send := newVP8Sender(t, 320, 180)
	first, second := send.frame(false), send.frame(false)
	last := first[len(first)-1]
	last.Marker = false
	now := epoch()
	for _, p := range first {
		a.push(p, now)
	}
	if _, ok := a.pop(now); ok {
		t.Fatal("a frame without its end")
	}
	shift := uint16(1) // room for the padding packet
	a.push(&rtp.Packet{Header: rtp.Header{SequenceNumber: last.SequenceNumber + 1, Timestamp: last.Timestamp}}, now)
	for _, p := range second {
		p.SequenceNumber += shift
		a.push(p, now)
	}
	for i := range 2 {
		if f, ok := a.pop(now); !ok || f.key != (i == 0) {
			t.Errorf("frame %d: %v, key %v", i, ok, f.key)
		}
	}
}

// moving is a clock of sound that stands still until told.
type moving struct{ at chan time.Time }

func (m moving) Position() (time.Time, bool) { return <-m.at, true }

func TestVideoWaitsForTheSound(t *testing.T) {
	send, see := newVP8Sender(t, 320, 180), newScreen()
	sound := moving{make(chan time.Time, 1)}
	cfg := see.config()
	cfg.Sound = sound
	v := newVideo(t, cfg)
	packets := send.frame(false)
	captured := time.Unix(1_800_000_000, 0)
	v.SetSenderReport(uint64(captured.Unix()+2208988800)<<32, packets[0].Timestamp)
	started := time.Now()
	sound.at <- captured.Add(-120 * time.Millisecond)
	for _, p := range packets {
		v.Push(p)
	}
	see.next(t, 1)
	if took := time.Since(started); took < 120*time.Millisecond {
		t.Errorf("shown after %v, 120 ms before its sound", took)
	}
}

func TestVideoCloseWhileBusy(t *testing.T) {
	send, see := newVP8Sender(t, 320, 180), newScreen()
	v := newVideo(t, see.config())
	for range 20 {
		for _, p := range send.frame(false) {
			v.Push(p)
		}
	}
	v.Close()
	v.Close()
	shown := len(see.counters)
	for _, p := range send.frame(true) {
		v.Push(p)
	}
	if len(see.counters) != shown {
		t.Error("a picture after Close")
	}
}

func FuzzAssembler(f *testing.F) {
	f.Add([]byte{0x10, 0, 1, 0x90, 0x80, 5, 0x10, 3, 3})
	f.Fuzz(func(t *testing.T, data []byte) {
		a := newAssembler(50 * time.Millisecond)
		a.most = 64
		now := epoch()
		var seq uint16
		for i := 0; i+2 < len(data); i += 3 {
			seq += uint16(data[i] % 3)
			if data[i] == 255 {
				seq += 5000
			}
			now = now.Add(time.Duration(data[i+1]) * time.Millisecond)
			a.push(&rtp.Packet{Header: rtp.Header{SequenceNumber: seq, Timestamp: uint32(data[i+1] % 4), Marker: data[i+2]&1 == 1}, Payload: data[i+2:]}, now)
			for range 70 {
				if _, ok := a.pop(now); !ok {
					break
				}
			}
			if len(a.packets) > a.most+1 {
				t.Fatalf("%d packets held", len(a.packets))
			}
		}
	})
}
