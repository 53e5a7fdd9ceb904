package server

import (
	"net/http"
	"strings"

	"guichet/platform/wire"
)

// missingActions are the calls that are permitted and answered "not available".
func missingActions() []string {
	return strings.Fields("startRecording pauseRecording resumeRecording stopRecording play pausePlayback resumePlayback setPlaybackVolume stopPlayback" +
		" seekPlayback startStream stopStream")
}

// walkRoomActions lets somebody with every permission do everything to somebody
// with none.
func (r *running) walkRoomActions() {
	t := r.t
	chair, guest := r.guest(fields("board", "permissions", wire.Permissions())), r.guest(fields("board", "permissions", []string{}))
	me, session := chair.enter("board")
	them, _ := guest.enter("board")
	do := func(name string, status int, pairs ...any) {
		t.Helper()
		body := with(map[string]any{"conferenceId": "board", "userEndpointId": me}, pairs...)
		if a := chair.post(conferencesPath+name, body); a.status != status {
			t.Errorf("%s: %d %s, want %d", name, a.status, a.body, status)
		}
	}
	for _, name := range strings.Fields("muteAudio unmuteAudio muteVideo unmuteVideo deaf undeaf raiseHand lowerHand") {
		do(name, http.StatusNoContent, "targetUserEndpointId", them)
	}
	target := []any{"targetUserEndpointId", them}
	blue := map[string]any{"badge": "blue"}
	for _, one := range []struct {
		name string
		with []any
	}{
		{"setInputVolume", []any{"volume", -50}}, {"setOutputVolume", []any{"volume", 50}}, {"setInputSensitivity", []any{"value", 100}},
		{"setMemberPosition", []any{"position", "reserved-1"}}, {"setMemberMeta", []any{"meta", blue}}, {"updateMemberMeta", []any{"meta", blue}},
		{"deleteMemberMeta", []any{"keys", []string{"badge"}}}, {"demote", []any{"mediaAllowed", "video-only"}},
		{"promote", []any{"permissions", []string{"room.self.audio_mute"}, "meta", blue, "joinAudioMuted", true, "mediaAllowed", "all"}},
	} {
		do(one.name, http.StatusNoContent, append(one.with, target...)...)
	}
	do("setLayout", http.StatusNoContent, "name", "2x2", "positions", map[string]string{them: "standard-1"})
	do("setPositions", http.StatusNoContent, "positions", map[string]string{})
	for _, name := range []string{"setRoomMeta", "updateRoomMeta"} {
		do(name, http.StatusNoContent, "meta", blue)
	}
	do("deleteRoomMeta", http.StatusNoContent, "keys", []string{"badge"})
	for _, name := range strings.Fields("hideVideoMuted showVideoMuted lock unlock") {
		do(name, http.StatusNoContent)
	}
	do("setPrioritizeHandraise", http.StatusNoContent, "on", true)
	for _, name := range missingActions() {
		do(name, http.StatusNotImplemented)
		guest.post(conferencesPath+name, wire.RoomAction{ConferenceID: "board", UserEndpointID: them}).refused(name, http.StatusForbidden, wire.CodeForbidden)
	}
	for _, id := range []string{"board", session} {
		if a := chair.get("/rtc-api/conferences/" + id + "/layouts"); a.status != http.StatusOK {
			t.Errorf("layouts of %s: %d %s", id, a.status, a.body)
		}
	}
	guest.get("/rtc-api/conferences/board/layouts").refused("layouts", http.StatusForbidden, wire.CodeForbidden)
	do("removeMember", http.StatusNoContent, "targetUserEndpointId", them, "reason", "done")
	do("removeMember", http.StatusNotFound, "targetUserEndpointId", them)
	do("removeAllMembers", http.StatusNoContent)
	do("lock", http.StatusForbidden)
}
