package broker

import (
	"bytes"
	"fmt"
	"net"
	"testing"
	"time"
)

// hello5 is CONNECT of MQTT 5 with a clean start.
func hello5(token, id string, properties ...byte) []byte {
	return packet(0x10, text("MQTT"), []byte{5, 0x82, 0, 60, byte(len(properties))}, properties, text(id), text(token))
}

func subscribe5(topic string, options byte) []byte {
	return packet(0x82, []byte{0, 1, 0}, text(topic), []byte{options})
}

// open5 sends bytes over a new connection.
func open5(t *testing.T, s *server, b []byte) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(hang))
	if _, err := conn.Write(b); err != nil {
		t.Fatal(err)
	}
	return conn
}

// reads fails unless exactly these bytes come.
func reads(t *testing.T, conn net.Conn, want []byte) {
	t.Helper()
	if got := read(t, conn, len(want)); !bytes.Equal(got, want) {
		t.Fatalf("got % x, want % x", got, want)
	}
}

// able is what CONNACK tells of the broker: QoS 1, nothing retained, no
// wildcards, no subscription ids, nothing shared, packets of 64 KiB.
var able = []byte{0x24, 1, 0x25, 0, 0x28, 0, 0x29, 0, 0x2a, 0, 0x27, 0, 1, 0, 0}

func connack5(properties ...byte) []byte {
	all := append(properties, able...)
	return packet(0x20, []byte{0, 0, byte(len(all))}, all)
}

func TestMQTT5(t *testing.T) {
	s := start(t)
	s.add("anna-1", `{"n":0}`)
	topic := endpointTopic("anna")

	conn := open5(t, s, hello5("t-anna", "a"))
	reads(t, conn, connack5())
	conn.Write(subscribe5(topic, 0x2e)) // QoS 2, no local, as published, retained never
	reads(t, conn, []byte{0x90, 4, 0, 1, 0, 1})
	reads(t, conn, packet(0x32, text(topic), []byte{0, 1, 0}, []byte(`{"n":0}`)))
	conn.Write([]byte{0x40, 4, 0, 1, 0x10, 0}) // PUBACK with a reason and no properties
	s.acknowledged(t, "anna-1")
	conn.Write([]byte{0xc0, 0})
	reads(t, conn, []byte{0xd0, 0})
	conn.Write(packet(0xa2, []byte{0, 2, 0}, text(topic), text("never")))
	reads(t, conn, []byte{0xb0, 5, 0, 2, 0, 0, unsubackNone})

	// A session that is to be kept, and an id that the broker chooses.
	conn = open5(t, s, hello5("t-anna", "", 0x11, 0, 0, 1, 0, 0x26, 0, 1, 'k', 0, 1, 'v'))
	head := read(t, conn, 2)
	body := read(t, conn, int(head[1]))
	if head[0] != 0x20 || body[1] != 0 || !bytes.HasPrefix(body[3:], []byte{0x11, 0, 0, 0, 0, 0x12, 0, 2, 'c'}) {
		t.Errorf("CONNACK % x", body)
	}
}

