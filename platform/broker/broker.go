// Package broker is the MQTT front (3.1, 3.1.1 and 5) over TCP and WebSocket, by
// which endpoints receive their events at QoS 1. Clients publish nothing, so it
// speaks the packets of subscribers alone, and refuses the others.
//
// It owns connections and deliveries, and keeps no session: what an endpoint
// has not acknowledged yet is read again from the Journal, past the endpoint's
// cursor, after every connect and subscribe.
//
// Each connection is read by one goroutine. Each endpoint subscribed to on it
// has one pump, whose goroutine runs while there is something to write. A write
// has a deadline and no lock but the connection's own is held across it, so a
// client that does not read delays nobody else. The package knows nothing of
// conferences, OAuth or HTTP routes.
package broker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds of what clients may take.
const (
	maxConnect       = 16 << 10         // bytes of CONNECT
	maxPacket        = 64 << 10         // bytes, from a client that has signed in
	maxWrite         = 16 << 10         // bytes that one write hands to the socket, or one event more
	readBuffer       = 256              // bytes; more are read in several turns
	maxUnsigned      = 1024             // connections that have not signed in
	maxConnections   = 16384            // all
	maxSubscriptions = 8                // of one connection
	maxNotices       = 8                // that wait for one endpoint
	window           = 64               // deliveries that one pump leaves unacknowledged
	connectWait      = 10 * time.Second // for CONNECT
	writeWait        = 5 * time.Second  // for one write at least; at most twice that
	farewellWait     = time.Second      // for the packet that tells why
	ackWait          = time.Minute      // for one acknowledgement
)

// ErrClosed tells that the broker was closed.
var ErrClosed = errors.New("broker is closed")

// Session is who a connection belongs to.
type Session struct {
	Organization, UserID string
	Expires              time.Time // the connection is cut then
	Access               any       // by what right it is there, in words that only the caller knows
}

// Entry is a journal row: one event for the endpoint it was read for.
type Entry struct {
	Seq  int64
	Body []byte // JSON, delivered as it is
}

// Journal holds the events of endpoints and how far each endpoint has got.
type Journal interface {
	// After returns up to limit rows past the cursor, in order.
	After(ctx context.Context, organization, endpointID string, cursor int64, limit int) ([]Entry, error)
	Cursor(ctx context.Context, endpointID string) (int64, error)
	// Advance moves the cursor. It may lag, which only repeats events, and must
	// not wait for the disk.
	Advance(ctx context.Context, endpointID string, seq int64) error
}

// Config holds what a Broker works with; all but Listen and Now are required.
type Config struct {
	Listen string // TCP host:port, 0 takes a free port; empty: WebSocket only
	// Authenticate returns the session of an access token.
	Authenticate func(ctx context.Context, token string) (Session, error)
	// Owns returns nil when the endpoint is registered and the session's own.
	Owns func(ctx context.Context, s Session, endpointID string) error
	// Valid tells whether a session's right has not ended meanwhile. It is asked
	// with the broker locked, so that of a right that ends either Cut finds the
	// connection or the connection finds the end. nil: none ever ends.
	Valid   func(Session) bool
	Journal Journal
	Logger  *slog.Logger
	Now     func() time.Time // time.Now when nil
}

// Broker is the running front. Its methods are safe for concurrent use.
type Broker struct {
	cfg Config
	log *slog.Logger
	tcp net.Listener // nil without Listen

	unsigned chan struct{} // one token per connection that has not signed in
	numbers  atomic.Uint64 // of connections
	buffers  sync.Pool     // of *[]byte, to write from

	connectWait, writeWait, ackWait time.Duration

	life  context.Context // ends with Close; of connections and pumps
	stop  context.CancelFunc
	ended sync.WaitGroup

	mu        sync.Mutex
	closed    bool
	links     map[*link]struct{}
	byClient  map[clientKey]*link // the connection that holds a client id
	endpoints map[string]*pump    // the pump that serves an endpoint
}

