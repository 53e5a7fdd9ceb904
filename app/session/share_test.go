package session

import (
	"errors"
	"strings"
	"testing"

	"github.com/pion/rtp"
)

// shares chooses the first screen and shares it.
func (p *person) shares() *fakeScreen {
	p.t.Helper()
	p.ChooseScreen()
	s := p.until("there is something to choose", func(s State) bool { return s.Call != nil && s.Call.Share.Choices != nil })
	if len(s.Call.Share.Choices) != 2 {
		p.t.Fatalf("choices %+v", s.Call.Share.Choices)
	}
	p.StopSharing() // as a menu does that is put away
	p.ShareScreen("screen:one")
	p.until("the others can see it", func(s State) bool {
		return s.Call != nil && s.Call.Share.Live && s.Call.Share.Choices == nil && s.Call.Share.Screen.ID == "screen:one" && p.media.screen() != nil
	})
	return p.media.screen()
}

// TestShare: a screen is chosen, seen beside the camera, and ends in every way that
// it can.
func TestShare(t *testing.T) {
	ready := startServer(t)
	a, b := newPerson(t, "Anna", ready.URL, nil), newPerson(t, "Ben", ready.URL, nil)
	a.untilPhase(Lobby)
	a.ChooseScreen() // of no use in the lobby
	a.ShareScreen("screen:one")
	a.NewCall()
	b.Join(a.untilPhase(InCall).Call.ConferenceID)
	b.until("b sees a's camera", func(s State) bool { p, ok := other(s); return ok && p.StreamID != "" && !p.CameraOff })
	camera := func(s State) Participant { p, _ := other(s); return p }
	a.SetCameraOff(true)
	a.ShareScreen("screen:one") // nothing was chosen from
	screen := a.shares()
	s := b.until("b sees the screen beside the camera", func(s State) bool { return camera(s).ScreenID != "" && camera(s).CameraOff })
	if p := camera(s); p.StreamID == p.ScreenID || p.StreamID == "" {
		t.Errorf("%+v", p)
	}
	screen.cfg.Send(&rtp.Packet{Header: rtp.Header{Version: 2, Marker: true}, Payload: []byte{0x10, 1, 2}})
	b.until("a key frame is asked for, or none is needed", func(State) bool { return len(b.media.players) >= 2 })

	a.StopSharing()
	a.until("a has stopped", func(s State) bool { return s.Call.Share.Screen == nil && a.media.screen() == nil })
	b.until("b sees it no more", func(s State) bool { return camera(s).ScreenID == "" })

	a.ChooseScreen()
	a.until("a chooses", func(s State) bool { return s.Call.Share.Choices != nil })
	a.StopSharing()
	a.until("a has thought better of it", func(s State) bool { return s.Call.Share.Choices == nil })

	a.shares().cfg.OnError(errors.New("the window was closed"))
	a.until("a is told that it ended", func(s State) bool {
		return s.Call.Share.Screen == nil && a.media.screen() == nil && len(s.Notices) == 1 && s.Notices[0].Text == "Your screen is not shared any more. The window was closed."
	})
	a.Dismiss(a.State().Notices[0].ID)

	a.media.mu.Lock()
	a.media.noScreens = errors.New("no screen can be shared here")
	a.media.mu.Unlock()
	a.ChooseScreen()
	a.until("a is told why not", func(s State) bool { return len(s.Notices) == 1 && s.Call.Share.Choices == nil })
	a.Dismiss(a.State().Notices[0].ID)
	a.media.mu.Lock()
	a.media.noScreens = nil
	a.media.mu.Unlock()

	a.shares()
	a.Leave()
	a.until("all ends with the call", func(s State) bool { return s.Phase == Lobby && a.media.screen() == nil })
}

// TestShareFollowsPermissions: the button comes and goes with the permission, and
// what is shared ends with it.
func TestShareFollowsPermissions(t *testing.T) {
	ready := startServer(t)
	maria := visitor(t, roomLink(t, ready.URL, "evening", map[string]any{"user_name": "Maria"}))
	jonas := visitor(t, roomLink(t, ready.URL, "evening", map[string]any{"user_name": "Jonas", "permissions": []string{"room.self.audio_mute"}}))
	maria.until("Maria may share", func(s State) bool { return s.Phase == InCall && s.Call.Own.MayShare })
	jonas.until("Jonas may not", func(s State) bool { return s.Phase == InCall && !s.Call.Own.MayShare })
	jonas.ChooseScreen()
	agent := newPerson(t, "Anna", ready.URL, nil)
	agent.untilPhase(Lobby)
	agent.Join(maria.State().Call.ConferenceID)
	maria.shares()
	s := agent.until("the agent sees it", func(s State) bool { p, _ := named(s, "Maria"); return p.ScreenID != "" })
	p, _ := named(s, "Maria")
	agent.Act(p.Endpoint, ActDemote)
	maria.until("Maria shares no more, and knows why", func(s State) bool {
		return s.Call.Own.Audience && !s.Call.Own.MayShare && s.Call.Share.Screen == nil && maria.media.screen() == nil &&
			strings.Contains(s.Notices[0].Text+s.Notices[len(s.Notices)-1].Text, "may not share")
	})
	agent.until("the agent sees it no more", func(s State) bool { p, _ := named(s, "Maria"); return p.ScreenID == "" })
	agent.Act(p.Endpoint, ActPromote)
	maria.until("Maria may again", func(s State) bool { return s.Call.Own.MayShare })
	maria.ChooseScreen()
	maria.until("Maria chooses", func(s State) bool { return s.Call.Share.Choices != nil })
	agent.Act(p.Endpoint, ActDemote)
	maria.until("there is nothing to choose any more", func(s State) bool { return s.Call.Own.Audience && s.Call.Share.Choices == nil })
	if jonas.State().Call.Share.Choices != nil {
		t.Error("Jonas was asked what to share")
	}
}

