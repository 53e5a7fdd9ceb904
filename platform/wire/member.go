package wire

import "encoding/json"

// Member is the seat of one endpoint in a room, the value of the conference's
// metadata key MEMBER/{userEndpointId}. A participant without one knows nothing
// of rooms and is bound by nothing here.
type Member struct {
	ID          string       `json:"id"` // the endpoint's
	Name        string       `json:"name"`
	Role        JoinAs       `json:"role"`
	Permissions []Permission `json:"permissions"`

	// AudioMuted, VideoMuted and Deaf are the server's: nothing of the member, or
	// to the member, passes, whatever its program does.
	AudioMuted bool `json:"audioMuted"`
	VideoMuted bool `json:"videoMuted"`
	Deaf       bool `json:"deaf"`

	InputVolume  int `json:"inputVolume"`  // -50 to 50; applied by whoever hears the member
	OutputVolume int `json:"outputVolume"` // -50 to 50; applied by the member
	Sensitivity  int `json:"sensitivity"`  // 0 to 100; sound quieter than -(127 - this) dBov does not pass

	Position     string          `json:"position,omitempty"`
	HandRaisedAt *Time           `json:"handRaisedAt,omitempty"` // absent: the hand is down
	Meta         json.RawMessage `json:"meta"`                   // an object
	MediaAllowed MediaAllowed    `json:"mediaAllowed"`           // what the member may receive
	RemoveAt     *Time           `json:"removeAt,omitempty"`     // when the server removes the member
}

// DefaultSensitivity is the Sensitivity of a new member.
const DefaultSensitivity = 30

// MemberKey returns the metadata key of an endpoint's seat. The server alone
// writes it: SET with every change, REMOVE before the endpoint has left.
func MemberKey(endpoint string) string { return MemberPrefix + endpoint }

// MemberPrefix begins the metadata keys of seats.
const MemberPrefix = "MEMBER/"

// MemberAction is the body of …/muteAudio, unmuteAudio, muteVideo, unmuteVideo,
// deaf, undeaf, raiseHand and lowerHand; the answer is 204. Here and in the other
// calls, UserEndpointID is who asks and TargetUserEndpointID whom it is done to,
// oneself when it is empty. It takes the permission room.self.… for oneself and
// room.member.… for anybody; staff needs neither, nor to be in the conference when
// it acts on others.
type MemberAction struct {
	ConferenceID         string `json:"conferenceId"`
	UserEndpointID       string `json:"userEndpointId"`
	TargetUserEndpointID string `json:"targetUserEndpointId,omitempty"`
}

// SetVolume is the body of …/setInputVolume and …/setOutputVolume, -50 to 50; the
// answer is 204.
type SetVolume struct {
	MemberAction
	Volume *int `json:"volume"`
}

// SetSensitivity is the body of …/setInputSensitivity, 0 to 100; the answer is
// 204.
type SetSensitivity struct {
	MemberAction
	Value *int `json:"value"`
}

// SetMemberPosition is the body of …/setMemberPosition; the answer is 204. A
// position is auto, off-canvas, reserved, reserved-N, standard or standard-N.
type SetMemberPosition struct {
	MemberAction
	Position string `json:"position"`
}

// SetMemberMeta is the body of …/setMemberMeta, which replaces the meta, and of
// …/updateMemberMeta, which replaces the members of it that it names; the answer
// is 204.
type SetMemberMeta struct {
	MemberAction
	Meta json.RawMessage `json:"meta"` // an object
}

// DeleteMemberMeta is the body of …/deleteMemberMeta; the answer is 204.
type DeleteMemberMeta struct {
	MemberAction
	Keys []string `json:"keys"`
}

// RemoveMember is the body of …/removeMember, which must name its target; the
// answer is 204. The target leaves with the reason, its endpoint is unregistered,
// and its room token does not let it in again while the session lasts. The reason
// is none of LeftReasons.
type RemoveMember struct {
	MemberAction
	Reason string `json:"reason,omitempty"`
}

// Promote is the body of …/promote, which makes somebody of the audience a member;
// the answer is 204. The permissions are those named here, not those of the
// token. Without MediaAllowed that stays.
type Promote struct {
	MemberAction
	Permissions    []Permission    `json:"permissions,omitempty"`
	Meta           json.RawMessage `json:"meta,omitempty"` // an object; absent: stays
	JoinAudioMuted bool            `json:"joinAudioMuted,omitempty"`
	JoinVideoMuted bool            `json:"joinVideoMuted,omitempty"`
	MediaAllowed   MediaAllowed    `json:"mediaAllowed,omitempty"`
}

// Demote is the body of …/demote, which makes a member one of the audience; the
// answer is 204. What the member publishes ends. Without MediaAllowed that stays.
type Demote struct {
	MemberAction
	MediaAllowed MediaAllowed `json:"mediaAllowed,omitempty"`
}
