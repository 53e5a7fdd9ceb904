package broker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"go.uber.org/goleak"

	"guichet/platform/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hang is how long a test waits for what must come.
const hang = 20 * time.Second

// memory is a journal and a token service: the token "t-anna" is anna's, the
// endpoint "anna-1" is anna's, and so on.
type memory struct {
	lock    sync.Mutex
	rows    map[string][]Entry
	cursors map[string]int64
	moved   chan struct{} // closed and made anew when a cursor moves
	seq     int64
	expires time.Time
	broken  error
	queries int
}

func newMemory() *memory {
	return &memory{rows: map[string][]Entry{}, cursors: map[string]int64{}, moved: make(chan struct{}),
		expires: time.Now().Add(time.Hour)}
}

func (m *memory) add(endpoint string, bodies ...string) {
	m.lock.Lock()
	defer m.lock.Unlock()
	for _, b := range bodies {
		m.seq++
		m.rows[endpoint] = append(m.rows[endpoint], Entry{m.seq, []byte(b)})
	}
}

func (m *memory) After(_ context.Context, organization, endpoint string, cursor int64, limit int) ([]Entry, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.queries++
	if m.broken != nil {
		return nil, m.broken
	}
	if organization != "default" {
		return nil, fmt.Errorf("asked for organization %q", organization)
	}
	var out []Entry
	for _, e := range m.rows[endpoint] {
		if e.Seq > cursor && len(out) < limit {
			out = append(out, e)
		}
	}
	return out, nil
}

func (m *memory) Cursor(_ context.Context, endpoint string) (int64, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	return m.cursors[endpoint], nil
}

func (m *memory) Advance(_ context.Context, endpoint string, seq int64) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.cursors[endpoint] = max(m.cursors[endpoint], seq)
	close(m.moved)
	m.moved = make(chan struct{})
	return nil
}

// acknowledged waits until an endpoint's cursor is past its newest row.
func (m *memory) acknowledged(t testing.TB, endpoint string) {
	t.Helper()
	guard := time.After(hang)
	for {
		m.lock.Lock()
		rows := m.rows[endpoint]
		done := len(rows) == 0 || m.cursors[endpoint] >= rows[len(rows)-1].Seq
		moved := m.moved
		m.lock.Unlock()
		if done {
			return
		}
		select {
		case <-moved:
		case <-guard:
			t.Fatal("the cursor does not reach the end")
		}
	}
}

func (m *memory) authenticate(_ context.Context, token string) (Session, error) {
	user, ok := strings.CutPrefix(token, "t-")
	if !ok {
		return Session{}, errors.New("token is not valid")
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	return Session{Organization: "default", UserID: user, Access: "id-" + user, Expires: m.expires}, nil
}

func (m *memory) owns(_ context.Context, s Session, endpoint string) error {
	if !strings.HasPrefix(endpoint, s.UserID+"-") {
		return errors.New("not yours")
	}
	return nil
}

// server is a broker with both of its doors.
type server struct {
	*Broker
	*memory
	ws string
}

func start(t testing.TB) *server {
	t.Helper()
	return startWith(t, nil, func(*Broker) {})
}

// startWith runs a broker that is changed before it starts, with another journal
// than the memory's if there is one.
func startWith(t testing.TB, j Journal, change func(*Broker)) *server {
	t.Helper()
	m := newMemory()
	if j == nil {
		j = m
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	b, err := New(Config{Listen: "127.0.0.1:0", Authenticate: m.authenticate, Owns: m.owns, Journal: j, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	change(b)
	if err := b.Start(); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(b.Handler())
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		web.Close()
	})
	return &server{b, m, "ws" + strings.TrimPrefix(web.URL, "http") + "/ws"}
}

func (s *server) say(endpoint string, bodies ...string) {
	s.add(endpoint, bodies...)
	s.Wake([]string{endpoint})
}

// client is a real MQTT client that keeps what it received.
type client struct {
	paho.Client
	got  chan paho.Message
	lost chan error
}

type login struct{ name, password, id string }

func options(url string, l login) *paho.ClientOptions {
	o := paho.NewClientOptions().AddBroker(url).SetUsername(l.name).SetPassword(l.password).SetClientID(l.id)
	return o.SetAutoReconnect(false).SetConnectTimeout(hang).SetProtocolVersion(4).SetOrderMatters(true)
}

func connect(url string, l login) (*client, error) {
	c := &client{got: make(chan paho.Message, 4096), lost: make(chan error, 1)}
	o := options(url, l)
	o.SetConnectionLostHandler(func(_ paho.Client, err error) { c.lost <- err })
	c.Client = paho.NewClient(o)
	tok := c.Connect()
	if !tok.WaitTimeout(hang) {
		return nil, errors.New("no CONNACK")
	}
	return c, tok.Error()
}

func dial(t testing.TB, url string, l login) *client {
	t.Helper()
	c, err := connect(url, l)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Disconnect(0) })
	return c
}

