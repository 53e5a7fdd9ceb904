package level

import (
	"math"
	"testing"
)

func sine(amplitude float64) []int16 {
	pcm := make([]int16, 480)
	for i := range pcm {
		pcm[i] = int16(amplitude * math.Sin(2*math.Pi*float64(i)/48))
	}
	return pcm
}

func TestOf(t *testing.T) {
	for _, c := range []struct {
		name string
		pcm  []int16
		want float64
	}{
		{"nothing", nil, 0},
		{"silence", make([]int16, 480), 0},
		{"full scale", sine(32767), 1 - 3.01/60},
		{"-20 dB", sine(3276.7), 1 - 23.01/60},
		{"hardly audible", sine(1.5), 0},
	} {
		if got := Of(c.pcm); math.Abs(got-c.want) > 0.01 {
			t.Errorf("%s: %.3f, want %.3f", c.name, got, c.want)
		}
	}
}

func TestMeterFallsSlowly(t *testing.T) {
	var m Meter
	m.Add(sine(20000))
	peak := m.Level()
	m.Add(make([]int16, 480))
	if got := m.Level(); got >= peak || got < peak/2 {
		t.Errorf("10 ms after a peak of %.2f: %.2f", peak, got)
	}
	for range 100 {
		m.Add(make([]int16, 480))
	}
	if got := m.Level(); got > 0.01 {
		t.Errorf("a second after: %.3f", got)
	}
}
