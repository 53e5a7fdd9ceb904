package main

import (
	"math/rand/v2"
	"slices"
	"sync"
)

// state is what was acknowledged about a token. What was being changed when the
// answer was lost is in doubt.
type state int

const (
	live state = iota
	dead
	doubt
)

// access is an access token.
type access struct {
	token, jti, key string
	state           state
	audited         bool // found in the audit log
}

// session is a sign-in, with all the tokens that came of it. One worker at a time
// has it.
type session struct {
	person   bool   // anna's; else the application's own token
	refresh  string // the one that counts; empty: there is none
	state    state
	rotated  []string
	accesses []*access
	checked  int // how many starts it was found right after
}

// ledger is what the server has acknowledged.
type ledger struct {
	mu       sync.Mutex
	idle     []*session
	keys     map[string]bool // ids of the signing keys; nil: not known
	changing string          // a change of the keys that was not answered: plain or compromised
	faults   []error
}

func newLedger() *ledger { return &ledger{} }

func (l *ledger) take(c *rand.Rand) *session {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.idle) == 0 {
		return nil
	}
	i := c.IntN(len(l.idle))
	s := l.idle[i]
	l.idle = slices.Delete(l.idle, i, i+1)
	return s
}

func (l *ledger) put(s *session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.idle = append(l.idle, s)
}

func (l *ledger) fault(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = append(l.faults, err)
}

func (l *ledger) takeFaults() []error {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := l.faults
	l.faults = nil
	return list
}
