// Package endpoint keeps the registrations of devices and browser tabs: who
// owns each, and whether it is still alive.
//
// A registration is durable; keep-alives are not written, so that after a
// restart every endpoint gets a fresh period. One mutex guards the map and the
// heap of deadlines, and is never held across a call to the store or to the
// owner's callbacks. One goroutine waits for the next deadline; what it finds
// dead it hands to a bounded number of helpers.
//
// The package knows nothing of conferences or MQTT: Config.Gone and
// Config.Remind tell whoever is concerned.
package endpoint

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"guichet/platform/wire"
)

// Failures that callers branch on.
var (
	ErrUnknown  = errors.New("endpoint is not registered")
	ErrNotYours = errors.New("endpoint belongs to somebody else")
	ErrTooMany  = errors.New("too many endpoints")
	ErrClosed   = errors.New("endpoints are closed")
	ErrRevoked  = errors.New("the right to the endpoint has ended")
)

// defaultKeepAlive is the interval of who asks for none, in seconds.
const defaultKeepAlive = 30

// grace is added to twice the keep-alive interval before an endpoint is dropped.
const grace = 2 * time.Second

// maxPerUser bounds the endpoints that one user has at a time.
const maxPerUser = 256

// goners bounds how many endpoints are being told gone at once.
const goners = 16

// Owner is the user that an endpoint belongs to.
type Owner struct{ Organization, UserID string }

// Endpoint is a registration. Ids are unique across organizations, since the
// topics of endpoints name no organization.
type Endpoint struct {
	ID               string
	Owner            Owner
	KeepAliveSeconds int
	RemindOn         bool // a reminder is wanted when KeepAliveSeconds passed without a beat
	Created          time.Time
	// Access is by what right the endpoint lives: what its last registration or
	// keep-alive came with, in words that only the caller knows. It is not kept
	// in the store: after a restart the next keep-alive brings it.
	Access any
}

// period returns how long the endpoint lives without a beat.
func (e Endpoint) period() time.Duration {
	return 2*time.Duration(e.KeepAliveSeconds)*time.Second + grace
}

// Store keeps registrations.
type Store interface {
	Endpoints(ctx context.Context) ([]Endpoint, error)
	// SaveEndpoint inserts or updates a registration.
	SaveEndpoint(ctx context.Context, e Endpoint) error
	// DeleteEndpoint removes a registration and all that only it could read.
	DeleteEndpoint(ctx context.Context, id string) error
}

// Config holds what a Registry works with; Store is required.
type Config struct {
	Store  Store
	Now    func() time.Time // time.Now when nil
	Logger *slog.Logger
	// Gone runs after an endpoint is no longer alive to Check and before its
	// registration is deleted; after a crash in between it runs again.
	Gone func(ctx context.Context, e Endpoint, reason string)
	// Valid tells whether a right to live has not ended. It is asked with the
	// registry locked, so that of a right that ends either Revoke finds the
	// endpoint or the endpoint finds the end. nil: none ever ends.
	Valid func(access any) bool
	// Remind runs when a keep-alive is due of an endpoint that asked for
	// reminders. It must not block.
	Remind func(e Endpoint)
}

// Registry is the set of endpoints. Its methods are safe for concurrent use.
type Registry struct {
	store  Store
	now    func() time.Time
	log    *slog.Logger
	gone   func(context.Context, Endpoint, string)
	remind func(Endpoint)
	valid  func(any) bool

	mu     sync.Mutex
	byID   map[string]*entry
	ofUser map[Owner]int
	due    deadlines
	closed bool

	news  chan struct{} // the earliest deadline changed
	slots chan struct{} // one per helper
	life  context.Context
	stop  context.CancelFunc
	ended sync.WaitGroup
}

// New returns a Registry without endpoints; Run loads them.
func New(cfg Config) *Registry {
	r := &Registry{store: cfg.Store, now: cfg.Now, log: cfg.Logger, gone: cfg.Gone, remind: cfg.Remind, valid: cfg.Valid,
		byID: map[string]*entry{}, ofUser: map[Owner]int{},
		news: make(chan struct{}, 1), slots: make(chan struct{}, goners)}
	if r.now == nil {
		r.now = time.Now
	}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	if r.gone == nil {
		r.gone = func(context.Context, Endpoint, string) {}
	}
	if r.remind == nil {
		r.remind = func(Endpoint) {}
	}
	if r.valid == nil {
		r.valid = func(any) bool { return true }
	}
	r.life, r.stop = context.WithCancel(context.Background())
	return r
}

