// Package file keeps what people of a conference send each other and the
// pictures that staff takes of a customer's camera (snapshots).
//
// It owns the folder that the files lie in, the rules of what may be kept and
// who may read it, the links that open a file for a few minutes, and the steps
// of a snapshot: asked for, approved, there. It knows nothing of HTTP, tokens or
// MQTT; who is in a conference and the journal of events it reaches through its
// store. A file is whole and on disk before its row is written, so a row always
// has its file; files without a row are what a crash left, and New removes them.
//
// The Service starts no goroutine. Its mutexes guard the count of used bytes and
// of uploads at a time; its methods are safe for concurrent use.
package file

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"guichet/platform/wire"
)

// Failures that callers branch on; others are *wire.Error with the code
// invalid_request, or come from the store, the disk or an upload's source.
var (
	ErrUnknown           = errors.New("file is not known")
	ErrUnknownSnapshot   = errors.New("snapshot is not known")
	ErrUnknownCamera     = errors.New("camera request is not known")
	ErrUnknownConference = errors.New("conference of the file is not known")
	ErrEnded             = errors.New("conference of the file has ended")
	ErrNotMember         = errors.New("not a participant of the conference")
	ErrForbidden         = errors.New("not allowed with this file")
	ErrEmpty             = errors.New("file is empty")
	ErrTooLarge          = errors.New("file is too large")
	ErrType              = errors.New("files of this type are not taken")
	ErrMismatch          = errors.New("file is not what its name says")
	ErrTooMany           = errors.New("conference has too many files")
	ErrBusy              = errors.New("too many uploads at a time")
	ErrNoSpace           = errors.New("no room for files is left")
	ErrTransaction       = errors.New("transaction id was used for another file")
	ErrNotApproved       = errors.New("snapshot is not approved")
	ErrAnswered          = errors.New("already answered")
	ErrLink              = errors.New("link is not valid")
	ErrLinkExpired       = errors.New("link has expired")
)

// Bounds that are not configured.
const (
	maxFiles       = 500 // of a conference; snapshots and transfers together
	maxLargeFiles  = 20  // of a conference, if all were as large as files may be
	maxAsked       = 200 // snapshots and camera requests of a conference that nobody answered
	maxUploads     = 64  // at a time
	maxUserUploads = 4
	maxText        = 1 << 10 // bytes of additionalInformation
	maxInteraction = 256     // bytes of an interactionId
	maxWord        = 64      // bytes of a snapshotType
)

// diskReserve stays free on the disk, in bytes: the database lives there too, and
// calls must not end because somebody sends a file.
const diskReserve = 256 << 20

// linkLife is how long a link opens its file.
const linkLife = 5 * time.Minute

// Defaults of Config.
const (
	DefaultMaxSize  = 25 << 20
	DefaultMaxTotal = 10 << 30
)

// Config is what a Service works with. Folder, Store, Key and PublicURL are
// required.
type Config struct {
	Folder    string // of the files, made when missing
	Store     Store
	Key       []byte // signs links
	PublicURL string // of the server, without a slash at its end
	MaxSize   int64  // bytes of one file
	MaxTotal  int64  // bytes of all files
	// Wake tells that the journal has news for these endpoints. It must not block.
	Wake   func(endpointIDs []string)
	Now    func() time.Time
	Logger *slog.Logger
}

// Caller is who asks, as the token told.
type Caller struct {
	Organization, UserID string
	// Conference is the only one that this caller may touch; empty: any of its
	// organization that it is in.
	Conference string
	Customer   bool // on the customer's side: a ticket's guest or a kiosk
}

// Service keeps files and snapshots.
type Service struct {
	Config
	folder folder
	room   room
}

// New checks the configuration, makes the folder, and removes what uploads that
// never ended left there.
func New(ctx context.Context, c Config) (*Service, error) {
	const minKey = 32
	if c.Folder == "" || c.Store == nil || len(c.Key) < minKey || c.PublicURL == "" {
		return nil, errors.New("file: Folder, Store, Key and PublicURL are required")
	}
	if c.MaxSize == 0 {
		c.MaxSize = DefaultMaxSize
	}
	if c.MaxTotal == 0 {
		c.MaxTotal = DefaultMaxTotal
	}
	if c.MaxSize < 0 || c.MaxTotal < 0 {
		return nil, errors.New("file: a size is below zero")
	}
	if c.Wake == nil {
		c.Wake = func([]string) {}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Service{Config: c, folder: folder{c.Folder}, room: room{total: c.MaxTotal, byUser: map[[2]string]int{}}}
	kept, err := c.Store.KeptFiles(ctx)
	if err != nil {
		return nil, fmt.Errorf("list files: %w", err)
	}
	for _, size := range kept {
		s.room.used += size
	}
	missing, err := s.folder.sweep(kept)
	if err != nil {
		return nil, fmt.Errorf("folder of files: %w", err)
	}
	for _, id := range missing {
		c.Logger.Error("file is missing on disk", "file", id)
	}
	return s, nil
}

// enter returns a conference that the caller may touch and is in with an
// endpoint of its own.
func (s *Service) enter(ctx context.Context, who Caller, conference, endpoint string) (Place, error) {
	if err := wire.CheckID("userEndpointId", endpoint); err != nil {
		return Place{}, err
	}
	p, err := s.find(ctx, who, conference)
	switch {
	case err != nil:
		return Place{}, err
	case p.Ended:
		return Place{}, ErrEnded
	case !p.has(Member{EndpointID: endpoint, UserID: who.UserID}):
		return Place{}, ErrNotMember
	}
	return p, nil
}

// find returns a conference that the caller may touch.
func (s *Service) find(ctx context.Context, who Caller, conference string) (Place, error) {
	if err := wire.CheckID("conferenceId", conference); err != nil {
		return Place{}, err
	}
	if who.Conference != "" && who.Conference != conference {
		return Place{}, ErrForbidden
	}
	p, err := s.Store.Place(ctx, Key{who.Organization, conference})
	if err == nil && !p.Known {
		err = ErrUnknownConference
	}
	return p, err
}

// interactionOf is the interaction that something new belongs to: that of the
// conference; or, when the conference has none, the one that staff names. What a
// customer names counts for nothing, so that nobody files papers in other
// people's cases.
func interactionOf(who Caller, p Place, named string) (string, error) {
	switch {
	case p.Interaction == "" && who.Customer:
		return "", nil
	case p.Interaction == "" && named != "":
		return named, checkText("interactionId", named, maxInteraction)
	case named != "" && named != p.Interaction && !who.Customer:
		return "", invalid("interactionId: the conference belongs to another interaction")
	}
	return p.Interaction, nil
}

// limit is what one conference may keep, so that no guest fills the disk for
// everybody.
func (s *Service) limit() Limit { return Limit{Files: maxFiles, Bytes: maxLargeFiles * s.MaxSize} }

func checkWord(kind, word string) error {
	if word == "" {
		return nil
	}
	return wire.CheckID(kind, word)
}

func checkText(kind, text string, limit int) error {
	if len(text) > limit {
		return invalid("%s is longer than %d bytes", kind, limit)
	}
	return nil
}

func invalid(format string, args ...any) error {
	return &wire.Error{Code: wire.CodeInvalid, Message: fmt.Sprintf(format, args...)}
}
