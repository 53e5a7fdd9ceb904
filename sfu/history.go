package sfu

import "time"

const (
	maxPacket    = 1500 // bytes read from the publisher at most
	videoHistory = 1024 // packets kept for retransmission and for viewers that join
	audioHistory = 64

	// What is sent at once to a viewer that joins; beyond this a new key frame
	// costs it less.
	groupPackets = 256
	groupBytes   = 320 << 10
	groupAge     = 2 * time.Second
)

// packet is one packet of a published track. Its payload is the tail of buf.
type packet struct {
	number  uint64
	time    uint32
	marker  bool
	level   byte // audio level extension as received, RFC 6464
	leveled bool
	again   bool // the publisher sent it again, RFC 4588
	from    int  // payload: buf[from:to]
	to      int
	buf     []byte
}

func newPacket() *packet { return &packet{buf: make([]byte, maxPacket)} }

func (p *packet) payload() []byte { return p.buf[p.from:p.to] }

// copyTo makes to an equal packet with the payload at the start of its buffer.
func (p *packet) copyTo(to *packet) {
	buf := to.buf
	*to = *p
	to.buf = buf
	to.from, to.to = 0, copy(buf, p.payload())
}

// history keeps the last packets of a track, and where its last key frame
// began. The track's mutex guards it.
type history struct {
	slots  []*packet
	newest uint64

	key      uint64 // number of the key frame's first packet, 0: none yet
	keyTime  uint32
	keyAt    time.Time
	keyBytes int // payload bytes since
}

func newHistory(size int) *history {
	return &history{slots: make([]*packet, size)}
}

// put files p, of which it takes possession, and returns a packet to be used
// for the next one; nil when p was there already or is too old to be kept.
func (h *history) put(p *packet) *packet {
	slot := &h.slots[p.number%uint64(len(h.slots))]
	old := *slot
	if old != nil && old.number >= p.number {
		return nil
	}
	*slot = p
	h.newest = max(h.newest, p.number)
	h.keyBytes += p.to - p.from
	if old == nil {
		old = newPacket()
	}
	return old
}

// get returns the packet of that number, or nil when it is not there.
func (h *history) get(number uint64) *packet {
	p := h.slots[number%uint64(len(h.slots))]
	if p == nil || p.number != number {
		return nil
	}
	return p
}

// keyFrame notes that packet p begins a key frame. Several packets of one
// picture can say so (parameter sets, then the picture): the first counts.
func (h *history) keyFrame(p *packet, now time.Time) {
	if h.key != 0 && p.time == h.keyTime {
		h.key = min(h.key, p.number)
		return
	}
	if p.number < h.key {
		return
	}
	h.key, h.keyTime, h.keyAt, h.keyBytes = p.number, p.time, now, p.to-p.from
}

// group returns the number of the first packet to send to a viewer that joins,
// or false when there is no key frame or too much has come since.
func (h *history) group(now time.Time) (uint64, bool) {
	ok := h.key != 0 && h.newest-h.key < groupPackets &&
		h.keyBytes < groupBytes && now.Sub(h.keyAt) < groupAge
	return h.key, ok
}

// restart forgets the key frame: what follows does not build on it.
func (h *history) restart() { h.key = 0 }
