package server

import (
	"net/http"
	"strings"

	"guichet/platform/wire"
)

// inAnothersName: a client that has every permission may act on others, but never
// as another.
func (h *hostile) inAnothersName() {
	m := h.sit("hall", "permissions", wire.Permissions())
	at, them := h.session, h.victim.endpoint
	for _, c := range roomCalls() {
		body := with(map[string]any{"conferenceId": at, "userEndpointId": them}, c.more...)
		for _, target := range []string{m.endpoint, them} {
			if c.onMember {
				body["targetUserEndpointId"] = target
			}
			h.forbidden(c.name+" in another's name", func() answer { return m.post(conferencesPath+c.name, body) })
		}
	}
	candidates := []wire.ICECandidate{{Candidate: "candidate:1 1 udp 1 127.0.0.1 9 typ host"}}
	for name, body := range map[string]any{
		"join":            wire.JoinConference{ConferenceID: at, UserEndpointID: them},
		"leave":           wire.LeaveConference{ConferenceID: at, UserEndpointID: them, Reason: "mine"},
		"publishStream":   wire.PublishStream{ConferenceID: at, UserEndpointID: them, StreamID: "theirs", SDPOffer: offer(h.t)},
		"unpublishStream": wire.StreamRef{ConferenceID: at, UserEndpointID: them, StreamID: "victim"},
		"viewStream":      wire.ViewStream{ConferenceID: at, UserEndpointID: them, StreamID: "clock", ViewerID: "theirs", SDPOffer: receiving(h.t)},
		"stopViewStream":  wire.StreamRef{ConferenceID: at, UserEndpointID: h.chair.endpoint, StreamID: "clock", ViewerID: "clock"},
		"addPublishStreamIceCandidates": wire.ICECandidates{ConferenceID: at, UserEndpointID: them, StreamID: "victim",
			ICECandidates: candidates},
		"addViewStreamIceCandidates": wire.ICECandidates{ConferenceID: at, UserEndpointID: h.chair.endpoint, StreamID: "clock", ViewerID: "clock",
			ICECandidates: candidates},
		"updateMetadata":       wire.UpdateMetadata{ConferenceID: at, UserEndpointID: them, Operation: wire.OperationSet, Key: wire.TrackMuted("audio", "victim"), Value: "true"},
		"updateStreamMetadata": wire.UpdateStreamMetadata{ConferenceID: at, UserEndpointID: them, StreamID: "victim", Metadata: []byte(`{"mine":true}`)},
		"sendMessage":          wire.SendMessage{ConferenceID: at, UserEndpointID: them, MessageID: "forged", Text: "I give up"},
	} {
		h.forbidden(name+" in another's name", func() answer { return m.post(conferencesPath+name, body) })
	}
	// Its own name does not make another's stream or viewer its own.
	for name, body := range map[string]any{
		"unpublishStream":      wire.StreamRef{ConferenceID: at, UserEndpointID: m.endpoint, StreamID: "victim"},
		"stopViewStream":       wire.StreamRef{ConferenceID: at, UserEndpointID: m.endpoint, StreamID: "clock", ViewerID: "clock"},
		"updateStreamMetadata": wire.UpdateStreamMetadata{ConferenceID: at, UserEndpointID: m.endpoint, StreamID: "victim", Metadata: []byte(`{}`)},
	} {
		h.forbidden(name+" of another's", func() answer { return m.post(conferencesPath+name, body) })
	}
	const endpoints = "/rtc-api/users/endpoints"
	h.forbidden("registers another's endpoint", func() answer { return m.post(endpoints, wire.RegisterEndpoint{UserEndpointID: them}) })
	h.forbidden("beats for another's endpoint", func() answer { return m.post(endpoints+"/keepalive", wire.KeepAlive{UserEndpointID: them}) })
	h.forbidden("unregisters another's endpoint", func() answer {
		return m.post(endpoints+"/unregister", wire.UnregisterEndpoint{UserEndpointID: them, Reason: "mine"})
	})
	h.forbidden("sends a file in another's name", func() answer {
		return m.form(transfers, "", field{wire.FormConferenceID, at, ""}, field{wire.FormUserEndpointID, them, ""}, field{wire.FormFile, "text", "mine.txt"})
	})
	door, err := h.connect("tcp://"+h.MQTT, m.token)
	if err != nil {
		h.t.Fatal(err)
	}
	victim := claimsOf(h.t, h.victim.token)["sub"].(string)
	for _, topic := range []string{wire.EndpointTopic(them), wire.UserTopic(victim, them), wire.UserTopic(claimsOf(h.t, m.token)["sub"].(string), them), wire.EndpointTopic("+"), "#"} {
		h.unchanged("hears "+topic, func() {
			if door.granted(h.t, topic) {
				h.t.Errorf("the broker grants %s", topic)
			}
		})
	}
}

