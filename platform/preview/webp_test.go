package preview

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"image/color"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/image/webp"
)

func frame(t testing.TB, name string) Frame {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".vp8"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := ParseFrame(data)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// shows checks that a picture is all of one colour.
func shows(t *testing.T, picture []byte, width, height int, red bool) {
	t.Helper()
	m, err := webp.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	if b := m.Bounds(); b.Dx() != width || b.Dy() != height {
		t.Errorf("bounds %v", b)
	}
	c := color.RGBAModel.Convert(m.At(width/2, height/2)).(color.RGBA)
	if (c.R > 200 && c.B < 60) != red || (c.B > 200 && c.R < 60) == red {
		t.Errorf("colour %v", c)
	}
}

func TestStill(t *testing.T) {
	for name, want := range map[string]Frame{"red": {nil, 320, 180}, "blue": {nil, 176, 144}} {
		picture, err := Encode([]Frame{frame(t, name)}, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		shows(t, picture, want.Width, want.Height, name == "red")
	}
}

// TestLoopByItsChunks reads a loop as RFC 9649, section 2, has it.
func TestLoopByItsChunks(t *testing.T) {
	picture, err := Encode([]Frame{frame(t, "red"), frame(t, "blue")}, 1500*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if string(picture[:4]) != "RIFF" || int(binary.LittleEndian.Uint32(picture[4:])) != len(picture)-8 || string(picture[8:12]) != "WEBP" {
		t.Fatalf("head % x", picture[:12])
	}
	n24 := func(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }
	var names []string
	for rest := picture[12:]; len(rest) > 0; {
		name, size := string(rest[:4]), int(binary.LittleEndian.Uint32(rest[4:]))
		data := rest[8 : 8+size]
		names = append(names, name)
		rest = rest[8+size+size%2:]
		switch name {
		case "VP8X":
			if data[0] != 2 || n24(data[4:]) != 319 || n24(data[7:]) != 179 {
				t.Errorf("VP8X % x", data)
			}
		case "ANMF":
			red := len(names) == 3
			x, y, w, h := n24(data)*2, n24(data[3:])*2, n24(data[6:])+1, n24(data[9:])+1
			if n24(data[12:]) != 1500 || data[15] != 3 || red && (x != 0 || y != 0 || w != 320 || h != 180) || !red && (x != 72 || y != 18 || w != 176 || h != 144) {
				t.Errorf("ANMF at %d,%d, %dx%d: % x", x, y, w, h, data[:16])
			}
			still := append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(data)-16+4)), append([]byte("WEBP"), data[16:]...)...)
			shows(t, still, w, h, red)
		}
	}
	if got := strings.Join(names, " "); got != "VP8X ANIM ANMF ANMF" {
		t.Error(got)
	}
}

