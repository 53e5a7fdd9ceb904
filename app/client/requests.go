package client

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"guichet/platform/wire"
)

const (
	endpoints   = "/rtc-api/users/endpoints"
	conferences = "/rtc-api/conferences/"
	tickets     = "/security/ticket"
)

func (c *Client) post(ctx context.Context, path string, in, out any) error {
	return c.call(ctx, http.MethodPost, path, in, out)
}

// RegisterEndpoint registers a device and returns the endpoint's id.
func (c *Client) RegisterEndpoint(ctx context.Context, r wire.RegisterEndpoint) (id string, err error) {
	err = c.post(ctx, endpoints, r, &id)
	return id, err
}

// KeepAlive tells that an endpoint is alive.
func (c *Client) KeepAlive(ctx context.Context, endpoint string) error {
	return c.post(ctx, endpoints+"/keepalive", wire.KeepAlive{UserEndpointID: endpoint}, nil)
}

// UnregisterEndpoint takes an endpoint back, and with it what it has joined.
func (c *Client) UnregisterEndpoint(ctx context.Context, endpoint, reason string) error {
	return c.post(ctx, endpoints+"/unregister", wire.UnregisterEndpoint{UserEndpointID: endpoint, Reason: reason}, nil)
}

// ICEServers returns the STUN and TURN servers to use now.
func (c *Client) ICEServers(ctx context.Context) ([]wire.ICEServer, error) {
	var s wire.ICEServers
	err := c.call(ctx, http.MethodGet, "/rtc-api/iceServers", nil, &s)
	return s.ICEServers, err
}

// CreateConference makes a conference.
func (c *Client) CreateConference(ctx context.Context, r wire.CreateConference) (s wire.Summary, err error) {
	err = c.post(ctx, conferences+"create", r, &s)
	return s, err
}

// JoinConference lets an endpoint in; joining again changes nothing.
func (c *Client) JoinConference(ctx context.Context, r wire.JoinConference) (s wire.Summary, err error) {
	err = c.post(ctx, conferences+"join", r, &s)
	return s, err
}

// LeaveConference takes an endpoint and its streams out.
func (c *Client) LeaveConference(ctx context.Context, r wire.LeaveConference) error {
	return c.post(ctx, conferences+"leave", r, nil)
}

// EndConference ends a conference for everybody.
func (c *Client) EndConference(ctx context.Context, r wire.LeaveConference) error {
	return c.post(ctx, conferences+"end", r, nil)
}

// Conference returns the state of a conference.
func (c *Client) Conference(ctx context.Context, id string) (s wire.Conference, err error) {
	err = c.call(ctx, http.MethodGet, conferences+url.PathEscape(id)+"/simpleView", nil, &s)
	return s, err
}

// Conferences returns those that have not ended, the one that changed last first.
func (c *Client) Conferences(ctx context.Context) (list []wire.ConferenceEntry, err error) {
	err = c.call(ctx, http.MethodGet, strings.TrimSuffix(conferences, "/"), nil, &list)
	return list, err
}

// PublishStream offers a stream and returns the server's answer.
func (c *Client) PublishStream(ctx context.Context, r wire.PublishStream) (s wire.PublishedStream, err error) {
	err = c.post(ctx, conferences+"publishStream", r, &s)
	return s, err
}

// AddPublishCandidates sends ICE candidates of a published stream.
func (c *Client) AddPublishCandidates(ctx context.Context, r wire.ICECandidates) error {
	return c.post(ctx, conferences+"addPublishStreamIceCandidates", r, nil)
}

// UnpublishStream takes a stream back.
func (c *Client) UnpublishStream(ctx context.Context, r wire.StreamRef) error {
	return c.post(ctx, conferences+"unpublishStream", r, nil)
}

// ViewStream offers to receive a stream and returns the server's answer; in mode
// P2P the publisher's, for which the server waits.
func (c *Client) ViewStream(ctx context.Context, r wire.ViewStream) (s wire.ViewedStream, err error) {
	err = c.within(ctx, answerTimeout, http.MethodPost, conferences+"viewStream", r, &s)
	return s, err
}

// AnswerViewStream answers a viewer of an own stream, in mode P2P.
func (c *Client) AnswerViewStream(ctx context.Context, r wire.AnswerViewStream) error {
	return c.post(ctx, conferences+"answerViewStream", r, nil)
}

// AddViewCandidates sends ICE candidates of a viewer.
func (c *Client) AddViewCandidates(ctx context.Context, r wire.ICECandidates) error {
	return c.post(ctx, conferences+"addViewStreamIceCandidates", r, nil)
}

// StopViewStream ends a viewer.
func (c *Client) StopViewStream(ctx context.Context, r wire.StreamRef) error {
	return c.post(ctx, conferences+"stopViewStream", r, nil)
}

// UpdateMetadata sets or removes a key of a conference.
func (c *Client) UpdateMetadata(ctx context.Context, r wire.UpdateMetadata) error {
	return c.post(ctx, conferences+"updateMetadata", r, nil)
}

// CreateTicket makes a link.
func (c *Client) CreateTicket(ctx context.Context, r wire.CreateTicket) (t wire.Ticket, err error) {
	err = c.post(ctx, tickets, r, &t)
	return t, err
}

// Ticket returns a ticket of the own organization.
func (c *Client) Ticket(ctx context.Context, id string) (t wire.Ticket, err error) {
	err = c.call(ctx, http.MethodGet, tickets+"/"+url.PathEscape(id), nil, &t)
	return t, err
}

// RevokeTicket withdraws a ticket.
func (c *Client) RevokeTicket(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodDelete, tickets+"/"+url.PathEscape(id), nil, nil)
}
