package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"guichet/platform/conference"
	"guichet/platform/wire"
)

// lobby is what a scene's conference is when people come in by room tokens.
type lobby struct {
	open    bool           // somebody came in by a token, which made it a room's session
	tokens  map[string]int // of each holder: which one it shows; those of before let nobody in
	holders []string       // endpoints: user, '-', number
}

func newLobby() lobby {
	l := lobby{tokens: map[string]int{}}
	for u := range 3 {
		for n := range 2 {
			l.holders = append(l.holders, fmt.Sprintf("h%d-%d", u, n))
		}
	}
	return l
}

// guestOf is who came by a room token, in all calls but the join.
func guestOf(user string) conference.Caller {
	return conference.Caller{Organization: "default", UserID: user, Customer: true}
}

// admission is a room token's.
func (s *scene) admission(user string) *conference.Admission {
	a := &conference.Admission{TokenID: fmt.Sprintf("%s.%d", user, s.lobby.tokens[user]), Name: "Name of " + user, Role: wire.JoinAsMember,
		MediaAllowed: []wire.MediaAllowed{wire.MediaAll, wire.MediaAudioOnly, wire.MediaVideoOnly}[s.chance.IntN(3)], AudioMuted: s.coin(4), VideoMuted: s.coin(4),
		Meta: json.RawMessage(`{"t":"<b> & é"}`), EndOnLeave: s.coin(80), Room: conference.RoomSettings{Name: "lobby", Meta: json.RawMessage(`{"floor":"<2>"}`), SyncAudioVideo: true}}
	for _, p := range wire.Permissions() {
		if s.coin(2) {
			a.Permissions = append(a.Permissions, p)
		}
	}
	if s.coin(4) {
		a.Role, a.Permissions = wire.JoinAsAudience, nil
	}
	return a
}

func (s *scene) coin(n int) bool { return s.chance.IntN(n) == 0 }

// seated does one thing that is of rooms, which may be refused: somebody comes in
// by a token, or leaves, or acts on a seat or the room.
func (s *scene) seated() error {
	e := s.lobby.holders[s.chance.IntN(len(s.lobby.holders))]
	user := e[:2]
	who := guestOf(user)
	var err error
	switch dice := s.chance.IntN(10); {
	case dice < 2:
		who.Admission = s.admission(user)
		_, err = s.dir.Join(life, who, wire.JoinConference{ConferenceID: s.id, UserEndpointID: e})
		if errors.Is(err, conference.ErrRemoved) {
			s.lobby.tokens[user]++
		}
		s.lobby.open = s.lobby.open || err == nil
	case !s.lobby.open:
		return nil
	case dice < 3:
		_, err = s.dir.Publish(life, who, wire.PublishStream{ConferenceID: s.id, UserEndpointID: e, StreamID: wire.StreamID("s." + e), ConferenceStreamType: wire.StreamCam, SDPOffer: "v=0"})
	case dice < 4 && s.coin(3):
		err = s.dir.Leave(life, who, wire.LeaveConference{ConferenceID: s.id, UserEndpointID: e, Reason: "bye"})
	default:
		if s.coin(2) { // staff does it, in or not
			e = s.actors[s.chance.IntN(len(s.actors))]
			who = caller(e[:2])
		}
		err = s.act(who, e)
	}
	if err == nil {
		s.seats++
	}
	s.note("of the room, by %s: %v", e, err)
	return ignoring(err)
}

