package room

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"guichet/platform/wire"
)

// Failures that callers branch on.
var (
	ErrUnknown        = errors.New("room is not known")
	ErrUnknownSession = errors.New("session of a room is not known")
	ErrTaken          = errors.New("room name is taken")
	ErrNoSession      = errors.New("nobody is in the room")
	ErrChanged        = errors.New("room was changed meanwhile")
	ErrTooMany        = errors.New("organization has too many rooms")
	ErrInUse          = errors.New("a session goes on in the room")
)

// Stored is a room as it is kept.
type Stored struct {
	Organization, ID string
	Settings         wire.VideoSettings
	Created, Updated time.Time
	Automatic        bool     // a join made it, and nobody has changed it since
	Session          *Session // the one that goes on, when it was asked for
}

// Entry is what EnterRoom needs.
type Entry struct {
	Organization, Name string
	Fresh              *Stored // what to make where there is no room; nil: nothing
	Session            string  // the id of a new session
	Project            string
	At                 time.Time
	Most               int                            // rooms of an organization
	May                func(wire.VideoSettings) error // whether a session may begin in a room of these settings
}

// Session is one session of a room, a conference. It is kept from the first join
// on; what the conference's own changes say of it is written with them.
type Session struct {
	Organization, ID string
	Room             string // empty: the room is no more
	Project          string // the application whose token made it
	Settings         wire.VideoSettings
	State            wire.Room // as the conference has it, or had it at its end
	Started          time.Time
	Ended            time.Time // zero: it goes on
}

// Store keeps rooms and their sessions.
type Store interface {
	// Room finds one by its id or else by its name, or fails with ErrUnknown.
	Room(ctx context.Context, organization, idOrName string, withSession bool) (Stored, error)
	// Rooms returns a page, the newest first.
	Rooms(ctx context.Context, organization string, withSession bool, p Page) ([]Stored, error)
	// AddRoom fails with ErrTaken when the organization has a room of this name. When
	// it has most of them, the automatic one that nobody has used for longest makes
	// room, or it fails with ErrTooMany.
	AddRoom(ctx context.Context, r Stored, most int) error
	// ChangeRoom replaces the settings of a room that was last changed at was, which
	// is no automatic one from then on; it fails with ErrTaken, ErrUnknown or
	// ErrChanged, and with ErrInUse for another name while a session goes on: tokens
	// know their room by its name, so nobody in it could do anything any more.
	ChangeRoom(ctx context.Context, r Stored, was time.Time) error
	// RemoveRoom returns the id of the session that goes on, if there is one.
	RemoveRoom(ctx context.Context, organization, id string) (session string, err error)
	// EnterRoom returns the room of a name and its session. Without a room it makes
	// the fresh one as AddRoom does, or fails with ErrUnknown when there is none;
	// without a session that goes on it makes one with the given id, unless May
	// fails: then nothing is made. Of several callers at once all get the same, and
	// one of them hears that it made the room.
	EnterRoom(ctx context.Context, e Entry) (r Stored, session string, made bool, err error)
	// TidyRooms removes automatic rooms that nobody has used since a time, and ends
	// sessions that were made before it and never began.
	TidyRooms(ctx context.Context, before time.Time) error
	// CurrentSession returns the id of the session that goes on in a room, or fails
	// with ErrNoSession.
	CurrentSession(ctx context.Context, organization, name string) (string, error)
	// RoomSession fails with ErrUnknownSession.
	RoomSession(ctx context.Context, organization, id string) (Session, error)
	RoomSessions(ctx context.Context, organization string, f Filter, p Page) ([]Session, error)
	// EmptySessions returns sessions that go on and that nobody is in since before a
	// time.
	EmptySessions(ctx context.Context, before time.Time, limit int) ([]Session, error)
	RoomMembers(ctx context.Context, organization, session string, now time.Time, p Page) ([]Row[wire.VideoMember], error)
	RoomEvents(ctx context.Context, organization, session string, p Page) ([]Row[wire.VideoEvent], error)
}

// Filter bounds a list of sessions; empty fields do not.
type Filter struct {
	RoomID, RoomName string
	Status           wire.SessionStatus
}

// Config is what a Service works with; all of it is needed, but for Rooms.
type Config struct {
	Store  Store
	Rooms  int // that an organization may have; 0: 10,000
	Now    func() time.Time
	Logger *slog.Logger
}

// defaultRooms is how many rooms an organization may have unless Config says
// otherwise.
const defaultRooms = 10_000

// Service answers what there is of rooms. Its methods are safe for concurrent use.
type Service struct {
	store Store
	most  int
	now   func() time.Time
	log   *slog.Logger
}

