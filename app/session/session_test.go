package session

import (
	"errors"
	"image"
	"slices"
	"strings"
	"testing"
	"time"

	"guichet/app/client"
	"guichet/platform/wire"

	"github.com/pion/webrtc/v4"
)

// TestCallOfTwo takes an agent and a customer through everything a call has.
func TestCallOfTwo(t *testing.T) {
	ready := startServer(t)
	agent := newPerson(t, "Anna", ready.URL, nil)
	lobby := agent.untilPhase(Lobby)
	if lobby.Me.Name != "Anna" || lobby.Me.Customer || len(lobby.Notices) != 0 {
		t.Errorf("in the lobby as %+v with %v", lobby.Me, lobby.Notices)
	}
	agent.until("devices are listed", func(s State) bool { return len(s.Devices.Cameras) == 2 })
	agent.NewCall()
	call := agent.untilPhase(InCall).Call
	if call.Ticket == nil || !call.Ticket.SingleUse || !strings.HasPrefix(call.Ticket.URL, ready.URL+"/t/") || time.Until(call.Ticket.ExpiresAt) < time.Hour {
		t.Fatalf("the call's ticket is %+v", call.Ticket)
	}

	customer := newPersonWith(t, "Maria", "", "", nil)
	customer.Join(call.Ticket.URL)
	if s := customer.untilPhase(InCall); !s.Me.Customer || s.Call.ConferenceID != call.ConferenceID {
		t.Errorf("the customer is %+v in %s", s.Me, s.Call.ConferenceID)
	}
	agent.until("the agent sees the customer publish", func(s State) bool {
		p, ok := other(s)
		return ok && p.Name == "Maria" && p.Customer && !p.Muted && !p.CameraOff && p.StreamID != ""
	})
	agent.until("the customer is heard", func(s State) bool { p, ok := other(s); return ok && p.Speaking })
	if l := agent.Levels(); l.Microphone != 0.25 || len(l.Endpoints) != 1 {
		t.Errorf("levels %+v", l)
	}

	customer.SetMicrophoneMuted(true)
	agent.until("the agent sees the customer muted", func(s State) bool { p, _ := other(s); return p.Muted })
	customer.until("the studio is muted", func(State) bool { s := customer.media.sound(); return s != nil && s.wasMuted() })
	customer.SetCameraOff(true)
	agent.until("the agent sees the camera off", func(s State) bool { p, _ := other(s); return p.CameraOff })
	customer.SetMicrophoneMuted(false)
	customer.SetCameraOff(false)
	agent.until("both are back", func(s State) bool { p, _ := other(s); return !p.Muted && !p.CameraOff })

	customer.SetOnHold(true) // not a customer's to do
	agent.SetOnHold(true)
	customer.until("the customer is told of the hold", func(s State) bool { return s.Call.OnHold })
	agent.until("the agent sees the hold", func(s State) bool { return s.Call.OnHold })
	agent.SetOnHold(false)
	customer.until("the call goes on", func(s State) bool { return !s.Call.OnHold })

	agent.until("the network is judged", func(s State) bool { return s.Call.Network.Grade == GradeGood })
	agent.RevokeTicket()
	agent.until("the ticket is revoked", func(s State) bool { return s.Call.Ticket.Revoked })
	agent.MakeTicket(false)
	agent.until("there is another ticket", func(s State) bool {
		return s.Call.Ticket.ID != call.Ticket.ID && !s.Call.Ticket.Revoked && !s.Call.Ticket.SingleUse
	})

	colleague := newPerson(t, "Ben", ready.URL, nil)
	running := func(n int) func(State) bool {
		return func(s State) bool {
			return len(s.Running) == 1 && s.Running[0].ConferenceID == call.ConferenceID && len(s.Running[0].With) == n
		}
	}
	colleague.until("a colleague sees the call in the lobby", running(2))

	customer.NewCall() // not a customer's to do
	customer.Leave()
	customer.untilPhase(SignedOut)
	agent.until("the agent is alone", func(s State) bool { return len(s.Call.Participants) == 1 })
	colleague.until("a colleague sees who is left", running(1))
	agent.Leave()
	colleague.until("the call is over for the lobby", func(s State) bool { return len(s.Running) == 0 })
	s := agent.untilPhase(Lobby)
	if len(s.Recent) != 1 || !slices.Equal(s.Recent[0].With, []string{"Maria"}) || s.Call != nil {
		t.Errorf("recent calls: %+v", s.Recent)
	}
	agent.mu.Lock()
	defer agent.mu.Unlock()
	if want := []Phase{SigningIn, Lobby, Joining, InCall, Lobby}; !slices.Equal(agent.phases, want) {
		t.Errorf("phases %v, want %v", agent.phases, want)
	}
	if len(agent.kept.Recent) != 1 || agent.kept.Server != ready.URL {
		t.Errorf("remembered: %+v", agent.kept)
	}
}

