// Package relay is the STUN and TURN server (RFC 8489, RFC 8656) for callers
// whose network lets no direct media through.
//
// It owns its sockets, its short-lived credentials and their limits, and knows
// nothing of users, conferences or HTTP. A relay reaches the addresses of our
// own SFU and nothing else, whatever form the peer address takes, so it is no
// way into the network behind it. Its state is one map of live relays behind a
// mutex, touched by pion's goroutines.
package relay

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/logging"
	"github.com/pion/turn/v5"
	"golang.org/x/net/netutil"
)

const (
	realm = "guichet"
	// maxPerUser bounds the relays of one user: a publisher and a viewer
	// connection, each with a spare for an ICE restart.
	maxPerUser = 4
	// maxConnections bounds TCP connections, signed in or not.
	maxConnections = 2048
)

// Config is what a relay needs. All but Listen, Secret and Peers may be zero.
type Config struct {
	Listen    string           // host:port for UDP and TCP; port 0 takes one that is free for both
	Listeners []net.Listener   // more TURN listeners, such as the TLS port shared with HTTPS
	Secret    []byte           // keys the credentials, 32 bytes
	Peers     []netip.AddrPort // the SFU's media addresses: all that a relay may reach
	Now       func() time.Time
	Logger    *slog.Logger
}

// Relay is a running server.
type Relay struct {
	server *turn.Server
	addr   netip.AddrPort
	secret []byte
	now    func() time.Time
	peers  map[netip.AddrPort]bool
	hosts  map[netip.Addr]bool

	mu     sync.Mutex
	relays map[string]map[*relayed]bool // by user
}

// New starts a relay.
func New(c Config) (*Relay, error) {
	if len(c.Secret) < 32 {
		return nil, errors.New("relay: the secret must have 32 bytes")
	}
	if len(c.Peers) == 0 {
		return nil, errors.New("relay: no media address to relay to")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	r := &Relay{secret: c.Secret, now: c.Now, peers: map[netip.AddrPort]bool{}, hosts: map[netip.Addr]bool{},
		relays: map[string]map[*relayed]bool{}}
	for _, p := range c.Peers {
		host := p.Addr().Unmap()
		r.peers[netip.AddrPortFrom(host, p.Port())] = true
		r.hosts[host] = true
	}
	udp, tcp, err := listenBoth(c.Listen)
	if err != nil {
		return nil, fmt.Errorf("relay: %w", err)
	}
	r.addr = udp.LocalAddr().(*net.UDPAddr).AddrPort()
	permit := func(_ net.Addr, peer net.IP) bool {
		host, ok := netip.AddrFromSlice(peer)
		return ok && r.hosts[host.Unmap()]
	}
	listeners := append([]net.Listener{netutil.LimitListener(tcp, maxConnections)}, c.Listeners...)
	config := turn.ServerConfig{
		Realm:             realm,
		AuthHandler:       r.authenticate,
		QuotaHandler:      func(username, _ string, _ net.Addr) bool { return r.count(userOf(username)) < maxPerUser },
		LoggerFactory:     logFactory{c.Logger},
		PacketConnConfigs: []turn.PacketConnConfig{{PacketConn: udp, RelayAddressGenerator: generator{r}, PermissionHandler: permit}},
	}
	for _, l := range listeners {
		config.ListenerConfigs = append(config.ListenerConfigs,
			turn.ListenerConfig{Listener: l, RelayAddressGenerator: generator{r}, PermissionHandler: permit})
	}
	r.server, err = turn.NewServer(config)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("relay: %w", err), udp.Close(), tcp.Close())
	}
	return r, nil
}

// Addr is the address of the UDP and the TCP listener.
func (r *Relay) Addr() netip.AddrPort { return r.addr }

// Drop closes the relays of a user whose right to them has ended.
func (r *Relay) Drop(user string) {
	r.mu.Lock()
	conns := make([]io.Closer, 0, len(r.relays[user]))
	for c := range r.relays[user] {
		conns = append(conns, c)
	}
	r.mu.Unlock()
	for _, c := range conns {
		_ = c.Close() // the allocation's reader sees the end and frees the rest
	}
}

// Close ends every relay and listener.
func (r *Relay) Close() error { return r.server.Close() }

func (r *Relay) count(user string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.relays[user])
}

// listenBoth opens the same port for UDP and TCP.
func listenBoth(address string) (*net.UDPConn, net.Listener, error) {
	a, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		return nil, nil, err
	}
	const tries = 20 // a free UDP port is seldom taken for TCP
	for try := 1; ; try++ {
		udp, err := net.ListenUDP("udp", a)
		if err != nil {
			return nil, nil, err
		}
		tcp, err := net.Listen("tcp", udp.LocalAddr().String())
		if err == nil {
			return udp, tcp, nil
		}
		if e := udp.Close(); e != nil || a.Port != 0 || try == tries {
			return nil, nil, errors.Join(err, e)
		}
	}
}

// logFactory sends pion's errors to slog for whoever debugs: most of them are a
// stranger's malformed packets.
type logFactory struct{ log *slog.Logger }

func (f logFactory) NewLogger(scope string) logging.LeveledLogger {
	return logging.NewDefaultLeveledLoggerForScope(scope, logging.LogLevelError, slogWriter(f))
}

type slogWriter struct{ log *slog.Logger }

func (w slogWriter) Write(b []byte) (int, error) {
	w.log.Debug("relay", "line", string(b))
	return len(b), nil
}
