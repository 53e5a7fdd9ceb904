package store

import (
	"context"
	"errors"
	"testing"
	"time"

	"guichet/platform/room"
	"guichet/platform/wire"
)

// TestSessionThatNeverBegan: one whose server died before its conference was made
// holds its room for as long as somebody may still come, and no longer.
func TestSessionThatNeverBegan(t *testing.T) {
	ctx := context.Background()
	s := open(t)
	begun := time.Now().Truncate(time.Millisecond)
	enter := func(id string, at time.Time, may error) (string, bool, error) {
		t.Helper()
		_, session, made, err := s.EnterRoom(ctx, room.Entry{Organization: "default", Name: "lobby", Session: id, Project: "p", At: at, Most: 10,
			Fresh: &room.Stored{Organization: "default", ID: "r-" + id, Settings: wire.VideoSettings{Name: "lobby"}, Created: at, Updated: at, Automatic: true},
			May:   func(wire.VideoSettings) error { return may }})
		return session, made, err
	}
	rooms := func() int {
		t.Helper()
		list, err := s.Rooms(ctx, "default", true, room.Page{Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	early := errors.New("too early")
	if _, made, err := enter("none", begun, early); !errors.Is(err, early) || made || rooms() != 0 {
		t.Fatalf("made %v, %v", made, err)
	}
	if session, made, err := enter("one", begun, nil); err != nil || session != "one" || !made {
		t.Fatalf("%s %v, %v", session, made, err)
	}
	// Somebody who comes finds it, whatever it was asked.
	if session, made, err := enter("two", begun.Add(time.Hour), early); err != nil || session != "one" || made {
		t.Fatalf("%s %v, %v", session, made, err)
	}
	if err := s.TidyRooms(ctx, begun); err != nil || rooms() != 1 {
		t.Fatalf("too early: %d rooms, %v", rooms(), err)
	}
	if err := s.TidyRooms(ctx, begun.Add(time.Millisecond)); err != nil || rooms() != 0 {
		t.Fatalf("%d rooms, %v", rooms(), err)
	}
	if session, made, err := enter("three", begun.Add(2*time.Hour), nil); err != nil || session != "three" || !made {
		t.Errorf("%s %v, %v", session, made, err)
	}
}
