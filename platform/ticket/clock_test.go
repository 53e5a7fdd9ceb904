package ticket

import (
	"context"
	"errors"
	"testing"
	"time"

	"guichet/platform/wire"
)

// shelf is a Store of one ticket.
type shelf struct {
	Store
	record Record
}

func (s *shelf) AddTicket(_ context.Context, r Record) error      { s.record = r; return nil }
func (s *shelf) Ticket(context.Context, string) (Record, error)   { return s.record, nil }
func (s *shelf) TicketUsed(context.Context, string) (bool, error) { return false, nil }
func (s *shelf) UseTicket(_ context.Context, _ string, u Use, _ bool) (string, error) {
	return u.UserID, nil
}

// TestWallClockJumps: no clock makes a ticket good for longer than it was made
// for, save by as much as a clock may be wrong without being seen to be.
func TestWallClockJumps(t *testing.T) {
	const year = 365 * 24 * time.Hour
	noon := time.Date(2026, 5, 6, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name       string
		made, used time.Duration // how far the clock is ahead of noon then
		want       error
	}{
		{"in its time", 0, 59 * time.Minute, nil},
		{"after its time", 0, time.Hour, ErrExpired},
		{"the clock goes back an hour within its time", 0, 30*time.Minute - time.Hour, nil},
		{"an hour ahead", 0, 30*time.Minute + time.Hour, ErrExpired},
		{"ten years ahead", 0, 10 * year, ErrExpired},
		{"long expired, and the clock goes back ten years", 0, 2*time.Hour - 10*year, ErrEarly},
		{"long expired, and the clock goes back a day", 0, 2*time.Hour - 24*time.Hour, ErrEarly},
		{"made when the clock was ten years ahead", 10 * year, time.Minute, ErrEarly},
		{"made when the clock was an hour ahead", time.Hour, time.Minute, nil},
		{"made when the clock was an hour ahead, and after its time", time.Hour, 2 * time.Hour, ErrExpired},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := noon.Add(c.made)
			s, err := New(Config{Store: &shelf{}, PublicURL: "https://calls.example.org", Now: func() time.Time { return now }})
			if err != nil {
				t.Fatal(err)
			}
			v, err := s.Create(t.Context(), Owner{Organization: "o"}, wire.CreateTicket{Type: wire.TicketMultiUse, TTL: 3600,
				Properties: map[string]string{wire.PropertyConferenceID: "c1"}})
			if err != nil {
				t.Fatal(err)
			}
			now = noon.Add(c.used)
			if _, err := s.Redeem(t.Context(), v.ID, "k"); !errors.Is(err, c.want) {
				t.Errorf("redeem: %v, want %v", err, c.want)
			}
			if i, err := s.Open(t.Context(), v.ID); c.want == ErrEarly && (i.OpensAt == nil || err != nil) || c.want == ErrExpired && !errors.Is(err, ErrExpired) {
				t.Errorf("open: %+v, %v", i, err)
			}
		})
	}
}
