package client

import (
	"maps"

	"guichet/platform/wire"
)

// Transcript puts the messages of a conference's chat in order: it takes them in
// any order and any number of times and gives each out once, when all before it
// have been given out. It does no I/O; whoever owns it fetches what is past
// After when Missing says so.
type Transcript struct {
	last int64 // number of the last one given out
	held map[int64]wire.ChatMessage
	lost bool // too many were held
}

// After returns the number of the last message that was given out.
func (t *Transcript) After() int64 { return t.last }

// Missing tells that there is a gap: what is past After must be fetched.
func (t *Transcript) Missing() bool { return t.lost || len(t.held) > 0 }

// Take takes a message, and returns those whose turn has come.
func (t *Transcript) Take(m wire.ChatMessage) []wire.ChatMessage {
	if m.Seq <= t.last {
		return nil
	}
	if t.held == nil {
		t.held = map[int64]wire.ChatMessage{}
	}
	if len(t.held) == maxHeld {
		clear(t.held)
		t.lost = true
	}
	t.held[m.Seq] = m
	return t.release(nil)
}

// Fetched takes messages that were fetched from past After, the oldest first,
// and returns those whose turn has come. The server knows best: a number that it
// leaves out will not come.
func (t *Transcript) Fetched(page []wire.ChatMessage, more bool) (ready []wire.ChatMessage) {
	for _, m := range page {
		if m.Seq > t.last {
			t.last = m.Seq
			ready = append(ready, m)
		}
	}
	t.lost = t.lost && more
	return t.release(ready)
}

func (t *Transcript) release(ready []wire.ChatMessage) []wire.ChatMessage {
	maps.DeleteFunc(t.held, func(n int64, _ wire.ChatMessage) bool { return n <= t.last })
	for {
		m, ok := t.held[t.last+1]
		if !ok {
			return ready
		}
		delete(t.held, m.Seq)
		t.last = m.Seq
		ready = append(ready, m)
	}
}