func (s *server) tcp() string { return "tcp://" + s.Addr().String() }

// subscribe returns the code of SUBACK.
func (c *client) subscribe(t testing.TB, topic string, qos byte) byte {
	t.Helper()
	tok := c.Subscribe(topic, qos, func(_ paho.Client, m paho.Message) { c.got <- m }).(*paho.SubscribeToken)
	if !tok.WaitTimeout(hang) {
		t.Fatal("no SUBACK")
	}
	return tok.Result()[topic]
}

func (c *client) next(t testing.TB) paho.Message {
	t.Helper()
	select {
	case m := <-c.got:
		return m
	case err := <-c.lost:
		t.Fatalf("connection lost: %v", err)
	case <-time.After(hang):
		t.Fatal("nothing arrives")
	}
	return nil
}

// wants reads the bodies in order and fails on anything else.
func (c *client) wants(t testing.TB, bodies ...string) {
	t.Helper()
	for _, want := range bodies {
		if m := c.next(t); string(m.Payload()) != want {
			t.Fatalf("got %s on %s, want %s", m.Payload(), m.Topic(), want)
		}
	}
}

func (c *client) cutOff(t testing.TB) {
	t.Helper()
	select {
	case <-c.lost:
	case <-time.After(hang):
		t.Fatal("the connection lives on")
	}
}

func numbers(from, to int) []string {
	var out []string
	for i := from; i < to; i++ {
		out = append(out, fmt.Sprintf(`{"n":%d}`, i))
	}
	return out
}

// raw is a bare connection for what no good client does.
func raw(t testing.TB, s *server, user, id string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(hang))
	if _, err := conn.Write(connectBytes("t-"+user, id)); err != nil {
		t.Fatal(err)
	}
	ack := make([]byte, 4)
	if _, err := io.ReadFull(conn, ack); err != nil || ack[3] != 0 {
		t.Fatalf("CONNACK %v, %v", ack, err)
	}
	return conn
}

func text(s string) []byte { return append([]byte{byte(len(s) >> 8), byte(len(s))}, s...) }

func packet(first byte, body ...[]byte) []byte {
	var all []byte
	for _, b := range body {
		all = append(all, b...)
	}
	n := len(all)
	out := []byte{first}
	for {
		digit := byte(n % 128)
		if n /= 128; n > 0 {
			digit |= 128
		}
		out = append(out, digit)
		if n == 0 {
			return append(out, all...)
		}
	}
}

func connectBytes(name, id string) []byte {
	return packet(0x10, text("MQTT"), []byte{4, 0x82, 0, 60}, text(id), text(name))
}

func subscribeBytes(topic string) []byte { return packet(0x82, []byte{0, 1}, text(topic), []byte{1}) }

func endpointTopic(user string) string { return wire.EndpointTopic(user + "-1") }
