package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"guichet/platform/wire"
)

// messagesAtATime is how much of a chat is fetched with one request.
const messagesAtATime = 200

// SendMessage writes a line of a conference's chat. Sending again with the same
// id makes no second one.
func (c *Client) SendMessage(ctx context.Context, r wire.SendMessage) (m wire.ChatMessage, err error) {
	err = c.post(ctx, conferences+"sendMessage", r, &m)
	return m, err
}

// Messages returns the lines of a chat past a number, the oldest first.
func (c *Client) Messages(ctx context.Context, conference string, after int64, limit int) (m wire.ChatMessages, err error) {
	q := url.Values{"after": {strconv.FormatInt(after, 10)}, "limit": {strconv.Itoa(limit)}}
	err = c.call(ctx, http.MethodGet, conferences+url.PathEscape(conference)+"/messages?"+q.Encode(), nil, &m)
	return m, err
}

// SendMessage says something to everybody in the call. It waits for the call to
// be joined and online and tries again after every outage, until the server has
// answered, ctx ends or the call does. id is the caller's choice, or "" for a
// new one: whoever does not know whether a message arrived sends it again with
// the same id, and there is no second one.
func (c *Call) SendMessage(ctx context.Context, id, text string) (m wire.ChatMessage, err error) {
	if id == "" {
		id = wire.NewID()
	}
	err = c.persist(ctx, func(ctx context.Context, endpoint string) (bool, error) {
		m, err = c.client.SendMessage(ctx, wire.SendMessage{ConferenceID: c.conference(), UserEndpointID: endpoint, MessageID: id, Text: text})
		return true, err
	})
	if err == nil {
		c.offer(messages{page: wire.ChatMessages{Messages: []wire.ChatMessage{m}}})
	}
	return m, err
}

// lineOf reads a message of the chat out of its event.
func lineOf(e wire.MessageEvent) wire.ChatMessage {
	return wire.ChatMessage{MessageID: e.MessageID, ConferenceID: e.ConferenceID, Seq: e.Seq, UserID: e.UserID, UserEndpointID: e.UserEndpointID,
		Name: e.Name, Text: e.Text, Timestamp: e.Timestamp}
}
