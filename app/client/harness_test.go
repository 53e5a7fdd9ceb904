package client

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"guichet/platform/server"
	"guichet/platform/wire"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hang is how long anything may take before a test counts as hung.
const hang = 60 * time.Second

// host is a real server in this process, which can be stopped and started
// again with the same data and ports.
type host struct {
	t      *testing.T
	config server.Config
	stop   func()
	wire.Ready
}

func startServer(t *testing.T) *host {
	t.Helper()
	return startServerWith(t, func(*server.Config) {})
}

func startServerWith(t *testing.T, change func(*server.Config)) *host {
	t.Helper()
	h := &host{t: t, config: server.Config{Dev: true, Data: t.TempDir(), Listen: "127.0.0.1:0", MQTTListen: "127.0.0.1:0", MediaListen: "127.0.0.1:0", TURNListen: "127.0.0.1:0"}}
	change(&h.config)
	h.start()
	t.Cleanup(func() { h.stop() })
	h.config.Listen, h.config.MQTTListen = strings.TrimPrefix(h.URL, "http://"), h.MQTT
	h.config.MediaListen, h.config.TURNListen = h.Media, h.TURN
	return h
}

func (h *host) start() {
	h.t.Helper()
	s, err := server.New(context.Background(), h.config)
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan wire.Ready, 1), make(chan error, 1)
	go func() { ended <- s.Run(ctx, func(r wire.Ready) { ready <- r }) }()
	h.stop = func() {
		h.stop = func() {}
		cancel()
		if err := <-ended; err != nil {
			h.t.Error(err)
		}
		if err := s.Close(); err != nil {
			h.t.Error(err)
		}
	}
	r := <-ready
	if h.URL == "" {
		h.Ready = r
	}
}

// tokens gives tokens of the demo application, a new one whenever asked.
type tokens struct {
	url  string
	hc   *http.Client
	mu   sync.Mutex
	dead bool
	made int
}

func (k *tokens) token(ctx context.Context) (string, error) {
	k.mu.Lock()
	dead := k.dead
	k.made++
	k.mu.Unlock()
	if dead {
		return "", ErrSignedOut
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"test"}, "client_secret": {"secret"}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, k.url+"/security/oauth/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := k.hc.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return "", err
	}
	var t wire.Token
	return t.AccessToken, json.Unmarshal(body, &t)
}

func (k *tokens) die() { k.mu.Lock(); k.dead = true; k.mu.Unlock() }

// member is a client with a connection and a call, recorded.
type member struct {
	t      *testing.T
	client *Client
	tokens *tokens
	link   *Connection
	call   *Call
	out    *Outgoing
	mark   byte // first byte of every payload sent
	staff  bool
	stop   func()

	mu     sync.Mutex
	state  CallState
	status Status
	heard  map[byte]int // packets by mark

	said      []string
	files     []wire.FileTransfer
	snapshots map[string]wire.Snapshot
	pictured  int
	cameras   []wire.SnapshotEvent

	conferenceID string
	news         chan struct{}
}

// enter makes a member, by way of an address that may be a proxy's.
func enter(t *testing.T, h *host, address string, mark byte) *member {
	t.Helper()
	return enterBy(t, h, address, mark, &http.Transport{ExpectContinueTimeout: hang})
}

func enterBy(t *testing.T, h *host, address string, mark byte, by http.RoundTripper) *member {
	t.Helper()
	return enterWith(t, h, address, mark, by, nil)
}

// enterWith makes one with tokens of its own.
func enterWith(t *testing.T, h *host, address string, mark byte, by http.RoundTripper, token func(context.Context) (string, error)) *member {
	t.Helper()
	hc := &http.Client{Transport: by}
	m := &member{t: t, mark: mark, heard: map[byte]int{}, snapshots: map[string]wire.Snapshot{}, news: make(chan struct{}), tokens: &tokens{url: h.URL, hc: hc}}
	var err error
	if token == nil {
		token = m.tokens.token
	}
	if m.client, err = New(Config{Server: address, HTTP: hc, Token: token}); err != nil {
		t.Fatal(err)
	}
	if m.out, err = NewOutgoing(); err != nil {
		t.Fatal(err)
	}
	m.link = m.client.Connect(ConnectionConfig{OnStatus: func(s Status) { m.change(func() { m.status = s }) }})
	ctx, cancel := context.WithCancel(context.Background())
	var sending sync.WaitGroup
	sending.Go(func() { m.send(ctx) })
	m.stop = sync.OnceFunc(func() {
		cancel()
		sending.Wait()
		if m.call != nil {
			m.call.Close()
		}
		m.link.Close()
		hc.CloseIdleConnections()
	})
	t.Cleanup(m.stop)
	return m
}

