package server

import (
	"encoding/json"
	"iter"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"guichet/platform/wire"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// ringer is a user's device with its events.
type ringer struct {
	caller
	endpointID string
	events     <-chan wire.CallEvent
}

// device registers an endpoint and listens to it, on the topic of endpoints
// over TCP or on that of users over WebSocket.
func (c caller) device(user string, webSocket bool) ringer {
	c.t.Helper()
	id := c.endpoint()
	return ringer{c, id, c.hear(user, id, webSocket)}
}

func (c caller) hear(user, endpoint string, webSocket bool) <-chan wire.CallEvent {
	c.t.Helper()
	broker, name, password, topic := "tcp://"+c.MQTT, c.token, "", wire.EndpointTopic(endpoint)
	if webSocket {
		broker, name, password, topic = c.MQTTWS, user, c.token, wire.UserTopic(user, endpoint)
	}
	events := make(chan wire.CallEvent, 256)
	o := mqtt.NewClientOptions().AddBroker(broker).SetClientID(endpoint).SetUsername(name).SetPassword(password).SetAutoReconnect(false)
	client := mqtt.NewClient(o)
	if token := client.Connect(); !token.WaitTimeout(patience) || token.Error() != nil {
		c.t.Fatalf("connect to %s: %v", broker, token.Error())
	}
	c.t.Cleanup(func() { client.Disconnect(50) })
	three := regexp.MustCompile(`"timestamp":"[0-9-]{10}T[0-9:]{8}\.[0-9]{3}Z"`)
	token := client.Subscribe(topic, 1, func(_ mqtt.Client, m mqtt.Message) {
		var e wire.CallEvent
		if err := json.Unmarshal(m.Payload(), &e); err != nil || m.Qos() != 1 || !three.Match(m.Payload()) {
			c.t.Errorf("message %s, QoS %d: %v", m.Payload(), m.Qos(), err)
		}
		events <- e
	})
	if !token.WaitTimeout(patience) || token.Error() != nil {
		c.t.Fatalf("subscribe to %s: %v", topic, token.Error())
	}
	return events
}

// on posts an operation on a call and expects success.
func (r ringer) on(operation string, v any) answer {
	r.t.Helper()
	a := r.post("/rtc-api/calls/"+operation, v)
	if a.status >= 300 {
		r.t.Fatalf("%s: status %d: %s", operation, a.status, a.body)
	}
	return a
}

func (r ringer) ref(call string) wire.CallRef {
	return wire.CallRef{CallID: call, UserEndpointID: r.endpointID}
}

// sees takes the next event and checks what is common to all, and its type.
func (r ringer) sees(what string, kind wire.EventType, call string, version int64, by ringer) wire.CallEvent {
	r.t.Helper()
	select {
	case e := <-r.events:
		if e.Type != kind || e.CallID != call || e.AggregateID != call || e.Aggregate != wire.AggregateCall || e.ID == "" ||
			e.AggregateVersion != version || e.UserEndpointID != by.endpointID {
			r.t.Errorf("%s sees %+v, want %s with version %d by %s", what, e, kind, version, by.endpointID)
		}
		return e
	case <-time.After(patience):
		r.t.Fatalf("%s sees no %s", what, kind)
		return wire.CallEvent{}
	}
}

const sdp = "v=0\r\n"

func found(text string) []wire.ICECandidate { return []wire.ICECandidate{{Candidate: text}} }

// TestEventsOfAOneToOneCall walks through a call that rings at two devices, and
// compares what each of the three sees, on both topics, with the contract.
func TestEventsOfAOneToOneCall(t *testing.T) {
	r := serve(t, nil)
	anna, berta := r.application("test", "secret"), r.application("CLIENT_ID", "CLIENT_SECRET")
	a, b, c := anna.device("test", true), berta.device("CLIENT_ID", false), berta.device("CLIENT_ID", true)
	var started wire.StartedCall
	a.on("call", wire.StartCall{CallID: "k", SDPOffer: sdp + "offer", Target: "CLIENT_ID", UserEndpointID: a.endpointID, UserID: "test",
		SIPHeaders: map[string]string{"X-Queue": "loans"}}).into(&started)
	if started != (wire.StartedCall{CallID: "k", Version: 2}) {
		t.Errorf("started %+v", started)
	}
	all := map[string]ringer{"the caller": a, "the first device": b, "the second device": c}
	for name, d := range all {
		if e := d.sees(name, wire.EventCallCreated, "k", 1, a); e.SDPOffer != sdp+"offer" || e.Target != "CLIENT_ID" || e.UserID != "test" {
			t.Errorf("%s: %+v", name, e)
		}
	}
	for i, d := range []ringer{b, c} {
		if s := d.on("ringing", d.ref("k")); s.status != 204 {
			t.Errorf("ringing: status %d", s.status)
		}
		d.on("ringing", d.ref("k"))
		for name, other := range all {
			other.sees(name, wire.EventCallRinging, "k", int64(2+i), d)
		}
	}
	a.on("ringing", a.ref("k")) // a client that rings for its own event
	a.on("addIceCandidates", wire.CallCandidates{CallID: "k", UserEndpointID: a.endpointID, ICECandidates: found("candidate:a")})
	for name, d := range all {
		if e := d.sees(name, wire.EventICECandidatesFound, "k", 4, a); len(e.ICECandidates) != 1 || e.ICECandidates[0].Candidate != "candidate:a" {
			t.Errorf("%s: %+v", name, e)
		}
	}
	// Candidates that are faster than the answer come after it.
	b.on("addIceCandidates", wire.CallCandidates{CallID: "k", UserEndpointID: b.endpointID, ICECandidates: found("candidate:b")})
	b.on("answer", wire.AnswerCall{CallID: "k", SDPAnswer: sdp + "answer", UserEndpointID: b.endpointID})
	c.post("/rtc-api/calls/answer", wire.AnswerCall{CallID: "k", SDPAnswer: sdp, UserEndpointID: c.endpointID}).refused("the second answer", 409, wire.CodeConflict)
	if e := c.sees("the second device", wire.EventCallCancelled, "k", 5, b); e.Reason != wire.ReasonElsewhere {
		t.Errorf("the second device: %+v", e)
	}
	delete(all, "the second device")
	b.on("hangup", wire.CallRef{CallID: "k", UserEndpointID: b.endpointID, Reason: "done"})
	for name, d := range all {
		if e := d.sees(name, wire.EventCallAnswered, "k", 5, b); e.SDPAnswer != sdp+"answer" || e.UserID != "CLIENT_ID" {
			t.Errorf("%s: %+v", name, e)
		}
		if e := d.sees(name, wire.EventICECandidatesFound, "k", 6, b); len(e.ICECandidates) != 1 || e.ICECandidates[0].Candidate != "candidate:b" {
			t.Errorf("%s: %+v", name, e)
		}
		if e := d.sees(name, wire.EventCallEnded, "k", 7, b); e.Reason != "done" {
			t.Errorf("%s: %+v", name, e)
		}
	}
	a.post("/rtc-api/calls/hangup", a.ref("k")).refused("a call that has ended", 410, wire.CodeGone)
}

// three are a caller and two devices of who is called.
func three(r *running) (a, b, c ringer) {
	anna, berta := r.application("test", "secret"), r.application("CLIENT_ID", "CLIENT_SECRET")
	return anna.device("test", false), berta.device("CLIENT_ID", true), berta.device("CLIENT_ID", false)
}

func (r ringer) calls(id, target string) {
	r.t.Helper()
	r.on("call", wire.StartCall{CallID: id, SDPOffer: sdp, Target: target, UserEndpointID: r.endpointID})
}

func (r ringer) answers(id string) answer {
	r.t.Helper()
	return r.post("/rtc-api/calls/answer", wire.AnswerCall{CallID: id, SDPAnswer: sdp, UserEndpointID: r.endpointID})
}

// TestCallsThatDoNotComeAbout: each way for a call to end before or after the
// answer, its status, and what the three see of it.
func TestCallsThatDoNotComeAbout(t *testing.T) {
	r := serve(t, nil)
	a, b, c := three(r)
	type seen struct {
		who     ringer
		kind    wire.EventType
		version int64
		by      ringer
		reason  string
	}
	for name, tc := range map[string]struct {
		do   func(id string) answer
		want []seen
	}{
		"cancel": {func(id string) answer { return a.on("cancel", a.ref(id)) },
			[]seen{{a, wire.EventCallCancelled, 2, a, ""}, {b, wire.EventCallCancelled, 2, a, ""}, {c, wire.EventCallCancelled, 2, a, ""}}},
		"the caller hangs up": {func(id string) answer { return a.on("hangup", a.ref(id)) },
			[]seen{{a, wire.EventCallCancelled, 2, a, ""}, {b, wire.EventCallCancelled, 2, a, ""}, {c, wire.EventCallCancelled, 2, a, ""}}},
		"all reject": {func(id string) answer {
			b.on("reject", wire.CallRef{CallID: id, UserEndpointID: b.endpointID, Reason: "busy"})
			return c.on("reject", wire.CallRef{CallID: id, UserEndpointID: c.endpointID, Reason: "later"})
		}, []seen{{b, wire.EventCallRejected, 2, b, "busy"}, {a, wire.EventCallRejected, 2, c, "later"}, {c, wire.EventCallRejected, 2, c, "later"}}},
		"one rejects, the other answers and hangs up": {func(id string) answer {
			b.on("reject", b.ref(id))
			if a := c.answers(id); a.status != 204 {
				t.Errorf("answer: status %d: %s", a.status, a.body)
			}
			return c.on("hangup", wire.CallRef{CallID: id, UserEndpointID: c.endpointID, Reason: "done"})
		}, []seen{{b, wire.EventCallRejected, 2, b, ""}, {a, wire.EventCallAnswered, 2, c, ""}, {c, wire.EventCallAnswered, 2, c, ""},
			{a, wire.EventCallEnded, 3, c, "done"}, {c, wire.EventCallEnded, 3, c, "done"}}},
	} {
		id := wire.NewID()
		a.calls(id, "CLIENT_ID")
		for who, d := range map[string]ringer{"a": a, "b": b, "c": c} {
			d.sees(name+": "+who, wire.EventCallCreated, id, 1, a)
		}
		if s := tc.do(id); s.status != 204 || len(s.body) > 0 {
			t.Errorf("%s: status %d: %s", name, s.status, s.body)
		}
		for _, w := range tc.want {
			if e := w.who.sees(name+": "+w.who.endpointID, w.kind, id, w.version, w.by); e.Reason != w.reason {
				t.Errorf("%s: reason %q, want %q", name, e.Reason, w.reason)
			}
		}
	}
}

// TestCallsEndWithTheirEndpoints: unregistering, and access that ends, take an
// endpoint out of its calls.
func TestCallsEndWithTheirEndpoints(t *testing.T) {
	r := serve(t, nil)
	a, b, c := three(r)
	a.calls("k", "CLIENT_ID")
	b.post("/rtc-api/users/endpoints/unregister", wire.UnregisterEndpoint{UserEndpointID: b.endpointID, Reason: "bye"})
	if s := c.answers("k"); s.status != 204 {
		t.Fatalf("answer: %d %s", s.status, s.body)
	}
	a.sees("the caller", wire.EventCallCreated, "k", 1, a)
	a.sees("the caller", wire.EventCallAnswered, "k", 2, c)
	if status := r.form("/security/oauth/revoke", url.Values{"client_id": {"CLIENT_ID"}, "client_secret": {"CLIENT_SECRET"}, "token": {c.token}}); status != 200 {
		t.Fatalf("revoke: %d", status)
	}
	if e := a.sees("the caller", wire.EventCallEnded, "k", 3, c); e.Reason == "" {
		t.Errorf("ended without a reason: %+v", e)
	}
}

// TestGuestsAreCalledButDoNotCall: staff may call a guest's page; a guest may
// answer, and start no call.
func TestGuestsAreCalledButDoNotCall(t *testing.T) {
	r := serve(t, nil)
	agent := r.application("test", "secret")
	var c wire.Summary
	agent.do("create", wire.CreateConference{}).into(&c)
	var ticket wire.Ticket
	agent.post("/security/ticket", wire.CreateTicket{Type: wire.TicketMultiUse, Properties: map[string]string{wire.PropertyConferenceID: c.ID}}).into(&ticket)
	customer, token := r.customer(ticket.ID, "browser")
	a, g := agent.device("test", false), customer.device(token.Subject, true)
	g.post("/rtc-api/calls/call", wire.StartCall{CallID: "k", SDPOffer: sdp, Target: "test", UserEndpointID: g.endpointID}).
		refused("a guest calls", 403, wire.CodeForbidden)
	a.calls("k", token.Subject)
	g.sees("the guest", wire.EventCallCreated, "k", 1, a)
	if s := g.answers("k"); s.status != 204 {
		t.Errorf("the guest answers: %d %s", s.status, s.body)
	}
	g.on("hangup", g.ref("k"))
}

// TestCallsAcrossARestart: the server stops while a call rings and another is
// answered, and comes back when the time to ring has passed.
func TestCallsAcrossARestart(t *testing.T) {
	data := t.TempDir()
	var a, b, c ringer
	t.Run("before", func(t *testing.T) {
		a, b, c = three(serve(t, func(s *Config) { s.Data = data }))
		a.calls("rings", "CLIENT_ID")
		a.calls("answered", "CLIENT_ID")
		if s := b.answers("answered"); s.status != 204 {
			t.Fatalf("answer: %d %s", s.status, s.body)
		}
		// What is acknowledged here does not come again.
		a.sees("the caller", wire.EventCallCreated, "rings", 1, a)
	})
	r := serve(t, func(s *Config) {
		s.Data = data
		s.Now = func() time.Time { return time.Now().Add(31 * time.Second) }
	})
	anna, berta := r.application("test", "secret"), r.application("CLIENT_ID", "CLIENT_SECRET")
	for who, d := range map[string]ringer{
		"the caller":        {anna, a.endpointID, anna.hear("test", a.endpointID, true)},
		"the first device":  {berta, b.endpointID, berta.hear("CLIENT_ID", b.endpointID, true)},
		"the second device": {berta, c.endpointID, berta.hear("CLIENT_ID", c.endpointID, false)},
	} {
		for e := range d.until(wire.EventCallEnded) {
			if e.CallID == "rings" && e.Type == wire.EventCallEnded && (e.Reason != wire.ReasonNoAnswer || e.AggregateVersion != 2) {
				t.Errorf("%s sees %+v", who, e)
			}
		}
	}
	berta.post("/rtc-api/calls/answer", wire.AnswerCall{CallID: "rings", SDPAnswer: sdp, UserEndpointID: c.endpointID}).refused("a late answer", 410, wire.CodeGone)
	ringer{anna, a.endpointID, nil}.on("hangup", a.ref("answered"))
}

// until yields events up to the first of a kind.
func (r ringer) until(kind wire.EventType) iter.Seq[wire.CallEvent] {
	return func(yield func(wire.CallEvent) bool) {
		r.t.Helper()
		guard := time.After(patience)
		for {
			select {
			case e := <-r.events:
				if !yield(e) || e.Type == kind {
					return
				}
			case <-guard:
				r.t.Fatalf("no %s", kind)
			}
		}
	}
}

// TestBadCalls: every malformed or misplaced request gets its 4xx and a
// sentence, and the call beside it goes on.
func TestBadCalls(t *testing.T) {
	r := serve(t, nil)
	a, b, _ := three(r)
	a.calls("k", "CLIENT_ID")
	calls := "/rtc-api/calls/"
	object := func(who ringer, pairs ...any) []byte {
		m := map[string]any{"callId": "k", "userEndpointId": who.endpointID}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i].(string)] = pairs[i+1]
		}
		body, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	candidates := func(text string, n int) []map[string]any {
		return slices.Repeat([]map[string]any{{"candidate": text}}, n)
	}
	for _, tc := range []struct {
		name, operation string
		who             ringer
		body            []byte
		status          int
		code            wire.Code
	}{
		{"no JSON", "call", a, []byte("{"), 400, wire.CodeInvalid},
		{"empty", "call", a, nil, 400, wire.CodeInvalid},
		{"null", "answer", b, []byte("null"), 400, wire.CodeInvalid},
		{"deep nesting", "call", a, []byte(strings.Repeat("[", 100_000)), 400, wire.CodeInvalid},
		{"a number for a string", "call", a, object(a, "target", 7), 400, wire.CodeInvalid},
		{"headers that are none", "call", a, object(a, "callId", "l", "sdpOffer", sdp, "target", "CLIENT_ID", "sipHeaders", []int{1}), 400, wire.CodeInvalid},
		{"large headers", "call", a, object(a, "callId", "l", "sdpOffer", sdp, "target", "CLIENT_ID", "sipHeaders", map[string]string{"x": strings.Repeat("x", 17<<10)}), 413, wire.CodeTooLarge},
		{"body over 1 MiB", "call", a, append([]byte(`{"callId":"`), make([]byte, 1<<20)...), 413, wire.CodeTooLarge},
		{"no target", "call", a, object(a, "callId", "l", "sdpOffer", sdp), 400, wire.CodeInvalid},
		{"a target with a wildcard", "call", a, object(a, "callId", "l", "sdpOffer", sdp, "target", "#"), 400, wire.CodeInvalid},
		{"a long target", "call", a, object(a, "callId", "l", "sdpOffer", sdp, "target", strings.Repeat("x", 2000)), 413, wire.CodeTooLarge},
		{"nobody's name", "call", a, object(a, "callId", "l", "sdpOffer", sdp, "target", "nobody"), 404, wire.CodeNotFound},
		{"who is not signed in", "call", a, object(a, "callId", "l", "sdpOffer", sdp, "target", "agent1"), 404, wire.CodeNotFound},
		{"a SIP address", "call", a, object(a, "callId", "l", "sdpOffer", sdp, "target", "sip:anna@example.org"), 503, wire.CodeUnavailable},
		{"no offer", "call", a, object(a, "callId", "l", "target", "CLIENT_ID"), 400, wire.CodeInvalid},
		{"an offer that is no SDP", "call", a, object(a, "callId", "l", "target", "CLIENT_ID", "sdpOffer", "hello"), 400, wire.CodeInvalid},
		{"a huge offer", "call", a, object(a, "callId", "l", "target", "CLIENT_ID", "sdpOffer", sdp+strings.Repeat("x", 256<<10)), 413, wire.CodeTooLarge},
		{"a bad id", "call", a, object(a, "callId", "a/b", "target", "CLIENT_ID", "sdpOffer", sdp), 400, wire.CodeInvalid},
		{"an id that is taken", "call", a, object(a, "target", "CLIENT_ID", "sdpOffer", sdp), 409, wire.CodeConflict},
		{"an unknown endpoint calls", "call", a, object(a, "callId", "l", "target", "CLIENT_ID", "sdpOffer", sdp, "userEndpointId", "e"), 404, wire.CodeNotFound},
		{"somebody else's endpoint calls", "call", a, object(b, "callId", "l", "target", "CLIENT_ID", "sdpOffer", sdp), 403, wire.CodeForbidden},
		{"an unknown call", "ringing", b, object(b, "callId", "nothing"), 404, wire.CodeNotFound},
		{"no call", "hangup", b, object(b, "callId", ""), 400, wire.CodeInvalid},
		{"no endpoint", "hangup", b, object(b, "userEndpointId", ""), 400, wire.CodeInvalid},
		{"the caller's endpoint by another", "cancel", b, object(a), 403, wire.CodeForbidden},
		{"cancel by who is called", "cancel", b, object(b), 403, wire.CodeForbidden},
		{"an answer of the caller", "answer", a, object(a, "sdpAnswer", sdp), 403, wire.CodeForbidden},
		{"no answer", "answer", b, object(b), 400, wire.CodeInvalid},
		{"a huge answer", "answer", b, object(b, "sdpAnswer", sdp+strings.Repeat("x", 256<<10)), 413, wire.CodeTooLarge},
		{"a long reason", "reject", b, object(b, "reason", strings.Repeat("x", 2000)), 413, wire.CodeTooLarge},
		{"a candidate that is none", "addIceCandidates", a, object(a, "iceCandidates", candidates("hello", 1)), 400, wire.CodeInvalid},
		{"a candidate of two lines", "addIceCandidates", a, object(a, "iceCandidates", candidates("candidate:1\r\na=setup:active", 1)), 400, wire.CodeInvalid},
		{"a long candidate", "addIceCandidates", a, object(a, "iceCandidates", candidates("candidate:"+strings.Repeat("x", 2000), 1)), 413, wire.CodeTooLarge},
		{"many candidates", "addIceCandidates", a, object(a, "iceCandidates", candidates("candidate:1", 65)), 400, wire.CodeInvalid},
		{"candidates that are no list", "addIceCandidates", a, object(a, "iceCandidates", 7), 400, wire.CodeInvalid},
	} {
		tc.who.send("POST", calls+tc.operation, "application/json", tc.body).refused(tc.name, tc.status, tc.code)
	}
	a.send("GET", calls+"call", "", nil).refused("another method", 405, wire.CodeMethod)
	a.send("POST", calls+"transfer", "application/json", nil).refused("another operation", 404, wire.CodeNotFound)
	a.send("POST", calls+"cancel", "text/plain", object(a)).refused("another type", 415, wire.CodeMediaType)
	caller{r, ""}.post(calls+"call", nil).refused("no token", 401, wire.CodeUnauthorized)
	a.on("addIceCandidates", wire.CallCandidates{CallID: "k", UserEndpointID: a.endpointID}) // none at all is nothing
	a.on("cancel", a.ref("k"))
	b.sees("who is called", wire.EventCallCreated, "k", 1, a)
	b.sees("who is called", wire.EventCallCancelled, "k", 2, a)
}
