package playout

import (
	"time"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
)

// assembler sorts the packets of a VP8 stream and joins them to whole frames (RFC
// 7741). It waits a bounded time for a missing packet, then gives up what depends
// on it and passes nothing on until a key frame. It is a plain state machine: time
// comes in as an argument.
type assembler struct {
	wait time.Duration // how long a missing packet may take
	most int           // packets held at most

	packets map[int64]*rtp.Packet
	started bool
	next    int64     // sequence number to go on with
	highest int64     // newest sequence number
	since   time.Time // when next was first missed; zero if it was not
	newest  time.Time // arrival of the last packet
	broken  bool      // nothing decodable until a key frame

	frame   []byte // being joined
	ts      uint32
	joining bool

	lost, dropped uint64
}

// videoFrame is one whole encoded frame.
type videoFrame struct {
	data []byte
	ts   uint32
	key  bool
}

func newAssembler(wait time.Duration) *assembler {
	return &assembler{wait: wait, most: 1024, packets: map[int64]*rtp.Packet{}, broken: true}
}

// push takes a packet in any order.
func (a *assembler) push(p *rtp.Packet, now time.Time) {
	a.newest = now
	n := int64(p.SequenceNumber)
	if a.started {
		n = unwrap(a.highest, p.SequenceNumber)
		if n > a.highest+restartGap || n < a.highest-restartGap {
			clear(a.packets)
			a.started = false
			a.fail()
		}
	}
	if !a.started {
		n = int64(p.SequenceNumber) + 1<<16
		a.started, a.next, a.highest, a.since = true, n, n, time.Time{}
	}
	if n < a.next {
		return // late or twice
	}
	a.highest = max(a.highest, n)
	a.packets[n] = p
}

// pop returns the next whole frame that can be decoded, if there is one.
func (a *assembler) pop(now time.Time) (videoFrame, bool) {
	for len(a.packets) > 0 {
		p, ok := a.packets[a.next]
		if !ok {
			if a.since.IsZero() {
				a.since = now
			}
			if now.Sub(a.since) < a.wait && len(a.packets) < a.most {
				return videoFrame{}, false
			}
			a.skip()
			continue
		}
		a.since = time.Time{}
		f, whole, used := a.join(p)
		if used {
			delete(a.packets, a.next)
			a.next++
		}
		if !whole {
			continue
		}
		f.key = len(f.data) > 0 && f.data[0]&1 == 0
		if a.broken && !f.key {
			a.dropped++
			continue
		}
		a.broken = false
		return f, true
	}
	return videoFrame{}, false
}

// skip goes over missing packets to the oldest one held.
func (a *assembler) skip() {
	oldest := a.highest
	for n := range a.packets {
		oldest = min(oldest, n)
	}
	a.lost += uint64(oldest - a.next)
	a.next, a.since = oldest, time.Time{}
	a.fail()
}

// fail gives up the frame being joined and all that would build on it.
func (a *assembler) fail() {
	if a.joining {
		a.dropped++
	}
	a.frame, a.joining, a.broken = a.frame[:0], false, true
}

// join adds the packet whose turn it is. It returns a frame when it is whole, and
// whether the packet is used up: one that opens the next frame is not.
func (a *assembler) join(p *rtp.Packet) (f videoFrame, whole, used bool) {
	if len(p.Payload) == 0 {
		return videoFrame{}, false, true // padding, used to probe the network
	}
	var vp8 codecs.VP8Packet
	data, err := vp8.Unmarshal(p.Payload)
	if err != nil {
		a.fail()
		return videoFrame{}, false, true
	}
	if vp8.S == 1 && vp8.PID == 0 {
		if a.joining {
			// No packet is missing, so the frame before ended without a marker.
			return a.finish(), true, false
		}
		a.frame, a.ts, a.joining = a.frame[:0], p.Timestamp, true
	} else if !a.joining || p.Timestamp != a.ts {
		a.fail()
		return videoFrame{}, false, true
	}
	if len(a.frame)+len(data) > maxFrame {
		a.fail()
		return videoFrame{}, false, true
	}
	a.frame = append(a.frame, data...)
	if p.Marker {
		return a.finish(), true, true
	}
	return videoFrame{}, false, true
}

// maxFrame bounds an encoded frame, in bytes.
const maxFrame = 4 << 20

func (a *assembler) finish() videoFrame {
	a.joining = false
	return videoFrame{data: a.frame, ts: a.ts}
}

// keyComing tells whether a key frame is arriving right now.
func (a *assembler) keyComing() bool {
	return a.joining && len(a.frame) > 0 && a.frame[0]&1 == 0
}

// deadline returns when pop should be called again though nothing came.
func (a *assembler) deadline() (time.Time, bool) {
	return a.since.Add(a.wait), !a.since.IsZero()
}
