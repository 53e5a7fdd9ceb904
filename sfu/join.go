package sfu

import (
	"slices"
	"time"
)

// A viewer that joins is sent the packets kept for it in bursts, as a socket
// buffer of the usual size must hold them.
const (
	burstPackets = 16
	burstPause   = 2 * time.Millisecond
)

// join makes o one of the viewers. Audio starts with the next packet. Video
// starts with the last key frame, if it is recent, else with the next one; the
// packets since are sent from here, in the viewer's own time.
func (t *track) join(o *outlet, quit <-chan struct{}) {
	if t.isKey == nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		o.begin(max(t.past.newest+1, firstNumber))
		t.addLocked(o, quit)
		return
	}
	next, ok := t.awaitKey(quit)
	if !ok {
		return
	}
	o.begin(next)
	burst := make([]*packet, burstPackets)
	for i := range burst {
		burst[i] = newPacket()
	}
	pause := time.NewTicker(burstPause)
	defer pause.Stop()
	for {
		n, done := t.fetch(burst, &next, o, quit)
		for _, p := range burst[:n] {
			if o.forward(p) {
				t.count.packetsOut.Add(1)
				t.count.bytesOut.Add(uint64(p.to))
			}
		}
		if done {
			return
		}
		select {
		case <-pause.C:
		case <-quit:
			return
		}
	}
}

// awaitKey returns the number of the packet to start with.
func (t *track) awaitKey(quit <-chan struct{}) (uint64, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for {
		if first, ok := t.past.group(time.Now()); ok {
			return first, true
		}
		t.requestKeyLocked()
		begun := t.begun
		t.waiting++
		t.mu.Unlock()
		ok := true
		select {
		case <-begun:
		case <-quit:
			ok = false
		}
		t.mu.Lock()
		t.waiting--
		if !ok {
			return 0, false
		}
	}
}

// fetch copies packets from *next on. When there are none left, it makes o live
// and is done.
func (t *track) fetch(into []*packet, next *uint64, o *outlet, quit <-chan struct{}) (n int, done bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for ; n < len(into) && *next <= t.past.newest; *next++ {
		if p := t.past.get(*next); p != nil {
			p.copyTo(into[n])
			n++
		}
	}
	if n > 0 {
		return n, false
	}
	t.addLocked(o, quit)
	return 0, true
}

// addLocked makes o live, unless its viewer is ending: leave may have been
// called already.
func (t *track) addLocked(o *outlet, quit <-chan struct{}) {
	select {
	case <-quit:
	default:
		t.live = append(slices.Clip(t.live), o)
	}
}
