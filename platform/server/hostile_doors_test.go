package server

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"guichet/platform/wire"
)

// doors tries all ways into a room: by its name and its session's id, with these
// endpoints, and by WHIP and WHEP.
func (h *hostile) doors(what string, c caller, reason wire.Reason, ids []string, endpoints ...string) {
	h.t.Helper()
	shut := func(a answer) answer {
		var e wire.Error
		if json.Unmarshal(a.body, &e) != nil || e.Reason != reason {
			h.t.Errorf("%s: %s, want the reason %q", what, a.body, reason)
		}
		return a
	}
	for _, id := range ids {
		for _, e := range endpoints {
			h.forbidden(what+" joins", func() answer {
				return shut(c.post(conferencesPath+"join", wire.JoinConference{ConferenceID: id, UserEndpointID: e}))
			})
		}
		for _, path := range []string{"/whip/" + id, "/whep/" + id} {
			h.forbidden(what+" by "+path, func() answer { return shut(newPeerOffer(h.t, c, path)) })
		}
	}
}

// outside tries what only who is in may do.
func (h *hostile) outside(what string, m *seated, in string) {
	h.t.Helper()
	for name, body := range map[string]any{
		"publishStream":  wire.PublishStream{ConferenceID: in, UserEndpointID: m.endpoint, StreamID: "outside", SDPOffer: offer(h.t)},
		"viewStream":     wire.ViewStream{ConferenceID: in, UserEndpointID: m.endpoint, StreamID: "victim", ViewerID: "outside", SDPOffer: receiving(h.t)},
		"sendMessage":    wire.SendMessage{ConferenceID: in, UserEndpointID: m.endpoint, MessageID: "outside", Text: "hello"},
		"updateMetadata": wire.UpdateMetadata{ConferenceID: in, UserEndpointID: m.endpoint, Operation: wire.OperationSet, Key: "k", Value: "v"},
	} {
		h.forbidden(what+": "+name, func() answer { return m.post(conferencesPath+name, body) })
	}
	for _, c := range roomCalls() {
		body := with(map[string]any{"conferenceId": in, "userEndpointId": m.endpoint}, c.more...)
		if c.onMember {
			body["targetUserEndpointId"] = h.victim.endpoint
		}
		h.forbidden(what+": "+c.name, func() answer { return m.post(conferencesPath+c.name, body) })
	}
	h.forbidden(what+": the chat", func() answer { return m.get(conferencesPath + in + "/messages") })
	h.forbidden(what+": the files", func() answer { return m.get(transfers + "?" + wire.FormConferenceID + "=" + in) })
	h.forbidden(what+": the preview", func() answer { return m.get("/previews/" + in) })
}

// afterRemoval: whoever was removed is out, with every device that it brings, and
// hears nothing.
func (h *hostile) afterRemoval() {
	m := h.sit("hall", "permissions", wire.Permissions())
	m.sends("gone")
	heard := h.watch("gone")
	link := m.listen("tcp://"+h.MQTT, m.endpoint)
	spare := m.caller.endpoint()
	h.counts("before the removal", true, true, heard)
	h.rules("removeMember", m, "reason", "enough")
	h.counts("removed, and goes on sending", false, false, heard)
	wait(h.t, "MQTT", link.lost)
	both := []string{"hall", h.session}
	h.doors("who was removed", m.caller, wire.ReasonRemoved, both, spare, m.caller.endpoint())
	for _, id := range both {
		h.tries("joins with the endpoint of before", http.StatusNotFound, wire.CodeNotFound, func() answer {
			return m.post(conferencesPath+"join", wire.JoinConference{ConferenceID: id, UserEndpointID: m.endpoint})
		})
	}
	fresh := &seated{m.caller, m.caller.endpoint(), h.session}
	// The token is still good for signing in, and brings nothing.
	door, err := h.connect("tcp://"+h.MQTT, m.token)
	if err != nil {
		h.t.Fatal(err)
	}
	h.unchanged("hears with the endpoint of before", func() {
		if door.granted(h.t, wire.EndpointTopic(m.endpoint)) || door.granted(h.t, wire.EndpointTopic(h.victim.endpoint)) {
			h.t.Error("the broker grants a topic of the room")
		}
	})
	if !door.granted(h.t, wire.EndpointTopic(fresh.endpoint)) { // where anything that comes is an error
		h.t.Error("the broker refuses its own endpoint")
	}
	mine := h.chair.listen("tcp://"+h.MQTT, h.chair.endpoint)
	h.rules("muteAudio", h.victim)
	h.rules("unmuteAudio", h.victim)
	for muted, told := false, false; !told; {
		if e := next(h.t, mine.events); e.Key == wire.MemberKey(h.victim.endpoint) {
			told = muted
			muted = strings.Contains(e.Value, `"audioMuted":true`)
		}
	}
	door.alive(h.t, "the connection of who was removed")
	h.outside("who was removed", fresh, h.session)
}