// TestMQTT5TellsWhy: what 3.1.1 answers by cutting is told first.
func TestMQTT5TellsWhy(t *testing.T) {
	topic := endpointTopic("anna")
	for name, tc := range map[string]struct {
		first, then []byte // the second after CONNACK
		want        []byte
	}{
		"will":                    {first: packet(0x10, text("MQTT"), []byte{5, 0x86, 0, 60, 0}, text("a"), []byte{0}, text("t"), text("p"), text("t-anna")), want: []byte{0x20, 3, 0, 0x87, 0}},
		"authentication method":   {first: hello5("t-anna", "a", 0x15, 0, 1, 'x'), want: []byte{0x20, 3, 0, 0x8c, 0}},
		"bad token":               {first: hello5("rubbish", "a"), want: []byte{0x20, 3, 0, 0x87, 0}},
		"no user":                 {first: packet(0x10, text("MQTT"), []byte{5, 2, 0, 60, 0}, text("a")), want: []byte{0x20, 3, 0, 0x86, 0}},
		"publish":                 {then: packet(0x30, text("x"), []byte{0}), want: []byte{0xe0, 2, 0x87, 0}},
		"second CONNECT":          {then: hello5("t-anna", "a"), want: []byte{0xe0, 2, 0x82, 0}},
		"authentication later":    {then: []byte{0xf0, 0}, want: []byte{0xe0, 2, 0x82, 0}},
		"property out of place":   {then: packet(0x82, []byte{0, 1, 5, 0x11, 0, 0, 0, 1}, text(topic), []byte{1}), want: []byte{0xe0, 2, 0x81, 0}},
		"subscription identifier": {then: packet(0x82, []byte{0, 1, 2, 0x0b, 1}, text(topic), []byte{1}), want: []byte{0xe0, 2, 0x81, 0}},
		"packet too large":        {then: []byte{0x82, 0xff, 0xff, 0x7f}, want: []byte{0xe0, 2, 0x95, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			if tc.first != nil {
				conn := open5(t, s, tc.first)
				reads(t, conn, tc.want)
				ends(t, conn)
				return
			}
			conn := open5(t, s, hello5("t-anna", "a"))
			reads(t, conn, connack5())
			conn.Write(tc.then)
			reads(t, conn, tc.want)
			ends(t, conn)
		})
	}
	t.Run("taken over", func(t *testing.T) {
		s := start(t)
		old := open5(t, s, hello5("t-anna", "a"))
		reads(t, old, connack5())
		reads(t, open5(t, s, hello5("t-anna", "a")), connack5())
		reads(t, old, []byte{0xe0, 2, 0x8e, 0})
		ends(t, old)
	})
	t.Run("access ends", func(t *testing.T) {
		s := start(t)
		conn := open5(t, s, hello5("t-anna", "a"))
		reads(t, conn, connack5())
		s.Cut(func(Session) bool { return true })
		reads(t, conn, []byte{0xe0, 2, 0x98, 0})
		ends(t, conn)
	})
	t.Run("broker closes", func(t *testing.T) {
		s := start(t)
		conn := open5(t, s, hello5("t-anna", "a"))
		reads(t, conn, connack5())
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		reads(t, conn, []byte{0xe0, 2, 0x8b, 0})
	})
}

// TestMQTT5LimitsOfTheClient: no more packets than it takes, over all of its
// endpoints, and none that is too large for it.
func TestMQTT5LimitsOfTheClient(t *testing.T) {
	s := start(t)
	conn := open5(t, s, hello5("t-anna", "a", 0x21, 0, 2, 0x27, 0, 0, 0, 100))
	reads(t, conn, connack5())
	for i, code := range []byte{1, 1, subackQuota} { // a third would leave no room for its packets
		conn.Write(subscribe5(fmt.Sprintf("users/endpoints/anna-%d", i+1), 1))
		reads(t, conn, []byte{0x90, 4, 0, 1, 0, code})
	}
	const each = 5
	for i := 1; i <= 2; i++ {
		id := fmt.Sprintf("anna-%d", i)
		s.add(id, string(bytes.Repeat([]byte("x"), 100)))
		s.say(id, numbers(0, each)...)
	}
	ids := map[uint16]bool{}
	var waiting []uint16
	for n := 0; n < 2*each || len(waiting) > 0; {
		if n < 2*each && len(waiting) < 2 {
			head := read(t, conn, 2)
			body := read(t, conn, int(head[1]))
			at := 2 + int(body[1])
			id := uint16(body[at])<<8 | uint16(body[at+1])
			if head[0] != 0x32 || ids[id] {
				t.Fatalf("packet % x % x", head, body)
			}
			ids[id] = true
			waiting = append(waiting, id)
			n++
			continue
		}
		conn.Write([]byte{0xc0, 0}) // the answer shows that nothing more is on its way
		reads(t, conn, []byte{0xd0, 0})
		conn.Write([]byte{0x40, 2, byte(waiting[0] >> 8), byte(waiting[0])})
		waiting = waiting[1:]
	}
	s.acknowledged(t, "anna-1")
	s.acknowledged(t, "anna-2")
}
