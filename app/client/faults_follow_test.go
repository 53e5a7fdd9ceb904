package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"guichet/platform/wire"
)

// desktop is the loop of a Call, driven by hand: what it does, without a
// network and without its waits.
type desktop struct {
	loop *callLoop
	seen CallState
}

func newDesktop(id string) *desktop {
	d := &desktop{}
	call := newCall(&Connection{client: &Client{}}, CallConfig{Conference: id, OnState: func(s CallState) { d.seen = s }})
	d.loop = newCallLoop(call, nil)
	d.loop.ctx, d.loop.again, d.loop.news.again = call.life, time.NewTimer(time.Hour), time.NewTimer(time.Hour)
	return d
}

func (d *desktop) take(v any) {
	d.loop.take(v)
	d.loop.tell()
}

func (d *desktop) online(endpoint string) { d.take(Status{Endpoint: endpoint, Online: true}) }

func (d *desktop) event(body []byte) {
	h := happening{body: body}
	if err := json.Unmarshal(body, &h.Event); err != nil {
		panic(err) // the server's own
	}
	d.take(h)
}

func (d *desktop) wants() string {
	switch {
	case !d.loop.wanting():
		return ""
	case d.loop.member == "":
		d.loop.busy = true
		return "join"
	}
	d.loop.busy = true
	return "state"
}

func (d *desktop) joined(endpoint string, err error) {
	if errors.Is(err, errGone) {
		err = errForgotten
	}
	d.take(joined{endpoint, d.loop.conference(), err})
}

func (d *desktop) fetched(s wire.Conference, err error) { d.take(fetched{s, err}) }
func (d *desktop) view() (string, int64) {
	if !d.loop.follower.fetched {
		return "", 0
	}
	return text(d.seen.Conference), d.seen.Conference.Version
}
func (d *desktop) over() bool      { return d.loop.over }
func (d *desktop) rejoins() bool   { return true }
func (d *desktop) refetches() bool { return true }

// bare is a Follower whose owner fetches the state only when it must: what is
// lost on the wire comes by being sent again, or not at all.
type bare struct {
	Follower
	endpoint string
	in, gone bool
	busy     bool
}

func (b *bare) online(endpoint string) {
	if endpoint != b.endpoint {
		b.endpoint, b.in = endpoint, false
	}
}

func (b *bare) event(body []byte) {
	var e wire.Event
	if err := json.Unmarshal(body, &e); err != nil {
		panic(err) // the server's own
	}
	b.Event(e)
}

func (b *bare) wants() string {
	switch {
	case b.over() || b.busy:
		return ""
	case !b.in:
		b.busy = true
		return "join"
	case b.Missing():
		b.busy = true
		return "state"
	}
	return ""
}

func (b *bare) joined(endpoint string, err error) {
	b.busy = false
	b.answered(err)
	b.in = err == nil && endpoint == b.endpoint
}

func (b *bare) fetched(s wire.Conference, err error) {
	b.busy = false
	b.answered(err)
	if err == nil {
		b.Fetched(s)
	}
}

func (b *bare) answered(err error) { b.gone = b.gone || code(err) == wire.CodeGone }

func (b *bare) view() (string, int64) {
	if !b.Follower.fetched {
		return "", 0
	}
	s := b.State()
	return text(s), s.Version
}

func (b *bare) over() bool {
	ended, _ := b.Ended()
	return ended || b.gone
}
func (b *bare) rejoins() bool   { return false }
func (b *bare) refetches() bool { return false }

// text writes a conference so that equal ones have equal texts, in this
// language and in the page's: lists whose order says nothing are sorted, and
// missing metadata is empty.
func text(s wire.Conference) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d", s.ID, s.Version)
	for _, k := range slices.Sorted(maps.Keys(s.Metadata)) {
		b.WriteString("\n" + k + "=" + s.Metadata[k])
	}
	b.WriteString(roomText(s.Metadata))
	object := func(raw json.RawMessage) string {
		if len(raw) == 0 || string(raw) == "null" {
			return "{}"
		}
		return string(raw)
	}
	people := slices.Clone(s.Participants)
	slices.SortFunc(people, func(a, b wire.Participant) int { return strings.Compare(a.ID, b.ID) })
	for _, p := range people {
		b.WriteString("\n" + p.ID)
		ends := slices.Clone(p.Endpoints)
		slices.SortFunc(ends, func(a, b wire.Endpoint) int { return strings.Compare(a.ID, b.ID) })
		for _, n := range ends {
			b.WriteString("\n " + n.ID + " " + object(n.Metadata) + seatText(s.Metadata, n.ID))
			for _, t := range n.Streams {
				b.WriteString("\n  " + string(t.ID) + " " + string(t.Type) + " " + object(t.Metadata))
			}
		}
	}
	return b.String()
}
