package client

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"guichet/platform/wire"
)

// CallConfig is what a Call is made of.
type CallConfig struct {
	Conference string // its id, or the room's name of who holds a room token
	Metadata   wire.ParticipantMetadata
	// Staff says that we are signed in as staff, who may do everything to members
	// and rooms; the holders of room tokens and customers are none.
	Staff bool
	Send  *Outgoing // nil: only watch and listen
	// Receive is called whenever a stream begins to be received, on a goroutine of
	// its viewer. nil: receive nothing.
	Receive func(Incoming) (Receiver, error)
	// OnState is called on the call's loop after every change. It must be quick and
	// must not wait: neither for the Call's own methods nor for whoever calls them.
	// May be nil.
	OnState func(CallState)

	// The callbacks below run on the call's loop as OnState does, under the same
	// conditions. Each may be nil: then what it tells of is not asked for.

	// OnMessage gets each message of the chat once and in its order, those of
	// before we came and our own among them.
	OnMessage func(wire.ChatMessage)
	// OnFile gets each file once that was sent to everybody, to us or by us.
	OnFile func(wire.FileTransfer)
	// OnSnapshot gets a picture that staff asked for, each time that it came a step
	// further: staff learns of all in the call, others of what they are asked for.
	OnSnapshot func(wire.Snapshot)
	// OnCamera gets each request to a camera, and its outcome: who asked and who
	// was asked learn of it.
	OnCamera func(wire.SnapshotEvent)
}

// CallState is a snapshot of a call.
type CallState struct {
	Conference wire.Conference // a copy; empty until Joined
	Endpoint   string          // our endpoint in it; changes when the server had forgotten us
	Stream     wire.StreamID   // what we publish now, or ""
	Joined     bool            // we are in, and Conference is known
	Online     bool            // events are flowing
	Sending    bool            // our media is connected
	Receiving  bool            // the media of all streams that should be received is connected
	// Shares says that a screen is to be published, Shown that its media is connected,
	// ShareErr why the last one ended, if that was not asked for: it wraps
	// ErrNotPermitted, or is what the server answered.
	Shares, Shown bool
	ShareErr      error
	// Network is how good everybody's network was lately, by endpoint, for those who
	// were measured. It is not to be changed.
	Network  map[string]wire.NetworkIndicator
	Measured time.Time // when Network came; zero before the first
	Staff    bool      // of CallConfig
	Ended    bool      // for good: by somebody, or because of Err
	Removed  bool      // it ended for us alone, because somebody removed us or our time is up
	Reason   string    // that came with the end or the removal
	Err      error     // why we were not let in, or not any more
}

// Call is a conference that a connection has joined, or is about to. Its loop
// owns the Follower, and starts and stops the publisher and the viewers.
type Call struct {
	link   *Connection
	client *Client
	cfg    CallConfig
	cancel context.CancelFunc
	inbox  chan any // shared, happening, Status, joined, fetched, peerReport, messages, caughtUp, a file that we sent
	done   chan struct{}
	mutes  *mutes
	life   context.Context // of the loop

	standing *standing

	mu       sync.Mutex
	id       string // of the conference; until we are in, what the config named it by
	endpoint string // the one that asked to be let in, for Leave
	in       bool   // and that is in
}

// Join starts to join a conference and stays until Leave, End or Close.
func (n *Connection) Join(cfg CallConfig) (*Call, error) {
	if err := wire.CheckID("conferenceId", cfg.Conference); err != nil {
		return nil, err
	}
	metadata, err := json.Marshal(cfg.Metadata)
	if err != nil {
		return nil, fmt.Errorf("join: %w", err)
	}
	if cfg.OnState == nil {
		cfg.OnState = func(CallState) {}
	}
	c := newCall(n, cfg)
	status := n.calls.add(c)
	go newCallLoop(c, metadata).run(c.life, status)
	return c, nil
}

// newCall makes a Call whose loop does not run yet.
func newCall(n *Connection, cfg CallConfig) *Call {
	life, cancel := context.WithCancel(context.Background())
	return &Call{link: n, client: n.client, cfg: cfg, id: cfg.Conference, cancel: cancel, inbox: make(chan any, 64), done: make(chan struct{}), mutes: newMutes(), life: life, standing: newStanding()}
}

// The tracks that SetMuted knows, as the conference's metadata names them.
const (
	Audio = "audio"
	Video = "video"
)

// SetMuted tells everybody that a track of ours, Audio or Video, is muted or is
// not. It does not stop what is sent.
func (c *Call) SetMuted(kind string, muted bool) { c.mutes.set(kind, muted) }

// SetHold holds the conference for everybody, or lets it go on: the server
// forwards nothing meanwhile, or in mode P2P the participants are silent. It fails with a *wire.Error of CodeForbidden for
// customers.
func (c *Call) SetHold(ctx context.Context, on bool) error {
	c.mu.Lock()
	endpoint := c.endpoint
	c.mu.Unlock()
	r := wire.UpdateMetadata{ConferenceID: c.conference(), UserEndpointID: endpoint, Operation: wire.OperationRemove, Key: wire.MetadataOnHold}
	if on {
		r.Operation, r.Value = wire.OperationSet, "true"
	}
	return c.client.UpdateMetadata(ctx, r)
}

// Share publishes a screen beside microphone and camera, made by
// NewOutgoingScreen; nil ends that. It ends by itself with the call and when it is
// not permitted any more: see CallState.Shares.
func (c *Call) Share(screen *Outgoing) { c.put(shared{screen}) }

// Leave leaves the conference and ends the call. A server that does not answer
// within a few seconds finds out by itself.
func (c *Call) Leave(reason string) error {
	return c.finish(reason, c.client.LeaveConference)
}

// End ends the conference for everybody, and the call.
func (c *Call) End(reason string) error {
	return c.finish(reason, c.client.EndConference)
}

// Close ends the call here; the server still counts us in until the connection
// is closed too.
func (c *Call) Close() {
	c.cancel()
	<-c.done
}

// finish asks first and closes then, so that the others see us leave rather than
// our media break off.
func (c *Call) finish(reason string, ask func(context.Context, wire.LeaveConference) error) error {
	defer c.Close()
	c.put(leaving{})
	c.mu.Lock()
	endpoint, in := c.endpoint, c.in
	c.mu.Unlock()
	if endpoint == "" {
		return nil
	}
	if !in {
		c.Close() // gives the request to be let in up, which may have been heard
	}
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	return ask(ctx, wire.LeaveConference{ConferenceID: c.conference(), UserEndpointID: endpoint, Reason: reason})
}

// event takes an event of the connection.
func (c *Call) event(h happening) {
	if h.ConferenceID == c.conference() {
		c.put(h)
	}
}

// connection takes a change of the connection.
func (c *Call) connection(s Status) { c.put(s) }

// put hands something to the loop, unless it has ended.
func (c *Call) put(v any) {
	select {
	case c.inbox <- v:
	case <-c.done:
	}
}

// offer hands something to the loop that its event will tell of, too, unless the
// loop is behind: a caller's callback may be waiting for the caller.
func (c *Call) offer(v any) {
	select {
	case c.inbox <- v:
	default:
	}
}

func (c *Call) setEndpoint(id string, in bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endpoint, c.in = id, in
}

// conference returns the id of the conference. Before the server has told that
// of a room's session it is the room's name, which no event has: what happens
// until then is in the state that is fetched afterwards.
func (c *Call) conference() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.id
}

func (c *Call) setConference(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.id = id
}