// New returns a Service.
func New(c Config) (*Service, error) {
	if c.Store == nil || c.Now == nil || c.Logger == nil || c.Rooms < 0 {
		return nil, errors.New("room: a store, a clock and a log are required")
	}
	if c.Rooms == 0 {
		c.Rooms = defaultRooms
	}
	return &Service{c.Store, c.Rooms, c.Now, c.Logger}, nil
}

const (
	// keepEmpty is how long a session goes on when nobody is in: who was removed
	// does not come back meanwhile, and who lost the connection finds it again.
	keepEmpty = 5 * time.Minute
	// keepIdle is how long an automatic room stays that nobody uses: a day's calls
	// find what they left, and a room for each call is not for ever.
	keepIdle  = 24 * time.Hour
	lookEvery = 15 * time.Second // for what is to end
	maxEnded  = 200              // sessions at a time
)

// Tend ends the sessions that nobody is in any more, and removes automatic rooms
// that nobody uses, until ctx ends. The function ends a session's conference if
// nobody is in it.
func (s *Service) Tend(ctx context.Context, end func(ctx context.Context, organization, session string) error) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		s.EndEmpty(ctx, end)
		s.Tidy(ctx)
	}
}

// Tidy removes the automatic rooms that nobody uses any more.
func (s *Service) Tidy(ctx context.Context) {
	if err := s.store.TidyRooms(ctx, s.now().Add(-keepIdle)); err != nil && ctx.Err() == nil {
		s.log.Error("rooms are not tidied up", "err", err)
	}
}

// EndEmpty does once what Tend does again and again.
func (s *Service) EndEmpty(ctx context.Context, end func(ctx context.Context, organization, session string) error) {
	list, err := s.store.EmptySessions(ctx, s.now().Add(-keepEmpty), maxEnded)
	for _, v := range list {
		err = errors.Join(err, end(ctx, v.Organization, v.ID))
	}
	if err != nil && ctx.Err() == nil {
		s.log.Error("empty sessions of rooms are not ended", "err", err)
	}
}

// Enter finds the session of the room that a token names, or makes room and
// session if the token may. It returns the session's id, which its conference has
// or will have, the room, and whether it was made. What it would make is made
// only if may does not fail for the settings.
func (s *Service) Enter(ctx context.Context, c Claims, may func(wire.VideoSettings) error) (session string, r Stored, made bool, err error) {
	e := Entry{Organization: c.Organization, Name: c.Room.Name, Session: wire.NewID(), Project: c.ProjectID, At: s.now(), Most: s.most, May: may}
	if c.AutoCreateRoom {
		e.Fresh = &Stored{Organization: c.Organization, ID: wire.NewID(), Settings: c.settings(), Created: e.At, Updated: e.At, Automatic: true}
	}
	r, session, made, err = s.store.EnterRoom(ctx, e)
	return session, r, made, err
}

// Current returns the id of the session that goes on in a room, or fails with
// ErrNoSession.
func (s *Service) Current(ctx context.Context, organization, name string) (string, error) {
	return s.store.CurrentSession(ctx, organization, name)
}

// Create makes a room, or says what is wrong with the request.
func (s *Service) Create(ctx context.Context, organization string, q wire.WriteRoom) (Stored, []wire.ValidationError, error) {
	now := s.now()
	r := Stored{Organization: organization, ID: wire.NewID(), Settings: newSettings(""), Created: now, Updated: now}
	var f form
	r.Settings.Name = f.roomName("name", q.Name)
	f.write(&r.Settings, q)
	if len(f.errors) > 0 {
		return r, f.errors, nil
	}
	switch err := s.store.AddRoom(ctx, r, s.most); {
	case errors.Is(err, ErrTaken):
		return r, taken(), nil
	case errors.Is(err, ErrTooMany):
		return r, []wire.ValidationError{wire.NewValidationError("name", fmt.Sprintf("Name is one too many (maximum is %d rooms)", s.most))}, nil
	default:
		return r, nil, err
	}
}

func taken() []wire.ValidationError {
	return []wire.ValidationError{wire.NewValidationError("name", "Name has already been taken")}
}

