// Package call connects two people without a conference: it relays the SDP and
// the ICE candidates of one-to-one calls, and owns who rings, who answered and
// when a call is over. Media flows between the two and never comes here.
//
// A call changes a dozen times in its life, so it has no loop of its own and
// nothing of it is kept in memory: each command loads the state, passes through
// the pure function apply, and is saved with its events in one transaction if
// nobody else saved meanwhile; otherwise it starts again from what they made of
// it. Hence of two answers one is first, and a server that starts again, or
// another beside it, goes on from the same truth. One goroutine ends the calls
// that ring for too long and sweeps old ones.
//
// The package knows the store and the endpoints through small interfaces, and
// nothing of HTTP, MQTT or tokens.
package call

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"guichet/platform/wire"
)

// ringTime is how long a call rings unless Config says otherwise.
const ringTime = 30 * time.Second

// Caller is who asks, as the token told.
type Caller struct {
	Organization, UserID string
	MayCall              bool // guests may be called, but call nobody
}

// Endpoints tells of the registered endpoints.
type Endpoints interface {
	// Check returns nil when an endpoint is alive and the user's own.
	Check(ctx context.Context, organization, userID, endpointID string) error
	// Live returns a user's endpoints that are alive, the youngest first.
	Live(ctx context.Context, organization, userID string) ([]string, error)
}

// Config holds what an Exchange works with; Store and Endpoints are required.
type Config struct {
	Store     Store
	Endpoints Endpoints
	// Wake tells that the journal has news for these endpoints. It must not
	// block. Each slice is the callee's own.
	Wake     func(endpointIDs []string)
	RingTime time.Duration    // 30 s when zero
	Now      func() time.Time // time.Now when nil
	Logger   *slog.Logger
}

// Exchange carries out what the parties of calls ask for. Its methods are safe
// for concurrent use.
type Exchange struct {
	store     Store
	endpoints Endpoints
	wake      func([]string)
	ringTime  time.Duration
	now       func() time.Time
	begun     time.Time // with a monotonic reading
	log       *slog.Logger

	news  chan struct{} // a call has begun to ring
	life  context.Context
	stop  context.CancelFunc
	ended sync.WaitGroup
}

// New starts an Exchange, which first ends the calls whose time to ring passed
// while no server ran.
func New(cfg Config) *Exchange {
	x := &Exchange{store: cfg.Store, endpoints: cfg.Endpoints, wake: cfg.Wake, ringTime: cfg.RingTime, now: cfg.Now, log: cfg.Logger,
		news: make(chan struct{}, 1)}
	if x.wake == nil {
		x.wake = func([]string) {}
	}
	if x.ringTime == 0 {
		x.ringTime = ringTime
	}
	if x.now == nil {
		x.now = time.Now
	}
	if x.log == nil {
		x.log = slog.New(slog.DiscardHandler)
	}
	x.begun = x.now()
	x.life, x.stop = context.WithCancel(context.Background())
	x.ended.Add(1)
	go x.run()
	return x
}

// steady is the time by which calls ring: the wall clock's at the start and
// what has passed since. Setting the wall clock neither ends a call that rings
// nor lets it ring for ever.
func (x *Exchange) steady() time.Time { return x.begun.Add(x.now().Sub(x.begun)) }

// Close ends the Exchange's goroutine and waits for it; calls stay as they are.
// Who asks for something afterwards gets ErrClosed.
func (x *Exchange) Close() {
	x.stop()
	x.ended.Wait()
}

// do runs one command and returns the state after it, once durable.
func (x *Exchange) do(ctx context.Context, k Key, c command) (state, error) {
	for {
		if x.life.Err() != nil {
			return state{}, ErrClosed
		}
		saved, err := x.store.LoadCall(ctx, k)
		if err != nil {
			return state{}, err
		}
		s, err := decode(saved)
		if err != nil {
			return state{}, err
		}
		next, events, err := apply(s, c, x.now())
		switch {
		case errors.Is(err, errUnchanged):
			return s, nil
		case err != nil:
			return state{}, err
		}
		switch err := x.save(ctx, k, saved.Revision, s, next, events); {
		case err == nil:
			return next, nil
		case !errors.Is(err, ErrStale):
			return state{}, err
		case ctx.Err() != nil:
			return state{}, ctx.Err()
		}
	}
}

// save writes a change, even when the caller goes away meanwhile, and tells who
// is concerned.
func (x *Exchange) save(ctx context.Context, k Key, revision int64, was, s state, events []told) error {
	c := Change{Key: k, Was: revision, Caller: s.Caller.User, Callee: s.Callee, Ended: s.Phase == ended, At: x.now(), MostLive: maxCalls}
	if s.Phase == ringing {
		c.RingsUntil = s.RingsUntil
	}
	var err error
	if c.State, err = json.Marshal(s); err != nil {
		return fmt.Errorf("encode call: %w", err)
	}
	before, after := was.parties(), s.parties()
	c.Joins, c.Leaves = without(after, before), without(before, after)
	var ids []string
	for _, e := range events {
		e.ID = wire.NewID()
		body, err := json.Marshal(e.CallEvent)
		if err != nil {
			return fmt.Errorf("encode event: %w", err)
		}
		c.Entries = append(c.Entries, Entry{body, e.to})
		for _, p := range e.to {
			if !slices.Contains(ids, p.Endpoint) {
				ids = append(ids, p.Endpoint)
			}
		}
	}
	if err := x.store.SaveCall(context.WithoutCancel(ctx), c); err != nil {
		return err
	}
	if len(ids) > 0 {
		x.wake(ids)
	}
	return nil
}

// without returns the parties of list that are not in other.
func without(list, other []Party) []Party {
	return slices.DeleteFunc(slices.Clone(list), func(p Party) bool { return slices.Contains(other, p) })
}

// Failures that callers branch on; others come from the store and the endpoints
// or are *wire.Error.
var (
	ErrUnknownCall = errors.New("call is not known")
	ErrExists      = errors.New("call id is taken")
	ErrNobody      = errors.New("nobody to call")
	ErrNotParty    = errors.New("endpoint is not in the call")
	ErrNotYours    = errors.New("endpoint belongs to somebody else")
	ErrWrongSide   = errors.New("the other side's to do")
	ErrAnswered    = errors.New("call has been answered")
	ErrRejected    = errors.New("endpoint has rejected the call")
	ErrEnded       = errors.New("call has ended")
	ErrForbidden   = errors.New("not allowed to call")
	ErrTooMany     = errors.New("too many calls")
	ErrClosed      = errors.New("calls are closed")
)
