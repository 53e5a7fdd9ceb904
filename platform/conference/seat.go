package conference

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"guichet/platform/wire"
)

// seat is what a member may do and how it is set, of who came by a room token or
// was acted upon by staff. Values are immutable.
type seat struct {
	Token       string            `json:"token,omitempty"` // its id; empty: given by staff
	Name        string            `json:"name,omitempty"`
	Role        wire.JoinAs       `json:"role"`
	Permissions []wire.Permission `json:"permissions,omitempty"`
	Recast      bool              `json:"recast,omitempty"` // promoted or demoted since the token was made

	AudioMuted bool `json:"audioMuted,omitempty"`
	VideoMuted bool `json:"videoMuted,omitempty"`
	Deaf       bool `json:"deaf,omitempty"`

	InputVolume  int               `json:"inputVolume,omitempty"`
	OutputVolume int               `json:"outputVolume,omitempty"`
	Sensitivity  int               `json:"sensitivity,omitempty"`
	Position     string            `json:"position,omitempty"`
	HandRaisedAt *wire.Time        `json:"handRaisedAt,omitempty"`
	Meta         json.RawMessage   `json:"meta,omitempty"` // an object; nil: {}
	MediaAllowed wire.MediaAllowed `json:"mediaAllowed"`

	RemoveAt   time.Time `json:"removeAt,omitzero"` // by the wall clock
	Elapses    time.Time `json:"elapses,omitzero"`  // by Directory.steady
	EndOnLeave bool      `json:"endOnLeave,omitempty"`
}

// room is what a room's session adds to a conference. Values are immutable.
type room struct {
	Name                string            `json:"name,omitempty"`
	DisplayName         string            `json:"displayName,omitempty"`
	Meta                json.RawMessage   `json:"meta,omitempty"` // an object; nil: {}
	Locked              bool              `json:"locked,omitempty"`
	Layout              string            `json:"layout,omitempty"`
	Positions           map[string]string `json:"positions,omitempty"` // by endpoint
	HideVideoMuted      bool              `json:"hideVideoMuted,omitempty"`
	PrioritizeHandraise bool              `json:"prioritizeHandraise,omitempty"`
	SyncAudioVideo      bool              `json:"syncAudioVideo,omitempty"`
	Previews            bool              `json:"previews,omitempty"`
	MaxMembers          int               `json:"maxMembers,omitempty"` // 0: no bound of its own
}

// newRoom returns the session that the settings begin.
func newRoom(r RoomSettings) *room {
	if r.DisplayName == "" {
		r.DisplayName = r.Name
	}
	if r.Layout == "" {
		r.Layout = wire.DefaultLayout
	}
	return &room{Name: r.Name, DisplayName: r.DisplayName, Meta: r.Meta, Layout: r.Layout, MaxMembers: r.MaxMembers,
		Previews: r.Previews, SyncAudioVideo: r.SyncAudioVideo, PrioritizeHandraise: r.PrioritizeHandraise}
}

// selfPermissions are all that concern oneself alone.
func selfPermissions() []wire.Permission { return slices.Clone(wire.Permissions()[:selfCount]) }

const selfCount = 15 // of wire.Permissions

// givenSeat is the seat of somebody who had none: everything as it was.
func givenSeat(m member) *seat {
	return &seat{Name: nameIn(m.Metadata), Role: wire.JoinAsMember, Permissions: selfPermissions(), MediaAllowed: wire.MediaAll}
}

// isStaff tells that a member is neither a guest nor the holder of a room token.
func (m member) isStaff() bool { return !m.Guest && (m.Seat == nil || m.Seat.Token == "") }

// holder names whom a rule of the session follows when it comes back, with
// whatever endpoint: the room token, or the guest. Staff has no such name.
func (m member) holder() string {
	switch {
	case m.Seat != nil && m.Seat.Token != "":
		return m.Seat.Token
	case m.Guest:
		return m.User
	}
	return ""
}

