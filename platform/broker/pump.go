package broker

import (
	"slices"
	"sync"
	"time"
)

// pump delivers the events of one endpoint to one connection, in the journal's
// order, to every topic form that the connection subscribed to. Its goroutine
// runs while there is something to deliver and room for it: an idle endpoint
// has none.
type pump struct {
	link     *link
	endpoint string

	// Touched by the goroutine that runs.
	cursor int64 // of what was sent
	known  bool  // cursor was read

	runs sync.WaitGroup // of the goroutine

	// Guarded by link.mu.
	topics  []grant
	news    bool     // the journal may have rows past the cursor
	notices [][]byte // at most maxNotices
	running bool
	over    bool
	flying  []flight    // sent and not acknowledged, in order
	unacked int         // of these, those without an acknowledgement
	settled int64       // what is acknowledged with all before it
	told    int64       // of which the journal knows
	late    *time.Timer // looks for acknowledgements that do not come; nil: nothing flies
}

// flight is one PUBLISH on its way.
type flight struct {
	seq   int64 // 0: a notice, which moves no cursor
	at    time.Time
	id    uint16
	acked bool
}

// place tells whether a topic more fits beside those that a SUBSCRIBE was
// granted before it. An event takes a packet for each, all at once.
func (l *link) place(topic string, granted []grant) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, p := range l.pumps {
		for _, g := range p.topics {
			if g.topic == topic {
				return true
			}
			n++
		}
	}
	for i, g := range granted {
		switch {
		case g.topic == topic:
			return true
		case !l.has(g.topic) && !slices.ContainsFunc(granted[:i], func(h grant) bool { return h.topic == g.topic }):
			n++
		}
	}
	return n < min(maxSubscriptions, l.receiveMaximum)
}

// has tells whether a topic is subscribed to. The caller holds mu.
func (l *link) has(topic string) bool {
	return slices.ContainsFunc(l.pumps, func(p *pump) bool {
		return slices.ContainsFunc(p.topics, func(g grant) bool { return g.topic == topic })
	})
}

// deliverTo notes what was granted, and returns the pumps that are new.
func (l *link) deliverTo(granted []grant) (fresh []*pump) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, g := range granted {
		i := slices.IndexFunc(l.pumps, func(p *pump) bool { return p.endpoint == g.endpoint })
		if i < 0 {
			p := &pump{link: l, endpoint: g.endpoint}
			i = len(l.pumps)
			l.pumps = append(l.pumps, p)
			fresh = append(fresh, p)
		}
		p := l.pumps[i]
		p.topics = append(slices.DeleteFunc(p.topics, func(have grant) bool { return have.topic == g.topic }), g)
	}
	return fresh
}

// claim makes the pumps serve their endpoints and starts them. The newest
// connection serves an endpoint, whichever gets here first: an older one is cut.
func (b *Broker) claim(l *link, fresh []*pump) {
	for _, p := range fresh {
		b.mu.Lock()
		loser := b.endpoints[p.endpoint]
		if loser != nil && loser.link.number > l.number {
			loser = p
		} else {
			b.endpoints[p.endpoint] = p
		}
		b.mu.Unlock()
		if loser != nil {
			loser.link.cut(errTakenOver)
		}
		p.signal()
	}
}

// unsubscribe ends delivery to a topic, and the pump with the last topic of its
// endpoint. It tells whether there was one.
func (l *link) unsubscribe(topic string) bool {
	l.mu.Lock()
	i := slices.IndexFunc(l.pumps, func(p *pump) bool {
		return slices.ContainsFunc(p.topics, func(g grant) bool { return g.topic == topic })
	})
	if i < 0 {
		l.mu.Unlock()
		return false
	}
	p := l.pumps[i]
	p.topics = slices.DeleteFunc(p.topics, func(g grant) bool { return g.topic == topic })
	idle := len(p.topics) == 0
	if idle {
		l.pumps = slices.Delete(l.pumps, i, i+1)
	}
	l.mu.Unlock()
	if idle {
		p.end()
	}
	return true
}

