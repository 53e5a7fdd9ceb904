package broker

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"guichet/platform/wire"
)

// signUp reads CONNECT and answers it. It runs in a goroutine of its own, which
// ends then: checking a token takes a deeper stack than what follows.
func (b *Broker) signUp(l *link) {
	ok := false
	defer func() {
		if v := recover(); v != nil {
			b.panicked(l, v)
		}
		if ok {
			go b.serve(l)
		} else {
			b.dismiss(l)
		}
	}()
	if err := l.connect(); err != nil {
		l.cut(causeOf(err))
		return
	}
	ok = true
}

// serve runs a connection that has signed in to its end.
func (b *Broker) serve(l *link) {
	defer b.dismiss(l)
	defer func() {
		if v := recover(); v != nil {
			b.panicked(l, v)
		}
	}()
	for {
		if err := l.step(); err != nil {
			l.cut(causeOf(err))
			return
		}
	}
}

// panicked reports a fault in the handling of what strangers send, which must
// cost no more than this connection.
func (b *Broker) panicked(l *link, v any) {
	b.log.Error("mqtt connection panicked", "connection", l.number, "panic", v, "stack", string(debug.Stack()))
}

// causeOf is the reason behind an error of reading or writing.
func causeOf(err error) *reason {
	var r *reason
	switch {
	case errors.As(err, &r):
		return r
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errSilent
	default:
		return errHungUp
	}
}

// connect reads CONNECT, signs the connection in and answers.
func (l *link) connect() error {
	if err := l.conn.SetReadDeadline(time.Now().Add(l.broker.connectWait)); err != nil {
		return err
	}
	head, body, err := l.read(maxConnect)
	if err != nil {
		return err
	}
	if head != headConnect {
		return errProtocol
	}
	c, err := decodeConnect(body)
	if err != nil && err != errLevel {
		return err
	}
	l.level, l.client = c.level, c.clientID
	l.keepAlive = time.Duration(c.keepAlive) * time.Second * 3 / 2 // section 3.1.2.10
	l.receiveMaximum, l.maximumPacket = int(c.receiveMaximum), int(c.maximumPacket)
	assigned := ""
	if c.clientID == "" {
		assigned = "c" + strconv.FormatUint(l.number, 10)
		l.client = assigned
	}
	refusal := l.admit(c, err)
	if refusal == nil {
		refusal = l.broker.signIn(l)
	}
	if err := l.write(appendConnack(nil, c.level, refusal, assigned, c.sessionExpiry > 0)); err != nil {
		return err
	}
	if refusal != nil {
		l.answered = true // CONNACK has told why
		return refusal
	}
	return l.conn.SetReadDeadline(time.Time{})
}

// admit decides on CONNECT, and learns who the connection belongs to.
func (l *link) admit(c connectPacket, fault error) *reason {
	switch {
	case fault != nil:
		return errLevel
	case c.authMethod:
		return errAuthMethod
	case c.clientID == "" && !c.clean && c.level != level5: // section 3.1.3-8 of 3.1.1
		return errClientID
	case c.will: // clients publish nothing
		return errRight
	case c.user == "":
		return errLogin
	}
	var ok bool
	if l.session, ok = l.broker.authenticate(c.user, c.password); !ok {
		return errRight
	}
	l.organization = l.session.Organization
	return nil
}

// authenticate accepts the token as the user name, with any password, or as the
// password of the user that it was issued to.
func (b *Broker) authenticate(name, password string) (Session, bool) {
	ctx, cancel := context.WithTimeout(b.life, connectWait)
	defer cancel()
	if password != "" {
		if s, err := b.cfg.Authenticate(ctx, password); err == nil && s.UserID == name {
			return s, s.Expires.After(b.cfg.Now())
		}
	}
	s, err := b.cfg.Authenticate(ctx, name)
	return s, err == nil && s.Expires.After(b.cfg.Now())
}

