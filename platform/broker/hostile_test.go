package broker

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

func TestClientThatDoesNotReadDelaysNobody(t *testing.T) {
	s := start(t)
	stuck := raw(t, s, "anna", "a")
	stuck.(*net.TCPConn).SetReadBuffer(4 << 10)
	fat := `{"fat":"` + strings.Repeat("x", 60<<10) + `"}`
	for range 200 {
		s.add("anna-1", fat)
	}
	stuck.Write(subscribeBytes(endpointTopic("anna")))
	fast := dial(t, s.tcp(), login{name: "t-bert", id: "b"})
	fast.subscribe(t, endpointTopic("bert"), 1)
	for _, body := range numbers(0, 500) {
		s.say("anna-1", fat)
		s.say("bert-1", body)
		fast.wants(t, body)
	}
	// Taking over does not wait for the stuck one either.
	anew := dial(t, s.tcp(), login{name: "t-anna", id: "a"})
	anew.subscribe(t, endpointTopic("anna"), 1)
	anew.wants(t, fat)
}

func TestClientThatDoesNotReadIsCut(t *testing.T) {
	s := start(t)
	conn, far := net.Pipe()
	defer far.Close()
	l, err := s.open(&impatient{Conn: conn})
	if err != nil {
		t.Fatal(err)
	}
	far.SetDeadline(time.Now().Add(hang))
	go s.signUp(l)
	far.Write(connectBytes("t-anna", "a"))
	read(t, far, 4)
	s.add("anna-1", numbers(0, 10)...)
	far.Write(subscribeBytes(endpointTopic("anna")))
	read(t, far, 5)
	ends(t, far)
}

// impatient has write deadlines pass at once.
type impatient struct {
	net.Conn
	acks int
}

func (c *impatient) Write(p []byte) (int, error) {
	if c.acks++; c.acks > 2 { // CONNACK and SUBACK pass
		c.Conn.SetWriteDeadline(time.Now())
	}
	return c.Conn.Write(p)
}

func TestClientThatDoesNotAcknowledgeIsCut(t *testing.T) {
	s := startWith(t, nil, func(b *Broker) { b.ackWait = 50 * time.Millisecond })
	conn := raw(t, s, "anna", "a")
	s.add("anna-1", `{"n":0}`)
	conn.Write(subscribeBytes(endpointTopic("anna")))
	ends(t, conn)
}

func TestConnectionsBeforeSignInAreBounded(t *testing.T) {
	s := start(t)
	for range cap(s.unsigned) {
		s.unsigned <- struct{}{}
	}
	conn, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(hang))
	ends(t, conn)
	<-s.unsigned
	// One place, given back after each sign-in.
	for range 3 {
		raw(t, s, "anna", "a")
	}
	for range cap(s.unsigned) - 1 {
		<-s.unsigned
	}
}

func TestWebSocketMessages(t *testing.T) {
	s := start(t)
	ctx, cancel := context.WithTimeout(context.Background(), hang)
	defer cancel()
	open := func(protocol string) *websocket.Conn {
		ws, _, err := websocket.Dial(ctx, s.ws, &websocket.DialOptions{Subprotocols: []string{protocol}})
		if err != nil {
			t.Fatal(err)
		}
		if ws.Subprotocol() != protocol {
			t.Errorf("subprotocol %q, want %q", ws.Subprotocol(), protocol)
		}
		return ws
	}
	for _, protocol := range []string{"mqtt", "mqttv3.1"} {
		ws := open(protocol)
		all := append(connectBytes("t-anna", "a"), subscribeBytes(endpointTopic("anna"))...)
		for i := range all { // a packet over many messages
			if err := ws.Write(ctx, websocket.MessageBinary, all[i:i+1]); err != nil {
				t.Fatal(err)
			}
		}
		for _, want := range []byte{0x20, 0x90} {
			if _, b, err := ws.Read(ctx); err != nil || b[0] != want {
				t.Fatalf("got % x, %v, want packet %#x", b, err, want)
			}
		}
		ws.CloseNow()
	}
	ws := open("mqtt")
	ws.Write(ctx, websocket.MessageText, connectBytes("t-anna", "a"))
	if _, _, err := ws.Read(ctx); err == nil {
		t.Error("a text message is answered")
	}
	ws.CloseNow()
}

func TestConfigIsChecked(t *testing.T) {
	if _, err := New(Config{}); err == nil {
		t.Error("an empty configuration passes")
	}
	s := start(t)
	m := newMemory()
	_, err := New(Config{Listen: s.Addr().String(), Authenticate: m.authenticate, Owns: m.owns, Journal: m,
		Logger: slog.New(slog.DiscardHandler)})
	if err == nil {
		t.Error("listens on a port in use")
	}
}

func TestCloseRefusesWhatComesAfter(t *testing.T) {
	s := start(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); !errors.Is(err, ErrClosed) {
		t.Errorf("Start after Close: %v", err)
	}
	conn, far := net.Pipe()
	defer far.Close()
	s.admit(conn)
	ends(t, far)
}

// FuzzBroker throws bytes at a connection, first bare and then signed in.
func FuzzBroker(f *testing.F) {
	f.Add(connectBytes("t-anna", "a"))
	f.Add(subscribeBytes(endpointTopic("anna")))
	f.Add(packet(0xa2, []byte{0, 2}, text(endpointTopic("anna"))))
	f.Add([]byte{0x40, 2, 0, 1, 0xc0, 0, 0xe0, 0})
	f.Add(packet(0x32, text("a"), []byte{0, 1}, []byte("x")))
	f.Add(packet(0x10, text("MQTT"), []byte{5, 0xc6, 0, 60, 5, 0x11, 0, 0, 0, 1}, text("a")))
	f.Add([]byte{0xf0, 0, 0x10, 0xff, 0xff, 0xff, 0xff})
	m := newMemory()
	m.add("anna-1", numbers(0, 100)...)
	var faults bytes.Buffer
	b, err := New(Config{Authenticate: m.authenticate, Owns: m.owns, Journal: m,
		Logger: slog.New(slog.NewTextHandler(&faults, &slog.HandlerOptions{Level: slog.LevelError}))})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { b.Close() })
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, before := range [][]byte{nil, connectBytes("t-anna", "a")} {
			conn, far := net.Pipe()
			l, err := b.open(conn)
			if err != nil {
				t.Fatal(err)
			}
			go b.signUp(l)
			go io.Copy(io.Discard, far)
			far.SetWriteDeadline(time.Now().Add(hang))
			far.Write(append(bytes.Clone(before), data...))
			far.Close()
			done := make(chan struct{})
			go func() {
				defer close(done)
				b.ended.Wait() // no other connection is there
			}()
			select {
			case <-done:
			case <-time.After(hang):
				t.Fatal("the connection lives on")
			}
		}
		if faults.Len() > 0 {
			t.Fatal(faults.String())
		}
	})
}

func TestHandlerRefusesPlainHTTP(t *testing.T) {
	s := start(t)
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/ws", nil))
	if w.Code != 426 {
		t.Errorf("status %d, want 426", w.Code)
	}
}
