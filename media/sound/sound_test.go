package sound

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func guard(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// noServer makes sure that no sound server is found.
func noServer(t *testing.T) {
	t.Helper()
	if _, err := os.Stat("/dev/snd"); err == nil {
		t.Log("this machine has sound cards, which may be used")
	}
	t.Setenv("PULSE_SERVER", "unix:"+filepath.Join(t.TempDir(), "nothing"))
}

// warnings collects what a device warns of.
type warnings struct {
	mu   sync.Mutex
	list []error
	came chan struct{}
}

func newWarnings() *warnings { return &warnings{came: make(chan struct{}, 100)} }

func (w *warnings) add(err error) {
	w.mu.Lock()
	w.list = append(w.list, err)
	w.mu.Unlock()
	w.came <- struct{}{}
}

func (w *warnings) has(want error) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, err := range w.list {
		if errors.Is(err, want) {
			return true
		}
	}
	return false
}

func openDevice(t *testing.T, cfg Config) *Device {
	t.Helper()
	d, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// power returns how much of the sound is at one frequency, 0 to 1.
func power(pcm []int16, hz float64) float64 {
	c := 2 * math.Cos(2*math.Pi*hz/Rate)
	var s1, s2, total float64
	for _, v := range pcm {
		s1, s2 = float64(v)+c*s1-s2, s1
		total += float64(v) * float64(v)
	}
	return (s1*s1 + s2*s2 - c*s1*s2) * 2 / (total*float64(len(pcm)) + 1)
}

// hear reads 100 ms pieces until ok likes one.
func hear(t *testing.T, d *Device, what string, ok func(pcm []int16) bool) {
	t.Helper()
	ctx := guard(t)
	for {
		var pcm []int16
		for range 10 {
			p, err := d.Read(ctx)
			if err != nil {
				t.Fatalf("waiting for %s: %v", what, err)
			}
			pcm = append(pcm, p...)
		}
		if ok(pcm) {
			return
		}
	}
}

func TestToneMicrophoneWithoutDevices(t *testing.T) {
	noServer(t)
	d := openDevice(t, Config{Microphone: "tone:1000", Speaker: "none", OnWarning: func(err error) { t.Error(err) }})
	hear(t, d, "the tone", func(pcm []int16) bool { return power(pcm, 1000) > 0.95 })
	// A quarter of full scale is -15 dB RMS.
	if got := d.MicrophoneLevel(); got < 0.7 || got > 0.8 {
		t.Errorf("level %.2f", got)
	}
	start, samples := time.Now(), 0
	for range 30 {
		p, err := d.Read(guard(t))
		if err != nil {
			t.Fatal(err)
		}
		samples += len(p)
	}
	if took := time.Since(start); samples != 30*Period || took < 200*time.Millisecond {
		t.Errorf("%d samples in %v", samples, took)
	}
}

func TestNoDevicesWarn(t *testing.T) {
	noServer(t)
	w := newWarnings()
	d := openDevice(t, Config{OnWarning: w.add})
	if !w.has(ErrNoMicrophone) || !w.has(ErrNoSpeaker) {
		t.Errorf("warnings %v", w.list)
	}
	hear(t, d, "silence", func(pcm []int16) bool { return power(pcm, 440) == 0 })
	if mics, spks := Microphones(), Speakers(); len(mics) != 0 || len(spks) != 0 {
		t.Errorf("listed %v and %v", mics, spks)
	}
}

func TestSpecs(t *testing.T) {
	noServer(t)
	for _, cfg := range []Config{
		{Microphone: "tone:x"}, {Microphone: "tone:5"}, {Microphone: "file:/nowhere.wav"}, {Speaker: "file:/nowhere/at/all.wav"},
	} {
		if d, err := Open(cfg); !errors.Is(err, ErrSpec) || d != nil {
			t.Errorf("%+v: %v", cfg, err)
		}
	}
}

// TestSpeakerFile mixes two voices and a tone microphone into a file.
func TestSpeakerFile(t *testing.T) {
	noServer(t)
	path := filepath.Join(t.TempDir(), "heard.wav")
	d := openDevice(t, Config{Microphone: "none", Speaker: "file:" + path})
	d.AddSource(NewTone(500))
	remove := d.AddSource(NewTone(1500))
	for range 150 {
		if _, err := d.Read(guard(t)); err != nil {
			t.Fatal(err)
		}
	}
	// The file of a killed program: read it while it grows.
	pcm := readFile(t, path)
	if len(pcm) < Rate || power(pcm[:4800], 500) < 0.4 || power(pcm[:4800], 1500) < 0.4 {
		t.Errorf("while it grows: %d samples, %.2f and %.2f", len(pcm), power(pcm[:4800], 500), power(pcm[:4800], 1500))
	}
	remove()
	remove()
	for range 30 {
		if _, err := d.Read(guard(t)); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	pcm = readFile(t, path)
	end := pcm[len(pcm)-4800:]
	if power(end, 500) < 0.9 || power(end, 1500) > 0.01 {
		t.Errorf("after one left: %.2f and %.2f", power(end, 500), power(end, 1500))
	}
	if _, err := d.Read(guard(t)); !errors.Is(err, ErrClosed) {
		t.Errorf("read after Close: %v", err)
	}
	if err := d.SetMicrophone("tone"); !errors.Is(err, ErrClosed) {
		t.Errorf("set after Close: %v", err)
	}
}

func readFile(t *testing.T, path string) []int16 {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	pcm, err := ReadWAV(f)
	if err != nil {
		t.Fatal(err)
	}
	return pcm
}

func TestChangeDuringACall(t *testing.T) {
	noServer(t)
	dir := t.TempDir()
	clip := filepath.Join(dir, "clip.wav")
	w, err := createWAV(clip)
	if err != nil {
		t.Fatal(err)
	}
	pcm := make([]int16, Rate/10)
	NewTone(2000).ReadPCM(pcm)
	if err := errors.Join(w.write(pcm), w.close()); err != nil {
		t.Fatal(err)
	}
	d := openDevice(t, Config{Microphone: "tone:440", Speaker: "none"})
	d.AddSource(NewTone(600))
	hear(t, d, "440 Hz", func(pcm []int16) bool { return power(pcm, 440) > 0.95 })
	if err := d.SetMicrophone("file:" + clip); err != nil {
		t.Fatal(err)
	}
	hear(t, d, "the file", func(pcm []int16) bool { return power(pcm, 2000) > 0.95 })
	if err := d.SetMicrophone("tone:nonsense"); !errors.Is(err, ErrSpec) {
		t.Errorf("nonsense: %v", err)
	}
	hear(t, d, "the file still", func(pcm []int16) bool { return power(pcm, 2000) > 0.95 })
	first, second := filepath.Join(dir, "a.wav"), filepath.Join(dir, "b.wav")
	for _, path := range []string{first, second} {
		if err := d.SetSpeaker("file:" + path); err != nil {
			t.Fatal(err)
		}
		for range 20 {
			if _, err := d.Read(guard(t)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{first, second} {
		if pcm := readFile(t, path); len(pcm) < 5*Period || power(pcm[:5*Period], 600) < 0.9 {
			t.Errorf("%s: %d samples", path, len(pcm))
		}
	}
}

// swap is a Processor which proves that both ends meet in one call.
type swap struct{}

func (swap) Process(capture, playback []int16) { copy(capture, playback) }

func TestProcessorSeesBothEnds(t *testing.T) {
	noServer(t)
	d := openDevice(t, Config{Microphone: "tone:440", Speaker: "none", Processor: swap{}})
	d.AddSource(NewTone(3000))
	hear(t, d, "the playback", func(pcm []int16) bool { return power(pcm, 3000) > 0.95 })
}

func TestMixSaturates(t *testing.T) {
	loud := &loop{pcm: []int16{30000, -30000}}
	dst, scratch, sum := make([]int16, 4), make([]int16, 4), make([]int32, 4)
	mix(dst, scratch, sum, []Source{loud, &loop{pcm: loud.pcm}, &loop{pcm: loud.pcm}})
	for i, want := range []int16{math.MaxInt16, math.MinInt16, math.MaxInt16, math.MinInt16} {
		if dst[i] != want {
			t.Errorf("%d: %d", i, dst[i])
		}
	}
	if mix(dst, scratch, sum, nil); dst[0] != 0 {
		t.Error("no sources are not silent")
	}
}

func TestRingDropsTheOldest(t *testing.T) {
	r := newRing(4)
	pcm := make([]int16, Period)
	for i := range 10 {
		pcm[0] = int16(i)
		r.put(pcm)
	}
	var got []int16
	for p, ok := r.take(); ok; p, ok = r.take() {
		got = append(got, p[0])
	}
	if len(got) == 0 || len(got) > 4 || got[len(got)-1] != 9 || r.dropped.Load() < 6 {
		t.Errorf("took %v, dropped %d", got, r.dropped.Load())
	}
	for i := 1; i < len(got); i++ {
		if got[i] <= got[i-1] {
			t.Errorf("out of order: %v", got)
		}
	}
}

func TestRingUnderLoad(t *testing.T) {
	r := newRing(4)
	closed := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		defer close(closed)
		pcm := make([]int16, Period)
		for i := range 20000 {
			for k := range pcm {
				pcm[k] = int16(i)
			}
			r.put(pcm)
		}
	})
	last := -1
	for {
		p, err := r.next(context.Background(), closed)
		if err != nil {
			break
		}
		if int(p[0]) <= last || p[0] != p[Period-1] {
			t.Fatalf("%d after %d, ends with %d", p[0], last, p[Period-1])
		}
		last = int(p[0])
	}
	writer.Wait()
}

func BenchmarkMixFiveVoices(b *testing.B) {
	var sources []Source
	pcm := make([]int16, Rate)
	NewTone(440).ReadPCM(pcm)
	for range 5 {
		sources = append(sources, &loop{pcm: pcm})
	}
	dst, scratch, sum := make([]int16, Period), make([]int16, Period), make([]int32, Period)
	for b.Loop() {
		mix(dst, scratch, sum, sources)
	}
}

func BenchmarkCycle(b *testing.B) {
	d := &Device{captured: newRing(8), input: NewTone(440)}
	d.sources.Store(&[]Source{NewTone(500)})
	for b.Loop() {
		d.cycle(nil, nil)
	}
}
