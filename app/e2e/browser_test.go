package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"image"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"guichet/media/capture/pattern"

	"github.com/chromedp/chromedp"
)

// browser is a Chromium whose camera shows the coded pattern of an id and whose
// microphone hears a tone.
type browser struct {
	t   *testing.T
	ctx context.Context
}

// openBrowser starts Chromium with a fresh profile and a camera of 640x360.
func openBrowser(t *testing.T, id uint8, hertz float64) *browser {
	t.Helper()
	return openBrowserSized(t, id, hertz, 640, 360)
}

func openBrowserSized(t *testing.T, id uint8, hertz float64, width, height int) *browser {
	t.Helper()
	dir := t.TempDir()
	video, sound := filepath.Join(dir, "camera.y4m"), filepath.Join(dir, "microphone.wav")
	writePattern(t, video, id, width, height)
	writeTone(t, sound, hertz)
	name := "chromium"
	if _, err := exec.LookPath(name); err != nil {
		name = "google-chrome"
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(name), chromedp.NoSandbox, chromedp.Flag("disable-quic", true), chromedp.UserDataDir(filepath.Join(dir, "profile")),
		chromedp.Flag("mute-audio", false), chromedp.Flag("autoplay-policy", "no-user-gesture-required"),
		chromedp.Flag("use-fake-device-for-media-stream", true), chromedp.Flag("use-fake-ui-for-media-stream", true),
		chromedp.Flag("use-file-for-fake-video-capture", video), chromedp.Flag("use-file-for-fake-audio-capture", sound),
		chromedp.Flag("disable-component-update", true), chromedp.WindowSize(1280, 800))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	b := &browser{t: t}
	b.ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b.begin()
	return b
}

// tab opens another tab of the same browser.
func (b *browser) tab() *browser {
	b.t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	b.t.Cleanup(cancel)
	other := &browser{t: b.t, ctx: ctx}
	other.begin()
	return other
}

// private opens a tab that shares no cookies or storage with the others.
func (b *browser) private() *browser {
	b.t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	b.t.Cleanup(cancel)
	other := &browser{t: b.t, ctx: ctx}
	other.begin()
	return other
}

// begin opens the tab. Its context must have no deadline, since what the first
// action starts lives as long as that action's context.
func (b *browser) begin() {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Navigate("about:blank")); err != nil {
		b.t.Fatal(err)
	}
}

// run runs steps one after the other.
func (b *browser) run(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.fail("%v", err)
	}
}

// fail ends the test and keeps a picture of the page.
func (b *browser) fail(format string, args ...any) {
	b.t.Helper()
	b.keep("failure-" + strings.ReplaceAll(b.t.Name(), "/", "-"))
	b.t.Fatalf(format, args...)
}

// eval runs an expression, which may be a promise, and returns its value.
func eval[T any](b *browser, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.fail("%s: %v", expression, err)
	}
	return v
}

// until waits for an expression to become true, also across navigations.
func (b *browser) until(expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		// An error here is a page on its way out.
		if ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+expression+")")); err == nil && ok {
			return
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			b.fail("never true: %s", expression)
		}
	}
}

// screen waits for the customer's page to show a screen.
func (b *browser) screen(names ...string) {
	b.t.Helper()
	b.until(fmt.Sprintf("%q.split(' ').includes(document.body?.dataset.screen)", strings.Join(names, " ")))
}

// keep saves a picture of the page as captures/name.png.
func (b *browser) keep(name string) {
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Logf("screenshot %s: %v", name, err)
		return
	}
	if err := os.WriteFile(capture(name), png, 0o644); err != nil {
		b.t.Error(err)
	}
}

// close closes the tab as its user would.
func (b *browser) close() {
	b.t.Helper()
	if err := chromedp.Cancel(b.ctx); err != nil {
		b.t.Fatal(err)
	}
}

