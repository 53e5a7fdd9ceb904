package server

import (
	"fmt"
	"net/http"
	"sync"
	"time"

	"guichet/platform/wire"
)

// stage is what a request finds, and the request with all its fields.
type stage struct {
	by         *side  // who calls
	conference string // whose events count
	call       string // or this one's
	version    int64  // of the next event
	path       string // what {id} stands for
	body       map[string]any
	from       string // the endpoint that events name; empty: that of by
	meanwhile  func() // runs beside the request
	then       func() // runs after it
}

func (st *stage) sender() string {
	if st.from != "" {
		return st.from
	}
	return st.by.endpoint
}

// runner makes the stage of a row. What spoils a stage returns the request that
// is then refused with 409 or 410.
type runner struct {
	set            func(*script, *stage)
	conflict, gone func(*script, *stage) map[string]any
}

// seat begins a body with the fields of most operations.
func (st *stage) seat() map[string]any {
	return map[string]any{"conferenceId": st.conference, "userEndpointId": st.by.endpoint}
}

func with(body map[string]any, pairs ...any) map[string]any {
	for i := 0; i < len(pairs); i += 2 {
		body[pairs[i].(string)] = pairs[i+1]
	}
	return body
}

// over ends the conference or the call.
func over(s *script, st *stage) map[string]any {
	if st.call != "" {
		s.must(s.a, "/rtc-api/calls/hangup", wire.CallRef{CallID: st.call, UserEndpointID: s.a.endpoint})
		return st.body
	}
	s.a.do("end", wire.LeaveConference{ConferenceID: st.conference, UserEndpointID: s.a.endpoint})
	return st.body
}

// twice makes the request once, so that it cannot be made again.
func twice(operation string) func(*script, *stage) map[string]any {
	return func(s *script, st *stage) map[string]any {
		if a := s.send(operation, st, st.by.caller, st.path, st.body); a.status >= 300 {
			s.t.Fatalf("once: %d %s", a.status, a.body)
		}
		return st.body
	}
}

func (s *script) must(by *side, path string, v any) answer {
	s.t.Helper()
	a := by.post(path, v)
	if a.status >= 300 {
		s.t.Fatalf("%s: %d %s", path, a.status, a.body)
	}
	return a
}

var someCandidates = []map[string]any{{"candidate": "candidate:1 1 udp 2130706431 127.0.0.1 40000 typ host", "sdpMid": "0", "sdpMLineIndex": 0}}

// published gives a conference the stream s1 of a.
func (s *script) published(conference string) {
	s.t.Helper()
	s.a.do("publishStream", wire.PublishStream{ConferenceID: conference, UserEndpointID: s.a.endpoint, StreamID: "s1", ConferenceStreamType: wire.StreamCam,
		SDPOffer: s.sends, Metadata: []byte(`{"portraitMode":true}`)})
}

// asked lets b ask in mode P2P to view s1, and returns when a was asked; ended
// waits for b's call.
func (s *script) asked(conference string) (ended func()) {
	s.t.Helper()
	var call sync.WaitGroup
	by := *s.b
	call.Go(func() {
		by.post(conferencesPath+"viewStream", wire.ViewStream{ConferenceID: conference, UserEndpointID: by.endpoint, StreamID: "s1", ViewerID: "v1", SDPOffer: sdp})
	})
	s.t.Cleanup(call.Wait)
	for {
		a, _ := s.fence()
		for _, list := range a {
			for _, h := range list {
				if h.body["type"] == string(wire.EventStreamViewRequested) && h.body["conferenceId"] == conference {
					return call.Wait
				}
			}
		}
	}
}

func (s *script) answered(conference string) {
	s.t.Helper()
	s.a.do("answerViewStream", wire.AnswerViewStream{ConferenceID: conference, UserEndpointID: s.a.endpoint, StreamID: "s1", ViewerID: "v1", SDPAnswer: sdp})
}

// rung lets a call b.
func (s *script) rung() string {
	s.t.Helper()
	var started wire.StartedCall
	s.must(s.a, "/rtc-api/calls/call", wire.StartCall{SDPOffer: sdp, Target: s.b.user, UserEndpointID: s.a.endpoint}).into(&started)
	return started.CallID
}

func (s *script) number() int { *s.count++; return *s.count }

// meets sets a conference of both.
func meets(mode wire.Mode, fill func(*script, *stage)) func(*script, *stage) {
	return func(s *script, st *stage) {
		st.conference = s.conference(mode)
		fill(s, st)
	}
}

