package broker

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
)

// maxWrite bounds what one write hands to the socket, so that writeWait is
// enough for slow lines.
const maxWrite = 16 << 10

// pump writes the events of one endpoint to one connection, in the journal's
// order, to every topic form that the connection subscribed to.
type pump struct {
	link     *link
	endpoint string
	news     chan struct{} // the journal may have rows
	room     chan struct{} // acknowledgements came in
	notices  chan []byte
	stop     context.CancelFunc
	done     chan struct{}

	// Guarded by link.mu.
	topics  []grant
	flying  []*delivery // in order; the first is not acknowledged
	unacked int         // packets
}

// delivery is one event on its way: a packet for each topic.
type delivery struct {
	pump *pump
	seq  int64 // 0: a notice, which moves no cursor
	left int   // packets that are not acknowledged
	at   time.Time
}

// reserve takes a place for a topic; false when the connection has too many.
func (l *link) reserve(topic, endpoint string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	same := func(g grant) bool { return g.topic == topic }
	if slices.ContainsFunc(l.granted, same) {
		return true
	}
	n := len(l.granted)
	for _, p := range l.pumps {
		for _, g := range p.topics {
			if g.topic == topic {
				n--
			}
			n++
		}
	}
	if n >= maxSubscriptions {
		return false
	}
	l.granted = append(l.granted, grant{topic: topic, endpoint: endpoint})
	return true
}

// renounce takes reserve back.
func (l *link) renounce(topic string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.granted = slices.DeleteFunc(l.granted, func(g grant) bool { return g.topic == topic })
}

// subscribe starts delivery to the topics that a SUBSCRIBE was granted. The
// newest connection serves an endpoint: an older one is cut.
func (b *Broker) subscribe(l *link) {
	l.mu.Lock()
	granted := l.granted
	l.granted = nil
	var fresh []*pump
	for _, g := range granted {
		p := l.pumps[g.endpoint]
		if p == nil {
			p = &pump{link: l, endpoint: g.endpoint, news: make(chan struct{}, 1), room: make(chan struct{}, 1),
				notices: make(chan []byte, maxNotices), done: make(chan struct{})}
			l.pumps[g.endpoint] = p
			fresh = append(fresh, p)
		}
		p.deliverTo(g)
	}
	l.mu.Unlock()
	for _, p := range fresh {
		var ctx context.Context
		ctx, p.stop = context.WithCancel(b.life)
		b.mu.Lock()
		// The newest connection is the one that was made last, whichever gets
		// here first.
		loser := b.endpoints[p.endpoint]
		if loser != nil && loser.link.number > l.number {
			loser = p
		} else {
			b.endpoints[p.endpoint] = p
		}
		b.mu.Unlock()
		if loser != nil {
			loser.link.cut("endpoint connected anew")
		}
		go p.run(ctx)
	}
}

// deliverTo adds a topic. The caller holds link.mu.
func (p *pump) deliverTo(g grant) {
	p.topics = slices.DeleteFunc(slices.Clone(p.topics), func(have grant) bool { return have.topic == g.topic })
	p.topics = append(p.topics, g)
}

// unsubscribe ends delivery to a topic, and the pump with the last topic of its
// endpoint.
func (l *link) unsubscribe(topic string) {
	l.mu.Lock()
	var idle *pump
	for endpoint, p := range l.pumps {
		p.topics = slices.DeleteFunc(slices.Clone(p.topics), func(g grant) bool { return g.topic == topic })
		if len(p.topics) == 0 {
			idle = p
			delete(l.pumps, endpoint)
			break
		}
	}
	l.mu.Unlock()
	if idle == nil {
		return
	}
	idle.end()
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, d := range l.flying {
		if d.pump == idle {
			delete(l.flying, id)
		}
	}
}

// acknowledge takes a PUBACK. The cursor moves past the deliveries that are
// acknowledged with all before them.
func (l *link) acknowledge(id uint16) {
	l.mu.Lock()
	d := l.flying[id]
	if d == nil {
		l.mu.Unlock()
		return
	}
	delete(l.flying, id)
	p := d.pump
	d.left--
	p.unacked--
	var seq int64
	for len(p.flying) > 0 && p.flying[0].left == 0 {
		seq = max(seq, p.flying[0].seq)
		p.flying = p.flying[1:]
	}
	if p.unacked == window/2 || p.unacked == 0 {
		select {
		case p.room <- struct{}{}:
		default:
		}
	}
	l.mu.Unlock()
	p.advance(seq)
}