func (s *seat) may(p wire.Permission) bool { return s != nil && slices.Contains(s.Permissions, p) }

// listens tells that a member receives only.
func (s *seat) listens() bool { return s != nil && s.Role == wire.JoinAsAudience }

// rights are what a member may send and receive.
func (m member) rights() Rights {
	s := m.Seat
	if s == nil {
		return AllRights
	}
	return Rights{
		SendAudio: !s.listens() && !s.AudioMuted, SendVideo: !s.listens() && !s.VideoMuted,
		ReceiveAudio: s.MediaAllowed != wire.MediaVideoOnly && !s.Deaf, ReceiveVideo: s.MediaAllowed != wire.MediaAudioOnly,
		Quietest: AllRights.Quietest - uint8(s.Sensitivity),
	}
}

// removal is when a member is removed: the earlier of its deadlines, each by its
// own clock; zero: never.
func (s *seat) removal() time.Time {
	if s.RemoveAt.IsZero() || !s.Elapses.IsZero() && s.Elapses.Before(s.RemoveAt) {
		return s.Elapses
	}
	return s.RemoveAt
}

// told is the seat as everybody sees it.
func (m member) told() wire.Member {
	s := m.Seat
	t := wire.Member{ID: m.Endpoint, Name: s.Name, Role: s.Role, Permissions: s.Permissions, AudioMuted: s.AudioMuted, VideoMuted: s.VideoMuted,
		Deaf: s.Deaf, InputVolume: s.InputVolume, OutputVolume: s.OutputVolume, Sensitivity: s.Sensitivity, Position: s.Position,
		HandRaisedAt: s.HandRaisedAt, Meta: object(s.Meta), MediaAllowed: s.MediaAllowed}
	if t.Permissions == nil {
		t.Permissions = []wire.Permission{}
	}
	if at := s.removal(); !at.IsZero() {
		t.RemoveAt = new(wire.NewTime(at))
	}
	return t
}

// toldRoom is the session as everybody sees it.
func (s state) toldRoom() wire.Room {
	r := s.Room
	return wire.Room{Name: r.Name, DisplayName: r.DisplayName, SessionID: s.ID, Meta: object(r.Meta), Locked: r.Locked, Layout: r.Layout,
		Positions: r.Positions, HideVideoMuted: r.HideVideoMuted, PrioritizeHandraise: r.PrioritizeHandraise,
		SyncAudioVideo: r.SyncAudioVideo, Previews: r.Previews, MaxMembers: r.MaxMembers}
}

// withoutPosition returns r without an endpoint's position.
func (r *room) withoutPosition(endpoint string) *room {
	next := *r
	next.Positions = maps.Clone(r.Positions)
	if delete(next.Positions, endpoint); len(next.Positions) == 0 {
		next.Positions = nil
	}
	return &next
}

func object(raw json.RawMessage) json.RawMessage {
	if raw == nil {
		return json.RawMessage("{}")
	}
	return raw
}

// text is the JSON of what can always be encoded: numbers, strings, and objects
// that were read from JSON.
func text(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

// seatEvent tells of a member's seat, by who changed it: an endpoint that is in,
// or the member itself.
func (s state) seatEvent(m int, user, endpoint string) wire.Event {
	if !s.hasEndpoint(endpoint) {
		user, endpoint = s.Members[m].User, s.Members[m].Endpoint
	}
	return wire.Event{Type: wire.EventMetadataUpdated, UserID: user, UserEndpointID: endpoint,
		Key: wire.MemberKey(s.Members[m].Endpoint), Operation: wire.OperationSet, Value: text(s.Members[m].told())}
}

// roomEvent tells of the session's settings.
func (s state) roomEvent(user, endpoint string) wire.Event {
	return wire.Event{Type: wire.EventMetadataUpdated, UserID: user, UserEndpointID: endpoint,
		Key: wire.MetadataRoom, Operation: wire.OperationSet, Value: text(s.toldRoom())}
}
