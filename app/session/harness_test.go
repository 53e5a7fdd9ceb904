package session

import (
	"context"
	"errors"
	"image"
	"strings"
	"sync"
	"testing"
	"time"

	"guichet/app/signin"
	"guichet/platform/server"
	"guichet/platform/wire"

	"github.com/pion/rtp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hang is how long anything may take before a test counts as hung.
const hang = 60 * time.Second

// startServer runs a real server in this process until the test ends.
func startServer(t *testing.T) wire.Ready {
	t.Helper()
	return startServerAt(t, "127.0.0.1:0", "")
}

// startServerAt runs one that listens here and is reached by another address.
func startServerAt(t *testing.T, listen, public string) wire.Ready {
	t.Helper()
	s, err := server.New(context.Background(), server.Config{Dev: true, Data: t.TempDir(), Listen: listen, MQTTListen: "127.0.0.1:0",
		MediaListen: "127.0.0.1:0", TURNListen: "127.0.0.1:0", PublicURL: public})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan wire.Ready, 1), make(chan error, 1)
	go func() { ended <- s.Run(ctx, func(r wire.Ready) { ready <- r }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return <-ready
}

// person is a session with fake hardware, recorded.
type person struct {
	*Session
	t     *testing.T
	media *fakeMedia

	mu     sync.Mutex
	state  State
	phases []Phase
	kept   Preferences
	news   chan struct{}
}

// newPerson starts a session that signs in as the demo application, unless
// change says otherwise.
func newPerson(t *testing.T, name, url string, change func(*Config)) *person {
	t.Helper()
	return newPersonWith(t, name, url, "test", change)
}

func newPersonWith(t *testing.T, name, url, application string, change func(*Config)) *person {
	t.Helper()
	p := &person{t: t, media: &fakeMedia{}, news: make(chan struct{})}
	secret := ""
	if application != "" {
		secret = "secret"
	}
	accounts, err := signin.New(signin.Config{Vault: signin.OpenVault(nil, t.TempDir(), nil), ClientID: application, ClientSecret: secret,
		Opener: func(string) error { return errors.New("no browser here") }})
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Accounts: Browser(accounts), Media: p.media, Server: url, Name: name,
		OnChange: func(s State) {
			p.change(func() {
				p.state = s
				if n := len(p.phases); n == 0 || p.phases[n-1] != s.Phase {
					p.phases = append(p.phases, s.Phase)
				}
			})
		},
		Remember: func(k Preferences) { p.change(func() { p.kept = k }) }}
	if change != nil {
		change(&cfg)
	}
	if p.Session, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Close()
		p.media.check(t)
		accounts.HTTP().CloseIdleConnections()
	})
	return p
}

func (p *person) change(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
	close(p.news)
	p.news = make(chan struct{})
}

// until waits for a state that fits, and returns it. What fits asks may also be
// of the hardware, which does not tell, so it is asked again and again.
func (p *person) until(what string, fits func(State) bool) State {
	p.t.Helper()
	deadline := time.After(hang)
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		p.mu.Lock()
		s, news := p.state, p.news
		p.mu.Unlock()
		if fits(s) {
			return s
		}
		select {
		case <-news:
		case <-again.C:
		case <-deadline:
			p.t.Fatalf("never: %s\n%+v\ncall %+v", what, s, s.Call)
		}
	}
}

func (p *person) untilPhase(phase Phase) State {
	p.t.Helper()
	return p.until(string(phase), func(s State) bool { return s.Phase == phase })
}

// other returns the one other participant.
func other(s State) (Participant, bool) {
	if s.Call == nil || len(s.Call.Participants) != 2 {
		return Participant{}, false
	}
	return s.Call.Participants[1], true
}

// fakeMedia is hardware that records what is done with it.
type fakeMedia struct {
	mu      sync.Mutex
	sounds  []*fakeSound
	cameras []*fakeCamera
	players []*fakePlayer
	screens []*fakeScreen
	noSound error

	noScreens error
}

func (*fakeMedia) Devices() (cameras, microphones, speakers []Device) {
	return []Device{{Name: "Front"}, {Name: "Desk"}}, []Device{{Name: "Headset"}}, nil
}

func (m *fakeMedia) OpenSound(cfg SoundConfig) (Sound, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.noSound != nil {
		return nil, m.noSound
	}
	s := &fakeSound{cfg: cfg, ended: make(chan struct{})}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	go s.talk()
	m.sounds = append(m.sounds, s)
	return s, nil
}

func (m *fakeMedia) OpenCamera(cfg CameraConfig) (Camera, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := &fakeCamera{cfg: cfg, name: cfg.Name, off: cfg.Off}
	m.cameras = append(m.cameras, c)
	if cfg.Name == "broken" {
		cfg.OnError(errors.New("the camera is used by another program"))
	}
	return c, nil
}

func (m *fakeMedia) NewPlayer(PlayerConfig) (Player, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := &fakePlayer{}
	m.players = append(m.players, p)
	return p, nil
}

