package wire

// Permission is one thing that a member may do in a room, in the words of
// SignalWire's Video API. What has none here (to list the members, to read meta,
// to leave) everybody may do; a member who was promoted has the permissions of
// that call, not those of the token.
type Permission string

// What the holder may do to oneself.
const (
	SelfAudioMute           Permission = "room.self.audio_mute"            // mute the microphone
	SelfAudioUnmute         Permission = "room.self.audio_unmute"          // unmute the microphone
	SelfVideoMute           Permission = "room.self.video_mute"            // mute the camera
	SelfVideoUnmute         Permission = "room.self.video_unmute"          // unmute the camera
	SelfDeaf                Permission = "room.self.deaf"                  // stop hearing the room
	SelfUndeaf              Permission = "room.self.undeaf"                // hear the room again
	SelfSetInputVolume      Permission = "room.self.set_input_volume"      // set the volume that the room hears, -50 to 50
	SelfSetOutputVolume     Permission = "room.self.set_output_volume"     // set the volume at which the room is heard, -50 to 50
	SelfSetInputSensitivity Permission = "room.self.set_input_sensitivity" // set how loud a sound must be to be sent, 0 to 100
	SelfSetPosition         Permission = "room.self.set_position"          // choose a place in the layout
	SelfSetMeta             Permission = "room.self.set_meta"              // set, update and delete the member's meta
	SelfRaiseHand           Permission = "room.self.raisehand"             // raise the hand
	SelfLowerHand           Permission = "room.self.lowerhand"             // lower the hand
	SelfScreenshare         Permission = "room.self.screenshare"           // share the screen
	SelfAdditionalSource    Permission = "room.self.additional_source"     // add a camera, a microphone or another device
)

// What the holder may do to any member.
const (
	MemberAudioMute           Permission = "room.member.audio_mute"            // mute the microphone
	MemberAudioUnmute         Permission = "room.member.audio_unmute"          // unmute the microphone
	MemberVideoMute           Permission = "room.member.video_mute"            // mute the camera
	MemberVideoUnmute         Permission = "room.member.video_unmute"          // unmute the camera
	MemberDeaf                Permission = "room.member.deaf"                  // stop hearing the room
	MemberUndeaf              Permission = "room.member.undeaf"                // hear the room again
	MemberSetInputVolume      Permission = "room.member.set_input_volume"      // set the volume that the room hears, -50 to 50
	MemberSetOutputVolume     Permission = "room.member.set_output_volume"     // set the volume at which the room is heard, -50 to 50
	MemberSetInputSensitivity Permission = "room.member.set_input_sensitivity" // set how loud a sound must be to be sent, 0 to 100
	MemberSetPosition         Permission = "room.member.set_position"          // choose a place in the layout
	MemberSetMeta             Permission = "room.member.set_meta"              // set, update and delete the member's meta
	MemberRaiseHand           Permission = "room.member.raisehand"             // raise the hand
	MemberLowerHand           Permission = "room.member.lowerhand"             // lower the hand
	MemberRemove              Permission = "room.member.remove"                // remove one member, or all
	MemberPromote             Permission = "room.member.promote"               // make somebody of the audience a member, with the rights that the call names
	MemberDemote              Permission = "room.member.demote"                // make a member one of the audience
)

// What the holder may do to the room.
const (
	RoomListAvailableLayouts Permission = "room.list_available_layouts" // list the layouts
	RoomSetLayout            Permission = "room.set_layout"             // choose the layout, with positions
	RoomSetPosition          Permission = "room.set_position"           // place several members in the layout
	RoomSetMeta              Permission = "room.set_meta"               // set, update and delete the room's meta
	RoomHideVideoMuted       Permission = "room.hide_video_muted"       // leave members without a picture out of the layout
	RoomShowVideoMuted       Permission = "room.show_video_muted"       // show them again
	RoomLock                 Permission = "room.lock"                   // refuse new joins
	RoomUnlock               Permission = "room.unlock"                 // take joins again
	RoomPrioritizeHandraise  Permission = "room.prioritize_handraise"   // prefer raised hands in the layout
	RoomRecording            Permission = "room.recording"              // start, list, pause, resume and stop recordings
	RoomPlayback             Permission = "room.playback"               // play media into the room: start, list, pause, resume, volume, stop
	RoomPlaybackSeek         Permission = "room.playback_seek"          // seek in what is played
	RoomStream               Permission = "room.stream"                 // stream the room to an RTMP address: start, list, stop
)

// Permissions returns all permissions, group by group.
func Permissions() []Permission {
	return []Permission{
		SelfAudioMute, SelfAudioUnmute, SelfVideoMute, SelfVideoUnmute, SelfDeaf, SelfUndeaf, SelfSetInputVolume,
		SelfSetOutputVolume, SelfSetInputSensitivity, SelfSetPosition, SelfSetMeta, SelfRaiseHand, SelfLowerHand,
		SelfScreenshare, SelfAdditionalSource,
		MemberAudioMute, MemberAudioUnmute, MemberVideoMute, MemberVideoUnmute, MemberDeaf, MemberUndeaf,
		MemberSetInputVolume, MemberSetOutputVolume, MemberSetInputSensitivity, MemberSetPosition, MemberSetMeta,
		MemberRaiseHand, MemberLowerHand, MemberRemove, MemberPromote, MemberDemote,
		RoomListAvailableLayouts, RoomSetLayout, RoomSetPosition, RoomSetMeta, RoomHideVideoMuted,
		RoomShowVideoMuted, RoomLock, RoomUnlock, RoomPrioritizeHandraise, RoomRecording, RoomPlayback,
		RoomPlaybackSeek, RoomStream,
	}
}