// act has somebody act on a seat or the room.
func (s *scene) act(who conference.Caller, e string) error {
	all := slices.Concat(s.lobby.holders, s.actors)
	for _, l := range s.lines {
		all = append(all, l.endpoint) // those who follow have seats, too
	}
	a := wire.MemberAction{ConferenceID: s.id, UserEndpointID: e, TargetUserEndpointID: all[s.chance.IntN(len(all))]}
	r := wire.RoomAction{ConferenceID: s.id, UserEndpointID: e}
	s.values++
	n := s.values % 51
	meta := json.RawMessage(fmt.Sprintf(`{"n":%d,"t":"\"<\u2028 ü"}`, s.values))
	place := map[string]string{a.TargetUserEndpointID: fmt.Sprintf("standard-%d", n)}
	does := []func() error{
		func() error { return s.dir.MuteAudio(life, who, a) },
		func() error { return s.dir.UnmuteAudio(life, who, a) },
		func() error { return s.dir.MuteVideo(life, who, a) },
		func() error { return s.dir.UnmuteVideo(life, who, a) },
		func() error { return s.dir.Deafen(life, who, a) },
		func() error { return s.dir.Undeafen(life, who, a) },
		func() error { return s.dir.RaiseHand(life, who, a) },
		func() error { return s.dir.LowerHand(life, who, a) },
		func() error { return s.dir.SetInputVolume(life, who, wire.SetVolume{MemberAction: a, Volume: &n}) },
		func() error { return s.dir.SetOutputVolume(life, who, wire.SetVolume{MemberAction: a, Volume: &n}) },
		func() error {
			return s.dir.SetInputSensitivity(life, who, wire.SetSensitivity{MemberAction: a, Value: &n})
		},
		func() error {
			return s.dir.SetMemberPosition(life, who, wire.SetMemberPosition{MemberAction: a, Position: "auto"})
		},
		func() error { return s.dir.SetMemberMeta(life, who, wire.SetMemberMeta{MemberAction: a, Meta: meta}) },
		func() error {
			return s.dir.DeleteMemberMeta(life, who, wire.DeleteMemberMeta{MemberAction: a, Keys: []string{"t"}})
		},
		func() error {
			return s.dir.Promote(life, who, wire.Promote{MemberAction: a, Permissions: wire.Permissions(), JoinAudioMuted: s.coin(2)})
		},
		func() error {
			return s.dir.Demote(life, who, wire.Demote{MemberAction: a, MediaAllowed: wire.MediaAudioOnly})
		},
		func() error { return s.dir.Lock(life, who, r) },
		func() error { return s.dir.Unlock(life, who, r) },
		func() error { return s.dir.HideVideoMuted(life, who, r) },
		func() error { return s.dir.ShowVideoMuted(life, who, r) },
		func() error {
			return s.dir.SetLayout(life, who, wire.SetLayout{RoomAction: r, Name: wire.LayoutNames()[n%13], Positions: place})
		},
		func() error { return s.dir.SetPositions(life, who, wire.SetPositions{RoomAction: r, Positions: place}) },
		func() error { return s.dir.UpdateRoomMeta(life, who, wire.SetRoomMeta{RoomAction: r, Meta: meta}) },
		func() error { return s.removal(who, a) },
	}
	return does[s.chance.IntN(len(does))]()
}

// removal takes out somebody who came by a token, now and then all of them.
func (s *scene) removal(who conference.Caller, a wire.MemberAction) (err error) {
	if s.coin(8) {
		err = s.dir.RemoveAllMembers(life, who, wire.RemoveAllMembers{RoomAction: wire.RoomAction{ConferenceID: s.id, UserEndpointID: a.UserEndpointID}, Reason: "closing time"})
	} else {
		a.TargetUserEndpointID = s.lobby.holders[s.chance.IntN(len(s.lobby.holders))]
		err = s.dir.RemoveMember(life, who, wire.RemoveMember{MemberAction: a, Reason: "enough"})
	}
	if err == nil {
		s.removals++
	}
	return err
}

// seatText writes a seat as this language's reader and the page's have it.
func seatText(metadata map[string]string, endpoint string) string {
	m, ok := memberIn(metadata, endpoint)
	if !ok {
		return ""
	}
	hand := int64(0)
	if m.HandRaisedAt != nil {
		hand = m.HandRaisedAt.UnixMilli()
	}
	permissions := make([]string, len(m.Permissions))
	for i, p := range m.Permissions {
		permissions[i] = string(p)
	}
	return fmt.Sprintf("\n  seat %s %s %s %s %t %t %t %d %d %d %s %d %s %s", m.ID, m.Name, m.Role, strings.Join(permissions, ","), m.AudioMuted, m.VideoMuted, m.Deaf,
		m.InputVolume, m.OutputVolume, m.Sensitivity, m.Position, hand, m.MediaAllowed, names(m.Meta))
}

// roomText writes a room's settings so.
func roomText(metadata map[string]string) string {
	r, ok := CallState{Conference: wire.Conference{Metadata: metadata}}.Room()
	if !ok {
		return ""
	}
	var places []string
	for _, e := range slices.Sorted(maps.Keys(r.Positions)) {
		places = append(places, e+":"+r.Positions[e])
	}
	return fmt.Sprintf("\nroom %s %s %s %t %s %s %t %t %t %t %d %s", r.Name, r.DisplayName, r.SessionID, r.Locked, r.Layout, strings.Join(places, ","), r.HideVideoMuted,
		r.PrioritizeHandraise, r.SyncAudioVideo, r.Previews, r.MaxMembers, names(r.Meta))
}

// names are those of an object's members, in order.
func names(object json.RawMessage) string {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(object, &all); err != nil {
		return err.Error()
	}
	return strings.Join(slices.Sorted(maps.Keys(all)), ",")
}
