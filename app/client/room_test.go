package client

import (
	"encoding/json"
	"testing"

	"guichet/platform/wire"
)

func TestParseRoomURL(t *testing.T) {
	got, err := ParseRoomURL(" https://calls.example.org/r/lobby#aaa.bbb-_.ccc ")
	if err != nil || got != (RoomLink{"https://calls.example.org", "lobby", "aaa.bbb-_.ccc"}) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, bad := range []string{"", "lobby", "https://calls.example.org/r/lobby", "https://calls.example.org/r/lobby#", "https://calls.example.org/r/#a.b.c",
		"https://calls.example.org/t/abc-def#a.b.c", "https://u:p@calls.example.org/r/lobby#a.b.c", "ftp://calls.example.org/r/lobby#a.b.c",
		"https://calls.example.org/r/a/b#a.b.c", "https://calls.example.org/r/lobby#a b", "https://calls.example.org/r/lobby#a%0Ab"} {
		if got, err := ParseRoomURL(bad); err != ErrRoomURL {
			t.Errorf("%q: got %+v, %v", bad, got, err)
		}
	}
}

// seated is the state of a conference with these seats, as the endpoint "me".
func seated(t *testing.T, staff bool, seats ...wire.Member) CallState {
	t.Helper()
	s := CallState{Endpoint: "me", Staff: staff, Conference: wire.Conference{Metadata: map[string]string{}}}
	p := wire.Participant{ID: "u", Endpoints: []wire.Endpoint{{ID: "bare"}}}
	for _, m := range seats {
		raw, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		s.Conference.Metadata[wire.MemberKey(m.ID)] = string(raw)
		p.Endpoints = append(p.Endpoints, wire.Endpoint{ID: m.ID})
	}
	s.Conference.Participants = []wire.Participant{p}
	return s
}

// TestRights walks every action: with its permission and without, to oneself, to
// a member and to somebody without a seat.
func TestRights(t *testing.T) {
	for _, a := range []Action{MuteAudio, UnmuteAudio, MuteVideo, UnmuteVideo, Deafen, Undeafen, RaiseHand, LowerHand, SetInputVolume, SetOutputVolume,
		SetInputSensitivity, SetMemberPosition, SetMemberMeta, UpdateMemberMeta, DeleteMemberMeta, RemoveMember, Promote, Demote} {
		self, member := a.Permissions()
		may := func(staff bool, target string, granted ...wire.Permission) bool {
			s := seated(t, staff, wire.Member{ID: "me", Permissions: granted}, wire.Member{ID: "other"})
			for _, p := range s.Participants() {
				if p.Endpoint == target {
					return s.Rights().To(a, p)
				}
			}
			t.Fatalf("no participant %s", target)
			return false
		}
		for _, tc := range []struct {
			name, target string
			staff        bool
			granted      wire.Permission
			want         bool
		}{
			{"self on oneself", "me", false, self, self != ""},
			{"member on oneself", "me", false, member, true},
			{"nothing on oneself", "me", false, "", false},
			{"self on another", "other", false, self, false},
			{"member on another", "other", false, member, true},
			{"member on somebody without a seat", "bare", false, member, false},
			{"staff on another", "other", true, "", true},
			{"staff on somebody without a seat", "bare", true, "", true},
		} {
			if got := may(tc.staff, tc.target, tc.granted); got != tc.want {
				t.Errorf("%s, %s: %t, want %t", a, tc.name, got, tc.want)
			}
		}
	}
	if !seated(t, false, wire.Member{ID: "me", Permissions: []wire.Permission{wire.RoomLock}}).Rights().InRoom(wire.RoomLock) ||
		seated(t, false, wire.Member{ID: "me"}).Rights().InRoom(wire.RoomLock) || !seated(t, true).Rights().InRoom(wire.RoomLock) {
		t.Error("rights to lock")
	}
}

// TestSeatsInTheList: a server's mute shows, and the seat's name counts.
func TestSeatsInTheList(t *testing.T) {
	s := seated(t, false, wire.Member{ID: "me", Name: "Maria", AudioMuted: true})
	s.Conference.Participants[0].Endpoints[1].Streams = []wire.Stream{{ID: "s", Type: wire.StreamMicAndCam}}
	s.Conference.Metadata[wire.MemberKey("bare")] = "not JSON"
	list := s.Participants()
	if list[0].Seat != nil || list[0].Name != "u" {
		t.Errorf("without a seat: %+v", list[0])
	}
	if me := list[1]; me.Name != "Maria" || !me.Muted || me.CameraOff || me.Seat == nil || !me.Self {
		t.Errorf("muted by the server: %+v", me)
	}
}
