// Package chat keeps what people write to each other in a conference.
//
// It owns the rules of a message: what a text may hold, how fast and how much
// may be written, the dense numbers of a conference's messages, that a message
// which is sent again is the same one, and the transcript that is left of a
// call. It knows nothing of HTTP, tokens or MQTT; who is in a conference and the
// journal of events it reaches through its store. A message and the event that
// tells of it are one transaction.
//
// The Service starts no goroutine. A mutex guards the allowances of the senders;
// its methods are safe for concurrent use. Nothing of what is said is logged.
package chat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"guichet/platform/limit"
	"guichet/platform/wire"
)

// Failures that callers branch on; others are *wire.Error with the code
// invalid_request, or come from the store.
var (
	ErrUnknownConference = errors.New("conference of the chat is not known")
	ErrEnded             = errors.New("conference of the chat has ended")
	ErrNotMember         = errors.New("not a participant of the conference")
	ErrForbidden         = errors.New("not allowed with this chat")
	ErrTaken             = errors.New("message id was used for another message")
	ErrFull              = errors.New("chat is full")
	ErrTooFast           = errors.New("too many messages at a time")
)

// Bounds of a chat.
const (
	maxMessages = 10_000 // of a conference
	maxPage     = 200    // messages of one answer
	maxName     = 128    // bytes of a name beside a message
)

// Config is what a Service works with. Store is required.
type Config struct {
	Store Store
	// Wake tells that the journal has news for these endpoints. It must not block.
	Wake func(endpointIDs []string)
	Now  func() time.Time // time.Now when nil
}

// Caller is who asks, as the token told.
type Caller struct {
	Organization, UserID string
	// Conference is the only one that this caller may touch; empty: any of its
	// organization that it is in.
	Conference string
	Customer   bool // on the customer's side: a ticket's guest or a kiosk
}

// Service takes messages and gives them out.
type Service struct {
	Config
	pace *limit.Limiter[sender]
}

// New returns the service of a store.
func New(c Config) (*Service, error) {
	if c.Store == nil {
		return nil, errors.New("chat: a store is required")
	}
	if c.Wake == nil {
		c.Wake = func([]string) {}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Service{Config: c, pace: limit.New[sender](maxSenders, c.Now)}, nil
}

// Send writes a message of a participant and tells everybody in the conference.
// It is durable when Send returns. The same message again is answered with the
// first, as long as its sender is there.
func (s *Service) Send(ctx context.Context, who Caller, q wire.SendMessage) (wire.ChatMessage, error) {
	k, err := key(who, q.ConferenceID)
	if err := errors.Join(err, wire.CheckID("userEndpointId", q.UserEndpointID), wire.CheckID("messageId", q.MessageID), checkText(q.Text)); err != nil {
		return wire.ChatMessage{}, err
	}
	from := Member{q.UserEndpointID, who.UserID}
	seat, err := s.Store.Seat(ctx, k, from)
	if err == nil {
		err = seat.check()
	}
	if err != nil {
		return wire.ChatMessage{}, err
	}
	if _, ok := s.pace.Take(sender{who.Organization, from}, typing()); !ok {
		return wire.ChatMessage{}, ErrTooFast
	}
	m := Message{ID: q.MessageID, Key: k, Sender: from, Name: nameOf(seat.Metadata, who.UserID), Text: q.Text}
	kept, woken, err := s.Store.AddMessage(ctx, m, maxMessages, s.stamp)
	if err != nil {
		return wire.ChatMessage{}, fmt.Errorf("write message: %w", err)
	}
	s.Wake(woken)
	return describe(kept), nil
}

// stamp gives a message that has its number the time, and makes its event.
func (s *Service) stamp(m *Message) (event []byte, err error) {
	m.Created = s.Now()
	return json.Marshal(wire.MessageEvent{
		Event: wire.Event{Type: wire.EventMessageSent, ID: wire.NewID(), Timestamp: wire.NewTime(m.Created), ConferenceID: m.Key.Conference,
			UserID: m.Sender.UserID, UserEndpointID: m.Sender.EndpointID},
		MessageID: m.ID, Seq: m.Seq, Name: m.Name, Text: m.Text})
}

// Messages returns what was said after the message with a number, at most limit
// messages; a limit of 0 is as many as one answer holds. Whoever is in the
// conference reads it from the beginning, and nobody else.
func (s *Service) Messages(ctx context.Context, who Caller, conference string, after int64, limit int) (wire.ChatMessages, error) {
	k, err := key(who, conference)
	switch {
	case err != nil:
		return wire.ChatMessages{}, err
	case after < 0:
		return wire.ChatMessages{}, invalid("after: want the seq of a message, or 0")
	case limit < 0:
		return wire.ChatMessages{}, invalid("limit: want a number above 0")
	case limit == 0 || limit > maxPage:
		limit = maxPage
	}
	seat, err := s.Store.Seat(ctx, k, Member{UserID: who.UserID})
	if err == nil {
		err = seat.check()
	}
	if err != nil {
		return wire.ChatMessages{}, err
	}
	list, err := s.Store.Messages(ctx, k, after, limit+1)
	if err != nil {
		return wire.ChatMessages{}, err
	}
	page := wire.ChatMessages{Messages: make([]wire.ChatMessage, 0, len(list)), More: len(list) > limit}
	for _, m := range list[:min(limit, len(list))] {
		page.Messages = append(page.Messages, describe(m))
	}
	return page, nil
}

// key names a conference that the caller may touch.
func key(who Caller, conference string) (Key, error) {
	if err := wire.CheckID("conferenceId", conference); err != nil {
		return Key{}, err
	}
	if who.Conference != "" && who.Conference != conference {
		return Key{}, ErrForbidden
	}
	return Key{who.Organization, conference}, nil
}

func describe(m Message) wire.ChatMessage {
	return wire.ChatMessage{MessageID: m.ID, ConferenceID: m.Key.Conference, Seq: m.Seq, UserID: m.Sender.UserID, UserEndpointID: m.Sender.EndpointID,
		Name: m.Name, Text: m.Text, Timestamp: wire.NewTime(m.Created)}
}

func invalid(format string, args ...any) error {
	return &wire.Error{Code: wire.CodeInvalid, Message: fmt.Sprintf(format, args...)}
}
