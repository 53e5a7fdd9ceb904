package broker

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// doors returns a bare connection over TCP and one over WebSocket.
func doors(t *testing.T, s *server) map[string]net.Conn {
	t.Helper()
	tcp, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	ws, _, err := websocket.Dial(context.Background(), s.ws, &websocket.DialOptions{Subprotocols: []string{"mqtt"}})
	if err != nil {
		t.Fatal(err)
	}
	web := websocket.NetConn(context.Background(), ws, websocket.MessageBinary)
	for _, c := range []net.Conn{tcp, web} {
		t.Cleanup(func() { c.Close() })
		c.SetDeadline(time.Now().Add(hang))
	}
	return map[string]net.Conn{"tcp": tcp, "websocket": web}
}

// TestSilenceCuts after one and a half times the keep-alive (section 3.1.2.10 of
// 3.1.1) and not before; a sign of life puts it off.
func TestSilenceCuts(t *testing.T) {
	s := start(t)
	for door, conn := range doors(t, s) {
		t.Run(door, func(t *testing.T) {
			t.Parallel()
			conn.Write(packet(0x10, text("MQTT"), []byte{5, 0x82, 0, 1, 0}, text("a"+door), text("t-anna")))
			reads(t, conn, connack5())
			for range 3 {
				// Silence is what is tested: longer than the keep-alive, shorter
				// than what the broker grants.
				time.Sleep(1200 * time.Millisecond)
				conn.Write([]byte{0xc0, 0})
				reads(t, conn, []byte{0xd0, 0})
			}
			from := time.Now()
			reads(t, conn, []byte{0xe0, 2, 0x8d, 0})
			if took := time.Since(from); took < 1400*time.Millisecond {
				t.Errorf("cut after %v", took)
			}
			ends(t, conn)
		})
	}
}

// TestConnectIsWaitedFor, but not for long; afterwards a client without
// keep-alive may be silent.
func TestConnectIsWaitedFor(t *testing.T) {
	s := startWith(t, nil, func(b *Broker) { b.connectWait = 300 * time.Millisecond })
	quiet := doors(t, s)
	for door, conn := range quiet {
		conn.Write(packet(0x10, text("MQTT"), []byte{4, 0x82, 0, 0}, text("a"+door), text("t-anna")))
		read(t, conn, 4)
	}
	for _, conn := range doors(t, s) { // which say nothing, for longer than it is waited for
		ends(t, conn)
	}
	for door, conn := range quiet {
		conn.Write([]byte{0xc0, 0})
		if p := read(t, conn, 2); p[0] != 0xd0 {
			t.Errorf("%s: packet % x", door, p)
		}
	}
}
