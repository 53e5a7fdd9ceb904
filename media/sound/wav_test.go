package sound

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"testing"
)

// wavFile makes a file of a 1 kHz tone.
func wavFile(code, channels, rate, bits int, extra bool) []byte {
	var b bytes.Buffer
	frames := rate / 10
	frame := channels * bits / 8
	le := binary.LittleEndian
	b.WriteString("RIFF\xFF\xFF\xFF\xFFWAVE")
	if extra {
		b.WriteString("LIST\x03\x00\x00\x00abc\x00") // odd length, padded
	}
	b.WriteString("fmt \x10\x00\x00\x00")
	for _, v := range []any{uint16(code), uint16(channels), uint32(rate), uint32(rate * frame), uint16(frame), uint16(bits)} {
		_ = binary.Write(&b, le, v)
	}
	b.WriteString("data")
	_ = binary.Write(&b, le, uint32(frames*frame))
	for i := range frames {
		v := 0.5 * math.Sin(2*math.Pi*1000*float64(i)/float64(rate))
		for range channels {
			switch {
			case code == 3:
				_ = binary.Write(&b, le, float32(v))
			case bits == 8:
				b.WriteByte(uint8(128 + v*127))
			case bits == 16:
				_ = binary.Write(&b, le, int16(v*32767))
			case bits == 24:
				n := int32(v * 8388607)
				b.Write([]byte{byte(n), byte(n >> 8), byte(n >> 16)})
			case bits == 32:
				_ = binary.Write(&b, le, int32(v*2147483647))
			}
		}
	}
	return b.Bytes()
}

func TestReadWAV(t *testing.T) {
	for _, c := range [][4]int{{1, 1, 48000, 16}, {1, 2, 44100, 16}, {1, 1, 16000, 8}, {1, 2, 48000, 24}, {1, 1, 96000, 32}, {3, 2, 48000, 32}} {
		pcm, err := ReadWAV(bytes.NewReader(wavFile(c[0], c[1], c[2], c[3], c[1] == 2)))
		if err != nil {
			t.Errorf("%v: %v", c, err)
			continue
		}
		if d := len(pcm) - Rate/10; d < -2 || d > 2 {
			t.Errorf("%v: %d samples", c, len(pcm))
		}
		if p := power(pcm, 1000); p < 0.95 {
			t.Errorf("%v: only %.2f of the power at 1 kHz", c, p)
		}
	}
}

func TestReadWAVRefusals(t *testing.T) {
	good := wavFile(1, 1, 48000, 16, false)
	for name, b := range map[string][]byte{
		"empty": nil, "text": []byte("hello, this is no sound at all"), "no data": good[:36],
		"mp3 inside": wavFile(0x55, 1, 48000, 16, false), "64 bit": wavFile(3, 1, 48000, 64, false),
	} {
		if _, err := ReadWAV(bytes.NewReader(b)); !errors.Is(err, ErrSpec) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if pcm, err := ReadWAV(bytes.NewReader(good[:1001])); err != nil || len(pcm) != (1001-44)/2 {
		t.Errorf("cut short: %d samples, %v", len(pcm), err)
	}
}

func FuzzWAV(f *testing.F) {
	f.Add(wavFile(1, 1, 48000, 16, true)[:200])
	f.Add(wavFile(3, 2, 44100, 32, false)[:200])
	f.Add([]byte("RIFF\x00\x00\x00\x00WAVEfmt \xFF\xFF\xFF\xFF"))
	f.Fuzz(func(t *testing.T, data []byte) {
		pcm, err := ReadWAV(bytes.NewReader(data))
		if err == nil && len(pcm) > 48*len(data) {
			t.Fatalf("%d samples of %d bytes", len(pcm), len(data))
		}
	})
}