// runners are the tests of the rows, by their first cell.
func runners() map[string]runner {
	all := map[string]runner{}
	for _, some := range []map[string]runner{ticketRunners(), endpointRunners(), conferenceRunners(), roomRunners(), directRunners(), callRunners(), chatRunners(), fileRunners(), snapshotRunners()} {
		for name, r := range some {
			all[name] = r
		}
	}
	return all
}

func ticketRunners() map[string]runner {
	one := runner{set: func(s *script, st *stage) {
		st.path = s.a.ticket(wire.CreateTicket{Type: wire.TicketMultiUse, Properties: map[string]string{wire.PropertyConferenceID: "c1"}}).ID
	}}
	return map[string]runner{
		"POST /security/ticket": {set: func(s *script, st *stage) {
			st.body = map[string]any{"type": "MULTI_USE_TICKET", "ttl": 14400, "length": 6, "disabled": false, "notBefore": time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
				"properties": map[string]any{"conference_id": "c1", "applicationId": "widget", "customer_id": "k-1", "scheduled_date": time.Now().Add(time.Hour).UTC().Format(time.RFC3339)}}
		}},
		"GET /security/ticket": {set: func(s *script, st *stage) {
			one.set(s, st)
			st.path, st.body = "", map[string]any{"before": time.Now().Add(time.Hour).UTC().Format(time.RFC3339), "limit": 10}
		}},
		"GET /security/ticket/{id}":    one,
		"DELETE /security/ticket/{id}": one,
		"POST /security/genesys/room": {set: func(s *script, st *stage) {
			st.body = map[string]any{"applicationId": "widget", "cdestination": "standalone", "customerId": "k-1", "interactionId": "case-1", "ticketExpirationSeconds": 14400,
				"urlBase": "https://calls.example.org"}
		}},
	}
}

func endpointRunners() map[string]runner {
	const base = "/rtc-api/users/endpoints"
	register := runner{set: func(s *script, st *stage) {
		st.body = map[string]any{"userEndpointId": fmt.Sprint("own-", s.number()), "keepAliveSeconds": 600, "serverKeepAliveReminderOn": true}
	}}
	one := runner{set: func(s *script, st *stage) { st.path = s.a.endpoint }}
	none := runner{set: func(*script, *stage) {}}
	return map[string]runner{
		"POST " + base:               register,
		"POST " + base + "/register": register,
		"POST " + base + "/keepalive": {set: func(s *script, st *stage) {
			st.body = map[string]any{"userEndpointId": s.a.caller.endpoint(), "userId": s.a.user}
		}},
		"POST " + base + "/unregister": {set: func(s *script, st *stage) {
			st.conference, st.from = s.conference(""), s.a.caller.endpoint()
			s.a.do("join", wire.JoinConference{ConferenceID: st.conference, UserEndpointID: st.from})
			s.a.do("leave", wire.LeaveConference{ConferenceID: st.conference, UserEndpointID: s.a.endpoint})
			st.body = map[string]any{"userEndpointId": st.from, "reason": "signed out", "userId": s.a.user}
		}},
		"GET " + base:             none,
		"GET " + base + "/{id}":   one,
		"GET /rtc-api/iceServers": none,
	}
}

