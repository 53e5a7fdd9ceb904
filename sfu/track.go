package sfu

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// track is one published track: its order, its history and its viewers.
type track struct {
	kind   webrtc.RTPCodecType
	codec  codec
	isKey  func([]byte) bool // nil: every packet can be decoded alone
	count  *counters
	askKey func()     // wakes the publisher's goroutine to look at keys
	header rtp.Header // of the packet at hand

	mu      sync.Mutex
	arrived arrivals
	order   sequencer
	past    *history
	keys    keyRequests
	report  sourceReport
	live    []*outlet // replaced, never changed in place
	waiting int       // outlets that wait for a key frame
	begun   chan struct{}
	looking int           // calls of Picture that wait for a key frame
	framed  chan struct{} // closed while there are any when a key frame may be whole

	pictured time.Time // when a key frame was last asked for on their account
	held     heldBy    // nothing goes to anybody
	thirsty  bool      // was held: goes on with a key frame

	quietest atomic.Uint32 // -dBov, see Rights
	loud     time.Time     // when it was last louder than that; the reading goroutine's
}

// heldBy says on whose account a track is held.
type heldBy uint8

const (
	heldByAll    heldBy = 1 << iota // the conference is
	heldBySender                    // its owner may not send
)

// linger is for how long quiet sound goes on after a louder one, so that words
// keep their ends.
const linger = 300 * time.Millisecond

func newTrack(c codec, count *counters, askKey func()) *track {
	t := &track{
		kind:   c.kind,
		codec:  c,
		isKey:  startsKeyFrame(c.mime),
		count:  count,
		askKey: askKey,
		order:  sequencer{clock: c.clock},
		begun:  make(chan struct{}),
		framed: make(chan struct{}),
	}
	size := audioHistory
	if c.kind == webrtc.RTPCodecTypeVideo {
		size = videoHistory
	}
	t.past = newHistory(size)
	t.quietest.Store(silence)
	return t
}

// receive takes an RTP packet of n bytes that was read into p, and sends it to
// the viewers. It returns the packet to read the next one into. Only the
// goroutine that reads the track calls it.
func (t *track) receive(p *packet, n int, levelID uint8, now time.Time) *packet {
	h := &t.header
	size, err := h.Unmarshal(p.buf[:n])
	if err != nil {
		return p
	}
	end := n
	if h.Padding {
		if end -= int(p.buf[n-1]); end < size || p.buf[n-1] == 0 {
			return p
		}
	}
	t.count.packetsIn.Add(1)
	t.count.bytesIn.Add(uint64(n))
	p.from, p.to, p.marker = size, end, h.Marker
	p.leveled = false
	if levelID != 0 && h.Extension {
		if b := h.GetExtension(levelID); len(b) > 0 {
			p.level, p.leveled = b[0], true
		}
	}
	next, live := t.file(p, h, t.tooQuiet(p, now), now)
	if next == nil {
		return p
	}
	sent := 0
	for _, o := range live {
		if o.forward(p) {
			sent++
		}
	}
	t.count.packetsOut.Add(uint64(sent))
	t.count.bytesOut.Add(uint64(sent * n))
	return next
}

// tooQuiet tells whether a sound is below what may be heard of the publisher.
func (t *track) tooQuiet(p *packet, now time.Time) bool {
	if !p.leveled || uint32(p.level&silence) <= t.quietest.Load() {
		t.loud = now
	}
	return now.Sub(t.loud) > linger
}

// file settles the packet's place and keeps it. It returns nil when the packet
// goes nowhere, else its replacement and the viewers to send it to. One that is
// to be left out leaves no gap.
func (t *track) file(p *packet, h *rtp.Header, leaveOut bool, now time.Time) (*packet, []*outlet) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !p.again {
		t.arrived.add(h.SSRC, h.SequenceNumber, h.Timestamp, t.codec.clock, now)
	}
	if t.held != 0 || t.thirsty && !t.isKey(p.payload()) {
		return nil, nil
	}
	t.thirsty = false
	var v verdict
	p.number, p.time, v = t.order.place(h.SSRC, h.SequenceNumber, h.Timestamp, leaveOut || p.from == p.to, now)
	if v == skip {
		return nil, nil
	}
	next := t.past.put(p)
	if next == nil {
		return nil, nil
	}
	if v == restart {
		t.past.restart()
		if t.isKey != nil && len(t.live) > 0 {
			t.requestKeyLocked()
		}
	}
	if t.isKey != nil && t.isKey(p.payload()) {
		t.past.keyFrame(p, now)
		t.keys.answered()
		if t.waiting > 0 {
			close(t.begun)
			t.begun = make(chan struct{})
		}
	}
	if t.looking > 0 && (p.marker || v == late) && t.past.key != 0 && p.time == t.past.keyTime {
		close(t.framed)
		t.framed = make(chan struct{})
	}
	return next, t.live
}

// requestKey asks the publisher for a key frame, now or when the floor allows.
func (t *track) requestKey() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.requestKeyLocked()
}

func (t *track) requestKeyLocked() {
	if t.isKey != nil {
		t.keys.want()
		t.askKey()
	}
}

// warm asks for a key frame ahead of a viewer that is about to connect, unless
// what is kept will serve it even then.
func (t *track) warm(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.past.group(now.Add(groupAge / 2)); !ok {
		t.requestKeyLocked()
	}
}

// keyDue says whether to ask the publisher for a key frame now, about which
// source, or how long to wait before looking again (0: until asked).
func (t *track) keyDue(now time.Time) (ssrc uint32, send bool, wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.order.started {
		return 0, false, 0 // it will start with one
	}
	if (t.waiting > 0 || t.thirsty || t.parchedLocked()) && t.keys.overdue(now) {
		t.keys.want()
	}
	send, wait = t.keys.due(now)
	return t.order.ssrc, send, wait
}

// parchedLocked tells whether a viewer that may see the track again waits for a
// key frame.
func (t *track) parchedLocked() bool {
	return slices.ContainsFunc(t.live, func(o *outlet) bool { return o.gate.Load() == outletParched })
}

// hold stops the track for everybody, or lets it go on: video with a key frame,
// and in numbers without a gap, so that nobody asks for what was held back. Who
// joins meanwhile is sent nothing of before.
func (t *track) hold(by heldBy, on bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	was := t.held
	if t.held &^= by; on {
		t.held |= by
	}
	if (was == 0) == (t.held == 0) {
		return
	}
	t.past.restart()
	if t.held == 0 {
		t.order.anew = true
		t.thirsty = t.isKey != nil && t.order.started
		t.requestKeyLocked()
	}
}

// leave removes o from the viewers.
func (t *track) leave(o *outlet) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := slices.Index(t.live, o); i >= 0 {
		t.live = slices.Concat(t.live[:i], t.live[i+1:])
	}
}

// fetchOne copies the packet that the viewer calls seq.
func (t *track) fetchOne(into *packet, m rewrite, seq uint16) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	number, ok := m.number(seq, t.past.newest)
	if !ok {
		return false
	}
	p := t.past.get(number)
	if p == nil {
		return false
	}
	p.copyTo(into)
	return true
}
