package broker

import (
	"bufio"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// clientKey is what an MQTT client id means here: ids of different users never
// meet, so nobody takes over another's connection.
type clientKey struct{ organization, user, id string }

// link is one connection. An idle one costs its goroutine, its small buffer and
// what is here.
type link struct {
	broker *Broker
	conn   net.Conn
	number uint64 // later connections have greater ones

	// Set by connect, before anything else sees the link.
	level          byte
	client         string // its id
	organization   string
	keepAlive      time.Duration // how long it may be silent; 0: for ever
	receiveMaximum int           // packets that it takes unacknowledged
	maximumPacket  int           // bytes that it takes in a packet

	// Touched by the goroutine that reads alone.
	in       *bufio.Reader
	readBy   time.Time
	answered bool // a refusal was told

	// Guarded by broker.mu once signed in.
	session  Session
	signedIn bool
	expiry   *time.Timer
	waiting  bool // counts in broker.unsigned

	writing sync.Mutex // held while one packet or several are written
	writeBy time.Time  // the deadline; guarded by writing

	mu       sync.Mutex  // guards what follows and the pumps; never held across a write
	over     atomic.Bool // cut; set under mu, read without
	pumps    []*pump     // of one endpoint each
	unacked  int         // of all pumps
	packetID uint16
}

// grant is a topic that a SUBSCRIBE was given.
type grant struct {
	topic, endpoint string
	qos             byte
}

// write sends whole packets. A client that does not take them within writeWait,
// or twice that, is cut: the deadline is not moved each time.
func (l *link) write(p []byte) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	if l.over.Load() {
		return net.ErrClosed
	}
	if now := time.Now(); l.writeBy.Sub(now) < l.broker.writeWait {
		l.writeBy = now.Add(2 * l.broker.writeWait)
		if err := l.conn.SetWriteDeadline(l.writeBy); err != nil {
			return err
		}
	}
	_, err := l.conn.Write(p)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		l.cut(errUnread)
	default:
		l.cut(errHungUp)
	}
	return err
}

// cut ends the connection; its goroutines notice by themselves. A client of
// MQTT 5 is told why if it takes that at once; 3.1.1 has no packet for it. It
// does not block.
func (l *link) cut(why *reason) {
	l.mu.Lock()
	if l.over.Load() {
		l.mu.Unlock()
		return
	}
	l.over.Store(true)
	told := l.level == level5 && !l.answered && why != errUnread && why != errHungUp
	if told {
		l.broker.ended.Add(1) // the link itself still counts: dismiss has passed here, or will
	}
	l.mu.Unlock()
	level := slog.LevelDebug
	if why == errUnread || why == errUnacked {
		level = slog.LevelInfo
	}
	l.broker.log.Log(l.broker.life, level, "mqtt connection ends", "connection", l.number, "reason", why.text)
	if !told {
		l.conn.Close()
		return
	}
	go func() {
		defer l.broker.ended.Done()
		defer l.conn.Close()
		if l.conn.SetWriteDeadline(time.Now().Add(farewellWait)) != nil {
			return
		}
		_, _ = l.conn.Write(appendDisconnect(nil, why)) // it is cut all the same
	}()
}

// open counts a new connection in; signUp must follow.
func (b *Broker) open(conn net.Conn) (*link, error) {
	select {
	case b.unsigned <- struct{}{}:
	default:
		return nil, fmt.Errorf("too many connections have not signed in")
	}
	l := &link{conn: conn, broker: b, number: b.numbers.Add(1), waiting: true, in: bufio.NewReaderSize(conn, readBuffer)}
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

// dismiss forgets a connection and waits for its pumps.
func (b *Broker) dismiss(l *link) {
	defer b.ended.Done()
	l.cut(errHungUp)
	l.advance()
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
	pumps := l.pumps
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

// signIn gives a connection its place, unless its right has ended meanwhile. An
// older connection of the same user with the same client id is cut (section
// 3.1.4 of 3.1.1).
func (b *Broker) signIn(l *link) *reason {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.counted(l)
	if !b.cfg.Valid(l.session) {
		return errRight
	}
	l.signedIn = true
	if other := b.byClient[l.key()]; other != nil && other.number > l.number {
		l.cut(errTakenOver)
	} else {
		if other != nil {
			other.cut(errTakenOver)
		}
		b.byClient[l.key()] = l
	}
	l.expiry = time.AfterFunc(l.session.Expires.Sub(b.cfg.Now()), func() { l.cut(errExpired) })
	return nil
}
