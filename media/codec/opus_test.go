package codec

import (
	"errors"
	"math"
	"math/rand"
	"testing"
)

func opusPair(t testing.TB, cfg OpusConfig) (*OpusEncoder, *OpusDecoder) {
	t.Helper()
	e, err := NewOpusEncoder(cfg)
	if err != nil {
		t.Fatal(err)
	}
	d, err := NewOpusDecoder()
	if err != nil {
		t.Fatal(err)
	}
	return e, d
}

// tone fills 20 ms number n of a sine.
func tone(pcm []int16, n int, hz float64) {
	for i := range pcm {
		pcm[i] = int16(9000 * math.Sin(2*math.Pi*hz*float64(n*len(pcm)+i)/SampleRate))
	}
}

// goertzel returns the power of one frequency relative to all.
func goertzel(pcm []int16, hz float64) float64 {
	c := 2 * math.Cos(2*math.Pi*hz/SampleRate)
	var s1, s2, total float64
	for _, v := range pcm {
		x := float64(v)
		s1, s2 = x+c*s1-s2, s1
		total += x * x
	}
	if total == 0 {
		return 0
	}
	return (s1*s1 + s2*s2 - c*s1*s2) * 2 / (total * float64(len(pcm)))
}

func TestOpusToneKeepsItsFrequency(t *testing.T) {
	for _, hz := range []float64{220, 440, 1000} {
		e, d := opusPair(t, OpusConfig{})
		pcm := make([]int16, OpusFrame)
		var heard []int16
		for n := range 50 {
			tone(pcm, n, hz)
			p, err := e.Encode(pcm)
			if err != nil {
				t.Fatal(err)
			}
			if got := OpusDuration(p); got != OpusFrame {
				t.Fatalf("duration of a packet: %d", got)
			}
			out, err := d.Decode(p)
			if err != nil || len(out) != OpusFrame {
				t.Fatalf("%d samples, %v", len(out), err)
			}
			if n >= 10 {
				heard = append(heard, out...)
			}
		}
		if got := goertzel(heard, hz); got < 0.9 {
			t.Errorf("%v Hz: only %.2f of the power there", hz, got)
		}
		if got := goertzel(heard, hz*1.5); got > 0.05 {
			t.Errorf("%v Hz: %.2f of the power at the fifth above", hz, got)
		}
	}
}

// voice is a syllable-like sweep with an unmistakable pitch in each 20 ms.
func voice(pcm []int16, n int) {
	for i := range pcm {
		x := float64(n*len(pcm)+i) / SampleRate
		var v float64
		for k := 1; k <= 12; k++ {
			v += math.Sin(2*math.Pi*(140*x+30*math.Sin(2*math.Pi*3*x))*float64(k)) / float64(k)
		}
		pcm[i] = int16(5000 * v * (0.55 + 0.45*math.Sin(2*math.Pi*7*x)))
	}
}

// TestOpusRedundancyRepairs loses every fifth packet: what FEC makes of the next
// packet must be closer to the lost one than what concealment invents.
func TestOpusRedundancyRepairs(t *testing.T) {
	run := func(fec bool) (err float64) {
		e, d := opusPair(t, OpusConfig{Loss: 20})
		_, whole := opusPair(t, OpusConfig{})
		pcm := make([]int16, OpusFrame)
		var packets [][]byte
		var truth [][]int16
		for n := range 200 {
			voice(pcm, n)
			p, e2 := e.Encode(pcm)
			if e2 != nil || len(p) == 0 {
				t.Fatal(len(p), e2)
			}
			packets = append(packets, append([]byte(nil), p...))
			out, e2 := whole.Decode(p)
			if e2 != nil {
				t.Fatal(e2)
			}
			truth = append(truth, append([]int16(nil), out...))
		}
		for n := 0; n+1 < len(packets); n++ {
			var out []int16
			var e2 error
			lost := n%5 == 4
			switch {
			case lost && fec:
				out, e2 = d.DecodeFEC(packets[n+1], OpusFrame)
			case lost:
				out, e2 = d.Conceal(OpusFrame)
			default:
				out, e2 = d.Decode(packets[n])
			}
			if e2 != nil || len(out) != OpusFrame {
				t.Fatal(len(out), e2)
			}
			if lost {
				for i := range out {
					diff := float64(out[i]) - float64(truth[n][i])
					err += diff * diff
				}
			}
		}
		return err
	}
	if repaired, concealed := run(true), run(false); repaired > concealed*0.8 {
		t.Errorf("error power %.3g with redundancy, %.3g without", repaired, concealed)
	}
}

func TestOpusSilenceIsNotSent(t *testing.T) {
	e, _ := opusPair(t, OpusConfig{})
	pcm := make([]int16, OpusFrame)
	sent := 0
	for n := range 100 {
		p, err := e.Encode(pcm)
		if err != nil {
			t.Fatal(err)
		}
		if n >= 50 && len(p) > 0 {
			sent++
		}
	}
	if sent > 5 {
		t.Errorf("%d of 50 packets of silence sent", sent)
	}
}

func TestOpusRefusals(t *testing.T) {
	e, d := opusPair(t, OpusConfig{})
	if _, err := e.Encode(make([]int16, 17)); !errors.Is(err, ErrSettings) {
		t.Errorf("17 samples: %v", err)
	}
	if _, err := d.Decode(nil); !errors.Is(err, ErrCorrupt) {
		t.Errorf("nothing: %v", err)
	}
	for _, n := range []int{-1, 0, 7, OpusLongest + 120} {
		if _, err := d.Conceal(n); !errors.Is(err, ErrSettings) {
			t.Errorf("gap of %d: %v", n, err)
		}
	}
}

func FuzzOpusDecode(f *testing.F) {
	e, _ := opusPair(f, OpusConfig{})
	pcm := make([]int16, OpusFrame)
	for n := range 3 {
		voice(pcm, n)
		p, err := e.Encode(pcm)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(append([]byte(nil), p...))
	}
	f.Add([]byte{0xFF, 0xFF})
	f.Fuzz(func(t *testing.T, data []byte) {
		_, d := opusPair(t, OpusConfig{})
		for range 2 {
			if out, err := d.Decode(data); err == nil && len(out) != OpusDuration(data) {
				t.Fatalf("decoded %d samples, header says %d", len(out), OpusDuration(data))
			}
			if out, err := d.DecodeFEC(data, OpusFrame); err == nil && len(out) != OpusFrame {
				t.Fatalf("repaired %d samples", len(out))
			}
		}
	})
}

func BenchmarkOpusEncode20ms(b *testing.B) {
	e, _ := opusPair(b, OpusConfig{})
	sound := make([][]int16, 50)
	for n := range sound {
		sound[n] = make([]int16, OpusFrame)
		voice(sound[n], n)
		sound[n][rand.Intn(OpusFrame)] += 5
	}
	for i := 0; b.Loop(); i++ {
		if _, err := e.Encode(sound[i%50]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpusDecode20ms(b *testing.B) {
	e, d := opusPair(b, OpusConfig{})
	pcm := make([]int16, OpusFrame)
	var packets [][]byte
	for n := range 50 {
		voice(pcm, n)
		p, err := e.Encode(pcm)
		if err != nil {
			b.Fatal(err)
		}
		packets = append(packets, append([]byte(nil), p...))
	}
	for i := 0; b.Loop(); i++ {
		if _, err := d.Decode(packets[i%50]); err != nil {
			b.Fatal(err)
		}
	}
}