func (s *fakeSound) wasMuted() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.muted }

func TestEndForAll(t *testing.T) {
	ready := startServer(t)
	a, b := newPerson(t, "Anna", ready.URL, nil), newPerson(t, "Ben", ready.URL, nil)
	a.untilPhase(Lobby)
	a.NewCall()
	b.Join(a.untilPhase(InCall).Call.ConferenceID)
	b.untilPhase(InCall)
	a.EndForAll()
	s := b.untilPhase(Lobby)
	if len(s.Notices) != 1 || s.Notices[0].Error || s.Call != nil {
		t.Errorf("notices %v", s.Notices)
	}
	b.Dismiss(s.Notices[0].ID)
	b.until("the notice is gone", func(s State) bool { return len(s.Notices) == 0 })
}

// TestJoinByTheOwnLink: an agent who opens a link of the own organization joins
// as an agent.
func TestJoinByTheOwnLink(t *testing.T) {
	ready := startServer(t)
	a, b := newPerson(t, "Anna", ready.URL, nil), newPerson(t, "Ben", ready.URL, nil)
	a.untilPhase(Lobby)
	b.untilPhase(Lobby)
	a.NewCall()
	b.Join(a.untilPhase(InCall).Call.Ticket.URL)
	if s := b.untilPhase(InCall); s.Me.Customer {
		t.Error("the agent became a customer")
	}
}

func TestFailuresAreSentences(t *testing.T) {
	ready := startServer(t)
	t.Run("unknown conference", func(t *testing.T) {
		p := newPerson(t, "Anna", ready.URL, nil)
		p.Join("nowhere")
		s := p.until("a notice", func(s State) bool { return len(s.Notices) > 0 })
		if s.Phase != Lobby || !s.Notices[0].Error || s.Notices[0].Text != "You did not join. There is no such conference." {
			t.Errorf("%s: %v", s.Phase, s.Notices)
		}
	})
	t.Run("unknown ticket", func(t *testing.T) {
		p := newPersonWith(t, "", "", "", nil)
		p.Join(ready.URL + "/t/zzz-zzz")
		s := p.until("a notice", func(s State) bool { return len(s.Notices) > 0 })
		if s.Phase != SignedOut || !s.Notices[0].Error {
			t.Errorf("%s: %v", s.Phase, s.Notices)
		}
	})
	t.Run("no server there", func(t *testing.T) {
		p := newPerson(t, "", "", nil)
		p.SignIn("http://127.0.0.1:1")
		s := p.until("a notice", func(s State) bool { return len(s.Notices) > 0 })
		if s.Phase != SignedOut || !strings.Contains(s.Notices[0].Text, "cannot be reached") {
			t.Errorf("%s: %v", s.Phase, s.Notices)
		}
	})
	t.Run("no address", func(t *testing.T) {
		p := newPerson(t, "", "", nil)
		p.SignIn("")
		s := p.until("a notice", func(s State) bool { return len(s.Notices) > 0 })
		if s.Phase != SignedOut || !strings.Contains(s.Notices[0].Text, "https://calls.example.org") {
			t.Errorf("%s: %v", s.Phase, s.Notices)
		}
	})
}

