package conference

import (
	"context"
	"errors"
	"time"
)

// Key names a conference: ids are unique within an organization only.
type Key struct{ Organization, ID string }

// media returns the name that the SFU knows the conference by. No id holds '/'.
func (k Key) media() string { return k.Organization + "/" + k.ID }

// Store keeps conferences and the journal of their events.
type Store interface {
	// LoadConference returns what was saved last, or version 0 when there is no
	// such conference.
	LoadConference(ctx context.Context, k Key) (Saved, error)
	// SaveConference writes a change and its journal rows in one transaction,
	// or nothing of it; ErrStale when the stored version is not Change.Was.
	SaveConference(ctx context.Context, c Change) error
	// Conferences returns those of an organization that have not ended, the one
	// that changed last first; with an id that one alone.
	Conferences(ctx context.Context, organization, id string, limit int) ([]Saved, error)
	// OpenConferences returns the conferences that have members.
	OpenConferences(ctx context.Context) ([]Key, error)
	// ConferencesOf returns the conferences that the endpoint is in.
	ConferencesOf(ctx context.Context, endpointID string) ([]Key, error)
}

// ErrStale tells that the conference was changed behind the loop's back.
var ErrStale = errors.New("conference was changed elsewhere")

// Saved is a stored conference.
type Saved struct {
	Version int64 // of the next event; 0: there is no such conference
	State   []byte
	At      time.Time // of the last change; of Conferences only
}

// Change is what one write makes of a conference.
type Change struct {
	Key         Key
	Was         int64 // the version that must be stored now; 0: none
	Version     int64
	State       []byte
	Interaction string // empty: none
	Ended       bool
	At          time.Time
	Entries     []Entry // in the order of their versions
}

// Entry is one event for the journal, with what it does to the right of
// endpoints to see the conference's events. Who joins sees its own joined event
// and what follows, who leaves sees its own left event as the last.
type Entry struct {
	Body   []byte   // JSON
	To     []string // ids of the endpoints that see it; not to be changed
	Joins  string   // endpoint id
	Leaves string   // endpoint id
	Ends   bool     // all endpoints leave
	Alone  bool     // To is one endpoint, the event is no news of the conference
	Who    Attendee // who joins
	Reason string   // for leaving or the end, as it was given
}
