package sfu

import (
	"crypto/rand"
	"fmt"
	"slices"
	"sync"
	"time"
)

// stream is what is published under one key: its tracks and its viewers. They
// outlive the publisher's connection when that is replaced.
type stream struct {
	key    StreamKey
	owner  string
	id     string // media stream id and CNAME that viewers see
	tracks []*track
	ask    chan struct{} // wakes the publisher's goroutine: somebody wants a key frame

	publisher *publisher         // guarded by SFU.mu
	viewers   map[string]*viewer // guarded by SFU.mu

	clockMu sync.Mutex
	clock   sourceClock
}

func newStream(key StreamKey, owner string, codecs []codec, count *counters) *stream {
	st := &stream{
		key: key, owner: owner, id: rand.Text(),
		ask:     make(chan struct{}, 1),
		viewers: map[string]*viewer{},
	}
	for _, c := range codecs {
		st.tracks = append(st.tracks, newTrack(c, count, st.wake))
	}
	return st
}

// wake makes the publisher's goroutine look for key frame requests.
func (st *stream) wake() {
	select {
	case st.ask <- struct{}{}:
	default:
	}
}

// hold stops all tracks, or lets them go on.
func (st *stream) hold(on bool) {
	for _, t := range st.tracks {
		t.hold(heldByAll, on)
	}
}

// fits reports whether a publisher with these codecs can go on with the stream:
// each of them is one of its tracks.
func (st *stream) fits(codecs []codec) ([]*track, bool) {
	left := slices.Clone(st.tracks)
	var list []*track
	for _, c := range codecs {
		at := slices.IndexFunc(left, func(t *track) bool {
			return t.codec.mime == c.mime && (c.mime != mimeH264 || profile(t.codec) == profile(c))
		})
		if at < 0 {
			return nil, false
		}
		list = append(list, left[at])
		left = slices.Delete(left, at, at+1)
	}
	return list, true
}

func (st *stream) observeClock(theirs, ours time.Time) {
	st.clockMu.Lock()
	defer st.clockMu.Unlock()
	st.clock.observe(theirs, ours)
}

func (st *stream) currentClock() sourceClock {
	st.clockMu.Lock()
	defer st.clockMu.Unlock()
	return st.clock
}

// label returns the id of a track in the viewers' media stream: its kind, and
// its place among those of that kind if it is not the first.
func (st *stream) label(t *track) string {
	n := 0
	for _, other := range st.tracks[:slices.Index(st.tracks, t)] {
		if other.kind == t.kind {
			n++
		}
	}
	if n == 0 {
		return t.kind.String()
	}
	return fmt.Sprintf("%s%d", t.kind, n+1)
}
