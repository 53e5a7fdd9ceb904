// Package queue brings callers to agents: the queues of an organization, who
// waits in them, the agents and what they do, the offers that ring, the calls
// that came of them, and their transfers.
//
// It owns the order of the lines, the rules of routing, the expected wait, and
// the journal of it all. Each organization is one hall: a goroutine over commands
// that change its state in memory; beside it an outbox writes the rows that
// changed and the events in one transaction, and only then answers, wakes the
// endpoints and sees to conferences. What acts on the state does no I/O, reads no
// clock and draws nothing at random, so that the same commands lead to the same
// lines.
//
// The package knows the store, the endpoints and the conferences through the
// small interfaces below, and nothing of HTTP, MQTT or tokens.
package queue

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"guichet/platform/wire"
)

// Caller is who asks, as the token told.
type Caller struct {
	Organization, UserID, Name string
	// Queue is the only queue that a guest's ticket leads into, by id or name.
	Queue string
	Guest bool // a guest or a kiosk: it sees its own visits alone
	Agent bool // may serve callers
	Lead  bool // sees all, and changes queues and agents
}

// Endpoints tells whether an endpoint is alive and the user's own.
type Endpoints interface {
	Check(ctx context.Context, organization, userID, endpointID string) error
}

// Conferences are where callers and agents meet.
type Conferences interface {
	// Open makes a conference.
	Open(ctx context.Context, organization, id, interaction string) error
	// Hold lets nobody in a conference hear or see anybody, or goes on.
	Hold(ctx context.Context, organization, id string, on bool) error
	// End closes a conference for everybody.
	End(ctx context.Context, organization, id, reason string) error
	// In returns who is in a conference and at which version; ended when it is
	// over or there is none.
	In(ctx context.Context, organization, id string) (in []Party, version int64, ended bool, err error)
}

// Config holds what a Service works with; Store, Endpoints and Conferences are
// required.
type Config struct {
	Store       Store
	Endpoints   Endpoints
	Conferences Conferences
	// Wake tells that the journal has news for these endpoints, Notify sends what
	// is worth something now only. Neither may block.
	Wake   func(endpointIDs []string)
	Notify func(endpointID string, body []byte)
	Now    func() time.Time // time.Now when nil
	Logger *slog.Logger
}

// Service keeps the halls of all organizations. Its methods are safe for
// concurrent use.
type Service struct {
	Config
	begun time.Time // with a monotonic reading

	life  context.Context
	stop  context.CancelFunc
	ended sync.WaitGroup

	mu    sync.Mutex
	halls map[string]*hall
}

