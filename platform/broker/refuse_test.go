package broker

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"guichet/platform/wire"
)

func read(t testing.TB, conn net.Conn, n int) []byte {
	t.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(conn, b); err != nil {
		t.Fatal(err)
	}
	return b
}

// readPacket returns the body of the next packet, shorter than 128 bytes.
func readPacket(t testing.TB, conn net.Conn) []byte {
	t.Helper()
	head := read(t, conn, 2)
	return read(t, conn, int(head[1]))
}

// ends fails unless the server closes the connection.
func ends(t testing.TB, conn net.Conn) {
	t.Helper()
	var ne net.Error
	if _, err := io.Copy(io.Discard, conn); errors.As(err, &ne) && ne.Timeout() {
		t.Fatal("the connection lives on")
	}
}

func TestSignInRefused(t *testing.T) {
	s := start(t)
	for name, tc := range map[string]struct {
		login
		want string
	}{
		"bad token":                   {login{"rubbish", "", "x"}, "not Authorized"},
		"bad token as password":       {login{"anna", "rubbish", "x"}, "not Authorized"},
		"token of somebody else":      {login{"bert", "t-anna", "x"}, "not Authorized"},
		"nobody":                      {login{"", "", "x"}, "bad user name or password"},
		"password without user name":  {login{"", "t-anna", "x"}, "bad user name or password"},
		"user name without any token": {login{"anna", "", "x"}, "not Authorized"},
	} {
		for door, url := range map[string]string{"tcp": s.tcp(), "websocket": s.ws} {
			t.Run(name+"/"+door, func(t *testing.T) {
				c, err := connect(url, tc.login)
				if err == nil {
					c.Disconnect(0)
					t.Fatal("signed in")
				}
				if !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(tc.want)) {
					t.Errorf("refused with %q, want %q", err, tc.want)
				}
			})
		}
	}
}

func TestRefusedConnects(t *testing.T) {
	s := start(t)
	for name, tc := range map[string]struct {
		packet []byte
		code   byte // of CONNACK; 0: cut without one
	}{
		"will":                      {packet(0x10, text("MQTT"), []byte{4, 0x86, 0, 60}, text("a"), text("topic"), text("payload"), text("t-anna")), 5},
		"no id, session kept":       {packet(0x10, text("MQTT"), []byte{4, 0x80, 0, 60}, text(""), text("t-anna")), 2},
		"a level to come":           {packet(0x10, text("MQTT"), []byte{6, 0x82, 0, 60, 0}, text("a"), text("t-anna")), 1},
		"subscribe before connect":  {subscribeBytes(endpointTopic("anna")), 0},
		"larger than allowed":       {[]byte{0x10, 0xff, 0xff, 0xff, 0x7f}, 0},
		"HTTP":                      {[]byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 0},
		"unknown protocol":          {packet(0x10, text("HTTP"), []byte{4, 2, 0, 60}, text("a")), 0},
		"length that does not fit":  {[]byte{0x10, 12, 0, 4, 'M', 'Q', 'T', 'T', 4, 0x82, 0, 60, 0xff, 0xff}, 0},
		"remaining length too long": {[]byte{0x10, 0xff, 0xff, 0xff, 0xff, 0x01}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", s.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(hang))
			conn.Write(tc.packet)
			if tc.code != 0 {
				if ack := read(t, conn, 4); ack[0] != 0x20 || ack[3] != tc.code {
					t.Fatalf("CONNACK % x, want code %d", ack, tc.code)
				}
			}
			ends(t, conn)
		})
	}
}

func TestMQTT31AndEmptyPassword(t *testing.T) {
	s := start(t)
	for name, p := range map[string][]byte{
		"3.1":            packet(0x10, text("MQIsdp"), []byte{3, 0x82, 0, 60}, text("a"), text("t-anna")),
		"empty password": packet(0x10, text("MQTT"), []byte{4, 0xc2, 0, 60}, text("a"), text("t-anna"), text("")),
		"kept session":   packet(0x10, text("MQTT"), []byte{4, 0x80, 0, 60}, text("a"), text("t-anna")),
		"no client id":   packet(0x10, text("MQTT"), []byte{4, 0x82, 0, 60}, text(""), text("t-anna")),
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", s.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(hang))
			conn.Write(p)
			if ack := read(t, conn, 4); ack[2] != 0 || ack[3] != 0 {
				t.Fatalf("CONNACK % x, want success and no session", ack)
			}
			conn.Write(subscribeBytes(endpointTopic("anna")))
			if ack := read(t, conn, 5); ack[4] != 1 {
				t.Fatalf("SUBACK % x", ack)
			}
		})
	}
}

