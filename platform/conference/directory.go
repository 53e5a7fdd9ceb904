// Package conference keeps the live meetings: who is in them, what they
// publish, and the dense, versioned events that tell of every change.
//
// Each conference is one goroutine over typed commands. A command passes
// through the pure function apply; the new state and its events then go to the
// conference's outbox, which writes them in one transaction and only then
// answers the caller, wakes the endpoints and lets go of media. State values
// are never changed in place, so that they may be read anywhere. The Directory's
// mutex guards nothing but the map that finds conferences.
//
// The package knows the store, the SFU and the endpoints through the small
// interfaces below, and nothing of HTTP, MQTT or tokens.
package conference

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"guichet/platform/wire"
)

// Caller is who asks, as the token told.
type Caller struct {
	Organization, UserID, Name string
	// Conference is the only conference that this caller may touch; empty: any
	// of its organization.
	Conference string
	// Customer came by a ticket: roles are forced on join, and of the
	// conference's metadata only the mutes of own streams may be changed.
	Customer          bool
	MayCreate, MayEnd bool

	// What the reports tell besides.
	Application, Ticket string
	Kiosk               bool // a device rather than a person

	// Admission is what the caller's room token says; nil: it has none.
	Admission *Admission
}

// Media is the SFU. A conference's name is opaque to it, unique across
// organizations and, like the names of streams and viewers, comes back in
// Directory.PublisherClosed and ViewerClosed. Unpublish, StopView and End of
// what is not there do nothing.
type Media interface {
	Publish(ctx context.Context, conference, stream, owner, offer string) (answer string, err error)
	AddPublisherCandidate(conference, stream string, c wire.ICECandidate) error
	Unpublish(conference, stream string)
	View(ctx context.Context, conference, stream, viewer, owner, offer string) (answer string, err error)
	AddViewerCandidate(conference, stream, viewer string, c wire.ICECandidate) error
	StopView(conference, stream, viewer string)
	// Hold forwards nothing in a conference, or goes on.
	Hold(conference string, on bool)
	End(conference string)
	// Permit bounds what an endpoint sends and receives, from now on and in what
	// it begins later, until the next call or End; AllRights takes no memory.
	Permit(conference, owner string, r Rights)
}

// Endpoints tells whether an endpoint is alive and the user's own.
type Endpoints interface {
	Check(ctx context.Context, organization, userID, endpointID string) error
}

// Config holds what a Directory works with; all but Wake and Now are required.
type Config struct {
	Store     Store
	Media     Media
	Endpoints Endpoints
	// Wake tells that the journal has news for these endpoints. It must not
	// block. Each slice is the callee's own.
	Wake func(endpointIDs []string)
	Now  func() time.Time // time.Now when nil
	// Drop unregisters the endpoint of somebody who was removed, or elsewise cuts
	// it off; nil: nothing is. It may call EndpointGone.
	Drop func(ctx context.Context, organization, userID, endpointID, reason string)
	// Attended tells who is in a conference, and at which version, after somebody
	// came or went or it ended, once that is durable; nil: nobody cares. It must
	// not block.
	Attended func(k Key, version int64, in []Attendant, ended bool)
	// AnswerTime is how long a viewer waits for the publisher's answer in mode P2P;
	// 10 s when zero.
	AnswerTime time.Duration
	Logger     *slog.Logger
}

// Directory finds conferences, which it loads from the store when they are
// asked for and forgets when nobody is in them. Its methods are safe for
// concurrent use.
type Directory struct {
	store     Store
	media     Media
	endpoints Endpoints
	wake      func([]string)
	now       func() time.Time
	log       *slog.Logger

	begun time.Time // by now, for steady
	drop  func(ctx context.Context, organization, userID, endpointID, reason string)

	attended func(k Key, version int64, in []Attendant, ended bool)

	answerTime time.Duration
	drain      sync.Once
	drained    chan struct{} // closed by Drain

	life  context.Context // ends with Close; of the loops and what they start
	stop  context.CancelFunc
	ended sync.WaitGroup

	attempts atomic.Uint64 // numbers of publish and view calls

	mu   sync.Mutex
	live map[Key]*conference
}

