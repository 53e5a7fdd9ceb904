package client

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"guichet/platform/conference"
	"guichet/platform/wire"
)

// memory is a store of conferences without a disk, and their journal. It finds
// out who may read an event by who joined and left, as the database does, and
// holds that against who is said to see it.
type memory struct {
	conference.Store // what is not here is not asked for

	mu     sync.Mutex
	saved  map[conference.Key]conference.Saved
	inside map[conference.Key]map[string]bool
	rows   map[string][]row // of each endpoint
	seq    int64
	fails  string // how the next write fails: "", "before" or "after" it is done
	fault  error
}

// row is a journal row as one endpoint reads it.
type row struct {
	seq  int64
	body []byte
}

func newMemory() *memory {
	return &memory{saved: map[conference.Key]conference.Saved{}, inside: map[conference.Key]map[string]bool{}, rows: map[string][]row{}}
}

var errDisk = errors.New("disk full")

func (m *memory) LoadConference(_ context.Context, k conference.Key) (conference.Saved, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.saved[k], nil
}

func (m *memory) OpenConferences(context.Context) (keys []conference.Key, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for k, in := range m.inside {
		if len(in) > 0 {
			keys = append(keys, k)
		}
	}
	return keys, nil
}

func (m *memory) ConferencesOf(_ context.Context, endpoint string) (keys []conference.Key, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for k, in := range m.inside {
		if in[endpoint] {
			keys = append(keys, k)
		}
	}
	return keys, nil
}

func (m *memory) SaveConference(_ context.Context, c conference.Change) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	fails := m.fails
	if m.fails = ""; fails == "before" {
		return errDisk
	}
	if m.saved[c.Key].Version != c.Was {
		return conference.ErrStale
	}
	m.saved[c.Key] = conference.Saved{Version: c.Version, State: slices.Clone(c.State), At: c.At}
	in := m.inside[c.Key]
	if in == nil {
		in = map[string]bool{}
		m.inside[c.Key] = in
	}
	for _, e := range c.Entries {
		m.write(in, e)
	}
	if fails == "after" {
		return errDisk
	}
	return nil
}

func (m *memory) write(in map[string]bool, e conference.Entry) {
	if e.Joins != "" {
		in[e.Joins] = true
	}
	readers := slices.Sorted(maps.Keys(in))
	if to := slices.Sorted(slices.Values(e.To)); !slices.Equal(to, readers) && m.fault == nil {
		m.fault = fmt.Errorf("%s is told to %q and may be read by %q", e.Body, to, readers)
	}
	m.seq++
	for _, id := range readers {
		m.rows[id] = append(m.rows[id], row{m.seq, e.Body})
	}
	if delete(in, e.Leaves); e.Ends {
		clear(in)
	}
}

// after returns what an endpoint may read past a number.
func (m *memory) after(endpoint string, seq int64, limit int) []row {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.rows[endpoint]
	i, _ := slices.BinarySearchFunc(all, seq+1, func(r row, seq int64) int { return int(r.seq - seq) })
	return all[i:min(len(all), i+limit)]
}

// age sweeps what an endpoint has not read.
func (m *memory) age(endpoint string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rows[endpoint] = nil
}

func (m *memory) failNext(how string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fails = how
}

func (m *memory) faulted() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.fault
}

// silent is an SFU that agrees to everything.
type silent struct{ conference.Media }

func (silent) Publish(context.Context, string, string, string, string) (string, error) {
	return "answer", nil
}
func (silent) View(context.Context, string, string, string, string, string) (string, error) {
	return "answer", nil
}
func (silent) Unpublish(string, string)        {}
func (silent) StopView(string, string, string) {}
func (silent) Hold(string, bool)               {}
func (silent) End(string)                      {}

func (silent) Permit(string, string, conference.Rights) {}

// living are the endpoints but those that are gone.
type living struct {
	mu   sync.Mutex
	gone map[string]bool
}

var errGone = errors.New("endpoint is gone")

func (l *living) Check(_ context.Context, _, _, id string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.gone[id] {
		return errGone
	}
	return nil
}

func (l *living) end(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gone[id] = true
}

func caller(user string) conference.Caller {
	return conference.Caller{Organization: "default", UserID: user, MayCreate: true, MayEnd: true}
}

// refused is the error that a client sees of one of the server's.
func refused(err error) error {
	code := map[error]wire.Code{conference.ErrEnded: wire.CodeGone, conference.ErrUnavailable: wire.CodeUnavailable,
		conference.ErrUnknownConference: wire.CodeNotFound, conference.ErrFull: wire.CodeUnavailable}
	for known, code := range code {
		if errors.Is(err, known) {
			return &wire.Error{Code: code}
		}
	}
	return err
}
