package ui

import (
	"fmt"
	"image"
	"slices"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"guichet/app/session"
	"guichet/media/capture/pattern"
)

// fake is a session that obeys commands at once, without a server: it notes each
// one, changes its state as the real one would, and shows the test picture.
type fake struct {
	mu       sync.Mutex
	state    session.State
	apply    func(session.State) // gets each new state; may be nil
	commands []string
	watchers map[string][]*func(*image.YCbCr)
	levels   session.Levels
	note     func(string) // gets each command; may be nil
}

func newFake(s session.State) *fake {
	return &fake{state: s, watchers: map[string][]*func(*image.YCbCr){}, levels: session.Levels{Microphone: 0.45}}
}

// change runs f on a copy of the state and publishes the copy.
func (f *fake) change(command string, change func(*session.State)) {
	f.mu.Lock()
	f.commands = append(f.commands, command)
	s := f.state
	if s.Call != nil {
		c := *s.Call
		c.Participants = slices.Clone(c.Participants)
		s.Call = &c
	}
	change(&s)
	f.state = s
	apply, note := f.apply, f.note
	f.mu.Unlock()
	if note != nil {
		note(command)
	}
	if apply != nil {
		apply(s)
	}
}

func (f *fake) SignIn(server string) {
	f.change("sign in "+server, func(s *session.State) { *s = signingIn(); s.Server = server })
}
func (f *fake) CancelSignIn() {
	f.change("cancel sign-in", func(s *session.State) { s.Phase, s.SignInURL = session.SignedOut, "" })
}
func (f *fake) SignOut() {
	f.change("sign out", func(s *session.State) { s.Phase, s.Call = session.SignedOut, nil })
}
func (f *fake) NewCall() {
	f.change("new call", func(s *session.State) { *s = inCall(0) })
}
func (f *fake) Join(target string) {
	f.change("join "+target, func(s *session.State) { *s = inCall(1) })
}
func (f *fake) Leave() {
	f.change("leave", func(s *session.State) { s.Phase, s.Call = session.Lobby, nil })
}
func (f *fake) EndForAll() {
	f.change("end for all", func(s *session.State) { s.Phase, s.Call = session.Lobby, nil })
}
func (f *fake) MakeTicket(single bool) {
	f.change(fmt.Sprintf("ticket single=%t", single), func(s *session.State) {
		s.Call.Ticket = &session.Ticket{ID: "AB12", URL: "https://calls.example.org/t/AB12CD34", ExpiresAt: noon.Add(time.Hour), SingleUse: single}
	})
}
func (f *fake) RevokeTicket() {
	f.change("revoke", func(s *session.State) {
		if s.Call.Ticket != nil {
			t := *s.Call.Ticket
			t.Revoked = true
			s.Call.Ticket = &t
		}
	})
}
func (f *fake) SetMicrophoneMuted(m bool) {
	f.change(fmt.Sprintf("muted %t", m), func(s *session.State) {
		if own := s.Call.Own; m && own.MayMute || !m && own.MayUnmute {
			s.Call.MicrophoneMuted, s.Call.Participants[0].Muted = m, m
		}
	})
}
func (f *fake) SetCameraOff(off bool) {
	f.change(fmt.Sprintf("camera off %t", off), func(s *session.State) {
		s.Call.CameraOff, s.Call.Participants[0].CameraOff = off, off
	})
}
func (f *fake) SetOnHold(on bool) {
	f.change(fmt.Sprintf("hold %t", on), func(s *session.State) { s.Call.OnHold = on })
}
func (f *fake) Act(endpoint string, what session.Act) {
	f.change(fmt.Sprintf("act %d on %s", what, endpoint), func(*session.State) {})
}
func (f *fake) RaiseHand(up bool) {
	f.change(fmt.Sprintf("hand %t", up), func(s *session.State) { s.Call.Own.HandRaised = up })
}
func (f *fake) LockRoom(on bool) {
	f.change(fmt.Sprintf("lock %t", on), func(s *session.State) { s.Call.Room.Locked = on })
}
func (f *fake) ChooseScreen() {
	f.change("choose a screen", func(s *session.State) {
		s.Call.Share = session.Share{Choices: []session.Screen{{ID: "screen:HDMI-1", Name: "HDMI-1", Width: 1920, Height: 1080}, {ID: "screen:DP-2", Name: "DP-2", Width: 2560, Height: 1440},
			{ID: "screen:", Width: 4480, Height: 1440}, {ID: "window:1", Name: "Contract.pdf", Window: true, Width: 800, Height: 600},
			{ID: "window:2", Name: guests[3], Window: true, Width: 1000, Height: 700}}}
	})
}
func (f *fake) ShareScreen(id string) {
	f.change("share "+id, func(s *session.State) {
		s.Call.Share = session.Share{Screen: &session.Screen{ID: id, Name: id}, Live: true}
	})
}
func (f *fake) StopSharing() {
	f.change("stop sharing", func(s *session.State) { s.Call.Share = session.Share{} })
}
func (f *fake) SetInputVolume(endpoint string, v int) {
	f.change(fmt.Sprintf("input of %s %d", endpoint, v), func(*session.State) {})
}
func (f *fake) SetOutputVolume(endpoint string, v int) {
	f.change(fmt.Sprintf("output of %s %d", endpoint, v), func(*session.State) {})
}
func (f *fake) SetSensitivity(endpoint string, v int) {
	f.change(fmt.Sprintf("sensitivity of %s %d", endpoint, v), func(*session.State) {})
}
func (f *fake) Place(endpoint, position string) {
	f.change(fmt.Sprintf("place of %s %s", endpoint, position), func(*session.State) {})
}
func (f *fake) SetLayout(name string) {
	f.change("layout "+name, func(s *session.State) { s.Call.Room.Layout = name })
}
func (f *fake) HideWithoutPicture(on bool) {
	f.change(fmt.Sprintf("hide %t", on), func(s *session.State) { s.Call.Room.HideVideoMuted = on })
}
func (f *fake) SetHandsFirst(on bool) {
	f.change(fmt.Sprintf("hands first %t", on), func(s *session.State) { s.Call.Room.HandsFirst = on })
}
func (f *fake) SendMessage(text string) {
	f.change("say "+text, func(s *session.State) {
		s.Call.Messages = append(slices.Clone(s.Call.Messages), session.Message{ID: fmt.Sprint("m", len(s.Call.Messages)), Name: s.Me.Name, Own: true, Text: text, At: noon})
	})
}
func (f *fake) RetryMessage(id string) {
	f.change("retry "+id, func(s *session.State) {
		s.Call.Outbox = slices.Clone(s.Call.Outbox)
		for i := range s.Call.Outbox {
			s.Call.Outbox[i].Trouble = ""
		}
	})
}
func (f *fake) SendFile(path string)     { f.change("send "+path, func(*session.State) {}) }
func (f *fake) RetryFile(id string)      { f.change("send again "+id, func(*session.State) {}) }
func (f *fake) CancelFile(id string)     { f.change("cancel "+id, func(*session.State) {}) }
func (f *fake) SaveFile(id, path string) { f.change("save "+id+" "+path, func(*session.State) {}) }
func (f *fake) AskPhoto(endpoint string) { f.change("photo "+endpoint, func(*session.State) {}) }
func (f *fake) AskCamera(endpoint string, what session.CameraRequest) {
	f.change(fmt.Sprintf("camera of %s %s", endpoint, what), func(*session.State) {})
}
func (f *fake) OpenPhoto(id string) {
	f.change("open "+id, func(s *session.State) {
		s.Call.Open = &session.Picture{Photo: id, Image: s.Call.Photos[0].Small}
	})
}
func (f *fake) ClosePhoto() {
	f.change("close photo", func(s *session.State) { s.Call.Open = nil })
}
func (f *fake) SavePhoto(id, path string) { f.change("save "+id+" "+path, func(*session.State) {}) }
func (f *fake) ChooseCamera(n string) {
	f.change("camera "+n, func(s *session.State) { s.Devices.Camera = n })
}
func (f *fake) ChooseMicrophone(n string) {
	f.change("microphone "+n, func(s *session.State) { s.Devices.Microphone = n })
}
func (f *fake) ChooseSpeaker(n string) {
	f.change("speaker "+n, func(s *session.State) { s.Devices.Speaker = n })
}
func (f *fake) RefreshDevices()    { f.change("refresh devices", func(*session.State) {}) }
func (f *fake) SetPreview(on bool) { f.change(fmt.Sprintf("preview %t", on), func(*session.State) {}) }
func (f *fake) Dismiss(id int64) {
	f.change(fmt.Sprintf("dismiss %d", id), func(s *session.State) {
		s.Notices = slices.DeleteFunc(slices.Clone(s.Notices), func(n session.Notice) bool { return n.ID == id })
	})
}
func (f *fake) Levels() session.Levels {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.levels
}

