package broker

import (
	"fmt"
	"net"
	"runtime/debug"
	"sync"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// clientKey is what an MQTT client id means here: ids of different users never
// meet, so nobody takes over another's connection.
type clientKey struct{ organization, user, id string }

// link is one connection. It stands between the library and the socket: the
// library's deadlines become read deadlines, and every write has one of its own.
type link struct {
	net.Conn
	broker *Broker
	number uint64 // later connections have greater ones
	id     string // made of it; the client id that the library sees
	client string // as the client sent it

	refusal *packets.Code // why CONNECT is going to be refused

	// Guarded by broker.mu.
	session  Session
	signedIn bool
	expiry   *time.Timer
	waiting  bool // counts in broker.unsigned

	once sync.Once

	mu       sync.Mutex // guards what follows; never held across a write
	pumps    map[string]*pump
	granted  []grant // by the SUBSCRIBE that is being answered
	packetID uint16
	flying   map[uint16]*delivery
}

// grant is a topic that a SUBSCRIBE was given.
type grant struct {
	topic, endpoint string
	qos             byte
}

// SetDeadline is the library's keep-alive; it concerns reading alone.
func (l *link) SetDeadline(t time.Time) error { return l.Conn.SetReadDeadline(t) }

// Write sends p within writeWait or not at all. The library and the pumps each
// hand in whole packets.
func (l *link) Write(p []byte) (int, error) {
	if err := l.Conn.SetWriteDeadline(time.Now().Add(writeWait)); err != nil {
		return 0, err
	}
	n, err := l.Conn.Write(p)
	if err != nil {
		l.cut("write")
	}
	return n, err
}

// Close is the library's way to cut.
func (l *link) Close() error {
	l.cut("client")
	return nil
}

// cut ends the connection at once; its goroutines notice by themselves. MQTT
// 3.1.1 has no packet to tell the client why.
func (l *link) cut(why string) {
	l.once.Do(func() {
		l.broker.log.Debug("mqtt connection ends", "connection", l.id, "reason", why)
		l.Conn.Close()
	})
}

// open counts a new connection in; serve must follow.
func (b *Broker) open(conn net.Conn) (*link, error) {
	select {
	case b.unsigned <- struct{}{}:
	default:
		return nil, fmt.Errorf("too many connections have not signed in")
	}
	n := b.numbers.Add(1)
	l := &link{Conn: conn, broker: b, number: n, id: fmt.Sprintf("c%d", n), waiting: true,
		pumps: map[string]*pump{}, flying: map[uint16]*delivery{}}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || len(b.links) >= maxConnections {
		<-b.unsigned
		return nil, ErrClosed
	}
	b.links[l] = struct{}{}
	b.ended.Add(1)
	return l, nil
}

// serve runs a connection to its end.
func (b *Broker) serve(l *link) {
	defer b.ended.Done()
	defer b.dismiss(l)
	defer func() {
		// The library parses what strangers send; a fault in it must cost no
		// more than this connection.
		if v := recover(); v != nil {
			b.log.Error("mqtt connection panicked", "connection", l.id, "panic", v, "stack", string(debug.Stack()))
		}
	}()
	if err := l.SetReadDeadline(time.Now().Add(connectWait)); err != nil {
		return
	}
	if err := b.front.EstablishConnection(frontID, l); err != nil {
		b.log.Debug("mqtt connection ended", "connection", l.id, "err", err)
	}
}

// dismiss forgets a connection and waits for its pumps.
func (b *Broker) dismiss(l *link) {
	l.cut("ended")
	b.front.Clients.Delete(l.id)
	b.mu.Lock()
	delete(b.links, l)
	if k := l.key(); b.byClient[k] == l {
		delete(b.byClient, k)
	}
	if l.expiry != nil {
		l.expiry.Stop()
	}
	b.counted(l)
	b.mu.Unlock()
	l.mu.Lock()
	pumps := make([]*pump, 0, len(l.pumps))
	for _, p := range l.pumps {
		pumps = append(pumps, p)
	}
	l.mu.Unlock()
	for _, p := range pumps {
		p.end()
	}
}

func (l *link) key() clientKey { return clientKey{l.session.Organization, l.session.UserID, l.client} }

// owner is the session as it is now; Renew may change it.
func (l *link) owner() Session {
	l.broker.mu.Lock()
	defer l.broker.mu.Unlock()
	return l.session
}

// counted ends a connection's place among those that have not signed in. The
// caller holds b.mu.
func (b *Broker) counted(l *link) {
	if l.waiting {
		l.waiting = false
		<-b.unsigned
	}
}

// signIn binds a session to a connection. An older connection of the same user
// with the same client id is cut (MQTT 3.1.1, section 3.1.4).
func (b *Broker) signIn(l *link, s Session) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.counted(l)
	l.session, l.signedIn = s, true
	if !b.cfg.Valid(s) {
		l.cut("access ended")
	}
	if other := b.byClient[l.key()]; other != nil && other.number > l.number {
		l.cut("taken over")
	} else {
		if other != nil {
			other.cut("taken over")
		}
		b.byClient[l.key()] = l
	}
	l.expiry = time.AfterFunc(s.Expires.Sub(b.cfg.Now()), func() { l.cut("token expired") })
}

// linkOf returns the connection that a library client stands for.
func linkOf(cl *mqtt.Client) *link { return cl.Net.Conn.(*link) }