// TestSignInCanBeCancelledAndTriedAgain: the address of the page is shown when
// no browser opens.
func TestSignInCanBeCancelledAndTriedAgain(t *testing.T) {
	ready := startServer(t)
	p := newPersonWith(t, "", "", "", nil)
	for range 2 {
		p.SignIn(ready.URL)
		s := p.until("the page's address", func(s State) bool { return s.SignInURL != "" })
		if s.Phase != SigningIn || !strings.HasPrefix(s.SignInURL, ready.URL+"/security/oauth/authorize?") {
			t.Errorf("%s: %s", s.Phase, s.SignInURL)
		}
		p.CancelSignIn()
		if s := p.untilPhase(SignedOut); s.SignInURL != "" || len(s.Notices) != 0 {
			t.Errorf("after cancel: %+v", s)
		}
	}
}

func TestSignOutDuringACall(t *testing.T) {
	ready := startServer(t)
	a, b := newPerson(t, "Anna", ready.URL, nil), newPerson(t, "Ben", ready.URL, nil)
	a.untilPhase(Lobby)
	a.NewCall()
	b.Join(a.untilPhase(InCall).Call.ConferenceID)
	b.until("b sees a", func(s State) bool { _, ok := other(s); return ok })
	a.SignOut()
	if s := a.untilPhase(SignedOut); s.Call != nil || s.Me.ID != "" {
		t.Errorf("after sign-out: %+v", s)
	}
	b.until("b is alone", func(s State) bool { return s.Call != nil && len(s.Call.Participants) == 1 })
}

func TestDevices(t *testing.T) {
	ready := startServer(t)
	p := newPerson(t, "Anna", ready.URL, func(c *Config) { c.Speaker, c.Camera = "Headset", "Front" })
	p.untilPhase(Lobby)
	if p.media.sound() != nil || p.media.camera() != nil {
		t.Error("a device is open though nobody looks")
	}
	p.SetPreview(true)
	p.until("the preview opens the devices", func(State) bool { return p.media.sound() != nil && p.media.camera() != nil })

	shown := make(chan *image.YCbCr, 1)
	stop := p.OnVideo(SelfView, func(m *image.YCbCr) { shown <- m })
	p.media.camera().cfg.Show(picture())
	<-shown
	stop()
	p.media.camera().cfg.Show(picture())
	if len(shown) != 0 {
		t.Error("shown after stop")
	}

	p.ChooseCamera("Desk")
	p.ChooseMicrophone("Headset")
	p.until("the camera is changed", func(State) bool {
		c := p.media.camera()
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.name == "Desk"
	})
	p.ChooseSpeaker("gone for ever")
	s := p.until("a warning", func(s State) bool { return len(s.Devices.Warnings) > 0 })
	if s.Devices.Warnings[0] != "This speaker is not connected." || s.Devices.Speaker != "gone for ever" || s.Devices.Camera != "Desk" {
		t.Errorf("devices %+v", s.Devices)
	}
	p.ChooseSpeaker("")
	p.until("the warning is gone", func(s State) bool { return len(s.Devices.Warnings) == 0 })
	p.mu.Lock()
	if p.kept.Camera != "Desk" || p.kept.Microphone != "Headset" || p.kept.Speaker != "" {
		t.Errorf("remembered %+v", p.kept)
	}
	p.mu.Unlock()
	p.SetPreview(false)
	p.until("the devices are freed", func(State) bool { return p.media.sound() == nil && p.media.camera() == nil })
}