func conferenceRunners() map[string]runner {
	at := func(name string) string { return "POST " + conferencesPath + name }
	const create, join = "create", "join"
	published := func(pairs ...any) func(*script, *stage) {
		return meets("", func(s *script, st *stage) {
			s.published(st.conference)
			st.body = with(st.seat(), append([]any{"streamId", "s1"}, pairs...)...)
		})
	}
	views := func(fill func(*script, *stage)) func(*script, *stage) {
		return meets("", func(s *script, st *stage) {
			s.published(st.conference)
			st.by = s.b
			st.body = with(st.seat(), "streamId", "s1", "viewerId", "v1")
			fill(s, st)
		})
	}
	viewing := func(fill func(*stage)) func(*script, *stage) {
		return views(func(s *script, st *stage) {
			s.b.do("viewStream", wire.ViewStream{ConferenceID: st.conference, UserEndpointID: s.b.endpoint, StreamID: "s1", ViewerID: "v1", SDPOffer: s.receives})
			fill(st)
		})
	}
	leave := func(s *script, st *stage) { st.body = with(st.seat(), "reason", "hung up", "userId", s.a.user) }
	read := runner{set: meets("", func(s *script, st *stage) { s.published(st.conference); st.path = st.conference }), gone: over}
	return map[string]runner{
		at(create): {set: func(s *script, st *stage) {
			st.body = map[string]any{"conferenceId": fmt.Sprint("own-", s.number()), "interactionId": "case-1", "mode": "ROUTER", "creator": s.a.user, "creatorEndpoint": s.a.endpoint,
				"metadata": map[string]any{"participant_limit": "8"}}
		}, conflict: twice(at(create))},
		at(join): {set: func(s *script, st *stage) {
			var c wire.Summary
			s.a.do(create, wire.CreateConference{}).into(&c)
			s.b.do(join, wire.JoinConference{ConferenceID: c.ID, UserEndpointID: s.b.endpoint})
			st.conference = c.ID
			st.body = with(st.seat(), "userId", s.a.user, "metadata", map[string]any{"name": "Anna", "roles": []string{"AGENT"}, "type": "stream"})
		}, conflict: func(s *script, st *stage) map[string]any {
			s.b.do("updateMetadata", wire.UpdateMetadata{ConferenceID: st.conference, UserEndpointID: s.b.endpoint, Operation: wire.OperationSet, Key: wire.MetadataParticipantLimit, Value: "1"})
			return st.body
		}, gone: over},
		at("leave"): {set: meets("", leave), gone: over},
		at("leave") + " in a conference with a stream of its own": {set: meets("", func(s *script, st *stage) { s.published(st.conference); leave(s, st) })},
		at("end"): {set: meets("", leave), gone: over},
		at("publishStream"): {set: meets("", func(s *script, st *stage) {
			st.body = with(st.seat(), "streamId", "s1", "conferenceStreamType", "MIC_AND_CAM", "sdpOffer", s.sends, "metadata", map[string]any{"portraitMode": true})
		}), conflict: twice(at("publishStream")), gone: over},
		at("addPublishStreamIceCandidates"): {set: published("iceCandidates", someCandidates), gone: over},
		at("unpublishStream"):               {set: published(), gone: over},
		at("viewStream"): {set: views(func(s *script, st *stage) { with(st.body, "sdpOffer", s.receives, "metadata", map[string]any{}) }),
			conflict: twice(at("viewStream")), gone: over},
		at("addViewStreamIceCandidates"): {set: viewing(func(st *stage) { with(st.body, "iceCandidates", someCandidates) }), gone: over},
		at("stopViewStream"):             {set: viewing(func(*stage) {}), gone: over},
		at("updateMetadata"): {set: meets("", func(s *script, st *stage) {
			st.body = with(st.seat(), "operation", "SET", "key", "topic", "value", "loans")
		}), gone: over},
		at("updateStreamMetadata"):                   {set: published("metadata", map[string]any{"portraitMode": false}), gone: over},
		"GET /rtc-api/conferences":                   {set: meets("", func(*script, *stage) {})},
		"GET /rtc-api/conferences/{id}":              read,
		"GET " + conferencesPath + "{id}/simpleView": read,
		"GET " + conferencesPath + "{id}/summary":    read,
	}
}

func directRunners() map[string]runner {
	at := func(name string) string { return "POST " + conferencesPath + name + " in mode P2P" }
	published := func(by func(*script) *side, fill func(*script, *stage)) func(*script, *stage) {
		return meets(wire.ModeP2P, func(s *script, st *stage) {
			s.published(st.conference)
			st.by = by(s)
			st.body = with(st.seat(), "streamId", "s1", "viewerId", "v1")
			fill(s, st)
		})
	}
	publisher := func(s *script) *side { return s.a }
	viewer := func(s *script) *side { return s.b }
	viewed := func(pairs ...any) func(*script, *stage) {
		return func(s *script, st *stage) {
			ended := s.asked(st.conference)
			s.answered(st.conference)
			ended()
			with(st.body, pairs...)
		}
	}
	return map[string]runner{
		at("publishStream"): {set: meets(wire.ModeP2P, func(s *script, st *stage) {
			st.body = with(st.seat(), "streamId", "s1", "conferenceStreamType", "MIC_AND_CAM", "sdpOffer", s.sends, "metadata", map[string]any{"portraitMode": true})
		}), gone: over},
		at("viewStream"): {set: published(viewer, func(s *script, st *stage) {
			with(st.body, "sdpOffer", sdp, "metadata", map[string]any{})
			st.meanwhile = func() { // until the offer is there
				for limit := time.Now().Add(patience); time.Now().Before(limit); {
					a := s.a.post(conferencesPath+"answerViewStream", wire.AnswerViewStream{ConferenceID: st.conference, UserEndpointID: s.a.endpoint, StreamID: "s1", ViewerID: "v1", SDPAnswer: sdp})
					if a.status != http.StatusNotFound {
						return
					}
				}
			}
		})},
		"POST " + conferencesPath + "answerViewStream": {set: published(publisher, func(s *script, st *stage) {
			st.then = s.asked(st.conference)
			with(st.body, "sdpAnswer", sdp)
		}), gone: over},
		at("addViewStreamIceCandidates"):    {set: published(viewer, viewed("iceCandidates", someCandidates))},
		at("addPublishStreamIceCandidates"): {set: published(publisher, viewed("iceCandidates", someCandidates))},
		at("stopViewStream"):                {set: published(viewer, viewed())},
	}
}