func (f *fake) OnVideo(stream string, show func(*image.YCbCr)) (stop func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.watchers[stream] = append(f.watchers[stream], &show)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.watchers[stream] = slices.DeleteFunc(slices.Clone(f.watchers[stream]), func(p *func(*image.YCbCr)) bool { return p == &show })
	}
}

// frame gives a test picture to everybody who watches anything.
func (f *fake) frame(w, h int, counter uint16) {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := uint8(0)
	for _, stream := range slices.Sorted(mapKeys(f.watchers)) {
		m := pattern.New(w, h)
		id++
		pattern.Draw(m, id, counter)
		for _, show := range f.watchers[stream] {
			(*show)(m)
		}
	}
}

func mapKeys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// last returns the newest command.
func (f *fake) last() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.commands) == 0 {
		return ""
	}
	return f.commands[len(f.commands)-1]
}

func (f *fake) watching() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, list := range f.watchers {
		n += len(list)
	}
	return n
}

// noon is the time in all tests.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// bench is a window on Fyne's test driver with a fake session behind it.
type bench struct {
	*Window
	t    testing.TB
	fake *fake
	todo []func()
}

// openBench opens a window of a size in a theme and shows a state.
func openBench(t testing.TB, theme string, w, h float32, s session.State) *bench {
	t.Helper()
	f := newFake(s)
	b := &bench{Window: New(Config{Theme: theme, Now: func() time.Time { return noon }}), t: t, fake: f}
	b.do = func(g func()) { b.todo = append(b.todo, g) }
	f.apply = b.Apply
	b.Apply(s)
	a := test.NewApp()
	t.Cleanup(func() { test.NewApp() })
	b.open(a, f)
	b.start()
	b.win.Resize(fyne.NewSize(w, h))
	b.settle()
	t.Cleanup(func() { b.shut(); b.win.Close() })
	return b
}

// settle runs what waits for Fyne's goroutine.
func (b *bench) settle() {
	for len(b.todo) > 0 {
		next := b.todo[0]
		b.todo = b.todo[1:]
		next()
	}
}

// give applies a state.
func (b *bench) give(s session.State) {
	b.fake.mu.Lock()
	b.fake.state = s
	b.fake.mu.Unlock()
	b.Apply(s)
	b.settle()
}

// see delivers a picture to all tiles and draws it.
func (b *bench) see(counter uint16) {
	b.fake.frame(1280, 720, counter)
	b.kit.pulse.draw(true)
	b.settle()
}

// press sends a key to what has the focus.
func (b *bench) press(key fyne.KeyName) {
	b.t.Helper()
	on := b.win.Canvas().Focused()
	if on == nil {
		b.t.Fatalf("nothing has the focus when %s is pressed", key)
	}
	on.TypedKey(&fyne.KeyEvent{Name: key})
	b.settle()
}
