package session

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"guichet/platform/wire"
)

// roomLink asks a server for a room token of these fields and makes its link.
func roomLink(t *testing.T, server, room string, fields map[string]any) string {
	t.Helper()
	all := map[string]any{"room_name": room}
	for k, v := range fields {
		all[k] = v
	}
	body, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server+"/api/video/room_tokens", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("project_id", "token")
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var token wire.RoomToken
	if err := json.NewDecoder(answer.Body).Decode(&token); err != nil || token.Token == "" {
		t.Fatalf("room token: %s, %v", answer.Status, err)
	}
	http.DefaultClient.CloseIdleConnections()
	return server + "/r/" + room + "#" + token.Token
}

// visitor joins a room by its link.
func visitor(t *testing.T, link string) *person {
	t.Helper()
	p := newPersonWith(t, "", "", "", nil)
	p.Join(link)
	return p
}

// named returns the participant of a name.
func named(s State, name string) (Participant, bool) {
	if s.Call != nil {
		for _, p := range s.Call.Participants {
			if p.Name == name {
				return p, true
			}
		}
	}
	return Participant{}, false
}

// packets returns how many have come at all of a person's players.
func (m *fakeMedia) packets() (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.players {
		p.mu.Lock()
		n += p.packets
		p.mu.Unlock()
	}
	return n
}

// TestRoom takes an agent and two holders of room tokens through everything that
// is done to members.
func TestRoom(t *testing.T) {
	ready := startServer(t)
	maria := visitor(t, roomLink(t, ready.URL, "evening", map[string]any{"user_name": "Maria", "room_display_name": "Mortgage evening",
		"permissions": []string{"room.self.audio_mute", "room.self.raisehand", "room.self.lowerhand"}}))
	s := maria.untilPhase(InCall)
	if !s.Me.Room || !s.Me.Customer || s.Call.Room.Name != "Mortgage evening" || s.Call.Own.Audience || !s.Call.Own.MayMute || s.Call.Own.MayUnmute || s.Call.Own.MayLock {
		t.Fatalf("Maria is %+v, %+v in %+v", s.Me, s.Call.Own, s.Call.Room)
	}
	session := s.Call.ConferenceID
	if session == "evening" {
		t.Error("the session's id is not known")
	}
	maria.until("Maria's camera is open", func(State) bool { return maria.media.camera() != nil })

	jonas := visitor(t, roomLink(t, ready.URL, "evening", map[string]any{"user_name": "Jonas", "join_as": "audience"}))
	s = jonas.untilPhase(InCall)
	jonas.until("Jonas hears", func(s State) bool { return s.Call.Own.Audience && jonas.media.packets() > 10 })
	jonas.media.mu.Lock()
	if len(jonas.media.cameras) != 0 || jonas.media.sounds[0].cfg.Microphone != Off {
		t.Errorf("the audience opened %d cameras and the microphone %q", len(jonas.media.cameras), jonas.media.sounds[0].cfg.Microphone)
	}
	jonas.media.mu.Unlock()
	jonas.SetMicrophoneMuted(true)
	jonas.SetCameraOff(true)

	agent := newPerson(t, "Anna", ready.URL, nil)
	agent.untilPhase(Lobby)
	agent.Join(session)
	const old = ActDeafen - 1 // without what takes a value, and hearing
	agent.until("the agent sees both", func(s State) bool {
		m, here := named(s, "Maria")
		j, there := named(s, "Jonas")
		return here && there && m.Seated && !m.Muted && j.Audience && m.Acts&old == ActMute|ActCameraOff|ActDemote|ActRemove && j.Acts&old == ActPromote|ActRemove
	})
	endpoint := func(name string) string { p, _ := named(agent.State(), name); return p.Endpoint }

	// A hand goes up and is put down by another.
	maria.RaiseHand(true)
	agent.until("the hand is up", func(s State) bool { p, _ := named(s, "Maria"); return !p.Hand.IsZero() && p.Acts&ActLowerHand != 0 })
	agent.Act(endpoint("Maria"), ActLowerHand)
	maria.until("the hand is down", func(s State) bool { return !s.Call.Own.HandRaised && s.Call.Own.MayHand })

	// Muted: told, silent, and not to be lifted without the permission.
	agent.Act(endpoint("Maria"), ActMute)
	maria.until("Maria is told", func(s State) bool {
		return s.Call.Own.Silenced && s.Call.Participants[0].Muted && len(s.Notices) == 1 && strings.Contains(s.Notices[0].Text, "cannot unmute")
	})
	maria.until("her microphone rests", func(State) bool { return maria.media.sound().wasMuted() })
	maria.SetMicrophoneMuted(false)
	maria.until("she is told why not", func(s State) bool { return len(s.Notices) == 2 && s.Call.Own.Silenced })
	agent.until("the agent sees it", func(s State) bool { p, _ := named(s, "Maria"); return p.Muted && p.Silenced && p.Acts&ActUnmute != 0 })
	agent.Act(endpoint("Maria"), ActUnmute)
	maria.until("she speaks again", func(s State) bool { return !s.Call.Own.Silenced && !maria.media.sound().wasMuted() })
	agent.Act(endpoint("Maria"), ActCameraOff)
	maria.until("the camera is off", func(s State) bool { return s.Call.Own.Darkened && maria.media.camera().isOff() })
	agent.Act(endpoint("Maria"), ActCameraOn)
	maria.until("the camera is on", func(s State) bool { return !s.Call.Own.Darkened && !maria.media.camera().isOff() })

	// Demoted: devices close, packets stop; let speak, nobody is heard by surprise.
	agent.Act(endpoint("Maria"), ActDemote)
	maria.until("Maria watches", func(s State) bool { return s.Call.Own.Audience && maria.media.camera() == nil })
	agent.until("she publishes nothing", func(s State) bool { p, _ := named(s, "Maria"); return p.Audience && p.StreamID == "" })
	agent.Act(endpoint("Jonas"), ActPromote)
	jonas.until("Jonas may speak", func(s State) bool {
		return !s.Call.Own.Audience && s.Call.MicrophoneMuted && s.Call.CameraOff && jonas.media.camera() != nil && jonas.media.camera().isOff() && jonas.media.sound().wasMuted()
	})
	jonas.SetMicrophoneMuted(false)
	agent.until("Jonas is heard", func(s State) bool {
		p, _ := named(s, "Jonas")
		return !p.Audience && !p.Muted && p.StreamID != "" && p.Speaking
	})

	// Nobody else comes in while it is locked.
	agent.LockRoom(true)
	maria.until("the room is locked", func(s State) bool { return s.Call.Room.Locked })
	late := visitor(t, roomLink(t, ready.URL, "evening", nil))
	late.until("told that it is locked", func(s State) bool {
		return s.Phase == SignedOut && len(s.Notices) == 1 && strings.Contains(s.Notices[0].Text, "locked")
	})
	agent.LockRoom(false)
	maria.until("the room is open", func(s State) bool { return !s.Call.Room.Locked })

	// Removed: told by whom, and kept out.
	agent.Act(endpoint("Jonas"), ActRemove)
	jonas.until("Jonas is told", func(s State) bool {
		return s.Phase == SignedOut && len(s.Notices) == 1 && s.Notices[0].Text == "You are no longer in the call: removed by Anna."
	})
	agent.until("Jonas is gone", func(s State) bool { _, here := named(s, "Jonas"); return !here })
	agent.until("nothing failed", func(s State) bool { return len(s.Notices) == 0 })
}

