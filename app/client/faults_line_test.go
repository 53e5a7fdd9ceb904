package client

import (
	"fmt"
	"slices"

	"guichet/platform/wire"
)

// follower is what follows a conference: a desktop's call, a Follower alone, or the
// page's.
type follower interface {
	online(endpoint string)               // events flow, to this endpoint
	event(body []byte)                    // one came
	wants() string                        // what to ask the server for: "join", "state" or nothing; it is asked then
	joined(endpoint string, err error)    // the answer
	fetched(s wire.Conference, err error) // the answer
	view() (text string, version int64)   // what its owner sees; version 0: nothing yet
	over() bool                           // for good
	rejoins() bool                        // with the same endpoint, when it was taken out
	refetches() bool                      // the state, whenever events flow again
}

// line is a follower with its connection and the broker's end of it.
type line struct {
	follower
	name     string
	endpoint string
	number   int // of the endpoint

	up     bool
	blind  int64  // number of an event that the follower could not read, and nothing newer has come
	lossy  bool   // something was dropped: it will not be acknowledged, and the broker will cut
	place  int64  // what the broker has sent
	flight []row  // on its way
	flying []sent // not acknowledged with all before it
	cursor int64
	lag    []int64 // what the cursor was; a crash falls back there

	request string // what was asked for: join, state, or nothing
	as      string // by this endpoint
	done    bool   // the server has answered; answer, err are on their way
	answer  wire.Conference
	err     error
	fetches int // since the last fault
}

type sent struct {
	seq   int64
	acked bool
}

// pump puts on the wire what the journal has.
func (l *line) pump(m *memory, limit int) {
	if !l.up {
		return
	}
	for _, r := range m.after(l.endpoint, l.place, limit) {
		l.flight, l.flying, l.place = append(l.flight, r), append(l.flying, sent{seq: r.seq}), r.seq
	}
}

// deliver hands over what is at a place on the wire. The cursor moves past what
// is acknowledged with all before it.
func (l *line) deliver(i int, readable bool) {
	r := l.flight[i]
	l.flight = slices.Delete(l.flight, i, i+1)
	if readable {
		l.follower.event(r.body)
		if r.seq > l.blind {
			l.blind = 0
		}
	} else {
		l.blind = max(l.blind, r.seq)
	}
	if n := slices.IndexFunc(l.flying, func(s sent) bool { return s.seq == r.seq }); n >= 0 {
		l.flying[n].acked = true
	}
	for len(l.flying) > 0 && l.flying[0].acked {
		if l.lag = append(l.lag, l.cursor); len(l.lag) > 8 {
			l.lag = l.lag[1:]
		}
		l.cursor, l.flying = l.flying[0].seq, l.flying[1:]
	}
}

// cut loses what is on the wire; the cursor falls back by some of its steps.
func (l *line) cut(back int) {
	l.up, l.lossy, l.flight, l.flying = false, false, nil, nil
	if back > 0 && len(l.lag) > 0 {
		l.cursor = l.lag[max(0, len(l.lag)-back)]
		l.lag = nil
	}
}

// connect subscribes, anew or again.
func (l *line) connect() {
	l.up, l.place = true, l.cursor
	l.follower.online(l.endpoint)
}

// register makes another endpoint, since the server has forgotten the last one.
func (l *line) register() {
	l.number++
	l.endpoint, l.cursor, l.lag = fmt.Sprintf("%s-%d", l.name, l.number), 0, nil
	l.cut(0)
}

// ask begins a request, if one is wanted and none is under way.
func (l *line) ask() {
	if l.request == "" && l.up {
		l.request, l.as, l.done = l.wants(), l.endpoint, false
		if l.request == "state" {
			l.fetches++
		}
	}
}

// arrive hands over the answer, or that there is none.
func (l *line) arrive() {
	request := l.request
	if l.request = ""; request == "join" {
		l.follower.joined(l.as, l.err)
	} else {
		l.follower.fetched(l.answer, l.err)
	}
}