func callRunners() map[string]runner {
	at := func(name string) string { return "POST /rtc-api/calls/" + name }
	ringing := func(by func(*script) *side, fill func(*script, *stage)) runner {
		return runner{gone: over, set: func(s *script, st *stage) {
			st.call, st.version = s.rung(), 2
			st.by = by(s)
			st.body = map[string]any{"callId": st.call, "userEndpointId": st.by.endpoint, "userId": st.by.user}
			fill(s, st)
		}}
	}
	caller := func(s *script) *side { return s.a }
	called := func(s *script) *side { return s.b }
	plus := func(pairs ...any) func(*script, *stage) {
		return func(_ *script, st *stage) { with(st.body, pairs...) }
	}
	answer := func(s *script, st *stage) {
		s.must(s.b, "/rtc-api/calls/answer", wire.AnswerCall{CallID: st.call, SDPAnswer: sdp, UserEndpointID: s.b.endpoint})
	}
	cancel := ringing(caller, plus("reason", "wrong number"))
	cancel.conflict = func(s *script, st *stage) map[string]any { answer(s, st); return st.body }
	return map[string]runner{
		at("call"): {set: func(s *script, st *stage) {
			st.call, st.version = fmt.Sprint("own-", s.number()), 1
			st.body = map[string]any{"callId": st.call, "sdpOffer": sdp, "target": s.b.user, "userEndpointId": s.a.endpoint, "userId": s.a.user,
				"sipHeaders": map[string]any{"X-Queue": "loans"}}
			st.then = func() {
				s.must(s.a, "/rtc-api/calls/hangup", wire.CallRef{CallID: st.call, UserEndpointID: s.a.endpoint})
			}
		}, conflict: twice(at("call"))},
		at("ringing"):          ringing(called, plus()),
		at("answer"):           ringing(called, plus("sdpAnswer", sdp)),
		at("reject"):           ringing(called, plus("reason", "busy")),
		at("cancel"):           cancel,
		at("hangup"):           ringing(caller, func(s *script, st *stage) { answer(s, st); st.version = 3; with(st.body, "reason", "done") }),
		at("addIceCandidates"): ringing(caller, plus("iceCandidates", someCandidates)),
	}
}

func chatRunners() map[string]runner {
	const send = "POST " + conferencesPath + "sendMessage"
	read := func(body map[string]any) runner {
		return runner{gone: over, set: meets("", func(s *script, st *stage) {
			s.a.say(st.conference, s.a.endpoint, "m1", "Good morning!")
			st.path, st.body = st.conference, body
		})}
	}
	return map[string]runner{
		send: {gone: over, set: meets("", func(s *script, st *stage) {
			st.body = with(st.seat(), "messageId", "m1", "text", "Good morning!\nYour form, please.", "userId", s.a.user)
		}), conflict: func(s *script, st *stage) map[string]any {
			return with(twice(send)(s, st), "text", "something else")
		}},
		"GET " + conferencesPath + "{id}/messages":   read(map[string]any{"after": 0, "limit": 10}),
		"GET " + conferencesPath + "{id}/transcript": read(map[string]any{"format": "json"}),
	}
}

func fileRunners() map[string]runner {
	sent := func(fill func(st *stage, id string)) func(*script, *stage) {
		return meets("", func(s *script, st *stage) {
			var v wire.FileTransfer
			s.a.form(transfers, "", field{wire.FormUserEndpointID, s.a.endpoint, ""}, field{wire.FormConferenceID, st.conference, ""}, field{wire.FormFile, png, "x.png"}).into(&v)
			fill(st, v.FileTransferID)
		})
	}
	return map[string]runner{
		"POST " + transfers + " form": {gone: over, set: meets("", func(s *script, st *stage) {
			st.body = with(st.seat(), "interactionId", "case-1", "applicationId", "widget", "file", png)
		})},
		"GET " + transfers:                      {set: sent(func(st *stage, _ string) { st.body = map[string]any{"conferenceId": st.conference, "all": true} })},
		"POST " + transfers + "/{id}/signedUrl": {set: sent(func(st *stage, id string) { st.path = id })},
	}
}

