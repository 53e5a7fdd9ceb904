package session

import (
	"context"
	"slices"
	"strings"
	"time"

	"guichet/platform/wire"
)

// sendPatience is how long a message is tried before the person is asked.
const sendPatience = 30 * time.Second

// MaxMessage is the greatest length of a message, in bytes.
const MaxMessage = wire.MaxMessage

// maxOutbox bounds the own messages that are not sent yet.
const maxOutbox = 50

// Message is a line of a call's chat.
type Message struct {
	ID   string
	Name string // who said it
	Own  bool
	Text string
	At   time.Time
	// Trouble is a sentence that says why an own message was not sent, or "".
	Trouble string
}

type (
	sendMessage  struct{ text string }
	retryMessage struct{ id string }
)

// What comes of messages.
type (
	messageSaid struct {
		dialled int
		wire.ChatMessage
	}
	messageSent struct {
		dialled int
		id      string
		err     error
	}
)

func (c sendMessage) do(l *loop) {
	text := strings.TrimSpace(c.text)
	if !l.inCall() || text == "" || len(l.state.Call.Outbox) == maxOutbox {
		return
	}
	l.outbox(append(slices.Clone(l.state.Call.Outbox), Message{ID: wire.NewID(), Name: l.state.Me.Name, Own: true, Text: text, At: l.cfg.Now()}))
	l.nextMessage()
}

func (c retryMessage) do(l *loop) {
	if !l.inCall() {
		return
	}
	box := slices.Clone(l.state.Call.Outbox)
	for i := range box {
		if box[i].ID == c.id {
			box[i].Trouble = ""
		}
	}
	l.outbox(box)
	l.nextMessage()
}

func (l *loop) outbox(box []Message) {
	l.state.Call.Outbox = box
	l.change()
}

// nextMessage sends the oldest message that waits; one at a time, so that they
// arrive in the order of writing. One that is sent leaves the outbox when it
// comes back in the chat.
func (l *loop) nextMessage() {
	if l.sending != "" || l.call == nil {
		return
	}
	for _, m := range l.state.Call.Outbox {
		if m.Trouble != "" || l.accepted[m.ID] {
			continue
		}
		l.sending = m.ID
		n, call := l.dialled, l.call
		l.started.Go(func() {
			ctx, cancel := context.WithTimeout(l.ctx, sendPatience)
			defer cancel()
			_, err := call.SendMessage(ctx, m.ID, m.Text)
			l.send(messageSent{n, m.ID, err})
		})
		return
	}
}

func (c messageSent) do(l *loop) {
	if c.dialled != l.dialled || !l.inCall() {
		return
	}
	l.sending = ""
	if c.err == nil {
		l.accepted[c.id] = true
	} else {
		l.cfg.Logger.Info("message is not sent", "err", c.err)
		box := slices.Clone(l.state.Call.Outbox)
		for i := range box {
			if box[i].ID == c.id {
				box[i].Trouble = sentence(c.err)
			}
		}
		l.outbox(box)
	}
	l.nextMessage()
}

// messageSaid adds a line to the chat. Earlier snapshots share the list's
// beginning, which is never written again.
func (c messageSaid) do(l *loop) {
	if c.dialled != l.dialled || !l.inCall() {
		return
	}
	call := l.state.Call
	own := l.mine[c.UserEndpointID] || c.UserID == l.state.Me.ID && c.Name == l.state.Me.Name
	call.Messages = append(call.Messages, Message{ID: c.MessageID, Name: c.Name, Own: own, Text: c.Text, At: c.Timestamp.Time})
	l.outbox(slices.DeleteFunc(slices.Clone(call.Outbox), func(m Message) bool { return m.ID == c.MessageID }))
	delete(l.accepted, c.MessageID)
}
