package file

import (
	"context"
	"crypto/sha256"
	"slices"
	"time"

	"guichet/platform/wire"
)

// Key names a conference.
type Key struct{ Organization, Conference string }

// Member is an endpoint in a conference and whose it is.
type Member struct{ EndpointID, UserID string }

// Place is what a conference is to its files.
type Place struct {
	Known, Ended bool
	Interaction  string   // empty: none
	Members      []Member // who is in
}

func (p Place) has(m Member) bool { return slices.Contains(p.Members, m) }

func (p Place) hasUser(id string) bool {
	return slices.ContainsFunc(p.Members, func(m Member) bool { return m.UserID == id })
}

// Record is a stored file.
type Record struct {
	ID          string // and its name in the folder
	Key         Key
	Interaction string
	Application string
	Sender      Member
	Target      string // user id; empty: everybody
	Snapshot    string // the snapshot that it is the picture of; empty: a transfer
	Transaction string // the sender's own id of the upload; empty: none
	Name        string
	Kind        string // MIME type
	Size        int64
	SHA256      [sha256.Size]byte
	Created     time.Time
	Staff       bool // the sender was staff
}

// Reader is who wants to read.
type Reader struct {
	UserID   string
	Customer bool
}

// Picture is a stored snapshot. File is the zero Record until it is there.
type Picture struct {
	ID          string
	Key         Key
	Interaction string
	Application string
	Kind        string // snapshotType
	Asker       Member
	Target      Member
	State       wire.SnapshotState
	Created     time.Time
	File        Record
}

// Camera is a stored camera request.
type Camera struct {
	ID      string
	Key     Key
	Asker   Member
	Target  Member
	Kind    wire.CameraRequestType
	Created time.Time
}

// Note is an event for single endpoints, each of which must still belong to the
// user that it is named with.
type Note struct {
	Body []byte // JSON
	To   []Member
}

// Query asks for files or snapshots of one conference or interaction.
type Query struct {
	Organization string
	Conference   string // either this
	Interaction  string // or this
	Reader       Reader // only what this one may read
	Only         string // of transfers, a conference that all must belong to; empty: any
	Addressed    bool   // of transfers, only what the reader sent or was sent
	Limit        int
}

// Limit bounds the files of one conference.
type Limit struct {
	Files int
	Bytes int64
}

// Store keeps files, snapshots and their events. Every change and its events are
// one transaction. Who was in the conference when a file came may read it ever
// after. Who is in it now may as well, if staff; a customer may read what staff
// sent to everybody or to this customer, but not what other customers sent
// before. Conferences may follow each other under one id: the later one has
// nothing of the earlier.
type Store interface {
	Files
	Snapshots
}

// Files keeps what belongs to files.
type Files interface {
	// Place returns a conference, which may be unknown.
	Place(ctx context.Context, k Key) (Place, error)
	// AddFile writes a transfer, if its sender is in the conference, and the
	// event for everybody in it. It returns the endpoints to wake. It fails with
	// ErrNotMember, ErrTooMany when the conference would pass the limit, or, when
	// the sender used the transaction before, with ErrTransaction and that file.
	AddFile(ctx context.Context, r Record, event []byte, l Limit) (earlier Record, woken []string, err error)
	// File returns a file or snapshot's picture and whether somebody may read
	// it; it fails with ErrUnknown. An empty organization is any.
	File(ctx context.Context, organization, id string, by Reader) (r Record, readable bool, err error)
	// FilesOf returns transfers, the oldest first.
	FilesOf(ctx context.Context, q Query) ([]Record, error)
	// KeptFiles returns the sizes of all files by id.
	KeptFiles(ctx context.Context) (map[string]int64, error)
}

// Snapshots keeps what belongs to snapshots.
type Snapshots interface {
	// AddSnapshot writes a request and its event. It fails with ErrTooMany when
	// max requests of the conference wait.
	AddSnapshot(ctx context.Context, p Picture, n Note, max int) (woken []string, err error)
	// Snapshot fails with ErrUnknownSnapshot.
	Snapshot(ctx context.Context, organization, id string) (Picture, error)
	// AwaitedSnapshot returns the newest request to a target endpoint that was
	// approved, in a conference that it is in now; when there is none, and
	// unanswered is set, the newest that was not answered. It fails with
	// ErrNotApproved.
	AwaitedSnapshot(ctx context.Context, organization, targetEndpoint string, unanswered bool) (Picture, error)
	// AnswerSnapshot moves a snapshot from requested to a state; it fails with
	// ErrAnswered.
	AnswerSnapshot(ctx context.Context, id string, state wire.SnapshotState, n Note, at time.Time) (woken []string, err error)
	// AddPicture writes the file of an approved snapshot; with the event of an
	// approval also that of one that nobody answered, which is approved by it. It
	// fails like AddFile, and with ErrNotApproved.
	AddPicture(ctx context.Context, r Record, approval, acquired Note, asker string, l Limit) (woken []string, err error)
	// SnapshotsOf returns snapshots, the oldest first.
	SnapshotsOf(ctx context.Context, q Query) ([]Picture, error)
	// AddCamera writes a camera request and its event; it fails with ErrTooMany.
	AddCamera(ctx context.Context, c Camera, n Note, max int) (woken []string, err error)
	// Camera fails with ErrUnknownCamera.
	Camera(ctx context.Context, organization, id string) (Camera, error)
	// AnswerCamera marks a request as answered; it fails with ErrAnswered.
	AnswerCamera(ctx context.Context, id string, n Note, at time.Time) (woken []string, err error)
}