// acknowledge takes a PUBACK. The cursor may move past what is acknowledged
// with all before it.
func (l *link) acknowledge(id uint16) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.pumps {
		i := slices.IndexFunc(p.flying, func(f flight) bool { return f.id == id })
		if i < 0 {
			continue
		}
		if p.flying[i].acked {
			return
		}
		p.flying[i].acked = true
		p.unacked--
		l.unacked--
		n := 0
		for n < len(p.flying) && p.flying[n].acked {
			// An event is done with the last of its topics.
			if n+1 == len(p.flying) || p.flying[n+1].seq != p.flying[n].seq {
				p.settled = max(p.settled, p.flying[n].seq)
			}
			n++
		}
		p.flying = p.flying[n:]
		for _, waits := range l.pumps {
			waits.start()
		}
		return
	}
}

// advance tells the journal what was acknowledged since the last time.
func (l *link) advance() {
	l.mu.Lock()
	pumps := l.pumps
	l.mu.Unlock()
	for _, p := range pumps {
		p.advance()
	}
}

func (p *pump) advance() {
	p.link.mu.Lock()
	seq := p.settled
	news := seq > p.told
	p.told = seq
	p.link.mu.Unlock()
	if !news {
		return
	}
	b := p.link.broker
	if err := b.cfg.Journal.Advance(b.life, p.endpoint, seq); err != nil {
		b.log.Warn("cursor is not moved", "endpoint", p.endpoint, "err", err)
	}
}

// signal tells the pump to look into the journal. It does not block.
func (p *pump) signal() {
	p.link.mu.Lock()
	defer p.link.mu.Unlock()
	p.news = true
	p.start()
}

// notify hands a notice in. When too many wait the oldest is dropped: the newest
// tells what is true now.
func (p *pump) notify(body []byte) {
	p.link.mu.Lock()
	defer p.link.mu.Unlock()
	if len(p.notices) == maxNotices {
		p.notices = append(p.notices[:0], p.notices[1:]...)
	}
	p.notices = append(p.notices, body)
	p.start()
}

// start starts the goroutine if there is work for it. The caller holds link.mu.
func (p *pump) start() {
	if p.running || p.over || p.room() == 0 || !p.news && len(p.notices) == 0 {
		return
	}
	p.running = true
	p.runs.Add(1)
	go p.run()
}

// room is how many events may be sent now. Less than half a window is not worth
// a query, unless the client's is smaller. The caller holds link.mu.
func (p *pump) room() int {
	if p.unacked > window/2 {
		return 0
	}
	return min(window-p.unacked, p.link.receiveMaximum-p.link.unacked) / max(1, len(p.topics))
}

// end stops the pump and waits for it.
func (p *pump) end() {
	b := p.link.broker
	b.mu.Lock()
	if b.endpoints[p.endpoint] == p {
		delete(b.endpoints, p.endpoint)
	}
	b.mu.Unlock()
	l := p.link
	l.mu.Lock()
	p.over = true
	if p.late != nil {
		p.late.Stop()
	}
	l.mu.Unlock()
	p.runs.Wait()
	l.mu.Lock()
	l.unacked -= p.unacked
	l.mu.Unlock()
	p.advance()
}

// work returns what there is to do, or ends the goroutine's turn.
func (p *pump) work() (room int, news bool, notices [][]byte, ok bool) {
	p.link.mu.Lock()
	defer p.link.mu.Unlock()
	room = p.room()
	if p.over || p.link.over.Load() || room == 0 || !p.news && len(p.notices) == 0 {
		p.running = false
		return 0, false, nil, false
	}
	news, notices = p.news, p.notices
	p.news, p.notices = false, nil
	return room, news, notices, true
}

// run delivers what there is.
func (p *pump) run() {
	defer p.runs.Done()
	for {
		room, news, notices, ok := p.work()
		if !ok {
			return
		}
		if err := p.turn(room, news, notices); err != nil {
			if !p.link.over.Load() { // a failed write has cut it
				p.link.broker.log.Warn("mqtt delivery ends", "endpoint", p.endpoint, "err", err)
			}
			p.link.cut(errDelivery)
		}
	}
}