// withoutPermission: each call, on another, on the chair, on itself and on the
// room. Nobody's token says anything of staff.
func (h *hostile) withoutPermission() {
	m := h.sit("hall", "permissions", []string{})
	agent := h.application("test", "secret")
	end := agent.endpoint()
	agent.do("join", wire.JoinConference{ConferenceID: h.session, UserEndpointID: end})
	staff := &seated{agent, end, h.session}
	known := roomRunners()
	for _, c := range roomCalls() {
		delete(known, "POST "+conferencesPath+c.name)
		targets := []*seated{h.victim, h.chair, staff, m}
		if !c.onMember {
			targets = []*seated{nil}
		}
		for _, target := range targets {
			h.forbidden(c.name+" without permission", func() answer { return m.act(c.name, target, c.more...) })
		}
	}
	for _, id := range []string{"hall", h.session} {
		h.forbidden("layouts without permission", func() answer { return m.get(conferencesPath + id + "/layouts") })
	}
	for name := range known {
		if strings.HasPrefix(name, "POST ") {
			h.t.Errorf("nobody tries %s", name)
		}
	}
	// With every permission nobody of the room acts on staff.
	for _, c := range roomCalls() {
		if c.onMember {
			h.forbidden(c.name+" on staff", func() answer { return h.chair.act(c.name, staff, c.more...) })
		}
	}
	m.sends("plain")
	h.forbidden("a second stream without permission", func() answer {
		return m.post(conferencesPath+"publishStream", wire.PublishStream{ConferenceID: h.session, UserEndpointID: m.endpoint, StreamID: "more", ConferenceStreamType: wire.StreamCam, SDPOffer: offer(h.t)})
	})
	h.forbidden("a screen without permission", func() answer {
		return m.post(conferencesPath+"publishStream", wire.PublishStream{ConferenceID: h.session, UserEndpointID: m.endpoint, StreamID: "more", ConferenceStreamType: wire.StreamScreen, SDPOffer: offer(h.t)})
	})
	m.goes()
	staff.goes()
}

// asTheServer: with every permission nobody writes a seat, the room or the
// conference's metadata by hand.
func (h *hostile) asTheServer() {
	m := h.sit("hall", "permissions", wire.Permissions())
	keys := []string{wire.MetadataRoom, wire.MemberKey(m.endpoint), wire.MemberKey(h.victim.endpoint), wire.MemberKey("nobody"), wire.MemberPrefix, "ROOM/hall", "member/x",
		wire.MetadataOnHold, "RECORDER", wire.MetadataParticipantLimit, "anything", wire.TrackMuted("audio", "victim")}
	for _, key := range keys {
		for _, op := range []wire.Operation{wire.OperationSet, wire.OperationRemove} {
			h.forbidden(string(op)+" "+key, func() answer {
				return m.post(conferencesPath+"updateMetadata", wire.UpdateMetadata{ConferenceID: h.session, UserEndpointID: m.endpoint, Operation: op, Key: key, Value: "1"})
			})
		}
	}
	h.forbidden("ends the session", func() answer {
		return m.post(conferencesPath+"end", wire.LeaveConference{ConferenceID: "hall", UserEndpointID: m.endpoint})
	})
	h.tries("the key of a stream that is not there", http.StatusNotFound, wire.CodeNotFound, func() answer {
		return m.post(conferencesPath+"updateMetadata", wire.UpdateMetadata{ConferenceID: h.session, UserEndpointID: m.endpoint, Operation: wire.OperationSet,
			Key: wire.TrackMuted("audio", "none"), Value: "true"})
	})
}