// step reads one packet and does what it asks. The error ends the connection.
func (l *link) step() error {
	if l.in.Buffered() == 0 {
		l.advance()
	}
	if err := l.expect(); err != nil {
		return err
	}
	head, body, err := l.read(maxPacket)
	if err != nil {
		return err
	}
	switch head {
	case headPuback:
		id, err := decodePuback(l.level, body)
		if err != nil {
			return err
		}
		l.acknowledge(id)
		return nil
	case headPingreq:
		if len(body) > 0 {
			return errMalformed
		}
		return l.write([]byte{headPingresp, 0})
	case headSubscribe:
		id, filters, err := decodeSubscribe(l.level, body)
		if err != nil {
			return err
		}
		return l.subscribe(id, filters)
	case headUnsubscribe:
		id, topics, err := decodeUnsubscribe(l.level, body)
		if err != nil {
			return err
		}
		codes := make([]byte, len(topics))
		for i, t := range topics {
			if !l.unsubscribe(t) {
				codes[i] = unsubackNone
			}
		}
		return l.write(appendUnsuback(nil, l.level, id, codes))
	case headDisconnect:
		return io.EOF
	}
	if head&0xf0 == headPublish {
		return errPublish // nobody publishes here
	}
	return errProtocol // also the second CONNECT (section 3.1.0-2 of 3.1.1)
}

// expect gives the client time for its next packet. The deadline is moved a
// second at a time, so that not every packet costs one.
func (l *link) expect() error {
	if l.keepAlive == 0 {
		return nil
	}
	now := time.Now()
	if l.readBy.Sub(now) > l.keepAlive {
		return nil
	}
	l.readBy = now.Add(l.keepAlive + time.Second)
	return l.conn.SetReadDeadline(l.readBy)
}

// read returns the first byte of the next packet and what follows its length,
// which is valid until the next call.
func (l *link) read(limit int) (head byte, body []byte, err error) {
	if head, err = l.in.ReadByte(); err != nil {
		return 0, nil, err
	}
	n := 0
	for shift := 0; ; shift += 7 {
		if shift == 28 {
			return 0, nil, errMalformed
		}
		c, err := l.in.ReadByte()
		if err != nil {
			return 0, nil, err
		}
		n |= int(c&0x7f) << shift
		if c < 0x80 {
			break
		}
	}
	if n > limit {
		return 0, nil, errLarge
	}
	if n <= l.in.Size() {
		if body, err = l.in.Peek(n); err == nil {
			_, err = l.in.Discard(n)
		}
		return head, body, err
	}
	// Memory for what comes, not for what is promised.
	for len(body) < n && err == nil {
		from := len(body)
		body = append(body, make([]byte, min(n-from, max(from, 2<<10)))...)
		_, err = io.ReadFull(l.in, body[from:])
	}
	return head, body, err
}

// subscribe answers SUBSCRIBE and starts delivery to what it granted.
func (l *link) subscribe(id uint16, filters []filter) error {
	codes := make([]byte, len(filters))
	var granted []grant
	for i, f := range filters {
		g, code := l.grant(f, granted)
		if codes[i] = code; code <= 1 {
			granted = append(granted, g)
		}
	}
	// What a pump that runs already delivers from here on goes to the new topic
	// as well; other pumps wait for SUBACK.
	fresh := l.deliverTo(granted)
	if err := l.write(appendSuback(nil, l.level, id, codes)); err != nil {
		return err
	}
	l.broker.claim(l, fresh)
	return nil
}

// grant decides on one filter: a topic of one of the two forms, of an endpoint
// of the client's own, may be subscribed to.
func (l *link) grant(f filter, granted []grant) (grant, byte) {
	switch {
	case strings.HasPrefix(f.topic, "$share/"):
		return grant{}, subackShared
	case strings.ContainsAny(f.topic, "#+"):
		return grant{}, subackWildcard
	}
	owner := l.owner()
	user, endpoint, ok := wire.ParseTopic(f.topic)
	if !ok || user != "" && user != owner.UserID {
		return grant{}, subackRight
	}
	if !l.place(f.topic, granted) {
		return grant{}, subackQuota
	}
	ctx, cancel := context.WithTimeout(l.broker.life, connectWait)
	defer cancel()
	if err := l.broker.cfg.Owns(ctx, owner, endpoint); err != nil {
		return grant{}, subackRight
	}
	qos := min(f.qos, 1)
	return grant{topic: f.topic, endpoint: endpoint, qos: qos}, qos
}
