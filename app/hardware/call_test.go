package hardware_test

import (
	"context"
	"errors"
	"image"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"guichet/app/hardware"
	"guichet/app/session"
	"guichet/app/signin"
	"guichet/media/capture/pattern"
	"guichet/media/sound"
	"guichet/platform/server"
	"guichet/platform/wire"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hang is how long anything may take before a test counts as hung.
const hang = 60 * time.Second

func startServer(t *testing.T) wire.Ready {
	t.Helper()
	s, err := server.New(context.Background(), server.Config{Dev: true, Data: t.TempDir(), Listen: "127.0.0.1:0", MQTTListen: "127.0.0.1:0",
		MediaListen: "127.0.0.1:0", TURNListen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan wire.Ready, 1), make(chan error, 1)
	go func() { ended <- s.Run(ctx, func(r wire.Ready) { ready <- r }) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-ended, s.Close()); err != nil {
			t.Error(err)
		}
	})
	return <-ready
}

// person is a session with the real hardware package and no devices: a test
// pattern, a tone, and a file to listen into.
type person struct {
	*session.Session
	t      *testing.T
	states chan session.State
	heard  string
}

func newPerson(t *testing.T, url, name, camera, microphone string) *person {
	t.Helper()
	// Neither a sound server, nor a session bus, nor a keyring.
	for _, k := range []string{"DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "PULSE_SERVER", "DISPLAY"} {
		t.Setenv(k, "")
	}
	p := &person{t: t, states: make(chan session.State, 1024), heard: filepath.Join(t.TempDir(), "heard.wav")}
	accounts, err := signin.New(signin.Config{Vault: signin.OpenVault(nil, t.TempDir(), nil), ClientID: "test", ClientSecret: "secret",
		Opener: func(string) error { return errors.New("no browser") }})
	if err != nil {
		t.Fatal(err)
	}
	p.Session, err = session.New(session.Config{Accounts: session.Browser(accounts), Media: hardware.Media{}, Server: url, Name: name,
		Camera: camera, Microphone: microphone, Speaker: "file:" + p.heard, OnChange: func(s session.State) { p.states <- s }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Close()
		accounts.HTTP().CloseIdleConnections()
	})
	return p
}

// until waits for a state that fits.
func (p *person) until(what string, fits func(session.State) bool) session.State {
	p.t.Helper()
	if s := p.State(); fits(s) {
		return s
	}
	deadline := time.After(hang)
	for {
		select {
		case s := <-p.states:
			if fits(s) {
				return s
			}
		case <-deadline:
			p.t.Fatalf("never: %s; %+v", what, p.State().Call)
		}
	}
}

func other(s session.State) session.Participant {
	if s.Call == nil || len(s.Call.Participants) != 2 {
		return session.Participant{}
	}
	return s.Call.Participants[1]
}

// sees waits for two different pictures of a pattern in a stream.
func (p *person) sees(stream string, id uint8) {
	p.t.Helper()
	codes := make(chan pattern.Code, 1)
	stop := p.OnVideo(stream, func(m *image.YCbCr) {
		if code, ok := pattern.Read(m); ok {
			select {
			case codes <- code:
			default:
			}
		}
	})
	defer stop()
	deadline := time.After(hang)
	for seen := map[uint16]bool{}; len(seen) < 2; {
		select {
		case code := <-codes:
			if code.ID != id {
				p.t.Fatalf("sees pattern %d, want %d", code.ID, id)
			}
			seen[code.Counter] = true
		case <-deadline:
			p.t.Fatalf("does not see pattern %d moving", id)
		}
	}
}

// hears waits until the last quarter second that was played is mostly one tone.
func (p *person) hears(hertz float64) {
	p.t.Helper()
	again := time.NewTicker(250 * time.Millisecond)
	defer again.Stop()
	share := 0.0
	for deadline := time.Now().Add(hang); time.Now().Before(deadline); {
		f, err := os.Open(p.heard)
		if err != nil {
			p.t.Fatal(err)
		}
		pcm, err := sound.ReadWAV(f)
		f.Close()
		if err == nil && len(pcm) > sound.Rate/4 {
			if share = toneShare(pcm[len(pcm)-sound.Rate/4:], hertz); share > 0.5 {
				return
			}
		}
		select { // until half of what was looked at is new
		case <-again.C:
		case <-p.states:
		}
	}
	p.t.Fatalf("%.0f Hz are %.2f of what is heard", hertz, share)
}

