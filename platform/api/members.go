package api

import (
	"net/http"

	"guichet/platform/oauth"
	"guichet/platform/wire"
)

// routeMembers routes what the members of a room do to each other and to the
// room. Who may is for the conference to say, save that a token must let its
// holder take part at all.
func (a *API) routeMembers() {
	d := a.Conferences
	act(a, "muteAudio", callsWrite, d.MuteAudio)
	act(a, "unmuteAudio", callsWrite, d.UnmuteAudio)
	act(a, "muteVideo", callsWrite, d.MuteVideo)
	act(a, "unmuteVideo", callsWrite, d.UnmuteVideo)
	act(a, "deaf", callsWrite, d.Deafen)
	act(a, "undeaf", callsWrite, d.Undeafen)
	act(a, "setInputVolume", callsWrite, d.SetInputVolume)
	act(a, "setOutputVolume", callsWrite, d.SetOutputVolume)
	act(a, "setInputSensitivity", callsWrite, d.SetInputSensitivity)
	act(a, "setMemberPosition", callsWrite, d.SetMemberPosition)
	act(a, "setMemberMeta", callsWrite, d.SetMemberMeta)
	act(a, "updateMemberMeta", callsWrite, d.UpdateMemberMeta)
	act(a, "deleteMemberMeta", callsWrite, d.DeleteMemberMeta)
	act(a, "raiseHand", callsWrite, d.RaiseHand)
	act(a, "lowerHand", callsWrite, d.LowerHand)
	act(a, "removeMember", callsWrite, d.RemoveMember)
	act(a, "removeAllMembers", callsWrite, d.RemoveAllMembers)
	act(a, "promote", callsWrite, d.Promote)
	act(a, "demote", callsWrite, d.Demote)

	act(a, "setLayout", callsWrite, d.SetLayout)
	act(a, "setPositions", callsWrite, d.SetPositions)
	act(a, "setRoomMeta", callsWrite, d.SetRoomMeta)
	act(a, "updateRoomMeta", callsWrite, d.UpdateRoomMeta)
	act(a, "deleteRoomMeta", callsWrite, d.DeleteRoomMeta)
	act(a, "hideVideoMuted", callsWrite, d.HideVideoMuted)
	act(a, "showVideoMuted", callsWrite, d.ShowVideoMuted)
	act(a, "lock", callsWrite, d.Lock)
	act(a, "unlock", callsWrite, d.Unlock)
	act(a, "setPrioritizeHandraise", callsWrite, d.SetPrioritizeHandraise)
	for _, m := range missing() {
		act(a, m.name, callsWrite, d.Missing(m.permission))
	}
	a.mux.HandleFunc("GET /rtc-api/conferences/{id}/layouts", a.guard(callsRead, a.layouts))
}

// missing are the calls that nothing stands behind yet.
func missing() []struct {
	name, summary string
	permission    wire.Permission
} {
	return []struct {
		name, summary string
		permission    wire.Permission
	}{
		{"startRecording", "Start a recording", wire.RoomRecording},
		{"pauseRecording", "Pause a recording", wire.RoomRecording},
		{"resumeRecording", "Go on with a recording", wire.RoomRecording},
		{"stopRecording", "Stop a recording", wire.RoomRecording},
		{"play", "Play media into the room", wire.RoomPlayback},
		{"pausePlayback", "Pause what is played", wire.RoomPlayback},
		{"resumePlayback", "Go on with what is played", wire.RoomPlayback},
		{"setPlaybackVolume", "Set the volume of what is played", wire.RoomPlayback},
		{"stopPlayback", "Stop what is played", wire.RoomPlayback},
		{"seekPlayback", "Seek in what is played", wire.RoomPlaybackSeek},
		{"startStream", "Stream the room to an RTMP address", wire.RoomStream},
		{"stopStream", "Stop streaming the room", wire.RoomStream},
	}
}

func (a *API) layouts(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	list, err := a.Conferences.Layouts(r.Context(), conferenceCaller(id), r.PathValue("id"))
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, list)
}
