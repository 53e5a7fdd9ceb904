package store

import (
	"slices"
	"sync"

	"guichet/platform/broker"
)

// maxTail bounds the rows that are kept for one endpoint; one that is further
// behind reads the database.
const maxTail = 256

// tail keeps the newest journal rows of the endpoints that read the journal, so
// that an event is not read back from the database once per endpoint.
//
// The writer's goroutine stages rows inside its transaction; whoever learns that
// a row was committed publishes it with all that were staged before it. Hence
// rows are published in the order of their numbers and none is left out. A
// number that comes again takes the place of a row that was rolled back.
type tail struct {
	mu      sync.Mutex
	staged  []tailRow
	last    int64 // the newest number that was published
	readers map[string]*reader
}

// tailRow is a journal row with who may see it.
type tailRow struct {
	entry broker.Entry
	to    []string // endpoint ids
}

// reader is what one endpoint has not acknowledged.
type reader struct {
	from int64 // all rows past this number are in rows
	rows []broker.Entry
}

// stage notes rows of the transaction at hand.
func (t *tail) stage(rows []tailRow) {
	if len(rows) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	first := rows[0].entry.Seq
	t.staged = slices.DeleteFunc(t.staged, func(r tailRow) bool { return r.entry.Seq >= first })
	t.staged = append(t.staged, rows...)
}

// publish hands the staged rows up to a number that was committed to their
// readers.
func (t *tail) publish(seq int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := 0
	for _, r := range t.staged {
		if r.entry.Seq > seq {
			break
		}
		n++
		for _, id := range r.to {
			t.hand(id, r.entry)
		}
	}
	t.staged = slices.Delete(t.staged, 0, n)
	t.last = max(t.last, seq)
}

// hand gives a row to an endpoint's reader, if there is one that keeps up. The
// caller holds mu.
func (t *tail) hand(id string, e broker.Entry) {
	r := t.readers[id]
	switch {
	case r == nil:
	case len(r.rows) >= maxTail:
		delete(t.readers, id)
	default:
		r.rows = append(r.rows, e)
	}
}

// after returns up to limit rows past the cursor. Without ok the database has
// to be asked; what is committed from now on is kept for the next time.
func (t *tail) after(id string, cursor int64, limit int) (rows []broker.Entry, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.readers[id]
	if r == nil && t.last == 0 {
		return nil, false // nothing was written since the start: what there is has any number
	}
	if r == nil {
		if t.readers == nil {
			t.readers = map[string]*reader{}
		}
		t.readers[id] = &reader{from: t.last}
		return nil, false
	}
	if cursor < r.from {
		return nil, false
	}
	i, _ := slices.BinarySearchFunc(r.rows, cursor+1, func(e broker.Entry, seq int64) int { return int(e.Seq - seq) })
	return slices.Clone(r.rows[i:min(len(r.rows), i+limit)]), true
}

// acknowledged drops what an endpoint needs no more.
func (t *tail) acknowledged(id string, seq int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.readers[id]
	if r == nil {
		return
	}
	i, _ := slices.BinarySearchFunc(r.rows, seq+1, func(e broker.Entry, seq int64) int { return int(e.Seq - seq) })
	r.rows = slices.Delete(r.rows, 0, i)
	r.from = max(r.from, seq)
}

// forget drops an endpoint.
func (t *tail) forget(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.readers, id)
}
