package wire

import "encoding/json"

// MetadataRoom is the metadata key of a room session's settings; its value is a
// Room. The server alone writes it.
const MetadataRoom = "ROOM"

// Room is a room's session as everybody in it sees it, the value of the
// conference's metadata key ROOM.
type Room struct {
	Name        string          `json:"name"`
	DisplayName string          `json:"displayName"`
	SessionID   string          `json:"sessionId"` // the conference's id
	Meta        json.RawMessage `json:"meta"`      // an object
	Locked      bool            `json:"locked"`    // nobody but staff may join

	Layout              string            `json:"layout"`
	Positions           map[string]string `json:"positions,omitempty"` // by userEndpointId
	HideVideoMuted      bool              `json:"hideVideoMuted"`      // members without a picture are left out
	PrioritizeHandraise bool              `json:"prioritizeHandraise"` // raised hands are shown first
	SyncAudioVideo      bool              `json:"syncAudioVideo"`      // what was asked for; sound and picture belong together in any case
	Previews            bool              `json:"previews"`
	MaxMembers          int               `json:"maxMembers,omitempty"` // absent: no bound of its own
}

// DefaultLayout is the layout of a new room.
const DefaultLayout = "grid-responsive"

// LayoutNames returns the layouts that a room may have.
func LayoutNames() []string {
	return []string{"grid-responsive", "grid-responsive-mobile", "highlight-1-responsive", "1x1", "2x1", "2x2", "5up", "3x3",
		"4x4", "5x5", "6x6", "8x8", "10x10"}
}

// Layouts is the answer of GET /rtc-api/conferences/{id}/layouts.
type Layouts struct {
	Layouts []string `json:"layouts"`
}

// RoomAction is the body of …/hideVideoMuted, showVideoMuted, lock and unlock; the
// answer is 204. Each takes the permission room.… of its name.
type RoomAction struct {
	ConferenceID   string `json:"conferenceId"`
	UserEndpointID string `json:"userEndpointId"` // who asks
}

// RemoveAllMembers is the body of …/removeAllMembers; the answer is 204. Staff
// stays; who asks leaves last.
type RemoveAllMembers struct {
	RoomAction
	Reason string `json:"reason,omitempty"`
}

// SetLayout is the body of …/setLayout; the answer is 204. Positions, by
// userEndpointId, are set besides when they are given.
type SetLayout struct {
	RoomAction
	Name      string            `json:"name"`
	Positions map[string]string `json:"positions,omitempty"`
}

// SetPositions is the body of …/setPositions, by userEndpointId; the answer is
// 204. Those that it does not name end.
type SetPositions struct {
	RoomAction
	Positions map[string]string `json:"positions"`
}

// SetRoomMeta is the body of …/setRoomMeta, which replaces the meta, and of
// …/updateRoomMeta, which replaces the members of it that it names; the answer is
// 204.
type SetRoomMeta struct {
	RoomAction
	Meta json.RawMessage `json:"meta"` // an object
}

// DeleteRoomMeta is the body of …/deleteRoomMeta; the answer is 204.
type DeleteRoomMeta struct {
	RoomAction
	Keys []string `json:"keys"`
}

// SetPrioritizeHandraise is the body of …/setPrioritizeHandraise; the answer is
// 204.
type SetPrioritizeHandraise struct {
	RoomAction
	On *bool `json:"on"`
}