// New returns a Service; Run begins with what is stored.
func New(c Config) (*Service, error) {
	if c.Store == nil || c.Endpoints == nil || c.Conferences == nil {
		return nil, errors.New("queue: Store, Endpoints and Conferences are required")
	}
	if c.Wake == nil {
		c.Wake = func([]string) {}
	}
	if c.Notify == nil {
		c.Notify = func(string, []byte) {}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Service{Config: c, begun: c.Now(), halls: map[string]*hall{}}
	s.life, s.stop = context.WithCancel(context.Background())
	return s, nil
}

// Run starts the halls that are stored, so that what is due happens and who
// waits is offered. The endpoints must have been loaded. It returns when the
// halls are known; Close ends the work.
func (s *Service) Run(ctx context.Context) error {
	organizations, err := s.Store.Organizations(ctx)
	if err != nil {
		return err
	}
	for _, o := range organizations {
		s.hall(o)
	}
	s.spawn(s.sweep)
	return nil
}

// Close ends all halls and returns when their last writes are done. Who calls
// afterwards gets ErrClosed.
func (s *Service) Close() {
	s.mu.Lock()
	s.stop()
	s.mu.Unlock()
	s.ended.Wait()
}

// moment is now. What counts by it is not disturbed when somebody sets the clock.
func (s *Service) moment() moment {
	wall := s.Now()
	return moment{now: s.begun.Add(wall.Sub(s.begun)).Round(0).UTC(), wall: wall}
}

// spawn runs f in a goroutine that Close waits for.
func (s *Service) spawn(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.life.Err() == nil {
		s.ended.Go(f)
	}
}

// How long what is over is kept, and how often that is looked at.
const (
	keepVisit  = 400 * 24 * time.Hour // for reports
	sweepEvery = time.Hour
)

func (s *Service) sweep() {
	t := time.NewTicker(sweepEvery)
	defer t.Stop()
	for {
		select {
		case <-t.C:
		case <-s.life.Done():
			return
		}
		now := s.Now()
		if err := s.Store.SweepHalls(s.life, now.Add(-keepVisit), now.Add(-sampleLife)); err != nil && s.life.Err() == nil {
			s.Logger.Error("visits are not swept", "err", err)
		}
	}
}

// hall returns the hall of an organization, started if need be; nil after Close.
func (s *Service) hall(organization string) *hall {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.life.Err() != nil {
		return nil
	}
	h := s.halls[organization]
	if h == nil {
		h = newHall(s, organization)
		s.halls[organization] = h
		s.ended.Go(h.run)
	}
	return h
}

// do runs a command and returns when its effects are durable.
func (s *Service) do(ctx context.Context, organization string, c command) error {
	h := s.hall(organization)
	if h == nil {
		return ErrClosed
	}
	return h.do(ctx, c)
}

// check tells whether an endpoint is alive and the caller's.
func (s *Service) check(ctx context.Context, who Caller, endpoint string) error {
	if err := wire.CheckID("userEndpointId", endpoint); err != nil {
		return err
	}
	return s.Endpoints.Check(ctx, who.Organization, who.UserID, endpoint)
}

// EndpointGone takes an endpoint out that is no more. It tries again when the
// store fails, until ctx ends.
func (s *Service) EndpointGone(ctx context.Context, organization, userID, endpointID string) {
	for wait := 50 * time.Millisecond; ; wait *= 2 {
		err := s.do(ctx, organization, func(st *state, at moment) error {
			st.vanish(at, userID, endpointID)
			return nil
		})
		if err == nil || errors.Is(err, ErrClosed) {
			return
		}
		if wait > 2*time.Second {
			s.Logger.Error("endpoint that is gone is still in a hall", "organization", organization, "endpoint", endpointID, "err", err)
			return
		}
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return
		}
	}
}

// Attended tells who is in a conference after somebody came or went, or that it
// has ended. It does not block.
func (s *Service) Attended(organization, conference string, version int64, in []Party, ended bool) {
	s.mu.Lock()
	h := s.halls[organization]
	s.mu.Unlock()
	if h == nil || !h.meets(conference) {
		return
	}
	in = slices.Clone(in)
	s.spawn(func() { h.attended(conference, version, in, ended) })
}

// Failures that callers branch on; others come from the store, the endpoints and
// the conferences, or are *wire.Error.
var (
	ErrUnknownQueue  = errors.New("queue is not known")
	ErrUnknownVisit  = errors.New("visit is not known")
	ErrUnknownAgent  = errors.New("agent is not known")
	ErrUnknownReason = errors.New("reason is not known")
	ErrUnknownResult = errors.New("outcome is not known")
	ErrForbidden     = errors.New("not allowed")
	ErrExists        = errors.New("id or name is taken")
	ErrChanged       = errors.New("queue was changed meanwhile")
	ErrInUse         = errors.New("queue is in use")
	ErrClosedQueue   = errors.New("queue is closed")
	ErrFull          = errors.New("line is full")
	ErrTooMany       = errors.New("too many")
	ErrNotOffered    = errors.New("visit does not ring here")
	ErrNotYours      = errors.New("visit is somebody else's")
	ErrNobodyReady   = errors.New("nobody is ready")
	ErrTransferring  = errors.New("visit is being transferred")
	ErrNoTransfer    = errors.New("visit is not being transferred")
	ErrNoAnswerYet   = errors.New("other agent has not answered yet")
	ErrTalking       = errors.New("call goes on")
	ErrEnded         = errors.New("visit has ended")
	ErrUnavailable   = errors.New("hall cannot be written for now")
	ErrClosed        = errors.New("halls are closed")
)

// ClosedError is an ErrClosedQueue with the next opening; zero: not within a year.
type ClosedError struct{ Opens time.Time }

func (e *ClosedError) Error() string { return ErrClosedQueue.Error() }

// Is makes the error an ErrClosedQueue.
func (e *ClosedError) Is(target error) bool { return target == ErrClosedQueue }