func (m *fakeMedia) Screens() ([]Screen, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return []Screen{{ID: "screen:one", Name: "one", Width: 1920, Height: 1080}, {ID: "window:2", Name: "Contract", Window: true}}, m.noScreens
}

func (m *fakeMedia) OpenScreen(cfg ScreenConfig) (Shared, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := &fakeScreen{cfg: cfg}
	m.screens = append(m.screens, s)
	return s, nil
}

// screen returns the screen that is read, or nil.
func (m *fakeMedia) screen() *fakeScreen {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.screens {
		if !s.isClosed() {
			return s
		}
	}
	return nil
}

// fakeScreen is a screen that is shared.
type fakeScreen struct {
	closed
	cfg ScreenConfig
}

func (*fakeScreen) SetBitrate(int)   {}
func (*fakeScreen) RequestKeyFrame() {}
func (s *fakeScreen) Close()         { s.close() }

// sound returns the sound that is open.
func (m *fakeMedia) sound() *fakeSound {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.sounds {
		if !s.isClosed() {
			return s
		}
	}
	return nil
}

func (m *fakeMedia) camera() *fakeCamera {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.cameras {
		if !c.isClosed() {
			return c
		}
	}
	return nil
}

// check tells what was left open.
func (m *fakeMedia) check(t *testing.T) {
	t.Helper()
	if m.sound() != nil || m.camera() != nil || m.screen() != nil {
		t.Error("a device is left open")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.players {
		if !p.isClosed() {
			t.Error("a player is left open")
		}
	}
}

// closed is the part that everything fake shares.
type closed struct {
	mu   sync.Mutex
	is   bool
	loss int
}

func (c *closed) isClosed() bool { c.mu.Lock(); defer c.mu.Unlock(); return c.is }
func (c *closed) close()         { c.mu.Lock(); c.is = true; c.mu.Unlock() }

type fakeSound struct {
	closed
	cfg    SoundConfig
	ctx    context.Context
	cancel context.CancelFunc
	ended  chan struct{}

	muted           bool
	names           [2]string
	voices, removed int
}

// talk sends a packet every 20 ms.
func (s *fakeSound) talk() {
	defer close(s.ended)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for n := uint16(0); ; n++ {
		select {
		case <-tick.C:
			s.cfg.Send(&rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: n, Timestamp: uint32(n) * 960}, Payload: []byte{1, 2, 3}})
		case <-s.ctx.Done():
			return
		}
	}
}

func (s *fakeSound) SetMicrophone(name string) error { s.set(func() { s.names[0] = name }); return nil }
func (s *fakeSound) SetSpeaker(name string) error {
	s.set(func() { s.names[1] = name })
	if strings.HasPrefix(name, "gone") {
		return errors.New("this speaker is not connected")
	}
	return nil
}
func (s *fakeSound) SetMuted(muted bool)      { s.set(func() { s.muted = muted }) }
func (s *fakeSound) SetLoss(percent int)      { s.set(func() { s.loss = percent }) }
func (s *fakeSound) MicrophoneLevel() float64 { return 0.25 }
func (s *fakeSound) Play(Player) (remove func()) {
	s.set(func() { s.voices++ })
	return func() { s.set(func() { s.removed++ }) }
}
func (s *fakeSound) Close() {
	s.cancel()
	<-s.ended
	s.close()
}
func (s *fakeSound) set(f func()) { s.mu.Lock(); f(); s.mu.Unlock() }

type fakeCamera struct {
	closed
	cfg  CameraConfig
	name string
	off  bool
	keys int
}

func (c *fakeCamera) Choose(name string) { c.set(func() { c.name = name }) }
func (c *fakeCamera) SetOff(off bool)    { c.set(func() { c.off = off }) }
func (c *fakeCamera) SetBitrate(int)     {}
func (c *fakeCamera) RequestKeyFrame()   { c.set(func() { c.keys++ }) }
func (c *fakeCamera) Close()             { c.close() }
func (c *fakeCamera) set(f func())       { c.mu.Lock(); f(); c.mu.Unlock() }

type fakePlayer struct {
	closed
	packets int
}

func (p *fakePlayer) PushAudio(*rtp.Packet)    { p.mu.Lock(); p.packets++; p.mu.Unlock() }
func (*fakePlayer) PushVideo(*rtp.Packet)      {}
func (*fakePlayer) AudioReport(uint64, uint32) {}
func (*fakePlayer) VideoReport(uint64, uint32) {}
func (*fakePlayer) ReadPCM([]int16)            {}
func (p *fakePlayer) Level() float64           { return 0.7 }
func (*fakePlayer) LastFrame() time.Time       { return time.Time{} }
func (p *fakePlayer) Close()                   { p.close() }

// picture is any picture.
func picture() *image.YCbCr {
	return image.NewYCbCr(image.Rect(0, 0, 4, 4), image.YCbCrSubsampleRatio420)
}

func (c *fakeCamera) isOff() bool { c.mu.Lock(); defer c.mu.Unlock(); return c.off }
