package chat

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"iter"
	"strings"

	"guichet/platform/wire"
)

// Transcript is what was said and sent in a conference, in the order of time. It
// is read page by page while its lines are taken.
type Transcript struct {
	Conference string

	store Store
	key   Key
	first []Message
	notes []Note
}

// Transcript returns that of a conference of the caller's organization, also
// after its end. Only staff may read it.
func (s *Service) Transcript(ctx context.Context, who Caller, conference string) (*Transcript, error) {
	if who.Customer {
		return nil, ErrForbidden
	}
	k, err := key(who, conference)
	if err != nil {
		return nil, err
	}
	seat, err := s.Store.Seat(ctx, k, Member{UserID: who.UserID})
	if err != nil {
		return nil, err
	}
	t := &Transcript{Conference: conference, store: s.Store, key: k}
	if t.first, err = s.Store.Messages(ctx, k, 0, maxPage); err != nil {
		return nil, err
	}
	if t.notes, err = s.Store.Notes(ctx, k); err != nil {
		return nil, err
	}
	if !seat.Known && len(t.first)+len(t.notes) == 0 {
		return nil, ErrUnknownConference
	}
	return t, nil
}

// Lines yields the lines; an error is the last.
func (t *Transcript) Lines(ctx context.Context) iter.Seq2[wire.TranscriptLine, error] {
	return func(yield func(wire.TranscriptLine, error) bool) {
		notes := t.notes
		for m, err := range t.messages(ctx) {
			if err != nil {
				yield(wire.TranscriptLine{}, err)
				return
			}
			for len(notes) > 0 && notes[0].Created.Before(m.Created) {
				if !yield(notes[0].line(), nil) {
					return
				}
				notes = notes[1:]
			}
			if !yield(m.line(), nil) {
				return
			}
		}
		for _, n := range notes {
			if !yield(n.line(), nil) {
				return
			}
		}
	}
}

// messages yields all messages; an error is the last.
func (t *Transcript) messages(ctx context.Context) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		for page := t.first; len(page) > 0; {
			for _, m := range page {
				if !yield(m, nil) {
					return
				}
			}
			if len(page) < maxPage {
				return
			}
			var err error
			if page, err = t.store.Messages(ctx, t.key, page[len(page)-1].Seq, maxPage); err != nil {
				yield(Message{}, err)
				return
			}
		}
	}
}

func (m Message) line() wire.TranscriptLine {
	return wire.TranscriptLine{Kind: wire.TranscriptMessage, ID: m.ID, Seq: m.Seq, UserID: m.Sender.UserID, UserEndpointID: m.Sender.EndpointID,
		Name: m.Name, Text: m.Text, Timestamp: wire.NewTime(m.Created)}
}

func (n Note) line() wire.TranscriptLine {
	return wire.TranscriptLine{Kind: n.Kind, ID: n.ID, UserID: n.Sender.UserID, UserEndpointID: n.Sender.EndpointID,
		Name: n.Name, Text: n.Text, Timestamp: wire.NewTime(n.Created)}
}

// How the text form writes a time, and what a line that goes on stands behind.
// What somebody wrote never begins at the left, so that nobody can write a line
// that looks like another's.
const (
	textTime = "2006-01-02 15:04:05 UTC"
	margin   = "                         "
)

// WriteText writes a transcript for people: the time, who it was, what was said.
func (t *Transcript) WriteText(ctx context.Context, w io.Writer) error {
	out := bufio.NewWriter(w)
	// Whatever some reader begins a new line at.
	indent := strings.NewReplacer("\n", "\n"+margin, "\u2028", "\n"+margin, "\u2029", "\n"+margin)
	fmt.Fprintf(out, "Conference %s\n\n", t.Conference) // Flush tells of what went wrong
	for l, err := range t.Lines(ctx) {
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s  %s\n", l.Timestamp.UTC().Format(textTime), indent.Replace(sentence(l)))
	}
	return out.Flush()
}

func sentence(l wire.TranscriptLine) string {
	who := cmp.Or(l.Name, l.UserID)
	switch l.Kind {
	case wire.TranscriptFile:
		return who + " sent a file: " + oneLine(l.Text)
	case wire.TranscriptSnapshot:
		return strings.TrimSuffix(who+" took a snapshot: "+oneLine(l.Text), ": ")
	}
	return who + ": " + l.Text
}