// TestLoopInABrowser has Chromium tell what it sees in a loop.
func TestLoopInABrowser(t *testing.T) {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		browser, err = exec.LookPath("google-chrome")
	}
	if err != nil {
		t.Fatal(err)
	}
	picture, err := Encode([]Frame{frame(t, "red"), frame(t, "blue")}, 1500*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	page := `<body><script type=module>
const bytes = Uint8Array.from(atob('` + base64.StdEncoding.EncodeToString(picture) + `'), (c) => c.charCodeAt(0));
const decoder = new ImageDecoder({ data: bytes, type: 'image/webp' });
await decoder.tracks.ready;
let seen = decoder.tracks.selectedTrack.frameCount + ' frames, repeat ' + decoder.tracks.selectedTrack.repetitionCount;
for (let i = 0; i < decoder.tracks.selectedTrack.frameCount; i++) {
  const { image } = await decoder.decode({ frameIndex: i });
  const canvas = new OffscreenCanvas(image.displayWidth, image.displayHeight), c = canvas.getContext('2d');
  c.drawImage(image, 0, 0);
  const at = (x, y) => [...c.getImageData(x, y, 1, 1).data].map((v) => v > 200 ? 1 : v < 60 ? 0 : '?').join('');
  seen += '; ' + image.displayWidth + 'x' + image.displayHeight + ' ' + image.duration / 1000 + ' ms ' + at(160, 90) + ' ' + at(10, 10);
}
await fetch('/seen', { method: 'POST', body: seen });
</script></body>`
	seen := make(chan string, 1)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			text, _ := io.ReadAll(r.Body) // what did not come differs below
			seen <- string(text)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, page)
	}))
	defer web.Close()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	c := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir="+t.TempDir(), "--remote-debugging-port=0", web.URL)
	// It ends by itself, with its helpers, before its folder is removed.
	c.Cancel, c.WaitDelay = func() error { return c.Process.Signal(os.Interrupt) }, 20*time.Second
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		stop()
		_ = c.Wait() // interrupted
	}()
	var out string
	select {
	case out = <-seen:
	case <-time.After(time.Minute):
		t.Fatal("the browser says nothing")
	}
	// Outside of the smaller picture nothing is left of the larger one.
	const want = "2 frames, repeat Infinity; 320x180 1500 ms 1001 1001; 320x180 1500 ms 0011 0000"
	if !strings.Contains(out, want) {
		t.Errorf("got %s\nwant %s", out, want)
	}
}

func TestFramesThatAreNone(t *testing.T) {
	good := frame(t, "red").Data
	for name, change := range map[string]func([]byte) []byte{
		"empty":                func([]byte) []byte { return nil },
		"a header alone":       func(b []byte) []byte { return b[:10] },
		"an inter frame":       func(b []byte) []byte { b[0] |= 1; return b },
		"not shown":            func(b []byte) []byte { b[0] &^= 1 << 4; return b },
		"no start code":        func(b []byte) []byte { b[4] = 2; return b },
		"no width":             func(b []byte) []byte { b[6], b[7] = 0, 0xc0; return b },
		"no height":            func(b []byte) []byte { b[8], b[9] = 0, 0; return b },
		"first partition long": func(b []byte) []byte { b[1], b[2] = 0xff, 0xff; return b },
	} {
		if _, err := ParseFrame(change(bytes.Clone(good))); !errors.Is(err, ErrFrame) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Encode(nil, time.Second); !errors.Is(err, ErrFrame) {
		t.Errorf("no frames: %v", err)
	}
}

// FuzzFrame holds whatever passes for a frame against a decoder's idea of its
// size.
func FuzzFrame(f *testing.F) {
	for _, name := range []string{"red", "blue"} {
		f.Add(frame(f, name).Data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := ParseFrame(data)
		if err != nil {
			return
		}
		picture, err := Encode([]Frame{v}, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if c, err := webp.DecodeConfig(bytes.NewReader(picture)); err == nil && (c.Width != v.Width || c.Height != v.Height) {
			t.Errorf("%dx%d, a decoder says %dx%d", v.Width, v.Height, c.Width, c.Height)
		}
		if _, err := Encode([]Frame{v, v}, time.Second); err != nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkLoopOfNine(b *testing.B) {
	f := frame(b, "red")
	f.Data = append(bytes.Clone(f.Data), make([]byte, 40<<10)...) // about what 720p has
	frames := []Frame{f, f, f, f, f, f, f, f, f}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Encode(frames, time.Second); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEncode puts one frame, and as many as a loop has at most, into a picture.
func BenchmarkEncode(b *testing.B) {
	for _, n := range []int{1, maxShown} {
		b.Run(fmt.Sprint(n), func(b *testing.B) { encode(b, n) })
	}
}

// encode measures the picture of frames as a camera of 720p makes them.
func encode(b *testing.B, n int) {
	frames := make([]Frame, n)
	for i := range frames {
		frames[i] = Frame{make([]byte, 30_000), 1280, 720}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Encode(frames, each); err != nil {
			b.Fatal(err)
		}
	}
}
