package playout

import "time"

// Kind says what a Buffer has for the moment.
type Kind int

const (
	// Empty: nothing is due; play silence.
	Empty Kind = iota
	// Voice: Payload is the packet to decode now.
	Voice
	// Lost: the packet due is missing; hide that. Payload, if any, is the packet
	// after it, whose redundancy may bring the lost one back.
	Lost
	// Pause: the sender is silent; play comfort noise.
	Pause
)

// Item is what to play next: one packet's worth of sound.
type Item struct {
	Kind    Kind
	Payload []byte
	Time    uint32 // RTP time stamp of a Voice
	// Excess says that the buffer is longer than need be: this Voice may be
	// squeezed together with the next.
	Excess bool
}

// Buffer holds the packets of one sound stream until they are due. An Audio calls
// it under its own lock.
type Buffer interface {
	// Push takes a packet and keeps no reference to payload.
	Push(seq uint16, ts uint32, payload []byte, arrival time.Time)
	// Pop returns what to play now; it is called once per packet's worth of sound.
	Pop(now time.Time) Item
	// Delay returns how long packets are held back at present.
	Delay() time.Duration
	// Stats counts since the start.
	Stats() BufferStats
}

// BufferStats counts a buffer's packets since its start.
type BufferStats struct {
	Received, Lost, Late, Duplicate uint64
}
