// Package level measures how loud sound is, as a bar on the screen shows it.
//
// A Meter owns one number: one goroutine adds sound, any may read. It must not
// know devices or codecs.
package level

import (
	"math"
	"sync/atomic"
)

const (
	floor = -60.0 // dB below full scale that reads as 0
	fall  = 0.85  // how much is left of a peak 10 ms later
)

// Of returns the loudness of samples: their RMS from -60 dB to full scale as 0 to 1.
func Of(pcm []int16) float64 {
	if len(pcm) == 0 {
		return 0
	}
	var sum float64
	for _, v := range pcm {
		sum += float64(v) * float64(v)
	}
	rms := math.Sqrt(sum/float64(len(pcm))) / 32768
	if rms == 0 {
		return 0
	}
	return min(max(1-20*math.Log10(rms)/floor, 0), 1)
}

// Meter follows the loudness of a stream: up at once, down over a moment. The
// zero value is ready.
type Meter struct{ bits atomic.Uint64 }

// Add takes the next 10 ms or so of sound.
func (m *Meter) Add(pcm []int16) {
	m.bits.Store(math.Float64bits(max(Of(pcm), m.Level()*fall)))
}

// Level returns the loudness now, 0 to 1.
func (m *Meter) Level() float64 { return math.Float64frombits(m.bits.Load()) }