func (p *pump) advance(seq int64) {
	if seq == 0 {
		return
	}
	b := p.link.broker
	if err := b.cfg.Journal.Advance(b.life, p.endpoint, seq); err != nil {
		b.log.Warn("cursor is not moved", "endpoint", p.endpoint, "err", err)
	}
}

// signal tells the pump to look into the journal. It does not block.
func (p *pump) signal() {
	select {
	case p.news <- struct{}{}:
	default:
	}
}

// end stops the pump and waits for it.
func (p *pump) end() {
	b := p.link.broker
	b.mu.Lock()
	if b.endpoints[p.endpoint] == p {
		delete(b.endpoints, p.endpoint)
	}
	b.mu.Unlock()
	p.stop()
	<-p.done
}

// run delivers until the pump or the connection ends.
func (p *pump) run(ctx context.Context) {
	defer close(p.done)
	b := p.link.broker
	organization := p.link.owner().Organization
	cursor, err := b.cfg.Journal.Cursor(ctx, p.endpoint)
	late := time.NewTimer(b.ackWait)
	defer late.Stop()
	for more := true; err == nil; {
		room, oldest := p.state()
		if more && room > 0 {
			var entries []Entry
			if entries, err = b.cfg.Journal.After(ctx, organization, p.endpoint, cursor, room); err != nil {
				break
			}
			more = len(entries) == room
			if len(entries) > 0 {
				cursor = entries[len(entries)-1].Seq
				err = p.send(entries)
				continue
			}
		}
		if !oldest.IsZero() {
			late.Reset(time.Until(oldest.Add(b.ackWait)))
		}
		select {
		case <-p.news:
			more = true
		case <-p.room:
		case body := <-p.notices:
			err = p.send([]Entry{{Body: body}})
		case <-late.C:
			if _, oldest := p.state(); !oldest.IsZero() && time.Since(oldest) >= b.ackWait {
				p.link.cut("no acknowledgement")
			}
			late.Reset(b.ackWait)
		case <-ctx.Done():
			return
		}
	}
	if ctx.Err() == nil {
		b.log.Warn("mqtt delivery ends", "endpoint", p.endpoint, "err", err)
		p.link.cut("delivery")
	}
}

// state returns how many events may be sent now and when the oldest of those on
// their way was sent. Less than half a window is not worth a query.
func (p *pump) state() (room int, oldest time.Time) {
	p.link.mu.Lock()
	defer p.link.mu.Unlock()
	if len(p.flying) > 0 {
		oldest = p.flying[0].at
	}
	if p.unacked <= window/2 {
		room = (window - p.unacked) / max(1, len(p.topics))
	}
	return room, oldest
}

// send writes events, a packet for each topic, several in one write.
func (p *pump) send(entries []Entry) error {
	var out bytes.Buffer
	var done int64 // what needs no acknowledgement
	for _, e := range entries {
		acks, err := p.encode(&out, e)
		if err != nil {
			return err
		}
		if acks == 0 {
			done = e.Seq
		}
		if out.Len() >= maxWrite {
			if _, err := p.link.Write(out.Bytes()); err != nil {
				return err
			}
			out.Reset()
		}
	}
	if out.Len() > 0 {
		if _, err := p.link.Write(out.Bytes()); err != nil {
			return err
		}
	}
	p.advance(done)
	return nil
}

// encode appends the packets of one event and returns how many of them want an
// acknowledgement.
func (p *pump) encode(out *bytes.Buffer, e Entry) (acks int, err error) {
	l := p.link
	l.mu.Lock()
	defer l.mu.Unlock()
	d := &delivery{pump: p, seq: e.Seq, at: time.Now()}
	for _, g := range p.topics {
		pk := packets.Packet{ProtocolVersion: 4, TopicName: g.topic, Payload: e.Body,
			FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: g.qos}}
		if g.qos > 0 {
			pk.PacketID = l.nextID()
			l.flying[pk.PacketID] = d
			d.left++
		}
		if err := pk.PublishEncode(out); err != nil {
			return 0, err
		}
	}
	if d.left > 0 {
		p.flying = append(p.flying, d)
		p.unacked += d.left
	}
	return d.left, nil
}

// nextID returns a packet id that is not in use; there always is one, since at
// most maxSubscriptions windows are. The caller holds mu.
func (l *link) nextID() uint16 {
	for {
		l.packetID++
		if _, used := l.flying[l.packetID]; !used && l.packetID != 0 {
			return l.packetID
		}
	}
}