// TestSeatsAreSet: volumes, what is left out, places, hearing and the layout go to
// the server and come back to everybody.
func TestSeatsAreSet(t *testing.T) {
	ready := startServer(t)
	maria := visitor(t, roomLink(t, ready.URL, "evening", map[string]any{"user_name": "Maria", "permissions": []string{"room.self.deaf", "room.self.undeaf",
		"room.self.set_output_volume", "room.member.set_input_volume"}}))
	jonas := visitor(t, roomLink(t, ready.URL, "evening", map[string]any{"user_name": "Jonas"}))
	maria.until("Maria is in", func(s State) bool { _, here := named(s, "Jonas"); return s.Phase == InCall && here })
	agent := newPerson(t, "Anna", ready.URL, nil)
	agent.untilPhase(Lobby)
	agent.Join(maria.State().Call.ConferenceID)
	agent.until("the agent may do all", func(s State) bool {
		m, here := named(s, "Maria")
		_, there := named(s, "Jonas")
		o := s.Call
		return here && there && o.Own.MayLayout && o.Own.MayHide && o.Own.MayHandsFirst && o.Room.Layout == "grid-responsive" &&
			m.Acts&(ActDeafen|ActInputVolume|ActOutputVolume|ActSensitivity|ActPlace) == ActDeafen|ActInputVolume|ActOutputVolume|ActSensitivity|ActPlace
	})
	s := maria.until("Maria may do some", func(s State) bool { return s.Call.Participants[0].Acts == ActDeafen|ActInputVolume|ActOutputVolume })
	if j, _ := named(s, "Jonas"); j.Acts != ActInputVolume || s.Call.Own.MayLayout {
		t.Errorf("Maria may do %b to Jonas, and set the layout: %t", j.Acts, s.Call.Own.MayLayout)
	}
	of := func(name string) string { p, _ := named(agent.State(), name); return p.Endpoint }
	for v := range 21 { // as a slider does
		agent.SetInputVolume(of("Maria"), v)
	}
	agent.SetOutputVolume(of("Maria"), -99) // -50 is as far as it goes
	agent.SetSensitivity(of("Maria"), 60)
	agent.Place(of("Maria"), "reserved-1")
	agent.SetLayout("highlight-1-responsive")
	agent.HideWithoutPicture(true)
	agent.SetHandsFirst(true)
	jonas.until("everybody sees what was set", func(s State) bool {
		m, _ := named(s, "Maria")
		r := s.Call.Room
		return m.InputVolume == 20 && m.OutputVolume == -50 && m.Sensitivity == 60 && m.Position == "reserved-1" && r.Layout == "highlight-1-responsive" && r.HideVideoMuted && r.HandsFirst
	})
	maria.SetOutputVolume(SelfView, 10)
	maria.SetInputVolume(func() string { p, _ := named(maria.State(), "Jonas"); return p.Endpoint }(), 5)
	maria.Act(SelfView, ActDeafen)
	maria.until("Maria hears nobody, by her own wish", func(s State) bool {
		me := s.Call.Participants[0]
		return s.Call.Own.Deaf && me.Deaf && me.OutputVolume == 10 && me.Acts&ActUndeafen != 0 && len(s.Notices) == 1 && !strings.Contains(s.Notices[0].Text, "whoever")
	})
	maria.Act(SelfView, ActUndeafen)
	maria.until("Maria hears again", func(s State) bool { return !s.Call.Own.Deaf && len(s.Notices) == 0 })
	agent.Act(of("Jonas"), ActDeafen)
	jonas.until("Jonas is told who did it", func(s State) bool {
		return s.Call.Own.Deaf && len(s.Notices) == 1 && strings.Contains(s.Notices[0].Text, "whoever leads")
	})
	agent.until("the agent heard of it all", func(s State) bool {
		j, _ := named(s, "Jonas")
		return j.InputVolume == 5 && j.Deaf && j.Acts&ActUndeafen != 0 && len(s.Notices) == 0
	})
}