// turn delivers notices, and up to room rows of the journal if it has news.
func (p *pump) turn(room int, news bool, notices [][]byte) (err error) {
	if len(notices) > 0 {
		entries := make([]Entry, len(notices))
		for i, body := range notices {
			entries[i].Body = body
		}
		if _, err := p.send(entries); err != nil || !news {
			return err
		}
	}
	b := p.link.broker
	if !p.known {
		if p.cursor, err = b.cfg.Journal.Cursor(b.life, p.endpoint); err != nil {
			return err
		}
		p.known = true
	}
	entries, err := b.cfg.Journal.After(b.life, p.link.organization, p.endpoint, p.cursor, room)
	if err != nil || len(entries) == 0 {
		return err
	}
	n, err := p.send(entries)
	if n > 0 {
		p.cursor = entries[n-1].Seq
	}
	if n == room || n < len(entries) {
		p.link.mu.Lock()
		p.news = true // there may be more
		p.link.mu.Unlock()
	}
	return err
}

// send writes events, a packet for each topic, several in one write. It returns
// how many: fewer if another endpoint of the connection took the room.
func (p *pump) send(entries []Entry) (n int, err error) {
	pool := &p.link.broker.buffers
	buf := pool.Get().(*[]byte)
	defer pool.Put(buf)
	for n < len(entries) {
		out, some := p.encode((*buf)[:0], entries[n:])
		if some == 0 {
			break
		}
		n += some
		if err := p.link.write(out); err != nil {
			return n, err
		}
		if cap(out) <= 2*maxWrite {
			*buf = out
		}
	}
	p.advance()
	return n, nil
}

// encode appends the packets of events until they are enough for one write, and
// returns how many events that were.
func (p *pump) encode(b []byte, entries []Entry) (out []byte, n int) {
	l := p.link
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	for n < len(entries) && len(b) < maxWrite && l.unacked+len(p.topics) <= l.receiveMaximum {
		e := entries[n]
		n++
		flies := false
		for _, g := range p.topics {
			if publishSize(l.level, g, e.Body)+5 > l.maximumPacket {
				continue // as if it had been delivered (section 3.1.2-25 of MQTT 5)
			}
			var id uint16
			if g.qos > 0 {
				id = l.nextID()
				p.flying = append(p.flying, flight{seq: e.Seq, at: now, id: id})
				p.unacked++
				l.unacked++
				flies = true
			}
			b = appendPublish(b, l.level, g, id, e.Body)
		}
		if !flies && len(p.flying) == 0 {
			p.settled = max(p.settled, e.Seq)
		} else if !flies {
			p.flying = append(p.flying, flight{seq: e.Seq, acked: true}) // settled with those before it
		}
	}
	if len(p.flying) > 0 && p.late == nil {
		p.late = time.AfterFunc(l.broker.ackWait, p.wait)
	}
	return b, n
}

// wait cuts a client whose oldest acknowledgement does not come.
func (p *pump) wait() {
	l := p.link
	l.mu.Lock()
	p.late = nil
	var left time.Duration
	waits := len(p.flying) > 0 && !p.over
	if waits {
		if left = time.Until(p.flying[0].at.Add(l.broker.ackWait)); left > 0 {
			p.late = time.AfterFunc(left, p.wait)
		}
	}
	l.mu.Unlock()
	if waits && left <= 0 {
		l.cut(errUnacked)
	}
}

// nextID returns a packet id that is not in use; there always is one, since at
// most maxSubscriptions windows are. The caller holds mu.
func (l *link) nextID() uint16 {
	for {
		l.packetID++
		used := l.packetID == 0 || slices.ContainsFunc(l.pumps, func(p *pump) bool {
			return slices.ContainsFunc(p.flying, func(f flight) bool { return f.id == l.packetID })
		})
		if !used {
			return l.packetID
		}
	}
}
