package server

import (
	"encoding/json"
	"regexp"
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