// Run loads the registrations, gives each a fresh period, and starts dropping
// those that miss it. It returns once they are loaded; Close ends the work.
func (r *Registry) Run(ctx context.Context) error {
	list, err := r.store.Endpoints(ctx)
	if err != nil {
		return fmt.Errorf("load endpoints: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return ErrClosed
	}
	for _, e := range list {
		if r.byID[e.ID] == nil {
			r.add(e)
		}
	}
	r.ended.Add(1)
	go r.run()
	return nil
}

// Close ends the work and waits for it. Registrations stay for the next Run.
func (r *Registry) Close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.stop()
	r.ended.Wait()
}

// Register makes an endpoint, or resumes it when the id is the owner's already,
// and returns its id, which the server makes up when the request names none.
func (r *Registry) Register(ctx context.Context, owner Owner, access any, q wire.RegisterEndpoint) (string, error) {
	e := Endpoint{ID: q.UserEndpointID, Owner: owner, Access: access, KeepAliveSeconds: q.KeepAliveSeconds,
		RemindOn: q.ServerKeepAliveReminderOn, Created: r.now()}
	if e.ID == "" {
		e.ID = wire.NewID()
	}
	if err := wire.CheckID("userEndpointId", e.ID); err != nil {
		return "", err
	}
	if e.KeepAliveSeconds == 0 {
		e.KeepAliveSeconds = defaultKeepAlive
	}
	e.KeepAliveSeconds = max(wire.MinKeepAliveSeconds, e.KeepAliveSeconds)
	if e.KeepAliveSeconds > wire.MaxKeepAliveSeconds {
		return "", &wire.Error{Code: wire.CodeInvalid,
			Message: fmt.Sprintf("keepAliveSeconds is above %d", wire.MaxKeepAliveSeconds)}
	}
	fresh, err := r.claim(&e)
	if err != nil {
		return "", err
	}
	if err := r.store.SaveEndpoint(ctx, e); err != nil {
		if fresh {
			r.discard(e.ID)
		}
		return "", fmt.Errorf("register endpoint: %w", err)
	}
	n, err := r.settle(e)
	switch {
	case errors.Is(err, ErrRevoked):
		return "", errors.Join(err, r.end(context.WithoutCancel(ctx), n, wire.LeftAccessEnded))
	case err != nil:
		// It ended while its registration was written: what was written goes, too.
		return "", errors.Join(err, r.store.DeleteEndpoint(context.WithoutCancel(ctx), e.ID))
	}
	return e.ID, nil
}

// KeepAlive gives an endpoint another period, by the right of access.
func (r *Registry) KeepAlive(owner Owner, access any, id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	n, err := r.find(owner, id)
	if err != nil {
		return err
	}
	if !r.valid(access) {
		return ErrRevoked
	}
	n.Access = access
	r.postpone(n)
	return nil
}

// Revoke ends the endpoints whose right to live has ended, and returns when all
// concerned were told. over must not call the registry.
func (r *Registry) Revoke(ctx context.Context, over func(Endpoint) bool) error {
	r.mu.Lock()
	var list []*entry
	for _, n := range r.byID {
		if n.phase == alive && over(n.Endpoint) {
			r.bury(n)
			list = append(list, n)
		}
	}
	r.mu.Unlock()
	var err error
	for _, n := range list {
		err = errors.Join(err, r.end(context.WithoutCancel(ctx), n, wire.LeftAccessEnded))
	}
	return err
}

// Unregister ends an endpoint and returns when all concerned were told. An
// empty reason becomes wire.LeftUnregistered.
func (r *Registry) Unregister(ctx context.Context, owner Owner, id, reason string) error {
	r.mu.Lock()
	n, err := r.find(owner, id)
	if err == nil {
		r.bury(n)
	}
	r.mu.Unlock()
	if err != nil {
		return err
	}
	if reason == "" {
		reason = wire.LeftUnregistered
	}
	return r.end(context.WithoutCancel(ctx), n, reason)
}

// List returns the endpoints of a user that are alive, the oldest first.
func (r *Registry) List(owner Owner) []Endpoint {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []Endpoint
	for _, n := range r.byID {
		if n.Owner == owner && n.phase == alive {
			list = append(list, n.Endpoint)
		}
	}
	slices.SortFunc(list, func(a, b Endpoint) int { return cmp.Or(a.Created.Compare(b.Created), strings.Compare(a.ID, b.ID)) })
	return list
}

// Count returns how many endpoints a user has, those included that are just
// ending.
func (r *Registry) Count(owner Owner) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ofUser[owner]
}

// Check tells whether an endpoint is alive and the owner's.
func (r *Registry) Check(_ context.Context, owner Owner, id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, err := r.find(owner, id)
	return err
}