// New starts a Directory. Conferences that had members when the server stopped
// are loaded in the background; what was published in them through the SFU is
// unpublished, since its media died with the server.
func New(cfg Config) *Directory {
	d := &Directory{store: cfg.Store, media: cfg.Media, endpoints: cfg.Endpoints, wake: cfg.Wake, now: cfg.Now,
		log: cfg.Logger, live: map[Key]*conference{}, answerTime: cmp.Or(cfg.AnswerTime, answerTime), drained: make(chan struct{})}
	if d.now == nil {
		d.now = time.Now
	}
	d.begun = d.now()
	if d.drop = cfg.Drop; d.drop == nil {
		d.drop = func(context.Context, string, string, string, string) {}
	}
	if d.attended = cfg.Attended; d.attended == nil {
		d.attended = func(Key, int64, []Attendant, bool) {}
	}
	if d.wake == nil {
		d.wake = func([]string) {}
	}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	d.life, d.stop = context.WithCancel(context.Background())
	d.ended.Add(1)
	go d.resume()
	return d
}

// Close ends all loops and returns when their last writes are done. Members
// stay members; who calls afterwards gets ErrClosed.
func (d *Directory) Close() {
	d.mu.Lock() // no conference and no helper starts after this
	d.stop()
	d.mu.Unlock()
	d.ended.Wait()
}

func (d *Directory) resume() {
	defer d.ended.Done()
	keys, err := d.store.OpenConferences(d.life)
	if err != nil {
		if d.life.Err() == nil {
			d.log.Error("conferences of the last run are not resumed", "err", err)
		}
		return
	}
	for _, k := range keys {
		if _, err := d.do(d.life, k, nil); err != nil && d.life.Err() == nil {
			d.log.Error("conference of the last run is not resumed", "conference", k.ID, "err", err)
		}
	}
}

// spawn runs f in a goroutine that Close waits for.
func (d *Directory) spawn(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.life.Err() != nil {
		return
	}
	d.ended.Add(1)
	go func() {
		defer d.ended.Done()
		f()
	}()
}

// take returns the conference, starting its loop if need be; give must follow.
// A conference that somebody holds is not unloaded.
func (d *Directory) take(k Key) (*conference, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.life.Err() != nil {
		return nil, ErrClosed
	}
	c := d.live[k]
	if c == nil {
		c = newConference(d, k)
		d.live[k] = c
		d.ended.Add(1)
		go c.run()
	}
	c.holders++
	return c, nil
}

func (d *Directory) give(c *conference) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c.holders--
	if c.holders == 0 {
		select {
		case c.let <- struct{}{}:
		default:
		}
	}
}

// forget takes a conference out of the map unless somebody holds it.
func (d *Directory) forget(c *conference, evenHeld bool) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c.holders > 0 && !evenHeld {
		return false
	}
	delete(d.live, c.key)
	return true
}

// do runs one command and returns the state after it, once durable; a nil
// command only reads.
func (d *Directory) do(ctx context.Context, k Key, cmd command) (state, error) {
	c, err := d.take(k)
	if err != nil {
		return state{}, err
	}
	defer d.give(c)
	return c.do(ctx, cmd)
}

// Failures that callers branch on; others come from the store, from the media
// (wrapped) or are *wire.Error with the code invalid_request or too_large.
var (
	ErrUnknownConference = errors.New("conference is not known")
	ErrUnknownStream     = errors.New("stream is not known")
	ErrUnknownViewer     = errors.New("viewer is not known")
	ErrNotMember         = errors.New("endpoint is not in the conference")
	ErrNotYours          = errors.New("belongs to somebody else")
	ErrExists            = errors.New("id is taken")
	ErrFull              = errors.New("conference is full")
	ErrNotEmpty          = errors.New("somebody is in the conference")
	ErrEnded             = errors.New("conference has ended")
	ErrForbidden         = errors.New("not allowed")
	ErrEarly             = errors.New("room token is not valid yet") // an *EarlyError
	ErrLate              = errors.New("room token lets nobody join any more")
	ErrRemoved           = errors.New("was removed from the room")
	ErrLocked            = errors.New("room is locked")
	ErrAudience          = errors.New("audience publishes nothing")
	ErrNotPermitted      = errors.New("room permission is missing")
	ErrUnknownMember     = errors.New("member is not known")
	ErrP2P               = errors.New("media flows between the participants")
	ErrNotP2P            = errors.New("media flows through the server")
	ErrAnswered          = errors.New("viewer has its answer")
	ErrNoAnswer          = errors.New("publisher does not answer")
	ErrBusy              = errors.New("too many views wait for an answer, or have too many candidates")
	ErrUnavailable       = errors.New("conference cannot be written for now")
	ErrClosed            = errors.New("conferences are closed")
)
