package queue

import (
	"context"
	"errors"
	"time"
)

// Store keeps the queues, agents and visits of organizations.
type Store interface {
	// Organizations returns those that have a hall.
	Organizations(ctx context.Context) ([]string, error)
	// LoadHall returns what was saved of an organization, without the visits of
	// which nothing is left to do; revision 0 when there is nothing. Samples are
	// the newest of each queue, up to a number, that are younger than since; the
	// oldest first.
	LoadHall(ctx context.Context, organization string, since time.Time, samples int) (SavedHall, error)
	// SaveHall writes a change and its journal rows in one transaction, or nothing
	// of it; ErrStale when the stored revision is not Change.Was.
	SaveHall(ctx context.Context, c Change) error
	// Visit returns a visit, whether it has ended or not; nil when there is none.
	Visit(ctx context.Context, organization, id string) ([]byte, error)
	// PastVisits returns the visits that have ended, the last that came first.
	PastVisits(ctx context.Context, q PastQuery) ([][]byte, error)
	// SweepHalls deletes visits that ended and samples that were taken before a
	// time.
	SweepHalls(ctx context.Context, visits, samples time.Time) error
}

// PastQuery says which visits are asked for.
type PastQuery struct {
	Organization string
	Queue        string // empty: any
	Agent        string // who had a part in it; empty: any
	User         string // who came; empty: any
	Before       time.Time
	Limit        int
}

// ErrStale tells that the hall was changed behind the loop's back.
var ErrStale = errors.New("hall was changed elsewhere")

// SavedHall is a stored hall; bodies are the package's own JSON.
type SavedHall struct {
	Revision int64
	Words    []byte
	Queues   [][]byte
	Agents   [][]byte
	Visits   [][]byte
	Samples  []SavedSample
}

// SavedSample is how long one caller kept an agent.
type SavedSample struct {
	Queue string
	At    time.Time
	Took  time.Duration
}

// Change is what one write makes of a hall.
type Change struct {
	Organization string
	Was          int64 // the revision that must be stored now; 0: none
	At           time.Time
	Words        []byte // nil: as they are
	Queues       []SavedQueue
	Agents       []SavedAgent
	Visits       []SavedVisit
	Samples      []SavedSample
	Entries      []Entry
}

// SavedQueue is a queue; without a body it is deleted.
type SavedQueue struct {
	ID, Name string
	Body     []byte
}

// SavedAgent is an agent.
type SavedAgent struct {
	User string
	Body []byte
}

// SavedVisit is a visit.
type SavedVisit struct {
	ID, Queue, User string
	Agents          []string // who had a part in it
	Came            time.Time
	Ended           time.Time // nothing is left to do; zero: something is
	Body            []byte
}

// Entry is one event for the journal, with who sees it: the endpoints that are
// still registered by these users.
type Entry struct {
	Body []byte // JSON
	To   []Party
}
