package sound

import (
	"fmt"
	"math"
	"os"
)

// Tone is a Source of a steady sine at a quarter of full scale, for tests and for
// trying out a speaker.
type Tone struct{ phase, step float64 }

// NewTone makes a tone of a frequency in Hz.
func NewTone(hz float64) *Tone { return &Tone{step: 2 * math.Pi * hz / Rate} }

// ReadPCM fills dst with the next samples.
func (t *Tone) ReadPCM(dst []int16) {
	for i := range dst {
		dst[i] = int16(8192 * math.Sin(t.phase))
		t.phase += t.step
	}
	t.phase = math.Mod(t.phase, 2*math.Pi)
}

// loop is a Source that plays a sound over and over.
type loop struct {
	pcm []int16
	at  int
}

func openLoop(path string) (*loop, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("sound file: %w: %w", err, ErrSpec)
	}
	defer f.Close()
	pcm, err := ReadWAV(f)
	if err == nil && len(pcm) == 0 {
		err = ErrSpec
	}
	if err != nil {
		return nil, fmt.Errorf("sound file %s: %w", path, err)
	}
	return &loop{pcm: pcm}, nil
}

func (l *loop) ReadPCM(dst []int16) {
	for n := 0; n < len(dst); {
		c := copy(dst[n:], l.pcm[l.at:])
		n += c
		l.at = (l.at + c) % len(l.pcm)
	}
}

// mix adds what all sources play to dst, which it overwrites, and cuts off what is
// too loud. scratch and sum are of dst's length.
func mix(dst, scratch []int16, sum []int32, sources []Source) {
	clear(sum)
	for _, s := range sources {
		s.ReadPCM(scratch)
		for i, v := range scratch {
			sum[i] += int32(v)
		}
	}
	for i, v := range sum {
		dst[i] = int16(min(max(v, math.MinInt16), math.MaxInt16))
	}
}
