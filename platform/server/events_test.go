package server

import (
	"encoding/json"
	"regexp"
	"testing"
	"time"

	"guichet/platform/wire"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/pion/webrtc/v4"
)

// subscribe connects to MQTT and collects what arrives on a topic.
func (c caller) subscribe(broker, user, password, topic string) <-chan wire.Event {
	c.t.Helper()
	events := make(chan wire.Event, 256)
	o := mqtt.NewClientOptions().AddBroker(broker).SetClientID("test").SetUsername(user).SetPassword(password).SetAutoReconnect(false)
	client := mqtt.NewClient(o)
	if token := client.Connect(); !token.WaitTimeout(patience) || token.Error() != nil {
		c.t.Fatalf("connect to %s: %v", broker, token.Error())
	}
	c.t.Cleanup(func() { client.Disconnect(50) })
	three := regexp.MustCompile(`"timestamp":"[0-9-]{10}T[0-9:]{8}\.[0-9]{3}Z"`)
	token := client.Subscribe(topic, 1, func(_ mqtt.Client, m mqtt.Message) {
		var e wire.Event
		if err := json.Unmarshal(m.Payload(), &e); err != nil || m.Qos() != 1 || !three.Match(m.Payload()) {
			c.t.Errorf("message %s, QoS %d: %v", m.Payload(), m.Qos(), err)
		}
		events <- e
	})
	if !token.WaitTimeout(patience) || token.Error() != nil {
		c.t.Fatalf("subscribe to %s: %v", topic, token.Error())
	}
	if granted := token.(*mqtt.SubscribeToken).Result()[topic]; granted != 1 {
		c.t.Fatalf("subscribe to %s: granted %#x, want QoS 1", topic, granted)
	}
	return events
}

func next(t *testing.T, events <-chan wire.Event) wire.Event {
	t.Helper()
	select {
	case e := <-events:
		return e
	case <-time.After(patience):
		t.Fatal("no event")
		return wire.Event{}
	}
}

// offer is what a browser that sends audio and video would offer.
func offer(t *testing.T) string {
	t.Helper()
	return offerTo(t, webrtc.RTPTransceiverDirectionSendonly)
}

// receiving is what a browser that views audio and video would offer.
func receiving(t *testing.T) string {
	t.Helper()
	return offerTo(t, webrtc.RTPTransceiverDirectionRecvonly)
}

func offerTo(t *testing.T, direction webrtc.RTPTransceiverDirection) string {
	t.Helper()
	pc, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := pc.GracefulClose(); err != nil {
			t.Error(err)
		}
	}()
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
		if _, err := pc.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: direction}); err != nil {
			t.Fatal(err)
		}
	}
	o, err := pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	return o.SDP
}

// TestEventsOfACall walks through a call and compares each event, on both
// topics and with both ways to sign in, with the table of the contract.
func TestEventsOfACall(t *testing.T) {
	r := serve(t, nil)
	agent := r.application("test", "secret")
	var c wire.Summary
	agent.do("create", wire.CreateConference{}).into(&c)
	var ticket wire.Ticket
	agent.post("/security/ticket", wire.CreateTicket{Type: wire.TicketMultiUse, Properties: map[string]string{wire.PropertyConferenceID: c.ID}}).into(&ticket)
	customer, token := r.customer(ticket.ID, "browser")

	a, g := agent.endpoint(), customer.endpoint()
	streams := map[string]<-chan wire.Event{
		"agent, TCP, endpoint topic":      agent.subscribe("tcp://"+r.MQTT, agent.token, "", wire.EndpointTopic(a)),
		"customer, WebSocket, user topic": customer.subscribe(r.MQTTWS, token.Subject, customer.token, wire.UserTopic(token.Subject, g)),
	}
	agent.do("join", wire.JoinConference{ConferenceID: c.ID, UserEndpointID: a, Metadata: json.RawMessage(`{"name":"Anna"}`)})
	first := agent.state(c.ID)
	customer.do("join", wire.JoinConference{ConferenceID: c.ID, UserEndpointID: g, Metadata: json.RawMessage(`{"name":"Maria"}`)})
	var published wire.PublishedStream
	customer.do("publishStream", wire.PublishStream{ConferenceID: c.ID, UserEndpointID: g, StreamID: "s1",
		ConferenceStreamType: wire.StreamMicAndCam, SDPOffer: offer(t)}).into(&published)
	if published.StreamID != "s1" || published.SDPAnswer == "" {
		t.Errorf("published: %+v", published)
	}
	mute := wire.UpdateMetadata{ConferenceID: c.ID, UserEndpointID: g, Operation: wire.OperationSet, Key: wire.TrackMuted("audio", "s1"), Value: "true"}
	customer.do("updateMetadata", mute)
	foreign := mute
	foreign.UserEndpointID = a
	agent.post("/rtc-api/conferences/updateMetadata", foreign).refused("somebody else's mute", 403, wire.CodeForbidden)
	mute.Operation, mute.Value = wire.OperationRemove, ""
	customer.do("updateMetadata", mute)
	customer.do("unpublishStream", wire.StreamRef{ConferenceID: c.ID, UserEndpointID: g, StreamID: "s1"})
	customer.do("leave", wire.LeaveConference{ConferenceID: c.ID, UserEndpointID: g, Reason: "done"})
	agent.do("end", wire.LeaveConference{ConferenceID: c.ID, UserEndpointID: a, Reason: "over"})
	agent.get("/rtc-api/conferences/"+c.ID+"/simpleView").refused("state after the end", 410, wire.CodeGone)
	agent.post("/rtc-api/conferences/join", wire.JoinConference{ConferenceID: c.ID, UserEndpointID: a}).refused("join after the end", 410, wire.CodeGone)

	want := []struct {
		kind  wire.EventType
		by    string
		check func(wire.Event) bool
	}{
		{wire.EventJoined, a, func(e wire.Event) bool { return string(e.Metadata) != "" }},
		{wire.EventJoined, g, func(e wire.Event) bool { return e.UserID == token.Subject }},
		{wire.EventStreamPublished, g, func(e wire.Event) bool { return e.StreamID == "s1" && e.StreamType == wire.StreamMicAndCam }},
		{wire.EventMetadataUpdated, g, func(e wire.Event) bool {
			return e.Key == "TRACK_MUTED/audio/s1" && e.Operation == wire.OperationSet && e.Value == "true"
		}},
		{wire.EventMetadataUpdated, g, func(e wire.Event) bool { return e.Operation == wire.OperationRemove }},
		{wire.EventStreamUnpublished, g, func(e wire.Event) bool { return e.StreamID == "s1" }},
		{wire.EventLeft, g, func(e wire.Event) bool { return e.Reason == "done" }},
		{wire.EventEnded, a, func(e wire.Event) bool { return e.Reason == "over" }},
	}
	if next := first.Version; next != c.Version+1 {
		t.Errorf("version %d after one event, was %d", next, c.Version)
	}
	for name, events := range streams {
		version := c.Version
		for i, w := range want {
			if name[0] == 'c' && (i == 0 || i == len(want)-1) {
				version++ // the customer sees its own join to its own leaving
				continue
			}
			e := next(t, events)
			if e.Type != w.kind || e.UserEndpointID != w.by || e.ConferenceID != c.ID || e.ConferenceVersion == nil || *e.ConferenceVersion != version || !w.check(e) {
				t.Errorf("%s: event %d is %+v, want %s by %s with version %d", name, i, e, w.kind, w.by, version)
			}
			version++
		}
	}
}
