package client

import (
	"context"
	"net/http"
	"net/url"

	"guichet/platform/wire"
)

// Action is what can be done to a member of a room, by the name of its call.
type Action string

// The actions. The first eight are told by their names alone, for Call.Act.
const (
	MuteAudio   Action = "muteAudio"
	UnmuteAudio Action = "unmuteAudio"
	MuteVideo   Action = "muteVideo"
	UnmuteVideo Action = "unmuteVideo"
	Deafen      Action = "deaf"
	Undeafen    Action = "undeaf"
	RaiseHand   Action = "raiseHand"
	LowerHand   Action = "lowerHand"

	SetInputVolume      Action = "setInputVolume"
	SetOutputVolume     Action = "setOutputVolume"
	SetInputSensitivity Action = "setInputSensitivity"
	SetMemberPosition   Action = "setMemberPosition"
	SetMemberMeta       Action = "setMemberMeta"
	UpdateMemberMeta    Action = "updateMemberMeta"
	DeleteMemberMeta    Action = "deleteMemberMeta"
	RemoveMember        Action = "removeMember"
	Promote             Action = "promote"
	Demote              Action = "demote"
)

// Permissions returns what an action takes: self or member to do it to oneself,
// member to do it to others. self is empty where there is none.
func (a Action) Permissions() (self, member wire.Permission) {
	switch a {
	case MuteAudio:
		return wire.SelfAudioMute, wire.MemberAudioMute
	case UnmuteAudio:
		return wire.SelfAudioUnmute, wire.MemberAudioUnmute
	case MuteVideo:
		return wire.SelfVideoMute, wire.MemberVideoMute
	case UnmuteVideo:
		return wire.SelfVideoUnmute, wire.MemberVideoUnmute
	case Deafen:
		return wire.SelfDeaf, wire.MemberDeaf
	case Undeafen:
		return wire.SelfUndeaf, wire.MemberUndeaf
	case RaiseHand:
		return wire.SelfRaiseHand, wire.MemberRaiseHand
	case LowerHand:
		return wire.SelfLowerHand, wire.MemberLowerHand
	case SetInputVolume:
		return wire.SelfSetInputVolume, wire.MemberSetInputVolume
	case SetOutputVolume:
		return wire.SelfSetOutputVolume, wire.MemberSetOutputVolume
	case SetInputSensitivity:
		return wire.SelfSetInputSensitivity, wire.MemberSetInputSensitivity
	case SetMemberPosition:
		return wire.SelfSetPosition, wire.MemberSetPosition
	case SetMemberMeta, UpdateMemberMeta, DeleteMemberMeta:
		return wire.SelfSetMeta, wire.MemberSetMeta
	case RemoveMember:
		return "", wire.MemberRemove
	case Promote:
		return "", wire.MemberPromote
	case Demote:
		return "", wire.MemberDemote
	}
	return "", ""
}

// RoomAction is what can be done to a room with nothing more said, by the name of
// its call.
type RoomAction string

// The actions of Call.ActOnRoom.
const (
	HideVideoMuted RoomAction = "hideVideoMuted"
	ShowVideoMuted RoomAction = "showVideoMuted"
	Lock           RoomAction = "lock"
	Unlock         RoomAction = "unlock"
)

// The methods below do things to members and rooms as the endpoint that is in the
// call. They wait for it to be in and ask once: what comes late would surprise.
// target is an endpoint; empty, it is the own one. What is not permitted fails
// with a *wire.Error of CodeForbidden; what came of the rest is in the CallState.

// Act does what needs nothing but a target: MuteAudio to LowerHand.
func (c *Call) Act(ctx context.Context, a Action, target string) error {
	return c.onMember(ctx, a, target, func(m wire.MemberAction) any { return m })
}

// SetVolume sets how loud a member is heard (SetInputVolume) or hears
// (SetOutputVolume), -50 to 50.
func (c *Call) SetVolume(ctx context.Context, a Action, target string, volume int) error {
	return c.onMember(ctx, a, target, func(m wire.MemberAction) any { return wire.SetVolume{MemberAction: m, Volume: &volume} })
}

// SetSensitivity sets how loud a member's sound must be to pass: 0 lets all pass,
// 100 little.
func (c *Call) SetSensitivity(ctx context.Context, target string, value int) error {
	return c.onMember(ctx, SetInputSensitivity, target, func(m wire.MemberAction) any { return wire.SetSensitivity{MemberAction: m, Value: &value} })
}

// SetPosition chooses a member's place in the layout.
func (c *Call) SetPosition(ctx context.Context, target, position string) error {
	return c.onMember(ctx, SetMemberPosition, target, func(m wire.MemberAction) any {
		return wire.SetMemberPosition{MemberAction: m, Position: position}
	})
}

// SetMeta replaces a member's meta (SetMemberMeta) or the members of it that are
// given (UpdateMemberMeta). meta is a JSON object.
func (c *Call) SetMeta(ctx context.Context, a Action, target string, meta []byte) error {
	return c.onMember(ctx, a, target, func(m wire.MemberAction) any { return wire.SetMemberMeta{MemberAction: m, Meta: meta} })
}

