package broker

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"guichet/platform/wire"
)

// TestStandardClients: both topics and both ways to sign in, for every client
// over every door at every level. Nobody misses what was said before.
func TestStandardClients(t *testing.T) {
	withEveryKind(t, func(t *testing.T, s *server, k kind, a attempt) {
		n := 0
		for _, topic := range []string{wire.EndpointTopic("anna-1"), wire.UserTopic("anna", "anna-1")} {
			for _, l := range []login{{name: "t-anna"}, {name: "anna", password: "t-anna"}} {
				bodies := numbers(n, n+3)
				n += 3
				s.add("anna-1", bodies...)
				a.User, a.Password, a.Topics, a.Count = l.name, l.password, []string{topic}, len(bodies)
				a.settled = func() { s.acknowledged(t, "anna-1") }
				o := k.run(t, a)
				if o.connack != 0 || !slices.Equal(o.granted, []byte{1}) || len(o.messages) < len(bodies) {
					t.Fatalf("%s as %s: %+v", topic, l.name, o)
				}
				for i, body := range bodies {
					if want := (message{topic, body, 1}); o.messages[i] != want {
						t.Errorf("got %+v, want %+v", o.messages[i], want)
					}
				}
				s.acknowledged(t, "anna-1")
			}
		}
	})
}

// TestStandardClientsMaySubscribeToNothingElse, whatever they name.
func TestStandardClientsMaySubscribeToNothingElse(t *testing.T) {
	withEveryKind(t, func(t *testing.T, s *server, k kind, a attempt) {
		s.add("bert-1", `{"secret":true}`)
		refused := map[string]byte{ // in MQTT 5; 0x80 in the others
			wire.EndpointTopic("bert-1"):     subackRight,
			wire.UserTopic("bert", "bert-1"): subackRight,
			wire.UserTopic("bert", "anna-1"): subackRight,
			"#":                              subackWildcard,
			"users/endpoints/+":              subackWildcard,
			"user/+/anna-1":                  subackWildcard,
			"$SYS/#":                         subackWildcard,
			"$SYS/broker/version":            subackRight,
			wire.EndpointTopic(strings.Repeat("a", 4e4)): subackRight,
		}
		for topic := range refused {
			a.Topics = append(a.Topics, topic)
		}
		a.Topics = append(a.Topics, wire.EndpointTopic("anna-1"))
		s.add("anna-1", `{"own":true}`)
		a.Count = 1
		o := k.run(t, a)
		if len(o.granted) != len(a.Topics) {
			t.Fatalf("%d codes for %d topics: %+v", len(o.granted), len(a.Topics), o)
		}
		for i, topic := range a.Topics {
			want := byte(subackRefused)
			if k.level == level5 {
				want = refused[topic]
			}
			if topic == wire.EndpointTopic("anna-1") {
				want = 1
			}
			if o.granted[i] != want {
				t.Errorf("%.40s: SUBACK %#x, want %#x", topic, o.granted[i], want)
			}
		}
		if len(o.messages) != 1 || o.messages[0].payload != `{"own":true}` {
			t.Errorf("got %+v", o.messages)
		}
	})
}

// TestThousandSubscriptions: a few are granted, of which none is served twice.
func TestThousandSubscriptions(t *testing.T) {
	withEveryKind(t, func(t *testing.T, s *server, k kind, a attempt) {
		for i := range 1000 {
			a.Topics = append(a.Topics, wire.EndpointTopic("anna-"+strconv.Itoa(i)))
		}
		o := k.run(t, a)
		refused := byte(subackRefused)
		if k.level == level5 {
			refused = subackQuota
		}
		given, not := 0, 0
		for _, code := range o.granted {
			switch code {
			case 1:
				given++
			case refused:
				not++
			}
		}
		if o.connack != 0 || given != maxSubscriptions || not != 1000-maxSubscriptions {
			t.Errorf("%d granted, %d refused of %d", given, not, len(o.granted))
		}
	})
}

// TestStandardClientsMayNotPublish: the connection is cut, as section 3.3.5 of
// 3.1.1 says, and 3.1.2.5 leaves no place for a will either.
func TestStandardClientsMayNotPublish(t *testing.T) {
	withEveryKind(t, func(t *testing.T, s *server, k kind, a attempt) {
		code := func(connack, reason byte) byte {
			if k.level == level5 {
				return reason
			}
			return connack
		}
		victim := dial(t, s.tcp(), login{name: "t-bert", id: "b"})
		victim.subscribe(t, endpointTopic("bert"), 1)
		for _, topic := range []string{endpointTopic("bert"), endpointTopic("anna"), "$SYS/x"} {
			a.Publish = topic
			if o := k.run(t, a); o.connack != 0 || !o.cut {
				t.Errorf("publish to %s: %+v", topic, o)
			} else if k.level == level5 && o.told != errPublish.code {
				t.Errorf("told %#x, want %#x", o.told, errPublish.code)
			}
		}
		a.Publish, a.Will = "", true
		if o := k.run(t, a); o.connack != code(5, 0x87) || !o.cut {
			t.Errorf("will: %+v", o)
		}
		s.say("bert-1", `{"real":true}`)
		victim.wants(t, `{"real":true}`)
	})
}

// TestStandardClientsAreRefused without a token of theirs.
func TestStandardClientsAreRefused(t *testing.T) {
	withEveryKind(t, func(t *testing.T, s *server, k kind, a attempt) {
		want := byte(5)
		if k.level == level5 {
			want = 0x87
		}
		for _, l := range []login{{name: "rubbish"}, {name: "bert", password: "t-anna"}, {name: "anna", password: "rubbish"}} {
			a.User, a.Password = l.name, l.password
			if o := k.run(t, a); o.connack != want || !o.cut {
				t.Errorf("%s, %s: %+v", l.name, l.password, o)
			}
		}
	})
}