// TestColleagueIsRemoved: somebody of the staff goes back to the lobby and does not
// slip in again by itself.
func TestColleagueIsRemoved(t *testing.T) {
	ready := startServer(t)
	a, b := newPerson(t, "Anna", ready.URL, nil), newPerson(t, "Ben", ready.URL, nil)
	a.untilPhase(Lobby)
	a.NewCall()
	b.Join(a.untilPhase(InCall).Call.ConferenceID)
	b.untilPhase(InCall)
	ben := a.until("Anna sees Ben", func(s State) bool { _, here := named(s, "Ben"); return here })
	p, _ := named(ben, "Ben")
	a.Act(p.Endpoint, ActRemove)
	s := b.until("Ben is told", func(s State) bool { return s.Phase == Lobby && len(s.Notices) == 1 })
	if s.Notices[0].Text != "You are no longer in the call: removed by Anna." {
		t.Errorf("told %q", s.Notices[0].Text)
	}
	a.until("Ben is gone", func(s State) bool { return len(s.Call.Participants) == 1 })
}

// TestVisitFromTheLobby: who is signed in visits a room as the token's holder and
// comes home afterwards.
func TestVisitFromTheLobby(t *testing.T) {
	ready := startServer(t)
	p := newPerson(t, "", ready.URL, nil)
	p.untilPhase(Lobby)
	p.Join(roomLink(t, ready.URL, "evening", map[string]any{"user_name": "Visitor"}))
	if s := p.untilPhase(InCall); s.Me.Name != "Visitor" || !s.Me.Room {
		t.Errorf("in the room as %+v", s.Me)
	}
	p.Leave()
	if s := p.untilPhase(Lobby); s.Me.Room || s.Me.Customer {
		t.Errorf("home as %+v", s.Me)
	}
}

func TestAmplify(t *testing.T) {
	for _, tc := range []struct {
		volume   int
		in, want int16
	}{{0, 1000, 1000}, {50, 1000, 10000}, {-50, 1000, 100}, {50, 30000, 32767}, {50, -30000, -32768}, {100, 1, 100}, {-100, 30000, 0}} {
		if samples := []int16{tc.in}; true {
			amplify(samples, tc.volume)
			if d := samples[0] - tc.want; d < -1 || d > 1 {
				t.Errorf("%d at %d: %d, want %d", tc.in, tc.volume, samples[0], tc.want)
			}
		}
	}
}

// TestEarly: who comes before the room opens is told when it does, can give up, and
// comes in by itself.
func TestEarly(t *testing.T) {
	ready := startServer(t)
	opens := time.Now().Add(3 * time.Second)
	link := roomLink(t, ready.URL, "evening", map[string]any{"user_name": "Maria", "join_from": opens.UTC().Format(time.RFC3339Nano)})
	p := newPerson(t, "", ready.URL, nil)
	p.untilPhase(Lobby)
	p.Join(link)
	s := p.untilPhase(Waiting)
	if d := s.OpensAt.Sub(opens); d < -2*time.Second || d > 2*time.Second || s.Call != nil || len(s.Notices) != 0 {
		t.Errorf("opens %v later, notices %v", d, s.Notices)
	}
	p.CancelSignIn()
	p.untilPhase(Lobby)
	p.Join(link)
	p.untilPhase(Waiting)
	s = p.untilPhase(InCall)
	if !s.Me.Room || s.Me.Name != "Maria" || time.Now().Before(opens.Add(-time.Second)) || len(s.Notices) != 0 {
		t.Errorf("in as %+v with %v", s.Me, s.Notices)
	}
	p.Leave()
	p.untilPhase(Lobby)
}