// toneShare is the energy at a frequency by that of the whole (Goertzel).
func toneShare(pcm []int16, hertz float64) float64 {
	var sum, s1, s2 float64
	c := 2 * math.Cos(2*math.Pi*hertz/sound.Rate)
	for _, v := range pcm {
		x := float64(v)
		sum += x * x
		s1, s2 = x+c*s1-s2, s1
	}
	if sum == 0 {
		return 0
	}
	return (s1*s1 + s2*s2 - c*s1*s2) / (sum * float64(len(pcm)) / 2)
}

// film writes a small test pattern to a file, which costs a slow machine less
// than the built-in one.
func film(t *testing.T, id uint8) string {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "pattern.y4m"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(pattern.WriteY4M(f, 640, 360, 15, 45, id), f.Close()); err != nil {
		t.Fatal(err)
	}
	return "file:" + f.Name()
}

// TestTwoSeeAndHearEachOther is a whole call: capture, VP8 and Opus, the real
// server, playout.
func TestTwoSeeAndHearEachOther(t *testing.T) {
	ready := startServer(t)
	a := newPerson(t, ready.URL, "Anna", film(t, 17), "tone:440")
	b := newPerson(t, ready.URL, "Ben", film(t, 34), "tone:1000")
	a.until("a is in the lobby", func(s session.State) bool { return s.Phase == session.Lobby })
	a.NewCall()
	b.Join(a.until("a is in the call", func(s session.State) bool { return s.Phase == session.InCall }).Call.ConferenceID)
	seen := func(s session.State) bool { return other(s).HasVideo }
	streamOfB := other(a.until("a sees b", seen)).StreamID
	streamOfA := other(b.until("b sees a", seen)).StreamID
	a.sees(streamOfB, 34)
	b.sees(streamOfA, 17)
	a.sees(session.SelfView, 17)
	a.hears(1000)
	b.hears(440)

	a.SetMicrophoneMuted(true)
	a.SetCameraOff(true)
	b.until("b sees a muted and without picture", func(s session.State) bool { p := other(s); return p.Muted && p.CameraOff && !p.HasVideo })
	a.SetMicrophoneMuted(false)
	a.SetCameraOff(false)
	b.until("b sees a again", seen)
	b.sees(streamOfA, 17)
	b.hears(440)

	a.ChooseCamera(film(t, 99))
	a.ChooseMicrophone("tone:2000")
	b.hears(2000)
	sawOther := make(chan struct{}, 1)
	stop := b.OnVideo(streamOfA, func(m *image.YCbCr) {
		if code, ok := pattern.Read(m); ok && code.ID == 99 {
			select {
			case sawOther <- struct{}{}:
			default:
			}
		}
	})
	select {
	case <-sawOther:
	case <-time.After(hang):
		t.Error("b never sees a's other camera")
	}
	stop()

	a.Leave()
	b.until("b is alone", func(s session.State) bool { return len(s.Call.Participants) == 1 })
}

// TestNoDevicesAtAll: a call takes place without camera, sound server and bus;
// warnings say what is missing.
func TestNoDevicesAtAll(t *testing.T) {
	ready := startServer(t)
	p := newPerson(t, ready.URL, "Anna", "", "")
	p.ChooseSpeaker("")
	p.until("lobby", func(s session.State) bool { return s.Phase == session.Lobby })
	p.NewCall()
	s := p.until("warnings", func(s session.State) bool { return s.Phase == session.InCall && len(s.Devices.Warnings) == 3 })
	for _, w := range s.Devices.Warnings {
		t.Log(w)
	}
	p.until("no picture of oneself is promised", func(s session.State) bool { return s.Call.Participants[0].CameraOff })
}
