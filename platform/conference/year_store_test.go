package conference_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"guichet/platform/conference"
	"guichet/platform/wire"
)

// ledger is a store of conferences without a disk. Each event that is written is
// held against the rule of versions, and followed.
type ledger struct {
	conference.Store // what is not here is not asked for

	mu       sync.Mutex
	saved    map[conference.Key]conference.Saved
	in       map[conference.Key]int // members
	follower map[conference.Key]*conference.Follower
	events   int
	largest  int // state, in bytes
	faults   []error
}

func newLedger() *ledger {
	return &ledger{saved: map[conference.Key]conference.Saved{}, in: map[conference.Key]int{}, follower: map[conference.Key]*conference.Follower{}}
}

func (l *ledger) LoadConference(_ context.Context, k conference.Key) (conference.Saved, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.saved[k], nil
}

func (l *ledger) OpenConferences(context.Context) (keys []conference.Key, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for k, n := range l.in {
		if n > 0 {
			keys = append(keys, k)
		}
	}
	return keys, nil
}

func (l *ledger) SaveConference(_ context.Context, c conference.Change) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.saved[c.Key].Version != c.Was {
		return conference.ErrStale
	}
	l.saved[c.Key] = conference.Saved{Version: c.Version, State: slices.Clone(c.State), At: c.At}
	l.largest = max(l.largest, len(c.State))
	f := l.follower[c.Key]
	if f == nil {
		f = &conference.Follower{Conference: wire.Conference{ID: c.Key.ID, Mode: wire.ModeRouter, Version: 1, Metadata: map[string]string{}, Participants: []wire.Participant{}}}
		l.follower[c.Key] = f
	}
	for _, e := range c.Entries {
		var v wire.Event
		if err := json.Unmarshal(e.Body, &v); err != nil || v.ConferenceVersion == nil || *v.ConferenceVersion != f.Version {
			l.fault(fmt.Errorf("at version %d came %s: %v", f.Version, e.Body, err))
			continue
		}
		if err := f.Follow(v); err != nil {
			l.fault(err)
		}
		l.events++
		if e.Joins != "" {
			l.in[c.Key]++
		}
		if e.Leaves != "" {
			l.in[c.Key]--
		}
		if e.Ends {
			l.in[c.Key] = 0
		}
	}
	if f.Version != c.Version {
		l.fault(fmt.Errorf("version %d is written after the event below %d", c.Version, f.Version))
	}
	if c.Ended {
		l.ended(c)
	}
	return nil
}

// ended wants nothing to be kept of those who were in a session that is over.
func (l *ledger) ended(c conference.Change) {
	var kept struct{ Members, Past []json.RawMessage }
	if err := json.Unmarshal(c.State, &kept); err != nil || len(kept.Members)+len(kept.Past) > 0 {
		l.fault(fmt.Errorf("after the end of %s there is %s: %v", c.Key.ID, c.State, err))
	}
	delete(l.follower, c.Key)
	delete(l.in, c.Key)
}

func (l *ledger) fault(err error) { l.faults = append(l.faults, err) }

// told is what somebody knows who has followed every event.
func (l *ledger) told(k conference.Key) (wire.Conference, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.follower[k]
	if f == nil {
		return wire.Conference{}, false
	}
	c := conference.Sorted(f.Conference)
	c.Metadata = map[string]string{}
	for key, v := range f.Metadata {
		c.Metadata[key] = v
	}
	return c, true
}

func (l *ledger) broken() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.Join(l.faults...)
}
