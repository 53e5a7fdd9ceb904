package client

import (
	"context"
	"errors"
	"time"

	"guichet/platform/wire"
)

// DefaultKeepAlive is how often an endpoint promises to tell that it lives.
const DefaultKeepAlive = 30 * time.Second

// beatAhead is how much earlier than promised it does.
const beatAhead = 5 * time.Second

// farewell bounds the requests that are made on the way out.
const farewell = 3 * time.Second

// Status says how a Connection does.
type Status struct {
	Endpoint string // "" before the first registration
	Online   bool   // events are flowing
	Err      error  // why not; wraps ErrSignedOut when only the person can help
}

// ConnectionConfig is what a Connection is made of.
type ConnectionConfig struct {
	KeepAlive time.Duration // 5 s to 1 h; 0 means DefaultKeepAlive
	OnStatus  func(Status)  // told of every change; may be nil

	// Told of queues, in order; each may be nil, must not block, and hears what
	// was missed after an outage, save queues, which are to be read anew. An event
	// may come twice: of two of a visit the one with the higher version is right.
	OnVisit    func(wire.VisitEvent)
	OnPresence func(wire.PresenceEvent)
	OnQueue    func(wire.QueueEvent)
}

// Connection is a registered endpoint with its events. It reconnects for ever,
// each time with a fresh token, and registers again when the server has
// forgotten the endpoint; its calls then join again by themselves.
type Connection struct {
	client *Client
	cfg    ConnectionConfig
	cancel context.CancelFunc
	done   chan struct{}
	hurry  chan struct{}
	calls  listeners

	// Owned by the loop.
	endpoint string
	tries    backoff
}

// Connect starts to register and to listen; OnStatus tells when that has come
// about.
func (c *Client) Connect(cfg ConnectionConfig) *Connection {
	if cfg.KeepAlive == 0 {
		cfg.KeepAlive = DefaultKeepAlive
	}
	cfg.KeepAlive = min(max(cfg.KeepAlive, wire.MinKeepAliveSeconds*time.Second), wire.MaxKeepAliveSeconds*time.Second)
	if cfg.OnStatus == nil {
		cfg.OnStatus = func(Status) {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	n := &Connection{client: c, cfg: cfg, tries: backoff{brisk: true}, cancel: cancel, done: make(chan struct{}), hurry: make(chan struct{}, 1)}
	go n.run(ctx)
	return n
}

// Hurry makes the next try at once, for instance when the network came back.
func (n *Connection) Hurry() {
	select {
	case n.hurry <- struct{}{}:
	default:
	}
}

// Close unregisters the endpoint and returns when all has ended. Calls must be
// closed before.
func (n *Connection) Close() {
	n.cancel()
	<-n.done
}

func (n *Connection) run(ctx context.Context) {
	defer close(n.done)
	defer n.unregister()
	for n.tries.wait(ctx, n.hurry) {
		err := n.session(ctx)
		if ctx.Err() != nil {
			return
		}
		n.client.cfg.Logger.Info("connection lost", "endpoint", n.endpoint, "err", err)
		n.tell(Status{Endpoint: n.endpoint, Err: err})
		if errors.Is(err, ErrSignedOut) {
			<-ctx.Done()
			return
		}
	}
}

// session registers if need be, listens, and returns when that is over.
func (n *Connection) session(ctx context.Context) error {
	if err := n.register(ctx); err != nil {
		return err
	}
	f, err := n.client.openFeed(ctx, n.endpoint, n.deliver)
	if errors.Is(err, errSubscribe) {
		n.endpoint = "" // somebody else's now, or unknown: start anew
	}
	if err != nil {
		return err
	}
	defer f.close()
	n.tries.reset()
	n.tell(Status{Endpoint: n.endpoint, Online: true})
	beat := time.NewTicker(max(n.cfg.KeepAlive-beatAhead, n.cfg.KeepAlive/2))
	defer beat.Stop()
	for {
		select {
		case <-beat.C:
			if err := n.beat(ctx); err != nil && n.broken(err) {
				return err
			}
		case <-n.hurry:
			if err := n.beat(ctx); err != nil && n.broken(err) {
				return err
			}
		case err := <-f.lost:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// register makes sure that the server knows the endpoint.
func (n *Connection) register(ctx context.Context) error {
	if n.endpoint != "" {
		if err := n.beat(ctx); err != nil && n.endpoint != "" {
			return err
		}
	}
	if n.endpoint != "" {
		return nil
	}
	id, err := n.client.RegisterEndpoint(ctx, wire.RegisterEndpoint{KeepAliveSeconds: int(n.cfg.KeepAlive / time.Second)})
	if err != nil {
		return err
	}
	n.endpoint = id
	return nil
}

// beat tells the server that the endpoint lives. An endpoint that the server
// does not know any more is forgotten here too.
func (n *Connection) beat(ctx context.Context) error {
	err := n.client.KeepAlive(ctx, n.endpoint)
	if c := code(err); c == wire.CodeNotFound || c == wire.CodeForbidden {
		n.endpoint = ""
		n.tries.reset()
	}
	return err
}

// broken tells whether a beat that went wrong ends the session. Most do not:
// the next beat comes in time, and a dead network is noticed by MQTT.
func (n *Connection) broken(err error) bool {
	return n.endpoint == "" || errors.Is(err, ErrSignedOut)
}

func (n *Connection) unregister() {
	if n.endpoint == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	if err := n.client.UnregisterEndpoint(ctx, n.endpoint, "signed out"); err != nil {
		n.client.cfg.Logger.Info("endpoint is left to expire", "endpoint", n.endpoint, "err", err)
	}
}

// tell passes a change on to the owner and to the calls.
func (n *Connection) tell(s Status) {
	n.calls.setStatus(s)
	n.cfg.OnStatus(s)
}

// deliver hands an event to the call that it belongs to. A reminder is answered
// by a beat.
func (n *Connection) deliver(h happening) {
	if h.Type == wire.EventKeepAliveReminder {
		n.Hurry()
		return
	}
	if n.queued(h) {
		return
	}
	for _, c := range n.calls.list() {
		c.event(h)
	}
}