// atALockedDoor: nobody comes in, not even another device of who is in.
func (h *hostile) atALockedDoor() {
	in, out := h.sit("hall"), h.guest(fields("hall", "permissions", wire.Permissions()))
	both, end := []string{"hall", h.session}, out.endpoint()
	h.rules("lock", nil)
	h.doors("who comes late", out, wire.ReasonLocked, both, end, out.endpoint())
	h.doors("another device", in.caller, wire.ReasonLocked, both, in.caller.endpoint())
	h.outside("who comes late", &seated{out, end, h.session}, h.session)
	h.forbidden("unlocks", func() answer { return in.act("unlock", nil) })
	h.rules("unlock", nil)
	out.do("join", wire.JoinConference{ConferenceID: "hall", UserEndpointID: end})
}

// elsewhere: a token is for one room of one organization.
func (h *hostile) elsewhere(project caller) {
	m, vault := h.sit("hall", "permissions", wire.Permissions()), h.sit("vault")
	guest := h.guestOf(project, fields("hall"))
	end, there := guest.enter("hall")
	theirs := &seated{guest, end, there}
	var plain wire.Summary
	h.application("test", "secret").do("create", wire.CreateConference{}).into(&plain)
	h.rooms = append(h.rooms, vault, theirs)
	for _, id := range []string{"vault", vault.session, there, plain.ID, "nothing"} {
		h.doors("elsewhere", m.caller, "", []string{id}, m.endpoint, m.caller.endpoint())
		if id == vault.session || id == there {
			h.outside("elsewhere", m, id)
		}
		for _, path := range []string{"", "/simpleView", "/summary", "/layouts"} {
			h.forbidden("reads elsewhere", func() answer { return m.get(conferencesPath + id + path) })
		}
	}
	if s := m.state("hall"); s.ID != h.session {
		h.t.Errorf("the room's name leads to %s", s.ID)
	}
	h.rooms = h.rooms[:1]
}

// outOfTime: a token whose time for joining is over opens nothing, one whose time
// has not come no room, and one whose holder is to be removed none either.
func (h *hostile) outOfTime() {
	at := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(time.RFC3339) }
	late := h.guest(fields("hall", "join_until", at(-time.Second)))
	for _, id := range []string{"hall", h.session} {
		for what, do := range map[string]func() answer{
			"join": func() answer {
				return late.post(conferencesPath+"join", wire.JoinConference{ConferenceID: id, UserEndpointID: h.victim.endpoint})
			},
			"WHIP": func() answer { return newPeerOffer(h.t, late, "/whip/"+id) },
			"WHEP": func() answer { return newPeerOffer(h.t, late, "/whep/"+id) },
			"read": func() answer { return late.get(conferencesPath + id) },
			"look": func() answer { return late.get("/previews/" + id) },
		} {
			h.tries(what+" with a token of before", http.StatusUnauthorized, wire.CodeUnauthorized, do)
		}
	}
	h.tries("register with a token of before", http.StatusUnauthorized, wire.CodeUnauthorized, func() answer {
		return late.post("/rtc-api/users/endpoints", wire.RegisterEndpoint{})
	})
	h.unchanged("MQTT with a token of before", func() {
		for _, door := range []string{"tcp://" + h.MQTT, h.MQTTWS} {
			if _, err := h.connect(door, late.token); err == nil {
				h.t.Errorf("it signs in at %s", door)
			}
		}
	})
	for reason, c := range map[wire.Reason]caller{
		wire.ReasonEarly:   h.guest(fields("hall", "join_from", at(time.Hour), "permissions", wire.Permissions())),
		wire.ReasonRemoved: h.guest(fields("hall", "remove_at", at(-time.Second), "permissions", wire.Permissions())),
	} {
		end := c.endpoint()
		h.doors("out of time, "+string(reason), c, reason, []string{"hall", h.session}, end)
		h.outside("out of time, "+string(reason), &seated{c, end, h.session}, h.session)
	}
}
