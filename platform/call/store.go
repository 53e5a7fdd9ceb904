package call

import (
	"context"
	"errors"
	"time"
)

// Key names a call: ids are unique within an organization only.
type Key struct{ Organization, ID string }

// Store keeps calls and writes their events into the journal.
type Store interface {
	// LoadCall returns what was saved last, or revision 0 when there is no such
	// call.
	LoadCall(ctx context.Context, k Key) (Saved, error)
	// SaveCall writes a change and its journal rows in one transaction, or
	// nothing of it; ErrStale when the stored revision is not Change.Was.
	SaveCall(ctx context.Context, c Change) error
	// CallsOf returns the calls that the endpoint is in.
	CallsOf(ctx context.Context, endpointID string) ([]Key, error)
	// OverdueCalls returns up to limit calls whose ringing was to end by now,
	// and when the next one is due; zero when none is.
	OverdueCalls(ctx context.Context, now time.Time, limit int) (due []Key, next time.Time, err error)
	// SweepCalls deletes the calls that ended before a time, and of the events
	// that were written before another those that their endpoint has
	// acknowledged.
	SweepCalls(ctx context.Context, ended, written time.Time) error
}

// ErrStale tells that the call was changed since it was loaded.
var ErrStale = errors.New("call was changed meanwhile")

// Saved is a stored call.
type Saved struct {
	Revision int64 // raised by every write; 0: there is no such call
	State    []byte
}

// Change is what one write makes of a call.
type Change struct {
	Key            Key
	Was            int64 // the revision that must be stored now; 0: none
	State          []byte
	Caller, Callee string    // users
	RingsUntil     time.Time // zero: it does not ring
	Ended          bool
	At             time.Time
	Joins          []Party // an endpoint that is not registered any more is left out
	Leaves         []Party
	Entries        []Entry
	// MostLive is how many calls either user may be in that have not ended,
	// before this one begins; ErrTooMany otherwise.
	MostLive int
}

// Party is an endpoint and the user that it belongs to.
type Party struct {
	User     string `json:"user"`
	Endpoint string `json:"endpoint"`
}

// Entry is one event for the journal, with who sees it: the endpoints that are
// still registered by these users.
type Entry struct {
	Body []byte // JSON
	To   []Party
}