func TestSubscriptionsRefused(t *testing.T) {
	s := start(t)
	c := dial(t, s.tcp(), login{name: "t-anna", id: "a"})
	for _, topic := range []string{"#", "+", "users/#", "users/endpoints/#", "users/endpoints/+", "user/anna/+", "user/+/anna-1",
		"$SYS/#", "$SYS/broker/version", "users/endpoints/bert-1", "user/bert/bert-1",
		"user/bert/anna-1", "user/anna/bert-1", "users/endpoints/", "users/endpoints/anna-1/x", "anything"} {
		if code := c.subscribe(t, topic, 1); code != 0x80 {
			t.Errorf("%s: SUBACK %#x", topic, code)
		}
	}
	shared := raw(t, s, "anna", "shared") // the client above strips $share from what it reports
	shared.Write(subscribeBytes("$share/g/users/endpoints/anna-1"))
	if ack := read(t, shared, 5); ack[4] != 0x80 {
		t.Errorf("shared subscription: SUBACK %#x", ack[4])
	}
	for i := range maxSubscriptions {
		if code := c.subscribe(t, wire.EndpointTopic("anna-"+string(rune('a'+i))), 1); code != 1 {
			t.Errorf("subscription %d: SUBACK %#x", i, code)
		}
	}
	if code := c.subscribe(t, wire.EndpointTopic("anna-z"), 1); code != 0x80 {
		t.Errorf("one subscription too many: SUBACK %#x", code)
	}
	if code := c.subscribe(t, wire.EndpointTopic("anna-a"), 1); code != 1 {
		t.Errorf("the same again: SUBACK %#x", code)
	}
	s.say("bert-1", `{"secret":true}`)
	s.say("anna-a", `{"n":0}`)
	c.wants(t, `{"n":0}`)
}

func TestPublishCuts(t *testing.T) {
	s := start(t)
	for _, qos := range []byte{0, 1, 2} {
		victim := dial(t, s.tcp(), login{name: "t-bert", id: "b"})
		victim.subscribe(t, endpointTopic("bert"), 1)
		c := dial(t, s.tcp(), login{name: "t-anna", id: "a"})
		c.Publish(endpointTopic("bert"), qos, true, "forged")
		c.cutOff(t)
		s.say("bert-1", `{"real":true}`)
		victim.wants(t, `{"real":true}`)
	}
}

func TestForeignClientIDTakesNothingOver(t *testing.T) {
	s := start(t)
	anna := dial(t, s.tcp(), login{name: "t-anna", id: "same"})
	anna.subscribe(t, endpointTopic("anna"), 1)
	bert := dial(t, s.tcp(), login{name: "t-bert", id: "same"})
	bert.subscribe(t, endpointTopic("bert"), 1)
	s.say("anna-1", `{"to":"anna"}`)
	anna.wants(t, `{"to":"anna"}`)
	s.say("bert-1", `{"to":"bert"}`)
	bert.wants(t, `{"to":"bert"}`)
}

func TestOwnClientIDTakesOver(t *testing.T) {
	s := start(t)
	old := dial(t, s.tcp(), login{name: "t-anna", id: "same"})
	newer := dial(t, s.ws, login{name: "t-anna", id: "same"})
	old.cutOff(t)
	newer.subscribe(t, endpointTopic("anna"), 1)
	s.say("anna-1", `{"n":0}`)
	newer.wants(t, `{"n":0}`)
}

func TestNewestConnectionServesTheEndpoint(t *testing.T) {
	s := start(t)
	old := dial(t, s.tcp(), login{name: "t-anna", id: "a"})
	old.subscribe(t, endpointTopic("anna"), 1)
	newer := dial(t, s.ws, login{name: "t-anna", id: "b"})
	newer.subscribe(t, wire.UserTopic("anna", "anna-1"), 1)
	old.cutOff(t)
	s.say("anna-1", `{"n":0}`)
	newer.wants(t, `{"n":0}`)
}

func TestExpiryCuts(t *testing.T) {
	s := start(t)
	s.lock.Lock()
	s.expires = time.Now().Add(300 * time.Millisecond)
	s.lock.Unlock()
	c := dial(t, s.tcp(), login{name: "t-anna", id: "a"})
	c.cutOff(t)
	s.lock.Lock()
	s.expires = time.Now().Add(-time.Second)
	s.lock.Unlock()
	if c, err := connect(s.tcp(), login{name: "t-anna", id: "a"}); err == nil {
		c.Disconnect(0)
		t.Error("an expired token signs in")
	}
}

func TestCut(t *testing.T) {
	s := start(t)
	anna := dial(t, s.tcp(), login{name: "t-anna", id: "a"})
	web := dial(t, s.ws, login{name: "t-anna", id: "b"})
	bert := dial(t, s.tcp(), login{name: "t-bert", id: "c"})
	bert.subscribe(t, endpointTopic("bert"), 1)
	s.Cut(func(x Session) bool { return x.Access == "id-anna" })
	anna.cutOff(t)
	web.cutOff(t)
	s.say("bert-1", `{"n":0}`)
	bert.wants(t, `{"n":0}`)
	s.CutEndpoint("bert-1")
	bert.cutOff(t)
}

func TestBrokenJournalCutsAndComesBack(t *testing.T) {
	s := start(t)
	c := dial(t, s.tcp(), login{name: "t-anna", id: "a"})
	c.subscribe(t, endpointTopic("anna"), 1)
	s.say("anna-1", `{"n":0}`)
	c.wants(t, `{"n":0}`)
	s.lock.Lock()
	s.broken = errors.New("disk")
	s.lock.Unlock()
	s.say("anna-1", `{"n":1}`)
	c.cutOff(t)
	s.lock.Lock()
	s.broken = nil
	s.lock.Unlock()
	c = dial(t, s.tcp(), login{name: "t-anna", id: "a"})
	c.subscribe(t, endpointTopic("anna"), 1)
	var last paho.Message
	for last == nil || string(last.Payload()) != `{"n":1}` {
		last = c.next(t)
	}
}