// frame decodes the code in the picture that a video element shows.
func (b *browser) frame(selector string) (pattern.Code, bool) {
	b.t.Helper()
	url := eval[string](b, fmt.Sprintf(`(() => {
		const v = document.querySelector(%q);
		if (!v || !v.videoWidth) return "";
		const c = document.createElement("canvas");
		c.width = v.videoWidth; c.height = v.videoHeight;
		c.getContext("2d").drawImage(v, 0, 0);
		return c.toDataURL("image/png");
	})()`, selector))
	_, data, ok := strings.Cut(url, ",")
	if !ok {
		return pattern.Code{}, false
	}
	raw, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		b.t.Fatal(err)
	}
	img, _, err := image.Decode(bytes.NewReader(raw))
	if err != nil {
		b.t.Fatal(err)
	}
	return pattern.Read(img)
}

// moving waits until a video element has shown two different frames of the
// pattern with the given id.
func (b *browser) moving(selector string, id uint8) {
	b.t.Helper()
	seen := map[uint16]bool{}
	last := "nothing"
	for deadline := time.Now().Add(patience); len(seen) < 2; {
		if code, ok := b.frame(selector); ok && code.ID == id {
			seen[code.Counter] = true
		} else if ok {
			last = fmt.Sprintf("pattern %d", code.ID)
		}
		if time.Now().After(deadline) {
			b.fail("%s does not show pattern %d moving; seen: %d frames, last other: %s", selector, id, len(seen), last)
		}
	}
}

// pitch measures the strongest frequency that a media element plays, in hertz,
// once there is sound.
func (b *browser) pitch(selector string) float64 {
	b.t.Helper()
	return eval[float64](b, fmt.Sprintf(`(async () => {
		const context = new AudioContext();
		await context.resume();
		const analyser = context.createAnalyser();
		analyser.fftSize = 8192;
		context.createMediaStreamSource(document.querySelector(%q).srcObject).connect(analyser);
		const bins = new Float32Array(analyser.frequencyBinCount);
		try {
			for (let i = 0; i < 600; i++) {
				await new Promise((next) => setTimeout(next, 50));
				analyser.getFloatFrequencyData(bins);
				const top = bins.reduce((best, v, at) => v > bins[best] ? at : best, 0);
				if (bins[top] > -60) return top * context.sampleRate / analyser.fftSize;
			}
			return 0;
		} finally { context.close(); }
	})()`, selector))
}

func writePattern(t *testing.T, name string, id uint8, width, height int) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := pattern.WriteY4M(f, width, height, 30, 60, id); err != nil {
		t.Fatal(err)
	}
}

// writeTone writes two seconds of a sine as 48 kHz mono WAV.
func writeTone(t *testing.T, name string, hertz float64) {
	t.Helper()
	const rate = 48000
	samples := make([]int16, 2*rate)
	for i := range samples {
		samples[i] = int16(8000 * math.Sin(2*math.Pi*hertz*float64(i)/rate))
	}
	var b bytes.Buffer
	b.WriteString("RIFF")
	for _, v := range []any{uint32(36 + 2*len(samples)), []byte("WAVEfmt "), uint32(16), uint16(1), uint16(1), uint32(rate), uint32(2 * rate), uint16(2), uint16(16),
		[]byte("data"), uint32(2 * len(samples)), samples} {
		if err := binary.Write(&b, binary.LittleEndian, v); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// toneShare returns the share of a tone in the last second of a 48 kHz mono
// WAV file: the energy at the frequency by that of the whole (Goertzel).
func toneShare(wav []byte, hertz float64) float64 {
	const rate = 48000
	data := bytes.Index(wav, []byte("data"))
	if data < 0 || len(wav) < data+8+2*rate {
		return 0
	}
	pcm := wav[data+8:]
	pcm = pcm[len(pcm)-len(pcm)%2-2*rate:]
	var sum, s1, s2 float64
	c := 2 * math.Cos(2*math.Pi*hertz/rate)
	for i := 0; i+1 < len(pcm); i += 2 {
		x := float64(int16(binary.LittleEndian.Uint16(pcm[i:])))
		sum += x * x
		s1, s2 = x+c*s1-s2, s1
	}
	if sum == 0 {
		return 0
	}
	return (s1*s1 + s2*s2 - c*s1*s2) / (sum * rate / 2)
}
