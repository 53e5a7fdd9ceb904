package broker

import (
	"context"
	"errors"
	"log/slog"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"guichet/platform/wire"
)

// frontID names our listener and our hook to the library.
const frontID = "guichet"

// errRefused ends a connection whose CONNECT was answered with a refusal.
var errRefused = errors.New("connect refused")

// newFront makes the library's server. It is not started: its event loop
// publishes $SYS topics, expires sessions and delays wills, none of which exist
// here. It must not log, since it would log whole packets.
func newFront(b *Broker) (*mqtt.Server, error) {
	caps := mqtt.NewDefaultServerCapabilities()
	caps.MaximumPacketSize = maxPacket
	caps.MaximumQos = 1
	caps.MaximumClientWritesPending = 1 // its queue is not used
	caps.RetainAvailable = 0
	caps.SharedSubAvailable = 0
	caps.WildcardSubAvailable = 0
	caps.TopicAliasMaximum = 0
	s := mqtt.New(&mqtt.Options{Capabilities: caps, Logger: slog.New(slog.DiscardHandler)})
	return s, s.AddHook(&hook{broker: b}, nil)
}

// hook is where the library asks us. Its methods run in the goroutine that
// reads the connection.
type hook struct {
	mqtt.HookBase
	broker *Broker
}

// ID names the hook.
func (h *hook) ID() string { return frontID }

// Provides tells which of the methods below the library calls.
func (h *hook) Provides(b byte) bool {
	switch b {
	case mqtt.OnPacketRead, mqtt.OnConnect, mqtt.OnConnectAuthenticate, mqtt.OnACLCheck, mqtt.OnSubscribe,
		mqtt.OnSubscribed, mqtt.OnUnsubscribe, mqtt.OnPacketProcessed:
		return true
	}
	return false
}

// OnPacketRead lets through what a client may send. The error cuts the
// connection: nobody publishes here.
func (h *hook) OnPacketRead(cl *mqtt.Client, pk packets.Packet) (packets.Packet, error) {
	l := linkOf(cl)
	switch pk.FixedHeader.Type {
	case packets.Connect:
		return l.adopt(pk)
	case packets.Puback:
		l.acknowledge(pk.PacketID)
	case packets.Subscribe, packets.Unsubscribe, packets.Pingreq, packets.Disconnect:
	default:
		return pk, packets.ErrRejectPacket
	}
	return pk, nil
}

// adopt rewrites CONNECT so that the library keeps no session and never lets
// one connection take over another: its client id is ours.
func (l *link) adopt(pk packets.Packet) (packets.Packet, error) {
	if l.client != "" || l.refusal != nil {
		return pk, packets.ErrRejectPacket // a second CONNECT (section 3.1.0-2)
	}
	l.client = pk.Connect.ClientIdentifier
	switch {
	case pk.ProtocolVersion > 4:
		l.refusal = &packets.ErrUnsupportedProtocolVersion
	case l.client == "" && !pk.Connect.Clean: // section 3.1.3-8
		l.refusal = &packets.ErrClientIdentifierNotValid
	case pk.Connect.WillFlag: // clients publish nothing
		l.refusal = &packets.Err3NotAuthorized
	}
	if l.client == "" {
		l.client = l.id
	}
	pk.Connect.ClientIdentifier = l.id
	pk.Connect.Clean = true
	if len(pk.Connect.Password) == 0 {
		pk.Connect.PasswordFlag = false // an empty password is allowed, but not by the library
	}
	return pk, nil
}

// OnConnect signs a connection in.
func (h *hook) OnConnect(cl *mqtt.Client, pk packets.Packet) error {
	l := linkOf(cl)
	if l.refusal == nil {
		s, code := h.broker.authenticate(string(pk.Connect.Username), string(pk.Connect.Password))
		if code == nil {
			h.broker.signIn(l, s)
			return nil
		}
		l.refusal = code
	}
	if err := h.broker.front.SendConnack(cl, *l.refusal, false, nil); err != nil {
		return err
	}
	return errRefused
}

// authenticate accepts the token as the user name, with any password, or as the
// password of the user that it was issued to.
func (b *Broker) authenticate(name, password string) (Session, *packets.Code) {
	if name == "" {
		return Session{}, &packets.ErrMalformedUsernameOrPassword
	}
	ctx, cancel := context.WithTimeout(b.life, connectWait)
	defer cancel()
	if password != "" {
		if s, err := b.cfg.Authenticate(ctx, password); err == nil && s.UserID == name {
			return b.admitted(s)
		}
	}
	s, err := b.cfg.Authenticate(ctx, name)
	if err != nil {
		return Session{}, &packets.Err3NotAuthorized
	}
	return b.admitted(s)
}

func (b *Broker) admitted(s Session) (Session, *packets.Code) {
	if !s.Expires.After(b.cfg.Now()) {
		return Session{}, &packets.Err3NotAuthorized
	}
	return s, nil
}

// OnConnectAuthenticate agrees: OnConnect has decided.
func (h *hook) OnConnectAuthenticate(*mqtt.Client, packets.Packet) bool { return true }

// OnACLCheck tells whether a client may subscribe to a topic: one of the two
// forms, of an endpoint of its own. write never comes, since PUBLISH is cut off
// before.
func (h *hook) OnACLCheck(cl *mqtt.Client, topic string, write bool) bool {
	if write {
		return false
	}
	l := linkOf(cl)
	owner := l.owner()
	user, endpoint, ok := wire.ParseTopic(topic)
	if !ok || user != "" && user != owner.UserID || !l.reserve(topic, endpoint) {
		return false
	}
	ctx, cancel := context.WithTimeout(h.broker.life, connectWait)
	defer cancel()
	if err := h.broker.cfg.Owns(ctx, owner, endpoint); err != nil {
		l.renounce(topic)
		return false
	}
	return true
}

// OnSubscribe forgets what an earlier SUBSCRIBE left.
func (h *hook) OnSubscribe(cl *mqtt.Client, pk packets.Packet) packets.Packet {
	l := linkOf(cl)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.granted = nil
	return pk
}

// OnSubscribed learns the quality of service of what was granted. It runs before
// SUBACK is written, so that what an endpoint's pump delivers after SUBACK goes
// to a second topic as well.
func (h *hook) OnSubscribed(cl *mqtt.Client, pk packets.Packet, codes []byte) {
	l := linkOf(cl)
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, f := range pk.Filters {
		for g := range l.granted {
			if l.granted[g].topic == f.Filter && codes[i] <= 1 {
				l.granted[g].qos = codes[i]
			}
		}
	}
	for _, g := range l.granted {
		if p := l.pumps[g.endpoint]; p != nil {
			p.deliverTo(g)
		}
	}
}

// OnPacketProcessed starts the pumps once SUBACK is on its way.
func (h *hook) OnPacketProcessed(cl *mqtt.Client, pk packets.Packet, err error) {
	if err == nil && pk.FixedHeader.Type == packets.Subscribe {
		h.broker.subscribe(linkOf(cl))
	}
}

// OnUnsubscribe ends the delivery to topics.
func (h *hook) OnUnsubscribe(cl *mqtt.Client, pk packets.Packet) packets.Packet {
	l := linkOf(cl)
	for _, f := range pk.Filters {
		l.unsubscribe(f.Filter)
	}
	return pk
}
