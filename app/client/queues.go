package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"guichet/platform/wire"
)

const (
	queues   = "/rtc-api/queues"
	visits   = "/rtc-api/visits"
	presence = "/rtc-api/presence"
)

func (c *Client) get(ctx context.Context, path string, out any) error {
	return c.call(ctx, http.MethodGet, path, nil, out)
}

func (c *Client) put(ctx context.Context, path string, in, out any) error {
	return c.call(ctx, http.MethodPut, path, in, out)
}

func visitPath(id, operation string) string { return visits + "/" + url.PathEscape(id) + operation }

// Queues returns the queues that the account may see, by name.
func (c *Client) Queues(ctx context.Context) (list []wire.Queue, err error) {
	err = c.get(ctx, queues, &list)
	return list, err
}

// CreateQueue makes a queue.
func (c *Client) CreateQueue(ctx context.Context, r wire.WriteQueue) (q wire.Queue, err error) {
	err = c.post(ctx, queues, r, &q)
	return q, err
}

// UpdateQueue takes the place of a queue's settings.
func (c *Client) UpdateQueue(ctx context.Context, id string, r wire.WriteQueue) (q wire.Queue, err error) {
	err = c.put(ctx, queues+"/"+url.PathEscape(id), r, &q)
	return q, err
}

// DeleteQueue deletes a queue that is not in use.
func (c *Client) DeleteQueue(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodDelete, queues+"/"+url.PathEscape(id), nil, nil)
}

// WatchQueues has an endpoint told of all visits, agents and queues, or no more.
func (c *Client) WatchQueues(ctx context.Context, endpoint string, on bool) error {
	return c.post(ctx, queues+"/watch", wire.WatchQueues{UserEndpointID: endpoint, On: on}, nil)
}

// SetPresence says whether the account's agent is ready.
func (c *Client) SetPresence(ctx context.Context, r wire.SetPresence) (p wire.Presence, err error) {
	err = c.put(ctx, presence, r, &p)
	return p, err
}

// Presence returns what the account's agent does.
func (c *Client) Presence(ctx context.Context) (p wire.Presence, err error) {
	err = c.get(ctx, presence, &p)
	return p, err
}

// Reasons returns the reasons for not being ready.
func (c *Client) Reasons(ctx context.Context) ([]wire.Choice, error) {
	return c.choices(ctx, presence+"/reasons")
}

// Outcomes returns what may come of a call.
func (c *Client) Outcomes(ctx context.Context) ([]wire.Choice, error) {
	return c.choices(ctx, visits+"/outcomes")
}

func (c *Client) choices(ctx context.Context, path string) ([]wire.Choice, error) {
	var list wire.Choices
	err := c.get(ctx, path, &list)
	return list.Items, err
}

// Agents returns all agents and what they do.
func (c *Client) Agents(ctx context.Context) (list []wire.Presence, err error) {
	err = c.get(ctx, "/rtc-api/agents", &list)
	return list, err
}

// UpdateAgent sets what an agent can and which queues they serve.
func (c *Client) UpdateAgent(ctx context.Context, user string, r wire.UpdateAgent) (p wire.Presence, err error) {
	err = c.put(ctx, "/rtc-api/agents/"+url.PathEscape(user), r, &p)
	return p, err
}

// CreateVisit brings a caller into a queue. A queue that is closed is a
// *wire.Error with the reason wire.ReasonClosed and the next opening.
func (c *Client) CreateVisit(ctx context.Context, r wire.CreateVisit) (v wire.Visit, err error) {
	err = c.post(ctx, visits, r, &v)
	return v, err
}

// Visit returns a visit.
func (c *Client) Visit(ctx context.Context, id string) (v wire.Visit, err error) {
	err = c.get(ctx, visitPath(id, ""), &v)
	return v, err
}

