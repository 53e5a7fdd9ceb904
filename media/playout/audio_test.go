package playout

import (
	"errors"
	"math"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtp"
	"go.uber.org/goleak"

	"guichet/media/codec"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// handClock is moved by the test.
type handClock struct{ ns atomic.Int64 }

func (c *handClock) now() time.Time          { return epoch().Add(time.Duration(c.ns.Load())) }
func (c *handClock) advance(d time.Duration) { c.ns.Add(int64(d)) }

func tonePackets(t testing.TB, n int, hz float64) []*rtp.Packet {
	t.Helper()
	e, err := codec.NewOpusEncoder(codec.OpusConfig{Loss: 20})
	if err != nil {
		t.Fatal(err)
	}
	pcm := make([]int16, codec.OpusFrame)
	var packets []*rtp.Packet
	for i := range n {
		for k := range pcm {
			pcm[k] = int16(9000 * math.Sin(2*math.Pi*hz*float64(i*len(pcm)+k)/codec.SampleRate))
		}
		data, err := e.Encode(pcm)
		if err != nil || len(data) == 0 {
			t.Fatal(len(data), err)
		}
		packets = append(packets, &rtp.Packet{
			Header:  rtp.Header{SequenceNumber: uint16(65500 + i), Timestamp: uint32(i) * codec.OpusFrame},
			Payload: append([]byte(nil), data...),
		})
	}
	return packets
}

func newAudio(t testing.TB, c *handClock) *Audio {
	t.Helper()
	d, err := codec.NewOpusDecoder()
	if err != nil {
		t.Fatal(err)
	}
	a, err := NewAudio(AudioConfig{Decoder: d, Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// power returns how much of the sound is at one frequency, 0 to 1.
func power(pcm []int16, hz float64) float64 {
	c := 2 * math.Cos(2*math.Pi*hz/codec.SampleRate)
	var s1, s2, total float64
	for _, v := range pcm {
		s1, s2 = float64(v)+c*s1-s2, s1
		total += float64(v) * float64(v)
	}
	return (s1*s1 + s2*s2 - c*s1*s2) * 2 / (total*float64(len(pcm)) + 1)
}

// TestAudioPlaysThroughLoss sends a tone of which every seventh packet is lost and
// wants to hear it all the same.
func TestAudioPlaysThroughLoss(t *testing.T) {
	var c handClock
	a := newAudio(t, &c)
	var heard []int16
	dst := make([]int16, 480)
	for i, p := range tonePackets(t, 150, 440) {
		if i%7 != 3 {
			a.Push(p)
		}
		for range 2 {
			a.ReadPCM(dst)
			heard = append(heard, dst...)
			c.advance(10 * time.Millisecond)
		}
	}
	// From when it surely plays, in pieces, since concealment may shift the phase.
	for at := 48000; at+4800 <= len(heard); at += 4800 {
		if got := power(heard[at:at+4800], 440); got < 0.6 {
			t.Errorf("at %d ms only %.2f of the power is at 440 Hz", at/48, got)
		}
	}
	s := a.Stats()
	if s.Repaired < 15 {
		t.Errorf("%d packets repaired by redundancy, want about 20: %+v", s.Repaired, s)
	}
	if a.Level() < 0.5 {
		t.Errorf("level %.2f", a.Level())
	}
	// The stream ends: silence follows, without a click.
	last := heard[len(heard)-1]
	for range 100 {
		a.ReadPCM(dst)
		for _, v := range dst {
			if d := int(v) - int(last); d > 3000 || d < -3000 {
				t.Fatalf("a jump of %d", d)
			}
			last = v
		}
		c.advance(10 * time.Millisecond)
	}
	if last != 0 || a.Level() > 0.05 {
		t.Errorf("after the end: sample %d, level %.2f", last, a.Level())
	}
}

func TestAudioShortensALongDelay(t *testing.T) {
	var c handClock
	a := newAudio(t, &c)
	packets := tonePackets(t, 400, 440)
	dst := make([]int16, 480)
	// A stalled network delivers 600 ms at once.
	for _, p := range packets[:30] {
		a.Push(p)
	}
	for _, p := range packets[30:] {
		a.Push(p)
		for range 2 {
			a.ReadPCM(dst)
			c.advance(10 * time.Millisecond)
		}
	}
	if s := a.Stats(); s.Squeezed < 10 {
		t.Errorf("%+v, want at least 10 packets squeezed", s)
	}
	if power(dst, 440) < 0.7 {
		t.Error("the tone was lost")
	}
}

func TestAudioBearsGarbage(t *testing.T) {
	var c handClock
	a := newAudio(t, &c)
	dst := make([]int16, 480)
	for i := range 200 {
		a.Push(&rtp.Packet{Header: rtp.Header{SequenceNumber: uint16(i), Timestamp: uint32(i) * 960}, Payload: []byte{0xFF, byte(i), 3, 4}[:1+i%4]})
		a.ReadPCM(dst)
		c.advance(20 * time.Millisecond)
	}
}

func TestAudioPosition(t *testing.T) {
	var c handClock
	a := newAudio(t, &c)
	packets := tonePackets(t, 20, 440)
	if _, ok := a.Position(); ok {
		t.Error("a position before any sound")
	}
	captured := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	const since1900 = 2208988800
	a.SetSenderReport(uint64(captured.Unix()+since1900)<<32, packets[0].Timestamp)
	for _, p := range packets {
		a.Push(p)
	}
	dst := make([]int16, 480)
	for range 10 { // 100 ms
		a.ReadPCM(dst)
	}
	at, ok := a.Position()
	if want := captured.Add(100 * time.Millisecond); !ok || at.Sub(want).Abs() > time.Millisecond {
		t.Errorf("position %v, %v, want %v", at, ok, want)
	}
}

func TestAudioConfig(t *testing.T) {
	if _, err := NewAudio(AudioConfig{}); !errors.Is(err, ErrConfig) {
		t.Errorf("no decoder: %v", err)
	}
}

func BenchmarkAudio10ms(b *testing.B) {
	var c handClock
	a := newAudio(b, &c)
	packets := tonePackets(b, 100, 440)
	dst := make([]int16, 480)
	for i := 0; b.Loop(); i++ {
		if i%2 == 0 {
			p := *packets[i/2%100]
			p.SequenceNumber, p.Timestamp = uint16(i/2), uint32(i/2)*960
			a.Push(&p)
		}
		a.ReadPCM(dst)
		c.advance(10 * time.Millisecond)
	}
}