// DeleteMeta deletes members of a member's meta.
func (c *Call) DeleteMeta(ctx context.Context, target string, keys ...string) error {
	return c.onMember(ctx, DeleteMemberMeta, target, func(m wire.MemberAction) any { return wire.DeleteMemberMeta{MemberAction: m, Keys: keys} })
}

// Remove takes somebody out of the call, who is told the reason.
func (c *Call) Remove(ctx context.Context, target, reason string) error {
	return c.onMember(ctx, RemoveMember, target, func(m wire.MemberAction) any { return wire.RemoveMember{MemberAction: m, Reason: reason} })
}

// RemoveAll takes everybody out but staff and ourselves.
func (c *Call) RemoveAll(ctx context.Context, reason string) error {
	return c.onRoom(ctx, "removeAllMembers", func(r wire.RoomAction) any { return wire.RemoveAllMembers{RoomAction: r, Reason: reason} })
}

// Promote makes somebody of the audience a member, as p says; who asks and whom
// it is done to are filled in.
func (c *Call) Promote(ctx context.Context, target string, p wire.Promote) error {
	return c.onMember(ctx, Promote, target, func(m wire.MemberAction) any { p.MemberAction = m; return p })
}

// Demote makes a member one of the audience. allowed is what it may receive from
// now on; empty: as before.
func (c *Call) Demote(ctx context.Context, target string, allowed wire.MediaAllowed) error {
	return c.onMember(ctx, Demote, target, func(m wire.MemberAction) any { return wire.Demote{MemberAction: m, MediaAllowed: allowed} })
}

// ActOnRoom does what needs nothing more to be said.
func (c *Call) ActOnRoom(ctx context.Context, a RoomAction) error {
	return c.onRoom(ctx, string(a), func(r wire.RoomAction) any { return r })
}

// SetLayout chooses the layout, and positions by endpoint unless they are nil.
func (c *Call) SetLayout(ctx context.Context, name string, positions map[string]string) error {
	return c.onRoom(ctx, "setLayout", func(r wire.RoomAction) any { return wire.SetLayout{RoomAction: r, Name: name, Positions: positions} })
}

// SetPositions places members in the layout, by endpoint; nil places nobody.
func (c *Call) SetPositions(ctx context.Context, positions map[string]string) error {
	if positions == nil {
		positions = map[string]string{}
	}
	return c.onRoom(ctx, "setPositions", func(r wire.RoomAction) any { return wire.SetPositions{RoomAction: r, Positions: positions} })
}

// SetRoomMeta replaces the room's meta, a JSON object.
func (c *Call) SetRoomMeta(ctx context.Context, meta []byte) error {
	return c.onRoom(ctx, "setRoomMeta", func(r wire.RoomAction) any { return wire.SetRoomMeta{RoomAction: r, Meta: meta} })
}

// UpdateRoomMeta replaces the members of the room's meta that are given.
func (c *Call) UpdateRoomMeta(ctx context.Context, meta []byte) error {
	return c.onRoom(ctx, "updateRoomMeta", func(r wire.RoomAction) any { return wire.SetRoomMeta{RoomAction: r, Meta: meta} })
}

// DeleteRoomMeta deletes members of the room's meta.
func (c *Call) DeleteRoomMeta(ctx context.Context, keys ...string) error {
	return c.onRoom(ctx, "deleteRoomMeta", func(r wire.RoomAction) any { return wire.DeleteRoomMeta{RoomAction: r, Keys: keys} })
}

// SetPrioritizeHandraise shows raised hands first, or not.
func (c *Call) SetPrioritizeHandraise(ctx context.Context, on bool) error {
	return c.onRoom(ctx, "setPrioritizeHandraise", func(r wire.RoomAction) any { return wire.SetPrioritizeHandraise{RoomAction: r, On: &on} })
}

// Layouts returns the names of the layouts that the room may have.
func (c *Call) Layouts(ctx context.Context) ([]string, error) {
	var l wire.Layouts
	err := c.client.call(ctx, http.MethodGet, conferences+url.PathEscape(c.conference())+"/layouts", nil, &l)
	return l.Layouts, err
}

func (c *Call) onMember(ctx context.Context, a Action, target string, body func(wire.MemberAction) any) error {
	return c.persist(ctx, func(ctx context.Context, endpoint string) (bool, error) {
		return false, c.client.post(ctx, conferences+string(a), body(wire.MemberAction{ConferenceID: c.conference(), UserEndpointID: endpoint,
			TargetUserEndpointID: target}), nil)
	})
}

func (c *Call) onRoom(ctx context.Context, call string, body func(wire.RoomAction) any) error {
	return c.persist(ctx, func(ctx context.Context, endpoint string) (bool, error) {
		return false, c.client.post(ctx, conferences+call, body(wire.RoomAction{ConferenceID: c.conference(), UserEndpointID: endpoint}), nil)
	})
}