// TestBrokenDevices: the call goes on without them, and everybody sees that.
func TestBrokenDevices(t *testing.T) {
	ready := startServer(t)
	a := newPerson(t, "Anna", ready.URL, func(c *Config) { c.Camera = "broken" })
	a.media.mu.Lock()
	a.media.noSound = errors.New("no sound at all")
	a.media.mu.Unlock()
	b := newPerson(t, "Ben", ready.URL, func(c *Config) { c.Microphone = Off })
	a.untilPhase(Lobby)
	a.NewCall()
	s := a.until("warnings", func(s State) bool { return len(s.Devices.Warnings) == 2 && s.Phase == InCall })
	if !slices.Contains(s.Devices.Warnings, "The camera is used by another program.") || !slices.Contains(s.Devices.Warnings, "No sound at all.") {
		t.Errorf("warnings %v", s.Devices.Warnings)
	}
	if !s.Call.Participants[0].CameraOff {
		t.Error("the broken camera seems on")
	}
	b.Join(s.Call.ConferenceID)
	b.until("b sees that a has no picture", func(s State) bool { p, ok := other(s); return ok && p.StreamID != "" && p.CameraOff && !p.Muted })
	a.until("a sees that b has no microphone", func(s State) bool { p, ok := other(s); return ok && p.StreamID != "" && p.Muted && !p.CameraOff })
	a.ChooseCamera("Desk")
	b.until("b sees a's other camera", func(s State) bool { p, ok := other(s); return ok && !p.CameraOff })
}

func TestMutedWhileSpeaking(t *testing.T) {
	ready := startServer(t)
	p := newPerson(t, "Anna", ready.URL, nil)
	p.untilPhase(Lobby)
	p.NewCall()
	p.untilPhase(InCall)
	p.until("sound is open", func(State) bool { return p.media.sound() != nil })
	p.SetMicrophoneMuted(true)
	p.until("muted", func(s State) bool { return s.Call.MicrophoneMuted })
	p.media.sound().cfg.OnMutedSpeech()
	p.until("the hint", func(s State) bool { return s.Call.MutedWhileSpeaking })
	p.until("the hint goes away", func(s State) bool { return !s.Call.MutedWhileSpeaking })
}

func TestSentences(t *testing.T) {
	for want, err := range map[string]error{
		"Something went wrong.": errors.New(""),
		"The camera is gone.":   errors.New("the camera is gone"),
		"Is it?":                errors.New("is it?"),
		"Your sign-in is no longer valid. Sign in again.":           client.ErrSignedOut,
		"There is no such conference.":                              &wire.Error{Code: wire.CodeNotFound, Message: "there is no such conference"},
		"The server has a problem just now. Try again in a moment.": &wire.Error{Code: wire.CodeInternal, Message: "x"},
		"Ticket abc not found.":                                     &wire.TokenError{Code: "invalid_grant", Description: "Ticket abc not found"},
	} {
		if got := sentence(err); got != want {
			t.Errorf("%v: got %q, want %q", err, got, want)
		}
	}
}

func TestNetworkGrades(t *testing.T) {
	var n network
	if g := n.grade(); g.Grade != GradeUnknown || n.bitrate() != defaultBitrate {
		t.Errorf("before any report: %+v", g)
	}
	report := func(loss float64, rtt time.Duration, times int) {
		for range times {
			n.add(client.Quality{Kind: webrtc.RTPCodecTypeVideo, Loss: loss, RTT: rtt})
		}
	}
	for _, tc := range []struct {
		loss float64
		rtt  time.Duration
		want Grade
	}{{0, 20 * time.Millisecond, GradeGood}, {0.05, 0, GradeFair}, {0, 400 * time.Millisecond, GradeFair}, {0.2, 0, GradePoor}, {0, 900 * time.Millisecond, GradePoor}, {0, 0, GradeGood}} {
		report(tc.loss, tc.rtt, 40)
		if g := n.grade(); g.Grade != tc.want {
			t.Errorf("%v lost, %v away: %+v, want %d", tc.loss, tc.rtt, g, tc.want)
		}
	}
	report(0.3, 0, 40)
	if n.bitrate() != minBitrate || n.lost() != 25 {
		t.Errorf("under heavy loss: %d bit/s, %d %%", n.bitrate(), n.lost())
	}
	report(0, 0, 100)
	if n.bitrate() != maxBitrate || n.lost() != 5 {
		t.Errorf("afterwards: %d bit/s, %d %%", n.bitrate(), n.lost())
	}
}