// Update changes what a request names.
func (s *Service) Update(ctx context.Context, organization, idOrName string, q wire.WriteRoom) (Stored, []wire.ValidationError, error) {
	for tries := 0; ; tries++ {
		r, err := s.store.Room(ctx, organization, idOrName, false)
		if err != nil {
			return r, nil, err
		}
		var f form
		if !absent(q.Name) {
			r.Settings.Name = f.roomName("name", q.Name)
		}
		f.write(&r.Settings, q)
		if len(f.errors) > 0 {
			return r, f.errors, nil
		}
		was := r.Updated
		if r.Updated = s.now(); !r.Updated.After(was) {
			r.Updated = was.Add(time.Millisecond)
		}
		err = s.store.ChangeRoom(ctx, r, was)
		switch {
		case errors.Is(err, ErrTaken):
			return r, taken(), nil
		case errors.Is(err, ErrInUse):
			return r, []wire.ValidationError{wire.NewValidationError("name", "Name cannot be changed while a session is in progress")}, nil
		case !errors.Is(err, ErrChanged) || tries == maxTries:
			return r, nil, err
		}
	}
}

// maxTries bounds how often a change is tried that somebody else overtook.
const maxTries = 5

// Room finds a room by its id or name.
func (s *Service) Room(ctx context.Context, organization, idOrName string, withSession bool) (Stored, error) {
	return s.store.Room(ctx, organization, idOrName, withSession)
}

// Remove deletes a room and returns what it was, and the session that went on in
// it, which is the caller's to end.
func (s *Service) Remove(ctx context.Context, organization, idOrName string) (r Stored, session string, err error) {
	if r, err = s.store.Room(ctx, organization, idOrName, false); err != nil {
		return r, "", err
	}
	session, err = s.store.RemoveRoom(ctx, organization, r.ID)
	return r, session, err
}

// Rooms returns a page of rooms.
func (s *Service) Rooms(ctx context.Context, organization string, withSession bool, p Page) (Pages[Stored], error) {
	return page(p, func(p Page) ([]Row[Stored], error) {
		list, err := s.store.Rooms(ctx, organization, withSession, p)
		return rows(list, func(r Stored) Place { return Place{r.Created.UnixMilli(), r.ID} }), err
	})
}

// Session finds a session by its id.
func (s *Service) Session(ctx context.Context, organization, id string) (Session, error) {
	return s.store.RoomSession(ctx, organization, id)
}

// Sessions returns a page of sessions.
func (s *Service) Sessions(ctx context.Context, organization string, f Filter, p Page) (Pages[Session], error) {
	return page(p, func(p Page) ([]Row[Session], error) {
		list, err := s.store.RoomSessions(ctx, organization, f, p)
		return rows(list, func(r Session) Place { return Place{r.Started.UnixMilli(), r.ID} }), err
	})
}

// Members returns a page of who was in a session.
func (s *Service) Members(ctx context.Context, organization, session string, p Page) (Pages[wire.VideoMember], error) {
	if _, err := s.store.RoomSession(ctx, organization, session); err != nil {
		return Pages[wire.VideoMember]{}, err
	}
	return page(p, func(p Page) ([]Row[wire.VideoMember], error) {
		return s.store.RoomMembers(ctx, organization, session, s.now(), p)
	})
}

// Events returns a page of what happened in a session.
func (s *Service) Events(ctx context.Context, organization, session string, p Page) (Pages[wire.VideoEvent], error) {
	if _, err := s.store.RoomSession(ctx, organization, session); err != nil {
		return Pages[wire.VideoEvent]{}, err
	}
	return page(p, func(p Page) ([]Row[wire.VideoEvent], error) { return s.store.RoomEvents(ctx, organization, session, p) })
}

// Video is the room in the contract's words.
func (r Stored) Video() wire.VideoRoom {
	return wire.VideoRoom{ID: r.ID, VideoSettings: r.Settings, CreatedAt: wire.NewTime(r.Created), UpdatedAt: wire.NewTime(r.Updated)}
}

// Video is the session in the contract's words, but for the address of its
// preview. What the conference changes counts, not what the room began with.
func (s Session) Video(now time.Time) wire.VideoSession {
	v := wire.VideoSession{ID: s.ID, VideoSettings: s.Settings, StartTime: wire.NewTime(s.Started), Status: wire.SessionInProgress}
	if s.Room != "" {
		v.RoomID = &s.Room
	}
	if s.State.Name != "" {
		v.Locked, v.Layout, v.PrioritizeHandraise = s.State.Locked, s.State.Layout, s.State.PrioritizeHandraise
		v.DisplayName, v.Meta = s.State.DisplayName, s.State.Meta
	}
	end := now
	if !s.Ended.IsZero() {
		at := wire.NewTime(s.Ended)
		v.EndTime, v.Status, v.Locked = &at, wire.SessionCompleted, false
		end = s.Ended
	}
	v.Duration = max(0, int64(end.Sub(s.Started)/time.Second))
	return v
}
