package broker

import (
	"fmt"
	"testing"

	"guichet/platform/wire"
)

func TestBothDoorsBothLoginsBothTopics(t *testing.T) {
	s := start(t)
	for door, url := range map[string]string{"tcp": s.tcp(), "websocket": s.ws} {
		for form, l := range map[string]login{
			"token as user name":              {"t-anna", "", "x"},
			"token as user name, a password":  {"t-anna", "anything", "x"},
			"user name and token as password": {"anna", "t-anna", "x"},
		} {
			for kind, topic := range map[string]string{
				"endpoint topic": wire.EndpointTopic("anna-1"),
				"user topic":     wire.UserTopic("anna", "anna-1"),
			} {
				t.Run(door+"/"+form+"/"+kind, func(t *testing.T) {
					c := dial(t, url, l)
					if code := c.subscribe(t, topic, 1); code != 1 {
						t.Fatalf("SUBACK %#x", code)
					}
					body := fmt.Sprintf(`{"of":%q}`, t.Name())
					s.say("anna-1", body)
					m := c.next(t)
					if string(m.Payload()) != body || m.Topic() != topic || m.Qos() != 1 || m.Retained() {
						t.Errorf("got %s on %s at QoS %d", m.Payload(), m.Topic(), m.Qos())
					}
					s.acknowledged(t, "anna-1")
				})
			}
		}
	}
}

func TestWhatWasMissedComesInOrderFromTheCursor(t *testing.T) {
	s := start(t)
	c := dial(t, s.tcp(), login{name: "t-anna", id: "a"})
	c.subscribe(t, endpointTopic("anna"), 1)
	s.say("anna-1", numbers(0, 300)...)
	c.wants(t, numbers(0, 300)...)
	s.acknowledged(t, "anna-1")
	c.Disconnect(0)
	s.say("anna-1", numbers(300, 1000)...)
	c = dial(t, s.ws, login{name: "t-anna", id: "b"})
	c.subscribe(t, endpointTopic("anna"), 2)
	s.say("anna-1", numbers(1000, 1200)...)
	c.wants(t, numbers(300, 1200)...)
	s.acknowledged(t, "anna-1")
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.queries > 100 {
		t.Errorf("%d queries for 1200 rows: windows are not read whole", s.queries)
	}
}

func TestWhatIsNotAcknowledgedComesAgain(t *testing.T) {
	s := start(t)
	conn := raw(t, s, "anna", "a")
	s.add("anna-1", numbers(0, 100)...)
	conn.Write(subscribeBytes(endpointTopic("anna")))
	read(t, conn, 5) // SUBACK
	var third []byte
	for i := range window {
		p := readPacket(t, conn)
		if i == 2 {
			third = p
		}
	}
	// The third alone: what comes before it is still missing.
	n := 2 + len(endpointTopic("anna"))
	conn.Write([]byte{0x40, 2, third[n], third[n+1]})
	conn.Close()
	c := dial(t, s.tcp(), login{name: "t-anna", id: "b"})
	c.subscribe(t, endpointTopic("anna"), 1)
	c.wants(t, numbers(0, 100)...)
}

func TestAtMostAWindowIsUnacknowledged(t *testing.T) {
	s := start(t)
	conn := raw(t, s, "anna", "a")
	s.add("anna-1", numbers(0, 3*window)...)
	conn.Write(subscribeBytes(endpointTopic("anna")))
	read(t, conn, 5)
	var ids [][]byte
	n := 2 + len(endpointTopic("anna"))
	for range window {
		p := readPacket(t, conn)
		ids = append(ids, p[n:n+2])
	}
	conn.Write([]byte{0xc0, 0}) // PINGREQ: the answer shows that nothing came between
	if p := read(t, conn, 2); p[0] != 0xd0 {
		t.Fatalf("packet %#x after a full window", p[0])
	}
	for _, id := range ids {
		conn.Write([]byte{0x40, 2, id[0], id[1]})
	}
	for i := window; i < 2*window; i++ {
		p := readPacket(t, conn)
		if want := fmt.Sprintf(`{"n":%d}`, i); string(p[n+2:]) != want {
			t.Fatalf("got %s, want %s", p[n+2:], want)
		}
		conn.Write([]byte{0x40, 2, p[n], p[n+1]})
	}
}

func TestQoS0IsDeliveredOnceAndMovesTheCursor(t *testing.T) {
	s := start(t)
	s.add("anna-1", numbers(0, 200)...)
	c := dial(t, s.tcp(), login{name: "t-anna", id: "a"})
	if code := c.subscribe(t, endpointTopic("anna"), 0); code != 0 {
		t.Fatalf("SUBACK %#x", code)
	}
	c.wants(t, numbers(0, 200)...)
	s.acknowledged(t, "anna-1")
}

func TestBothTopicsOnOneConnection(t *testing.T) {
	s := start(t)
	c := dial(t, s.tcp(), login{name: "t-anna", id: "a"})
	c.subscribe(t, wire.EndpointTopic("anna-1"), 1)
	c.subscribe(t, wire.UserTopic("anna", "anna-1"), 1)
	s.say("anna-1", numbers(0, 100)...)
	for i := range 100 {
		want := fmt.Sprintf(`{"n":%d}`, i)
		a, b := c.next(t), c.next(t)
		if string(a.Payload()) != want || string(b.Payload()) != want || a.Topic() == b.Topic() {
			t.Fatalf("got %s on %s and %s on %s", a.Payload(), a.Topic(), b.Payload(), b.Topic())
		}
	}
	s.acknowledged(t, "anna-1")
	if tok := c.Unsubscribe(wire.UserTopic("anna", "anna-1")); !tok.WaitTimeout(hang) || tok.Error() != nil {
		t.Fatal(tok.Error())
	}
	s.say("anna-1", numbers(100, 102)...)
	c.wants(t, numbers(100, 102)...)
	s.acknowledged(t, "anna-1")
	if tok := c.Unsubscribe(wire.EndpointTopic("anna-1")); !tok.WaitTimeout(hang) || tok.Error() != nil {
		t.Fatal(tok.Error())
	}
	s.say("anna-1", numbers(102, 103)...)
	c.subscribe(t, wire.EndpointTopic("anna-1"), 1)
	c.wants(t, numbers(102, 103)...)
}

func TestTwoEndpointsOnOneConnection(t *testing.T) {
	s := start(t)
	c := dial(t, s.ws, login{name: "t-anna", id: "a"})
	c.subscribe(t, wire.EndpointTopic("anna-1"), 1)
	c.subscribe(t, wire.EndpointTopic("anna-2"), 1)
	s.say("anna-2", `{"to":2}`)
	c.wants(t, `{"to":2}`)
	s.say("anna-1", `{"to":1}`)
	c.wants(t, `{"to":1}`)
	s.acknowledged(t, "anna-1")
	s.acknowledged(t, "anna-2")
}

func TestNoticesReachWhoIsConnectedAndMoveNoCursor(t *testing.T) {
	s := start(t)
	s.Notify("anna-1", []byte(`{"lost":true}`))
	c := dial(t, s.tcp(), login{name: "t-anna", id: "a"})
	c.subscribe(t, endpointTopic("anna"), 1)
	s.say("anna-1", `{"n":0}`)
	c.wants(t, `{"n":0}`)
	s.Notify("anna-1", []byte(`{"remind":true}`))
	c.wants(t, `{"remind":true}`)
	s.say("anna-1", `{"n":1}`)
	c.wants(t, `{"n":1}`)
	s.acknowledged(t, "anna-1")
}
