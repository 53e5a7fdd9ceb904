package keyring

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// State is where a key is in its life.
type State int

// A key waits, signs, and then only verifies.
const (
	Next State = iota
	Signing
	Retired
)

// Status is a key as people may see it.
type Status struct {
	ID, Algorithm  string
	State          State
	Created, Signs time.Time
	Removed        time.Time // of a retired key: when it goes
}

// Keys tells of all keys, the newest first.
func (r *Ring) Keys() []Status {
	s, now := r.set.Load(), r.config.Now()
	current := s.current(now)
	list := make([]Status, len(s.keys))
	for i, k := range s.keys {
		list[i] = Status{ID: k.ID, Algorithm: k.Algorithm, State: Next, Created: k.Created, Signs: k.Signs}
		switch {
		case i == current:
			list[i].State = Signing
		case i > current:
			list[i].State = Retired
			list[i].Removed = r.removed(s, i)
		}
	}
	return list
}

// current is the index of the key that signs: the newest whose time has come,
// or the oldest when the clock stands before all of them.
func (s *set) current(now time.Time) int {
	for i, k := range s.keys {
		if !now.Before(k.Signs) {
			return i
		}
	}
	return len(s.keys) - 1
}

// retires is when the last that key i signed has expired, save what SignUntil
// signed.
func (r *Ring) retires(s *set, i int) time.Time {
	return s.keys[i-1].Signs.Add(r.config.Life)
}

// removed is when the last of all that key i signed has expired.
func (r *Ring) removed(s *set, i int) time.Time {
	if at := r.retires(s, i); at.After(s.keys[i].Until) {
		return at
	}
	return s.keys[i].Until
}

// Tend makes a new key when there is none, when the newest has signed for a
// Period, or when it has another algorithm than new keys shall have, and
// removes those that nobody needs any more.
func (r *Ring) Tend(ctx context.Context) error {
	for {
		s, now := r.set.Load(), r.config.Now()
		var add *Key
		newest := ""
		if len(s.keys) > 0 {
			newest = s.keys[0].ID
		}
		if len(s.keys) == 0 || s.keys[0].Algorithm != r.algorithm(s) || now.Sub(s.keys[0].Signs) >= Period {
			signs := now
			if len(s.keys) > 0 {
				signs = now.Add(CacheTime)
			}
			k, err := New(r.config.Vault, r.algorithm(s), now, signs)
			if err != nil {
				return err
			}
			add = &k
		}
		var remove []string
		for i := s.current(now) + 1; i < len(s.keys); i++ {
			if !now.Before(r.removed(s, i)) {
				remove = append(remove, s.keys[i].ID)
			}
		}
		if add == nil && remove == nil {
			return nil
		}
		err := r.replace(ctx, newest, add, remove, false)
		if !errors.Is(err, ErrChanged) {
			return err
		}
	}
}

// algorithm is that of new keys.
func (r *Ring) algorithm(s *set) string {
	switch {
	case r.config.Algorithm != "":
		return r.config.Algorithm
	case len(s.keys) > 0:
		return s.keys[0].Algorithm
	}
	return RS256
}

// Rotate makes a new key. It signs after CacheTime, and nobody notices; when a
// key was compromised it signs at once and all others are gone, so that no token
// of before is good any more.
func (r *Ring) Rotate(ctx context.Context, compromised bool) error {
	for {
		s, now := r.set.Load(), r.config.Now()
		signs := now.Add(CacheTime)
		var remove []string
		newest := s.keys[0].ID
		if compromised {
			signs = now
			for _, k := range s.keys {
				remove = append(remove, k.ID)
			}
		} else if now.Before(s.keys[0].Signs) {
			return nil // one waits already
		}
		k, err := New(r.config.Vault, r.algorithm(s), now, signs)
		if err != nil {
			return err
		}
		if err = r.replace(ctx, newest, &k, remove, compromised); !errors.Is(err, ErrChanged) {
			return err
		}
	}
}

// replace changes the store and reads it again, also when it had changed.
func (r *Ring) replace(ctx context.Context, newest string, add *Key, remove []string, compromised bool) error {
	err := r.config.Store.ReplaceSigningKeys(ctx, newest, add, remove, compromised)
	if err != nil && !errors.Is(err, ErrChanged) {
		return fmt.Errorf("replace signing keys: %w", err)
	}
	if err := r.Reload(ctx); err != nil {
		return err
	}
	return err
}
