package playout

import (
	"slices"
	"time"

	"guichet/media/codec"
)

const (
	transits   = 128  // packets whose delay is remembered, 2.5 s
	keep       = 100  // most packets held, 2 s
	restartGap = 1000 // a jump of more sequence numbers is a new stream
	giveUp     = 3    // packets' worth of concealment before an empty buffer pauses
	skipLoss   = 25   // more lost packets in a row than this are jumped over
	spare      = 40 * time.Millisecond
	far        = 400 * time.Millisecond
	watch      = 25 // pops over which the buffer's length is watched
)

// Jitter is a Buffer which follows the network: it aims at the 95th percentile of
// the packets' delay over the quickest one, plus one packet.
//
// It grows by itself: when a packet is late, the sound before it is stretched by
// concealment and the packet is played after all. It shrinks by telling Excess when
// the buffer was never short over half a second.
type Jitter struct {
	least, most time.Duration

	packets []packet // by seq
	playing bool
	started bool   // something was pushed before
	highest int64  // newest sequence number, unwrapped
	next    int64  // sequence number due
	due     uint32 // time stamp due, while playing
	step    uint32 // duration of the last packet, in samples
	debt    int    // packets' worth concealed while nothing was there

	delays  []time.Duration // of the last packets, over an arbitrary zero
	zero    time.Time       // arrival of the first packet
	zeroTS  uint32
	pushes  int
	jitter  time.Duration // 95th percentile over the minimum
	target  time.Duration
	lowest  time.Duration // shortest length of the buffer in this watch
	watched int

	stats BufferStats
}

type packet struct {
	seq     int64
	ts      uint32
	arrival time.Time
	payload []byte
}

// NewJitter makes a buffer that holds packets back between least and most; equal
// values fix the delay. Zero values mean 20 and 200 ms.
func NewJitter(least, most time.Duration) *Jitter {
	if least <= 0 {
		least = 20 * time.Millisecond
	}
	if most < least {
		most = max(200*time.Millisecond, least)
	}
	j := &Jitter{least: least, most: most, step: codec.OpusFrame}
	j.target = min(max(60*time.Millisecond, least), most)
	return j
}

// Push takes a packet in any order.
func (j *Jitter) Push(seq uint16, ts uint32, payload []byte, arrival time.Time) {
	if len(payload) == 0 {
		return // padding
	}
	n := int64(seq)
	if j.started {
		n = unwrap(j.highest, seq)
		if n > j.highest+restartGap || n < j.highest-restartGap {
			j.restart()
		}
	}
	if !j.started {
		n = int64(seq) + 1<<16 // so that older ones stay positive
		j.started, j.highest, j.next = true, n, n-keep
		j.zero, j.zeroTS = arrival, ts
	}
	j.stats.Received++
	j.measure(ts, arrival)
	if n < j.next {
		j.stats.Late++
		return
	}
	j.highest = max(j.highest, n)
	at, found := slices.BinarySearchFunc(j.packets, n, func(p packet, n int64) int { return int(p.seq - n) })
	if found {
		j.stats.Duplicate++
		return
	}
	j.packets = slices.Insert(j.packets, at, packet{n, ts, arrival, slices.Clone(payload)})
	if len(j.packets) > keep {
		// Nobody plays: keep the newest.
		j.packets = slices.Delete(j.packets, 0, len(j.packets)-keep)
		j.next, j.due = j.packets[0].seq, j.packets[0].ts
	}
}

// restart forgets a stream whose numbers ended.
func (j *Jitter) restart() {
	j.packets, j.delays = j.packets[:0], j.delays[:0]
	j.started, j.playing, j.debt, j.pushes = false, false, 0, 0
}

// measure follows the packets' delay.
func (j *Jitter) measure(ts uint32, arrival time.Time) {
	sent := time.Duration(int64(int32(ts-j.zeroTS))) * time.Second / soundRate
	if len(j.delays) == transits {
		j.delays = slices.Delete(j.delays, 0, 1)
	}
	j.delays = append(j.delays, arrival.Sub(j.zero)-sent)
	if j.pushes++; j.pushes%16 != 0 {
		return
	}
	sorted := slices.Sorted(slices.Values(j.delays))
	j.jitter = sorted[len(sorted)*95/100] - sorted[0]
	j.target = min(max(j.jitter+span(j.step), j.least), j.most)
}

// Pop returns what is due.
func (j *Jitter) Pop(now time.Time) Item {
	if !j.playing {
		if len(j.packets) == 0 {
			return Item{}
		}
		head := j.packets[0]
		if j.length(head.ts) < j.target && now.Sub(head.arrival) < j.target {
			return Item{}
		}
		j.playing, j.debt = true, 0
		j.next, j.due = head.seq, head.ts
		j.lowest, j.watched = j.most, 0
	}
	if len(j.packets) == 0 {
		if j.debt++; j.debt > giveUp {
			j.playing = false
			return Item{}
		}
		return Item{Kind: Lost}
	}
	head := j.packets[0]
	missing := head.seq - j.next
	if missing > 0 && missing <= int64(j.debt) || missing > skipLoss {
		// Concealed already, or not worth concealing.
		j.stats.Lost += uint64(missing)
		j.next, j.due, missing = head.seq, head.ts, 0
	}
	if missing > 0 {
		lost := Item{Kind: Lost}
		if missing == 1 {
			lost.Payload = head.payload
		}
		j.stats.Lost++
		j.next++
		j.due += j.step
		return lost
	}
	if gap := int32(head.ts - j.due); gap >= int32(j.step) && span(uint32(gap)) < j.most+time.Second && j.debt == 0 {
		// Nothing was lost, yet time has passed: the sender was silent (DTX).
		j.due += j.step
		return Item{Kind: Pause}
	}
	j.packets = slices.Delete(j.packets, 0, 1)
	if d := codec.OpusDuration(head.payload); d > 0 {
		j.step = uint32(d)
	}
	j.next, j.due, j.debt = head.seq+1, head.ts+j.step, 0
	return Item{Kind: Voice, Payload: head.payload, Time: head.ts, Excess: j.excess()}
}

// excess watches the length of the buffer for half a second at a time.
func (j *Jitter) excess() bool {
	if len(j.packets) == 0 {
		j.lowest = 0
	} else {
		j.lowest = min(j.lowest, j.length(j.due))
	}
	if len(j.packets) > 1 && j.length(j.due) > j.target+far {
		return true
	}
	if j.watched++; j.watched < watch {
		return false
	}
	much := j.lowest > j.target-j.jitter+spare
	j.lowest, j.watched = time.Hour, 0
	return much && len(j.packets) > 1
}

// length returns how much sound is held from a time stamp on.
func (j *Jitter) length(from uint32) time.Duration {
	last := j.packets[len(j.packets)-1]
	return span(last.ts + j.step - from)
}

// Delay returns the delay aimed at.
func (j *Jitter) Delay() time.Duration { return j.target }

// Stats counts since the start.
func (j *Jitter) Stats() BufferStats { return j.stats }

// span returns a number of samples as time; time stamps out of order count as none.
func span(samples uint32) time.Duration {
	return time.Duration(max(int32(samples), 0)) * time.Second / soundRate
}
