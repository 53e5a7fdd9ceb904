package server

import (
	"strings"
	"testing"
	"time"

	"guichet/platform/wire"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// occasions are the tests of what happens by itself.
func occasions() map[string]func(*script, map[string]string) {
	return map[string]func(*script, map[string]string){
		"an endpoint that asked for reminders falls silent in a conference": (*script).fallsSilent,
		"media flows in a conference":                                       (*script).mediaFlows,
	}
}

// fallsSilent lets an endpoint of a stop beating: it is reminded, then dropped.
func (s *script) fallsSilent(row map[string]string) {
	quiet := &side{caller: s.a.caller, user: s.a.user, heard: make(chan heard, 64)}
	quiet.post("/rtc-api/users/endpoints", wire.RegisterEndpoint{KeepAliveSeconds: wire.MinKeepAliveSeconds, ServerKeepAliveReminderOn: true}).into(&quiet.endpoint)
	quiet.hearBoth(quiet.user, quiet.endpoint, quiet.heard)
	st := &stage{by: quiet, conference: s.conference("")}
	s.a.do("leave", wire.LeaveConference{ConferenceID: st.conference, UserEndpointID: s.a.endpoint})
	quiet.do("join", wire.JoinConference{ConferenceID: st.conference, UserEndpointID: quiet.endpoint})
	quiet.do("publishStream", wire.PublishStream{ConferenceID: st.conference, UserEndpointID: quiet.endpoint, StreamID: "s1", ConferenceStreamType: wire.StreamCam, SDPOffer: s.sends})
	st.version = s.a.state(st.conference).Version
	s.fence()
	reminded := quiet.hears(s.t, wire.EventKeepAliveReminder)
	gone := map[string][]heard{}
	for len(gone) < 2 || len(gone[s.b.topics()[0]]) < 2 || len(gone[s.b.topics()[1]]) < 2 {
		select {
		case h := <-s.b.heard:
			for _, h := range st.about([]heard{h}) {
				gone[h.topic] = append(gone[h.topic], h)
			}
		case <-time.After(patience):
			s.t.Fatalf("only %v", gone)
		}
	}
	for _, topic := range quiet.topics() {
		s.told(onlyFor("self", row["events"]), st, nil, true, topic, reminded[topic])
	}
	for _, topic := range s.b.topics() {
		s.told(onlyFor("other", row["events"]), st, nil, false, topic, gone[topic])
	}
}

func onlyFor(whom, events string) string {
	var list []string
	for token := range strings.FieldsSeq(events) {
		if strings.HasSuffix(token, "→"+whom) {
			list = append(list, token)
		}
	}
	return strings.Join(list, " ")
}

// hears waits for an event on both topics, whatever comes before it.
func (s *side) hears(t *testing.T, kind wire.EventType) map[string][]heard {
	t.Helper()
	by := map[string][]heard{}
	for len(by) < len(s.topics()) {
		select {
		case h := <-s.heard:
			if h.body["type"] == string(kind) {
				by[h.topic] = []heard{h}
			}
		case <-time.After(patience):
			t.Fatalf("%s: no %s", s.user, kind)
		}
	}
	return by
}

// mediaFlows publishes until both sides are told how good the networks are.
func (s *script) mediaFlows(row map[string]string) {
	st := &stage{by: s.a, conference: s.conference("")}
	publish(s.t, s.a.caller, st.conference)
	for _, one := range []*side{s.a, s.b} {
		by := one.hears(s.t, wire.EventNetworkIndicatorUpdated)
		for _, topic := range one.topics() {
			s.told(row["events"], st, nil, one == st.by, topic, by[topic])
		}
	}
}

// TestContractOfMQTT runs the table of signing in row by row.
func TestContractOfMQTT(t *testing.T) {
	r := serve(t, nil)
	mine, theirs := r.application("test", "secret"), r.application("CLIENT_ID", "CLIENT_SECRET")
	fill := strings.NewReplacer("{own}", mine.endpoint(), "{theirs}", theirs.endpoint(), "{me}", "test", "{them}", "CLIENT_ID")
	word := func(s string) string {
		if s == "token" {
			return mine.token
		}
		return strings.Replace(s, "me", "test", 1)
	}
	rows := rowsOf(readSheets(t), "transport")
	if len(rows) < 10 {
		t.Fatalf("%d rows", len(rows))
	}
	for _, row := range rows {
		address := map[string]string{"TCP": "tcp://" + r.MQTT, "WebSocket": r.MQTTWS}[row["transport"]]
		version := map[string]uint{"3.1": 3, "3.1.1": 4}[row["protocol"]]
		user := row["user name"]
		if user != "somebody" {
			user = word(user)
		}
		o := mqtt.NewClientOptions().AddBroker(address).SetProtocolVersion(version).SetClientID("row").SetUsername(user).SetPassword(word(row["password"])).
			SetAutoReconnect(false).SetConnectRetry(false)
		client, topic := mqtt.NewClient(o), fill.Replace(row["topic"])
		outcome := "granted"
		if token := client.Connect(); !token.WaitTimeout(patience) || token.Error() != nil {
			outcome = "no connection"
		} else if token := client.Subscribe(topic, 1, nil); !token.WaitTimeout(patience) || token.Error() != nil || token.(*mqtt.SubscribeToken).Result()[topic] != 1 {
			outcome = "refused"
		}
		client.Disconnect(0)
		if outcome != row["outcome"] {
			t.Errorf("%v: %s", row, outcome)
		}
	}
}
