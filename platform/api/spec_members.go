package api

import (
	"net/http"
	"slices"

	"guichet/platform/openapi"
	"guichet/platform/wire"
)

// roomActions are what members do, each with the permission that it takes.
func roomActions() group {
	changes := []int{404, 409, 410}
	one := func(name, summary string, self, member wire.Permission, takes any) line {
		return line{operation(name), name, summary, callsWrite, takes, nil, changes, []with{permitting(self, member)}}
	}
	g := group{"Room actions", "What the members of a room may do to themselves, to each other and to the room, as their seats permit. " +
		"Every change is told as ConferenceMetadataUpdatedEvent with the key MEMBER/{userEndpointId} or ROOM. Staff needs no permission, and nothing of mode P2P can be muted.", "conference", []line{
		one("muteAudio", "Let no sound of a member pass", wire.SelfAudioMute, wire.MemberAudioMute, wire.MemberAction{}),
		one("unmuteAudio", "Let a member's sound pass again", wire.SelfAudioUnmute, wire.MemberAudioUnmute, wire.MemberAction{}),
		one("muteVideo", "Let no picture of a member pass", wire.SelfVideoMute, wire.MemberVideoMute, wire.MemberAction{}),
		one("unmuteVideo", "Let a member's pictures pass again", wire.SelfVideoUnmute, wire.MemberVideoUnmute, wire.MemberAction{}),
		one("deaf", "Let a member hear nothing", wire.SelfDeaf, wire.MemberDeaf, wire.MemberAction{}),
		one("undeaf", "Let a member hear again", wire.SelfUndeaf, wire.MemberUndeaf, wire.MemberAction{}),
		one("setInputVolume", "Set how loud a member is heard", wire.SelfSetInputVolume, wire.MemberSetInputVolume, wire.SetVolume{}),
		one("setOutputVolume", "Set how loud a member hears", wire.SelfSetOutputVolume, wire.MemberSetOutputVolume, wire.SetVolume{}),
		one("setInputSensitivity", "Set how loud a member's sound must be to pass", wire.SelfSetInputSensitivity, wire.MemberSetInputSensitivity, wire.SetSensitivity{}),
		one("setMemberPosition", "Choose a member's place in the layout", wire.SelfSetPosition, wire.MemberSetPosition, wire.SetMemberPosition{}),
		one("setMemberMeta", "Replace a member's meta", wire.SelfSetMeta, wire.MemberSetMeta, wire.SetMemberMeta{}),
		one("updateMemberMeta", "Replace some of a member's meta", wire.SelfSetMeta, wire.MemberSetMeta, wire.SetMemberMeta{}),
		one("deleteMemberMeta", "Delete some of a member's meta", wire.SelfSetMeta, wire.MemberSetMeta, wire.DeleteMemberMeta{}),
		one("raiseHand", "Raise a hand", wire.SelfRaiseHand, wire.MemberRaiseHand, wire.MemberAction{}),
		one("lowerHand", "Lower a hand", wire.SelfLowerHand, wire.MemberLowerHand, wire.MemberAction{}),
		one("removeMember", "Remove a member, who may not come back while the session lasts", "", wire.MemberRemove, wire.RemoveMember{}),
		one("removeAllMembers", "Remove everybody but staff, who asks last", "", wire.MemberRemove, wire.RemoveAllMembers{}),
		one("promote", "Make somebody of the audience a member", "", wire.MemberPromote, wire.Promote{}),
		one("demote", "Make a member one of the audience", "", wire.MemberDemote, wire.Demote{}),
		one("setLayout", "Choose the layout", "", wire.RoomSetLayout, wire.SetLayout{}),
		one("setPositions", "Place members in the layout", "", wire.RoomSetPosition, wire.SetPositions{}),
		one("setRoomMeta", "Replace the room's meta", "", wire.RoomSetMeta, wire.SetRoomMeta{}),
		one("updateRoomMeta", "Replace some of the room's meta", "", wire.RoomSetMeta, wire.SetRoomMeta{}),
		one("deleteRoomMeta", "Delete some of the room's meta", "", wire.RoomSetMeta, wire.DeleteRoomMeta{}),
		one("hideVideoMuted", "Leave members without a picture out of the layout", "", wire.RoomHideVideoMuted, wire.RoomAction{}),
		one("showVideoMuted", "Show members without a picture", "", wire.RoomShowVideoMuted, wire.RoomAction{}),
		one("lock", "Let nobody but staff join any more", "", wire.RoomLock, wire.RoomAction{}),
		one("unlock", "Let people join again", "", wire.RoomUnlock, wire.RoomAction{}),
		one("setPrioritizeHandraise", "Show raised hands first, or not", "", wire.RoomPrioritizeHandraise, wire.SetPrioritizeHandraise{}),
		{"GET /rtc-api/conferences/{id}/layouts", "listLayouts", "List the layouts that a room may have", callsRead, nil, wire.Layouts{}, []int{400, 404, 410},
			[]with{permitting("", wire.RoomListAvailableLayouts)}},
	}}
	for _, m := range missing() {
		l := one(m.name, m.summary, "", m.permission, wire.RoomAction{})
		l.fails = slices.Concat(l.fails, []int{http.StatusNotImplemented})
		g.lines = append(g.lines, l)
	}
	return g
}

// taking says which permission of a room an operation takes.
func permitting(self, member wire.Permission) with {
	return func(o *openapi.Operation) {
		o.Description = "Takes the permission " + string(member)
		if self != "" {
			o.Description += ", or for oneself " + string(self)
		}
		o.Description += "."
	}
}