// VisitFilter says which visits are asked for; the zero value: all that have not
// ended.
type VisitFilter struct {
	QueueID string
	State   wire.VisitState
	Mine    bool // in which the account has or had a part
	// Of ENDED.
	Before time.Time
	Limit  int // 100 when 0
}

// Visits returns visits: who waits, in order, or who was served, the last first.
func (c *Client) Visits(ctx context.Context, f VisitFilter) (list []wire.Visit, err error) {
	q := url.Values{}
	if f.QueueID != "" {
		q.Set("queueId", f.QueueID)
	}
	if f.State != "" {
		q.Set("state", string(f.State))
	}
	if f.Mine {
		q.Set("mine", "true")
	}
	if !f.Before.IsZero() {
		q.Set("before", f.Before.UTC().Format(time.RFC3339))
	}
	if f.Limit > 0 {
		q.Set("limit", strconv.Itoa(f.Limit))
	}
	path := visits
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	err = c.get(ctx, path, &list)
	return list, err
}

// LeaveVisit leaves the line, or ends the call.
func (c *Client) LeaveVisit(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodDelete, visitPath(id, ""), nil, nil)
}

// AcceptVisit takes the caller who rings and returns the conference to join.
func (c *Client) AcceptVisit(ctx context.Context, id, endpoint string) (a wire.AcceptedVisit, err error) {
	err = c.post(ctx, visitPath(id, "/accept"), wire.VisitRef{UserEndpointID: endpoint}, &a)
	return a, err
}

// DeclineVisit gives the caller who rings to the next agent.
func (c *Client) DeclineVisit(ctx context.Context, id, endpoint string) error {
	return c.post(ctx, visitPath(id, "/decline"), wire.VisitRef{UserEndpointID: endpoint}, nil)
}

// WrapUpVisit keeps notes and outcome of a caller, and ends the wrap-up.
func (c *Client) WrapUpVisit(ctx context.Context, id string, r wire.WrapUpVisit) error {
	return c.post(ctx, visitPath(id, "/wrapUp"), r, nil)
}

// TransferVisit gives a caller to another queue or agent, or speaks with the
// agent first.
func (c *Client) TransferVisit(ctx context.Context, id string, r wire.TransferVisit) (v wire.Visit, err error) {
	err = c.post(ctx, visitPath(id, "/transfer"), r, &v)
	return v, err
}

// CompleteTransfer lets the other agent have the caller.
func (c *Client) CompleteTransfer(ctx context.Context, id string) (v wire.Visit, err error) {
	err = c.post(ctx, visitPath(id, "/transfer/complete"), nil, &v)
	return v, err
}

// CancelTransfer keeps the caller.
func (c *Client) CancelTransfer(ctx context.Context, id string) (v wire.Visit, err error) {
	err = c.post(ctx, visitPath(id, "/transfer/cancel"), nil, &v)
	return v, err
}

// queued hands an event of queues to who asked for it, and tells whether it was
// one.
func (n *Connection) queued(h happening) bool {
	var err error
	switch h.Type {
	case wire.EventVisitQueued, wire.EventVisitPlaceChanged, wire.EventVisitOffered, wire.EventVisitOfferWithdrawn, wire.EventVisitAccepted,
		wire.EventVisitTransferred, wire.EventVisitWrapUp, wire.EventVisitEnded:
		err = handOver(h, n.cfg.OnVisit)
	case wire.EventPresenceChanged:
		err = handOver(h, n.cfg.OnPresence)
	case wire.EventQueueChanged:
		err = handOver(h, n.cfg.OnQueue)
	default:
		return false
	}
	if err != nil {
		n.client.cfg.Logger.Warn("event is not readable", "type", h.Type, "err", err)
	}
	return true
}

// handOver decodes an event for a function, which may be nil.
func handOver[Event any](h happening, f func(Event)) error {
	if f == nil {
		return nil
	}
	var e Event
	if err := json.Unmarshal(h.body, &e); err != nil {
		return err
	}
	f(e)
	return nil
}