func snapshotRunners() map[string]runner {
	asked := func(by func(*script) *side, fill func(*script, *stage, string)) func(*script, *stage) {
		return meets("", func(s *script, st *stage) {
			st.by = by(s)
			var v wire.Snapshot
			s.must(s.a, snapshots+"/request", wire.RequestSnapshot{ConferenceID: st.conference, UserEndpointID: s.a.endpoint, TargetUserEndpointID: s.b.endpoint, SnapshotType: "PASSPORT"}).into(&v)
			fill(s, st, v.SnapshotID)
		})
	}
	asker := func(s *script) *side { return s.a }
	target := func(s *script) *side { return s.b }
	answer := func(operation string) runner {
		return runner{gone: over, conflict: twice(operation), set: asked(target, func(s *script, st *stage, id string) {
			st.path, st.body = id, map[string]any{"userEndpointId": s.b.endpoint, "additionalInformation": "front side"}
		})}
	}
	picture := func(s *script, id string) map[string]any {
		return map[string]any{"applicationId": "widget", "targetUserId": s.b.user, "targetUserEndpointId": s.b.endpoint, "interactionId": "case-1", "userEndpointId": s.b.endpoint,
			"snapshotType": "PASSPORT", "snapshotSuffix": "png", "snapshotMimeType": "image/png", "relatedSnapshotId": id, "image": png}
	}
	taken := func(s *script, st *stage, id string) {
		if a := s.send("POST "+snapshots+"/upload form", st, s.b.caller, "", picture(s, id)); a.status != 204 {
			s.t.Fatalf("upload: %d %s", a.status, a.body)
		}
	}
	camera := func(s *script, st *stage) map[string]any {
		return map[string]any{"conferenceId": st.conference, "userEndpointId": s.a.endpoint, "targetUserId": s.b.user, "targetUserEndpointId": s.b.endpoint, "cameraRequestType": "FLASH_ON"}
	}
	const respond = "POST " + snapshots + "/cameraRequestRespond"
	return map[string]runner{
		"POST " + snapshots + "/request": {gone: over, set: meets("", func(s *script, st *stage) {
			st.body = with(st.seat(), "targetUserId", s.b.user, "targetUserEndpointId", s.b.endpoint, "snapshotType", "PASSPORT", "interactionId", "case-1", "applicationId", "widget")
		})},
		"POST " + snapshots + "/{id}/approve":   answer("POST " + snapshots + "/{id}/approve"),
		"POST " + snapshots + "/{id}/decline":   answer("POST " + snapshots + "/{id}/decline"),
		"POST " + snapshots + "/upload form":    {set: asked(target, func(s *script, st *stage, id string) { st.body = picture(s, id) })},
		"GET " + snapshots:                      {set: asked(asker, func(_ *script, st *stage, _ string) { st.body = map[string]any{"conferenceId": st.conference} })},
		"POST " + snapshots + "/{id}/signedUrl": {set: asked(asker, func(s *script, st *stage, id string) { taken(s, st, id); st.path = id })},
		"POST " + snapshots + "/cameraRequest":  {gone: over, set: meets("", func(s *script, st *stage) { st.body = camera(s, st) })},
		"POST " + snapshots + "/snapshotAcquire form in a snapshot that was approved": {set: asked(target, func(s *script, st *stage, id string) {
			s.must(s.b, snapshots+"/"+id+"/approve", wire.AnswerSnapshot{UserEndpointID: s.b.endpoint})
			st.body = map[string]any{"targetUserEndpointId": s.b.endpoint, "userEndpointId": s.b.endpoint, "image": png}
		})},
		respond: {gone: over, conflict: twice(respond), set: meets("", func(s *script, st *stage) {
			var v wire.CameraRequest
			s.must(s.a, snapshots+"/cameraRequest", camera(s, st)).into(&v)
			st.by = s.b
			st.body = map[string]any{"snapshotCameraRequestId": v.SnapshotCameraRequestID, "userEndpointId": s.b.endpoint, "userId": s.b.user, "succeeded": true, "additionalInformation": "it is on"}
		})},
	}
}
