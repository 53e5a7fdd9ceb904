package send

import (
	"context"
	"errors"
	"image"
	"io"
	"math"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"guichet/media/capture"
	"guichet/media/capture/pattern"
	"guichet/media/codec"
	"guichet/media/playout"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func openPattern(id string) func() (capture.Video, error) {
	return func() (capture.Video, error) {
		return capture.Open("pattern:"+id, capture.Options{Width: 640, Height: 360, FrameRate: 60})
	}
}

// wait receives from a channel or fails the test.
func wait[T any](t *testing.T, what string, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(30 * time.Second):
		t.Fatalf("no %s", what)
	}
	return v
}

// TestPictureFromEndToEnd sends the pattern through RTP packets and reads its code
// off the RGBA tile of the other side.
func TestPictureFromEndToEnd(t *testing.T) {
	var tile playout.Picture
	tile.SetSize(400, 400)
	codes := make(chan pattern.Code, 1000)
	var sender *Video
	asked := make(chan struct{}, 100)
	receiver, err := playout.NewVideo(playout.VideoConfig{
		OnFrame: func(m *image.YCbCr) {
			if err := tile.Update(m); err != nil {
				t.Error(err)
				return
			}
			if c, ok := pattern.Read(tile.Latest()); ok {
				select {
				case codes <- c:
				default:
				}
			}
		},
		OnKeyFrameNeeded: func() { asked <- struct{}{} },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer receiver.Close()
	packetizer := NewVP8Packetizer()
	first := true
	var stamps []uint32
	selfView := make(chan struct{}, 1000)
	sender, err = NewVideo(VideoConfig{Open: openPattern("21"), Bitrate: 600_000,
		OnFrame: func(*image.YCbCr) { selfView <- struct{}{} },
		OnError: func(err error) { t.Error(err) },
		OnSample: func(s Sample) {
			packets := packetizer.Packets(s)
			if first { // the first key frame is lost: the receiver has to ask
				first = false
				return
			}
			for i, p := range packets {
				if p.Marker != (i == len(packets)-1) || len(p.Payload) > packetSize {
					t.Errorf("packet %d of %d: marker %v, %d bytes", i, len(packets), p.Marker, len(p.Payload))
				}
				receiver.Push(p)
			}
			stamps = append(stamps, packets[0].Timestamp)
		}})
	if err != nil {
		t.Fatal(err)
	}
	wait(t, "self view", selfView)
	wait(t, "request for a key frame", asked)
	sender.RequestKeyFrame()
	if c := wait(t, "picture", codes); c.ID != 21 {
		t.Errorf("read %+v", c)
	}
	sender.SetBitrate(300_000)
	sender.Switch(openPattern("22"))
	for wait(t, "second picture", codes).ID != 22 {
	}
	sender.Close()
	for i := 1; i < len(stamps); i++ {
		if d := int32(stamps[i] - stamps[i-1]); d <= 0 || d > 90000*20 {
			t.Fatalf("time stamp %d after %d", stamps[i], stamps[i-1])
		}
	}
	if s := sender.Stats(); s.Frames == 0 || s.Bytes == 0 || s.Width != 640 || s.Height != 360 {
		t.Errorf("%+v", s)
	}
	if img := tile.Latest(); img.Rect.Dx() != 400 || img.Rect.Dy() != 225 {
		t.Errorf("tile %v", img.Rect)
	}
}

// counted tells how many of it are open.
type counted struct {
	capture.Video
	open *atomic.Int64
}

func (c counted) Close() error {
	c.open.Add(-1)
	return c.Video.Close()
}

func TestMutedVideoFreesTheCamera(t *testing.T) {
	var open atomic.Int64
	samples := make(chan Sample, 10000)
	sender, err := NewVideo(VideoConfig{Bitrate: 300_000, Muted: true, OnSample: func(s Sample) { samples <- s },
		Open: func() (capture.Video, error) {
			v, err := openPattern("1")()
			open.Add(1)
			return counted{v, &open}, err
		}})
	if err != nil {
		t.Fatal(err)
	}
	defer sender.Close()
	if open.Load() != 0 {
		t.Error("the camera opened while muted")
	}
	var last time.Duration = -1
	for range 3 {
		sender.SetMuted(false)
		s := wait(t, "picture", samples)
		for !s.Key || s.Time <= last {
			s = wait(t, "key frame", samples)
		}
		last = s.Time
		sender.SetMuted(true)
		poll := time.NewTicker(time.Millisecond)
		deadline := time.After(30 * time.Second)
		for open.Load() != 0 {
			select {
			case <-poll.C:
			case <-deadline:
				t.Fatal("the camera stays open")
			}
		}
		poll.Stop()
	}
}

func TestVideoTellsOfTrouble(t *testing.T) {
	troubles := make(chan error, 10)
	samples := make(chan Sample, 10000)
	sender, err := NewVideo(VideoConfig{Bitrate: 300_000, OnSample: func(s Sample) { samples <- s },
		OnError: func(err error) { troubles <- err },
		Open:    func() (capture.Video, error) { return nil, capture.ErrBusy }})
	if err != nil {
		t.Fatal(err)
	}
	defer sender.Close()
	if err := wait(t, "error", troubles); !errors.Is(err, capture.ErrBusy) {
		t.Errorf("%v", err)
	}
	sender.Switch(openPattern("3"))
	wait(t, "picture", samples)
	if _, err := NewVideo(VideoConfig{}); !errors.Is(err, ErrConfig) {
		t.Errorf("no parts: %v", err)
	}
	if _, err := NewVideo(VideoConfig{Open: openPattern("1"), OnSample: func(Sample) {}, Bitrate: 1}); !errors.Is(err, codec.ErrSettings) {
		t.Errorf("no bitrate: %v", err)
	}
}

// microphone hands over what the test puts in.
type microphone struct{ periods chan []int16 }

func (m microphone) Read(ctx context.Context) ([]int16, error) {
	select {
	case p, ok := <-m.periods:
		if !ok {
			return nil, io.EOF
		}
		return p, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// speak puts 10 ms periods of a tone in.
func (m microphone) speak(periods int, amplitude float64) {
	for n := range periods {
		pcm := make([]int16, 480)
		for i := range pcm {
			pcm[i] = int16(amplitude * math.Sin(2*math.Pi*440*float64(n*480+i)/48000))
		}
		m.periods <- pcm
	}
}

func TestAudio(t *testing.T) {
	mic := microphone{make(chan []int16)}
	samples := make(chan Sample, 1000)
	hints := make(chan struct{}, 100)
	failed := make(chan error, 1)
	a, err := NewAudio(AudioConfig{Source: mic, OnSample: func(s Sample) { samples <- s },
		OnMutedSpeech: func() { hints <- struct{}{} }, OnError: func(err error) { failed <- err }})
	if err != nil {
		t.Fatal(err)
	}
	a.SetLoss(20)
	mic.speak(20, 9000)
	mic.speak(1, 0) // by now all before it has been encoded
	if len(samples) != 10 {
		t.Fatalf("%d samples of 200 ms", len(samples))
	}
	packetizer := NewOpusPacketizer()
	var first uint32
	for i := range 10 {
		s := <-samples
		p := packetizer.Packets(s)[0]
		if i == 0 {
			first = p.Timestamp
		}
		if s.Key != (i == 0) || p.Marker != s.Key || s.Duration != 20*time.Millisecond || p.Timestamp-first != uint32(i)*960 {
			t.Errorf("sample %d: %v, time stamp +%d", i, s.Time, p.Timestamp-first)
		}
	}
	if a.Level() < 0.5 {
		t.Errorf("level %.2f", a.Level())
	}
	a.SetMuted(true)
	mic.speak(100, 9000)
	mic.speak(1, 9000)
	if len(samples) != 0 {
		t.Errorf("%d samples while muted", len(samples))
	}
	if len(hints) != 1 {
		t.Errorf("%d hints in a second, want one", len(hints))
	}
	if a.Level() < 0.5 {
		t.Errorf("level %.2f while muted", a.Level())
	}
	a.SetMuted(false)
	mic.speak(10, 9000)
	s := wait(t, "sample", samples)
	if d := packetizer.Packets(s)[0].Timestamp - first; !s.Key || d < 960*50 || d > 960*70 {
		t.Errorf("after the pause: key %v, time stamp +%d", s.Key, d)
	}
	close(mic.periods)
	if err := wait(t, "error", failed); !errors.Is(err, io.EOF) {
		t.Errorf("%v", err)
	}
	a.Close()
	a.Close()
}

func TestHintIgnoresACough(t *testing.T) {
	var h hint
	at := time.Duration(0)
	for range 50 { // 200 ms loud, 800 ms quiet
		for i := range 50 {
			loud := 0.0
			if i < 10 {
				loud = 0.8
			}
			at += frameTime
			if h.hear(loud, at) {
				t.Fatal("a cough taken for speech")
			}
		}
	}
}
