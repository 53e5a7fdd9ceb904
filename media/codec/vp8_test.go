package codec

import (
	"errors"
	"image"
	"math/rand"
	"testing"
	"time"

	"guichet/media/capture/pattern"
)

func newEncoder(t testing.TB, bitrate int, fps float64) *VP8Encoder {
	t.Helper()
	e, err := NewVP8Encoder(VP8Config{Bitrate: bitrate, FrameRate: fps})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

func newDecoder(t testing.TB) *VP8Decoder {
	t.Helper()
	d, err := NewVP8Decoder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

func moment(frame int, fps float64) time.Duration {
	return time.Duration(float64(frame) * float64(time.Second) / fps)
}

func TestPatternSurvivesLowBitrate(t *testing.T) {
	for _, c := range []struct {
		w, h, bitrate int
		fps           float64
	}{{320, 180, 200_000, 30}, {321, 181, 200_000, 15}, {640, 360, 300_000, 30}, {1280, 720, 200_000, 30}, {1280, 720, 1_500_000, 30}} {
		e, d := newEncoder(t, c.bitrate, c.fps), newDecoder(t)
		m := pattern.New(c.w, c.h)
		read, sent := 0, 0
		for i := range 25 {
			pattern.Draw(m, 33, uint16(i))
			p, err := e.Encode(m, moment(i, c.fps), false)
			if err != nil {
				t.Fatal(err)
			}
			if len(p.Data) == 0 {
				continue
			}
			sent++
			got, err := d.Decode(p.Data)
			if err != nil {
				t.Fatal(err)
			}
			if got.Rect.Dx() != c.w || got.Rect.Dy() != c.h {
				t.Fatalf("decoded %v, want %dx%d", got.Rect, c.w, c.h)
			}
			if code, ok := pattern.Read(got); ok && code.ID == 33 && code.Counter == uint16(i) {
				read++
			}
		}
		if sent < 9 || read < sent*95/100 {
			t.Errorf("%dx%d at %d bit/s: read %d of %d frames", c.w, c.h, c.bitrate, read, sent)
		}
	}
}

func TestBitrate(t *testing.T) {
	for _, fps := range []float64{15, 30} {
		e := newEncoder(t, 700_000, fps)
		m := pattern.New(480, 270)
		frame := 0
		run := func(seconds int) (bitrate int) {
			bytes := 0
			for range int(fps) * seconds {
				pattern.Draw(m, 1, uint16(frame))
				p, err := e.Encode(m, moment(frame, fps), false)
				if err != nil {
					t.Fatal(err)
				}
				bytes += len(p.Data)
				frame++
			}
			return bytes * 8 / seconds
		}
		run(2)
		if got := run(4); got < 525_000 || got > 875_000 {
			t.Errorf("%v frames/s: %d bit/s, want 700000 within 25 %%", fps, got)
		}
		e.SetBitrate(300_000)
		run(2)
		if got := run(4); got < 225_000 || got > 375_000 {
			t.Errorf("%v frames/s: %d bit/s after the change, want 300000 within 25 %%", fps, got)
		}
	}
}

func TestKeyFramesOnRequestOnly(t *testing.T) {
	e := newEncoder(t, 500_000, 30)
	small, large := pattern.New(320, 180), pattern.New(640, 360)
	for i := range 400 {
		m := small
		if i >= 300 {
			m = large
		}
		// A new scene every second would tempt an encoder that looks for cuts.
		pattern.Draw(m, uint8(i/30), uint16(i/30*1000+i))
		p, err := e.Encode(m, moment(i, 30), i == 100)
		if err != nil {
			t.Fatal(err)
		}
		if want := i == 0 || i == 100 || i == 300; p.Key != want {
			t.Errorf("frame %d: key %v, want %v", i, p.Key, want)
		}
		if p.Key {
			if w, h, key := VP8Header(p.Data); !key || w != m.Rect.Dx() || h != m.Rect.Dy() {
				t.Errorf("frame %d: header says %dx%d, %v", i, w, h, key)
			}
		}
	}
}

func TestDecoderWantsAKeyFrame(t *testing.T) {
	e, d := newEncoder(t, 500_000, 30), newDecoder(t)
	m := pattern.New(320, 180)
	if _, err := e.Encode(m, 0, false); err != nil {
		t.Fatal(err)
	}
	p, err := e.Encode(m, moment(1, 30), false)
	if err != nil || len(p.Data) == 0 {
		t.Fatal(p, err)
	}
	if _, err := d.Decode(p.Data); !errors.Is(err, ErrCorrupt) {
		t.Errorf("decoding from the middle: %v, want ErrCorrupt", err)
	}
	if p, err = e.Encode(m, moment(2, 30), true); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Decode(p.Data); err != nil {
		t.Errorf("key frame: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	if _, err := NewVP8Encoder(VP8Config{Bitrate: 0, FrameRate: 30}); !errors.Is(err, ErrSettings) {
		t.Errorf("no bitrate: %v", err)
	}
	e, d := newEncoder(t, 100_000, 30), newDecoder(t)
	if _, err := e.Encode(&image.YCbCr{}, 0, false); err == nil {
		t.Error("empty picture encoded")
	}
	if _, err := d.Decode(nil); !errors.Is(err, ErrCorrupt) {
		t.Errorf("empty frame: %v", err)
	}
	huge := []byte{0x10, 0, 0, 0x9D, 0x01, 0x2A, 0xFF, 0x3F, 0xFF, 0x3F, 0, 0, 0, 0}
	if _, err := d.Decode(huge); !errors.Is(err, ErrTooLarge) {
		t.Errorf("huge frame: %v", err)
	}
	e.Close()
	e.Close()
	d.Close()
	d.Close()
	if _, err := e.Encode(pattern.New(16, 16), 0, false); !errors.Is(err, ErrClosed) {
		t.Errorf("closed encoder: %v", err)
	}
	if _, err := d.Decode(huge); !errors.Is(err, ErrClosed) {
		t.Errorf("closed decoder: %v", err)
	}
}

// frames returns a key frame and some that follow it.
func frames(t testing.TB, n int) [][]byte {
	e := newEncoder(t, 300_000, 30)
	m := pattern.New(161, 91)
	var out [][]byte
	for i := range n {
		pattern.Draw(m, 1, uint16(i))
		p, err := e.Encode(m, moment(i, 30), false)
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Data) > 0 {
			out = append(out, p.Data)
		}
	}
	return out
}

// TestDamagedFrames cuts and flips real frames: any error is right, a crash is not,
// and the next key frame must decode.
func TestDamagedFrames(t *testing.T) {
	good := frames(t, 12)
	r := rand.New(rand.NewSource(3))
	d := newDecoder(t)
	for i := range 1500 {
		f := append([]byte(nil), good[r.Intn(len(good))]...)
		if i%2 == 0 {
			f = f[:r.Intn(len(f))]
		}
		for range r.Intn(8) {
			// The size stays: sizes are TestRefusals' subject and cost memory.
			if len(f) > 10 {
				f[10+r.Intn(len(f)-10)] ^= uint8(1 + r.Intn(255))
			}
		}
		if m, err := d.Decode(f); err == nil && m != nil {
			touch(m)
		}
	}
	if m, err := d.Decode(good[0]); err != nil || m.Rect.Dx() != 161 || m.Rect.Dy() != 91 {
		t.Errorf("key frame after damage: %v, %v", m, err)
	}
}

// touch reads the ends of all planes.
func touch(m *image.YCbCr) uint8 {
	return m.Y[0] ^ m.Y[len(m.Y)-1] ^ m.Cb[len(m.Cb)-1] ^ m.Cr[len(m.Cr)-1]
}

func FuzzVP8Decode(f *testing.F) {
	good := frames(f, 4)
	for _, b := range good {
		f.Add(b)
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		if w, h, _ := VP8Header(data); w*h > 640*480 {
			return // right but slow to fuzz
		}
		d := newDecoder(t)
		for _, b := range [][]byte{data, good[0], data, good[1]} {
			if m, err := d.Decode(b); err == nil && m != nil {
				touch(m)
			}
		}
	})
}

func benchmarkEncode(b *testing.B, w, h, bitrate int) {
	e := newEncoder(b, bitrate, 30)
	pictures := make([]*image.YCbCr, 30)
	for i := range pictures {
		pictures[i] = pattern.New(w, h)
		pattern.Draw(pictures[i], 1, uint16(i))
	}
	for i := 0; b.Loop(); i++ {
		if _, err := e.Encode(pictures[i%30], moment(i, 30), false); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVP8Encode720p(b *testing.B) { benchmarkEncode(b, 1280, 720, 1_500_000) }
func BenchmarkVP8Encode360p(b *testing.B) { benchmarkEncode(b, 640, 360, 600_000) }

func BenchmarkVP8Decode720p(b *testing.B) {
	e, d := newEncoder(b, 1_500_000, 30), newDecoder(b)
	m := pattern.New(1280, 720)
	var stream [][]byte
	for i := range 90 {
		pattern.Draw(m, 1, uint16(i))
		p, err := e.Encode(m, moment(i, 30), false)
		if err != nil {
			b.Fatal(err)
		}
		if len(p.Data) > 0 {
			stream = append(stream, p.Data)
		}
	}
	for i := 0; b.Loop(); i++ {
		if _, err := d.Decode(stream[i%len(stream)]); err != nil {
			b.Fatal(err)
		}
	}
}
