package chat

import (
	"context"
	"encoding/json"
	"time"

	"guichet/platform/wire"
)

// Key names a conference.
type Key struct{ Organization, Conference string }

// Member is an endpoint in a conference and whose it is.
type Member struct{ EndpointID, UserID string }

// Seat is what somebody has in a conference.
type Seat struct {
	Known, Ended bool // the conference
	In           bool
	Metadata     json.RawMessage // what the endpoint joined with
}

func (s Seat) check() error {
	switch {
	case !s.Known:
		return ErrUnknownConference
	case s.Ended:
		return ErrEnded
	case !s.In:
		return ErrNotMember
	}
	return nil
}

// Message is a stored message.
type Message struct {
	ID      string
	Key     Key
	Seq     int64
	Sender  Member
	Name    string
	Text    string
	Created time.Time
}

// Note is what a transcript tells besides messages: a file that was sent to
// everybody, or a picture that was taken.
type Note struct {
	Kind    wire.TranscriptKind
	ID      string // of the file transfer or snapshot
	Sender  Member
	Name    string // that the sender used in the chat; empty: none
	Text    string // file name or type of the snapshot
	Created time.Time
}

// Store keeps messages and their events. Conferences may follow each other under
// one id: the later one has nothing of the earlier. While a conference is known
// the methods speak of its own chat, afterwards of the last one's.
type Store interface {
	// Seat tells whether a member is in a conference, by its endpoint or, when
	// that is empty, by any endpoint of the user.
	Seat(ctx context.Context, k Key, m Member) (Seat, error)
	// AddMessage writes the next message of a conference, if its sender is in it,
	// and the event for everybody there. It gives the message its Seq, then calls
	// stamp inside the transaction, which sets Created and returns the event. It
	// returns the message and the endpoints to wake. When the sender's user sent
	// this id and text before it returns that message, and wakes nobody. It fails
	// with ErrNotMember, with ErrTaken when the id belongs to another message,
	// and with ErrFull when the chat has max messages.
	AddMessage(ctx context.Context, m Message, max int64, stamp func(*Message) ([]byte, error)) (kept Message, woken []string, err error)
	// Messages returns the messages past a number, in order, at most limit.
	Messages(ctx context.Context, k Key, after int64, limit int) ([]Message, error)
	// Notes returns what else a transcript tells, the oldest first.
	Notes(ctx context.Context, k Key) ([]Note, error)
}