// New checks the configuration and opens the TCP listener; Start accepts on it.
func New(cfg Config) (*Broker, error) {
	switch {
	case cfg.Authenticate == nil, cfg.Owns == nil, cfg.Journal == nil, cfg.Logger == nil:
		return nil, errors.New("broker: Authenticate, Owns, Journal and Logger are required")
	case cfg.Now == nil:
		cfg.Now = time.Now
	}
	if cfg.Valid == nil {
		cfg.Valid = func(Session) bool { return true }
	}
	b := &Broker{cfg: cfg, log: cfg.Logger, unsigned: make(chan struct{}, maxUnsigned), connectWait: connectWait, writeWait: writeWait, ackWait: ackWait,
		buffers: sync.Pool{New: func() any { return new([]byte) }},
		links:   map[*link]struct{}{}, byClient: map[clientKey]*link{}, endpoints: map[string]*pump{}}
	if cfg.Listen != "" {
		var err error
		if b.tcp, err = net.Listen("tcp", cfg.Listen); err != nil {
			return nil, fmt.Errorf("broker: %w", err)
		}
	}
	b.life, b.stop = context.WithCancel(context.Background())
	return b, nil
}

// Addr returns the real TCP address, or nil without one.
func (b *Broker) Addr() net.Addr {
	if b.tcp == nil {
		return nil
	}
	return b.tcp.Addr()
}

// Start begins to accept TCP connections and returns.
func (b *Broker) Start() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return ErrClosed
	}
	if b.tcp != nil {
		b.ended.Add(1)
		go b.accept()
	}
	return nil
}

// Close cuts all connections and returns when their goroutines have ended.
func (b *Broker) Close() error {
	b.mu.Lock()
	first := !b.closed
	b.closed = true
	links := b.matching(func(*link) bool { return true })
	b.mu.Unlock()
	b.stop()
	var err error
	if first && b.tcp != nil {
		err = b.tcp.Close()
	}
	for _, l := range links {
		l.cut(errClosing)
	}
	b.ended.Wait()
	return err
}

func (b *Broker) accept() {
	defer b.ended.Done()
	for {
		conn, err := b.tcp.Accept()
		if err != nil {
			if b.life.Err() != nil {
				return
			}
			// Out of file descriptors, most likely: wait for some to close.
			b.log.Warn("connection is not accepted", "err", err)
			t := time.NewTimer(100 * time.Millisecond)
			select {
			case <-t.C:
			case <-b.life.Done():
			}
			t.Stop()
			continue
		}
		b.admit(conn)
	}
}

// admit serves a connection in a goroutine of its own, or closes it when too
// many wait to sign in.
func (b *Broker) admit(conn net.Conn) {
	l, err := b.open(conn)
	if err != nil {
		conn.Close()
		return
	}
	go b.signUp(l)
}

// Wake tells that the journal has news for these endpoints. It does not block.
func (b *Broker) Wake(endpointIDs []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, id := range endpointIDs {
		if p := b.endpoints[id]; p != nil {
			p.signal()
		}
	}
}

// Notify sends a message that is worth something now only, such as a keep-alive
// reminder, to an endpoint if it is connected. It does not block; when a few
// wait already the oldest of them is dropped.
func (b *Broker) Notify(endpointID string, body []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p := b.endpoints[endpointID]; p != nil {
		p.notify(body)
	}
}

// Cut ends the connections of the sessions that match, such as those of a
// revoked token. match must not call the broker.
func (b *Broker) Cut(match func(Session) bool) {
	b.mu.Lock()
	links := b.matching(func(l *link) bool { return l.signedIn && match(l.session) })
	b.mu.Unlock()
	for _, l := range links {
		l.cut(errRevoked)
	}
}

// Renew gives the connection that serves an endpoint another session of the same
// user, unless that ends earlier: its access token was renewed, and proven elsewhere.
func (b *Broker) Renew(endpointID string, s Session) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.endpoints[endpointID]
	if p == nil || p.link.session.Organization != s.Organization || p.link.session.UserID != s.UserID ||
		s.Expires.Before(p.link.session.Expires) || !b.cfg.Valid(s) {
		return
	}
	p.link.session = s
	p.link.expiry.Reset(s.Expires.Sub(b.cfg.Now()))
}

// CutEndpoint ends the connection that serves an endpoint.
func (b *Broker) CutEndpoint(endpointID string) {
	b.mu.Lock()
	p := b.endpoints[endpointID]
	b.mu.Unlock()
	if p != nil {
		p.link.cut(errGone)
	}
}

// matching returns the links that match. The caller holds mu.
func (b *Broker) matching(match func(*link) bool) []*link {
	var out []*link
	for l := range b.links {
		if match(l) {
			out = append(out, l)
		}
	}
	return out
}
