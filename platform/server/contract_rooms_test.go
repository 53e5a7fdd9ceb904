package server

import "guichet/platform/wire"

// roomRunners are the tests of what staff does to members and to the room: by a,
// to b or, when no target is named, to itself.
func roomRunners() map[string]runner {
	const positions, meta = "positions", "meta"
	at := func(name string) string { return "POST " + conferencesPath + name }
	// acts sets a conference, makes the calls named before to both sides, and fills
	// the body.
	acts := func(target bool, first map[string]map[string]any, fill func(*script, *stage)) runner {
		return runner{gone: over, set: meets("", func(s *script, st *stage) {
			for name, more := range first {
				body := st.seat()
				for k, v := range more {
					body[k] = v
				}
				s.a.do(name, body)
				if target {
					s.a.do(name, with(body, "targetUserEndpointId", s.b.endpoint))
				}
			}
			if st.body = st.seat(); target {
				with(st.body, "targetUserEndpointId", s.b.endpoint)
			}
			fill(s, st)
		})}
	}
	plus := func(pairs ...any) func(*script, *stage) {
		return func(_ *script, st *stage) { with(st.body, pairs...) }
	}
	first := func(name string, pairs ...any) map[string]map[string]any {
		return map[string]map[string]any{name: with(map[string]any{}, pairs...)}
	}
	blue := map[string]any{"badge": "blue", "floor": 2}
	all := map[string]runner{
		at("muteAudio"):           acts(true, nil, plus()),
		at("unmuteAudio"):         acts(true, first("muteAudio"), plus()),
		at("muteVideo"):           acts(true, nil, plus()),
		at("unmuteVideo"):         acts(true, first("muteVideo"), plus()),
		at("deaf"):                acts(true, nil, plus()),
		at("undeaf"):              acts(true, first("deaf"), plus()),
		at("raiseHand"):           acts(true, nil, plus()),
		at("lowerHand"):           acts(true, first("raiseHand"), plus()),
		at("setInputVolume"):      acts(true, nil, plus("volume", -50)),
		at("setOutputVolume"):     acts(true, nil, plus("volume", 50)),
		at("setInputSensitivity"): acts(true, nil, plus("value", 100)),
		at("setMemberPosition"):   acts(true, nil, plus("position", "reserved-2")),
		at("setMemberMeta"):       acts(true, nil, plus(meta, blue)),
		at("updateMemberMeta"):    acts(true, nil, plus(meta, blue)),
		at("deleteMemberMeta"):    acts(true, first("setMemberMeta", meta, blue), plus("keys", []string{"badge", "none"})),
		at("promote"): acts(true, first("demote"), plus("permissions", []string{"room.self.audio_mute"}, meta, blue, "joinAudioMuted", true,
			"joinVideoMuted", true, "mediaAllowed", "audio-only")),
		at("demote"): acts(true, nil, plus("mediaAllowed", "video-only")),
		at("removeMember"): acts(false, nil, func(s *script, st *stage) {
			st.from = s.a.caller.endpoint()
			s.a.do("join", wire.JoinConference{ConferenceID: st.conference, UserEndpointID: st.from})
			with(st.body, "targetUserEndpointId", st.from, "reason", "not your turn")
		}),
		at("removeAllMembers"): acts(false, nil, plus("reason", "the office closes")),
		at("setLayout"): acts(false, nil, func(s *script, st *stage) {
			with(st.body, "name", "3x3", positions, map[string]any{s.b.endpoint: "standard-2"})
		}),
		at("setPositions"): acts(false, nil, func(s *script, st *stage) {
			with(st.body, positions, map[string]any{s.b.endpoint: "standard-2"})
		}),
		at("setRoomMeta"):                         acts(false, nil, plus(meta, blue)),
		at("updateRoomMeta"):                      acts(false, nil, plus(meta, blue)),
		at("deleteRoomMeta"):                      acts(false, first("setRoomMeta", meta, blue), plus("keys", []string{"badge"})),
		at("hideVideoMuted"):                      acts(false, nil, plus()),
		at("showVideoMuted"):                      acts(false, first("hideVideoMuted"), plus()),
		at("lock"):                                acts(false, nil, plus()),
		at("unlock"):                              acts(false, first("lock"), plus()),
		at("setPrioritizeHandraise"):              acts(false, nil, plus("on", true)),
		"GET " + conferencesPath + "{id}/layouts": {gone: over, set: meets("", func(_ *script, st *stage) { st.path = st.conference })},
	}
	for _, name := range []string{"startRecording", "pauseRecording", "resumeRecording", "stopRecording", "play", "pausePlayback", "resumePlayback",
		"setPlaybackVolume", "stopPlayback", "seekPlayback", "startStream", "stopStream"} {
		all[at(name)] = acts(false, nil, plus())
	}
	return all
}