// send sends a packet of sound every 20 ms, as a microphone does.
func (m *member) send(ctx context.Context) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for n := uint16(0); ; n++ {
		select {
		case <-tick.C:
			p := &rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: n, Timestamp: uint32(n) * 960}, Payload: []byte{m.mark, byte(n), 3}}
			_ = m.out.WriteAudio(p) // nobody is connected yet, or not any more
		case <-ctx.Done():
			return
		}
	}
}

func (m *member) join(conference string) *member {
	m.t.Helper()
	call, err := m.link.Join(CallConfig{Conference: conference, Metadata: wire.ParticipantMetadata{Name: string(m.mark)}, Send: m.out, Staff: m.staff,
		Receive:   func(Incoming) (Receiver, error) { return ear{m}, nil },
		OnState:   func(s CallState) { m.change(func() { m.state = s }) },
		OnMessage: func(c wire.ChatMessage) { m.change(func() { m.said = append(m.said, c.Text) }) },
		OnFile:    func(f wire.FileTransfer) { m.change(func() { m.files = append(m.files, f) }) },
		OnSnapshot: func(s wire.Snapshot) {
			m.change(func() { m.snapshots[s.SnapshotID] = s; m.pictured++ })
		},
		OnCamera: func(e wire.SnapshotEvent) { m.change(func() { m.cameras = append(m.cameras, e) }) }})
	if err != nil {
		m.t.Fatal(err)
	}
	m.call, m.conferenceID = call, conference
	return m
}

func (m *member) change(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f()
	close(m.news)
	m.news = make(chan struct{})
}

// until waits for something to become true of the member.
func (m *member) until(what string, fits func(*member) bool) {
	m.t.Helper()
	deadline := time.After(hang)
	for {
		m.mu.Lock()
		ok, news := fits(m), m.news
		state, status, heard := m.state, m.status, m.heard
		m.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-news:
		case <-deadline:
			m.t.Fatalf("never: %s\nstate %+v\nstatus %+v\nheard %v", what, state, status, heard)
		}
	}
}

// hears waits for so many more packets of somebody.
func (m *member) hears(mark byte, more int) {
	m.t.Helper()
	m.mu.Lock()
	from := m.heard[mark]
	m.mu.Unlock()
	m.until(string(mark)+" is heard", func(m *member) bool { return m.heard[mark] >= from+more })
}

// now returns the newest state.
func (m *member) now() CallState {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state
}

func (m *member) sent() []wire.FileTransfer {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.files
}

func (m *member) snapshot(id string) wire.Snapshot {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.snapshots[id]
}

// steps returns how many steps of snapshots were told.
func (m *member) steps() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.pictured
}

func (m *member) conference() string {
	m.t.Helper()
	s, err := m.client.CreateConference(m.t.Context(), wire.CreateConference{})
	if err != nil {
		m.t.Fatal(err)
	}
	return s.ID
}

// ear counts what is received.
type ear struct{ m *member }

func (e ear) Packet(_ webrtc.RTPCodecType, p *rtp.Packet) {
	if len(p.Payload) > 0 {
		e.m.change(func() { e.m.heard[p.Payload[0]]++ })
	}
}
func (ear) SenderReport(webrtc.RTPCodecType, uint64, uint32) {}
func (ear) Close()                                           {}

// proxy stands between a client and the server's HTTP port, and can break.
type proxy struct {
	listener net.Listener
	target   string
	done     sync.WaitGroup

	mu     sync.Mutex
	broken bool
	conns  map[net.Conn]struct{}
}

func startProxy(t *testing.T, h *host) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, target: strings.TrimPrefix(h.URL, "http://"), conns: map[net.Conn]struct{}{}}
	p.done.Go(p.serve)
	t.Cleanup(func() {
		l.Close()
		p.setBroken(true)
		p.done.Wait()
	})
	return p
}

func (p *proxy) url() string { return "http://" + p.listener.Addr().String() }

// dial reaches the server through the proxy, whatever address is asked for.
func (p *proxy) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, network, p.listener.Addr().String())
}

func (p *proxy) serve() {
	for {
		in, err := p.listener.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", p.target)
		if err != nil || !p.add(in, out) {
			in.Close()
			if err == nil {
				out.Close()
			}
			continue
		}
		for _, pair := range [][2]net.Conn{{in, out}, {out, in}} {
			p.done.Go(func() {
				_, _ = io.Copy(pair[0], pair[1])
				in.Close()
				out.Close()
			})
		}
	}
}

func (p *proxy) add(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.broken {
		return false
	}
	for _, c := range conns {
		p.conns[c] = struct{}{}
	}
	return true
}

// setBroken cuts what is open and refuses what comes, until it is mended.
func (p *proxy) setBroken(broken bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.broken = broken
	if broken {
		for c := range p.conns {
			c.Close()
		}
		clear(p.conns)
	}
}
