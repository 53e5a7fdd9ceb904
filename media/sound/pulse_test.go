//go:build cgo && linux

package sound

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// pulse is a PulseAudio server of the test's own: a speaker "spk", and a cable whose
// far end is the microphone "fakemic".
type pulse struct {
	t      *testing.T
	home   string
	server *exec.Cmd
}

func startPulse(t *testing.T) *pulse {
	t.Helper()
	// A path to a socket has 108 bytes at most, so not t.TempDir with its long name.
	home, err := os.MkdirTemp("", "pulse")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	p := &pulse{t: t, home: home}
	t.Setenv("HOME", home)
	t.Setenv("XDG_RUNTIME_DIR", home)
	t.Setenv("PULSE_SERVER", "unix:"+filepath.Join(home, "native"))
	t.Cleanup(p.stop)
	p.start()
	return p
}

func (p *pulse) start() {
	p.t.Helper()
	socket := filepath.Join(p.home, "native")
	p.server = exec.Command("pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no",
		"-L", "module-native-protocol-unix auth-anonymous=1 socket="+socket,
		"-L", "module-null-sink sink_name=spk sink_properties=device.description=Speaker",
		"-L", "module-null-sink sink_name=cable sink_properties=device.description=Cable",
		"-L", "module-remap-source master=cable.monitor source_name=fakemic source_properties=device.description=FakeMic")
	p.server.Env = append(os.Environ(), "PULSE_SERVER=")
	if err := p.server.Start(); err != nil {
		p.t.Fatalf("this test needs Debian's pulseaudio: %v", err)
	}
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	deadline := time.Now().Add(30 * time.Second)
	for range poll.C {
		if c, err := net.Dial("unix", socket); err == nil {
			_ = c.Close()
			if len(Microphones()) == 1 && len(Speakers()) == 2 {
				return
			}
		}
		if time.Now().After(deadline) {
			p.t.Fatal("pulseaudio did not start")
		}
	}
}

func (p *pulse) stop() {
	if p.server == nil {
		return
	}
	_ = p.server.Process.Kill()
	_ = p.server.Wait()
	p.server = nil
}

func TestRealDevices(t *testing.T) {
	p := startPulse(t)
	if mics := Microphones(); mics[0].Name != "FakeMic" {
		t.Errorf("microphones %v: monitors are no microphones", mics)
	}
	w := newWarnings()
	// One device speaks into the cable, the other hears its far end.
	speaking := openDevice(t, Config{Microphone: "none", Speaker: "Cable", OnWarning: func(err error) { t.Error(err) }})
	speaking.AddSource(NewTone(700))
	hearing := openDevice(t, Config{Microphone: "FakeMic", Speaker: "Speaker", OnWarning: w.add})
	hear(t, hearing, "the cable", func(pcm []int16) bool { return power(pcm, 700) > 0.9 })

	if err := hearing.SetMicrophone("tone:300"); err != nil { // with a real speaker
		t.Fatal(err)
	}
	hear(t, hearing, "the tone", func(pcm []int16) bool { return power(pcm, 300) > 0.9 })
	if len(w.list) != 0 {
		t.Errorf("warnings %v", w.list)
	}
	if err := hearing.SetMicrophone("A Microphone Left At Home"); err != nil {
		t.Fatal(err)
	}
	if !w.has(ErrUnknownMicrophone) {
		t.Errorf("warnings %v", w.list)
	}
	hear(t, hearing, "the cable again", func(pcm []int16) bool { return power(pcm, 700) > 0.9 })
	if err := speaking.Close(); err != nil {
		t.Fatal(err)
	}

	// The server dies in the middle of the call and comes back.
	p.stop()
	for !w.has(ErrNoSpeaker) {
		select {
		case <-w.came:
		case <-time.After(30 * time.Second):
			t.Fatalf("no warning of the dead server: %v", w.list)
		}
	}
	hear(t, hearing, "silence from the ticker", func(pcm []int16) bool { return power(pcm, 700) == 0 })
	p.start()
	again := openDevice(t, Config{Microphone: "none", Speaker: "Cable"})
	again.AddSource(NewTone(900))
	hear(t, hearing, "the new server", func(pcm []int16) bool { return power(pcm, 900) > 0.9 })
}
