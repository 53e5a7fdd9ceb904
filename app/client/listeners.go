package client

import "sync"

// listeners are the calls that a connection tells of its changes and events.
type listeners struct {
	mu     sync.Mutex
	status Status
	all    map[*Call]struct{}
}

// add registers a call and returns the status that it starts with; every later
// one is told.
func (l *listeners) add(c *Call) Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all == nil {
		l.all = map[*Call]struct{}{}
	}
	l.all[c] = struct{}{}
	return l.status
}

func (l *listeners) remove(c *Call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.all, c)
}

func (l *listeners) list() []*Call {
	l.mu.Lock()
	defer l.mu.Unlock()
	calls := make([]*Call, 0, len(l.all))
	for c := range l.all {
		calls = append(calls, c)
	}
	return calls
}

func (l *listeners) setStatus(s Status) {
	l.mu.Lock()
	l.status = s
	l.mu.Unlock()
	for _, c := range l.list() {
		c.connection(s)
	}
}
