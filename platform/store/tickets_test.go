package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"guichet/platform/ticket"
	"guichet/platform/wire"
)

// tickets is a service on a real store with a clock of its own.
func tickets(t *testing.T) (*ticket.Service, *atomic.Int64) {
	t.Helper()
	var clock atomic.Int64
	clock.Store(1_700_000_000)
	s, err := ticket.New(ticket.Config{Store: open(t), PublicURL: "https://calls.example.org", Now: func() time.Time { return time.Unix(clock.Load(), 0) }})
	if err != nil {
		t.Fatal(err)
	}
	return s, &clock
}

var anna = ticket.Owner{Organization: "default", UserID: "anna", Name: "Anna"}

func create(t *testing.T, s *ticket.Service, kind wire.TicketType) wire.Ticket {
	t.Helper()
	v, err := s.Create(context.Background(), anna, wire.CreateTicket{Type: kind, TTL: 3600, Properties: map[string]string{wire.PropertyConferenceID: "c1"}})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestTicketLife(t *testing.T) {
	ctx := context.Background()
	s, clock := tickets(t)
	v := create(t, s, wire.TicketMultiUse)
	if len(v.ID) != 7 || v.ID[3] != '-' || v.URL != "https://calls.example.org/t/"+v.ID {
		t.Errorf("id %q, link %q", v.ID, v.URL)
	}
	for _, id := range []string{v.ID, strings.ReplaceAll(v.ID, "-", ""), strings.ToUpper(v.ID)} {
		i, err := s.Open(ctx, id)
		if err != nil || i.Host != "Anna" || i.Organization != "Guichet" {
			t.Errorf("open %s: %+v, %v", id, i, err)
		}
	}
	for _, id := range []string{"", "zzz", "zzz-zzz", v.ID + "x", "../../x", strings.Repeat("a", 1000), "aaa-aa\x00"} {
		if _, err := s.Open(ctx, id); !errors.Is(err, ticket.ErrUnknown) {
			t.Errorf("open %q: %v, want unknown", id, err)
		}
	}
	if _, err := s.Get(ctx, "other", v.ID); !errors.Is(err, ticket.ErrUnknown) {
		t.Errorf("another organization: %v", err)
	}
	if err := s.Revoke(ctx, "other", v.ID); !errors.Is(err, ticket.ErrUnknown) {
		t.Errorf("another organization revokes: %v", err)
	}
	clock.Add(3600)
	if _, err := s.Redeem(ctx, v.ID, "k"); !errors.Is(err, ticket.ErrExpired) {
		t.Errorf("after its time: %v", err)
	}
	clock.Add(-1)
	if _, err := s.Redeem(ctx, v.ID, "k"); err != nil {
		t.Errorf("in its last second: %v", err)
	}
	for range 2 {
		if err := s.Revoke(ctx, "default", v.ID); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Get(ctx, "default", v.ID)
	if err != nil || got.Revoked == nil || got.Version != 2 {
		t.Errorf("revoked: %+v, %v", got, err)
	}
	if _, err := s.Redeem(ctx, v.ID, "k"); !errors.Is(err, ticket.ErrRevoked) {
		t.Errorf("after revocation: %v", err)
	}
}

func TestTicketUses(t *testing.T) {
	ctx := context.Background()
	s, _ := tickets(t)
	redeem := func(id, key string) ticket.Grant {
		t.Helper()
		g, err := s.Redeem(ctx, id, key)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	many := create(t, s, wire.TicketMultiUse)
	a, b := redeem(many.ID, "a"), redeem(many.ID, "b")
	if again := redeem(many.ID, "a"); again != a || a.UserID == b.UserID || a.Conference != "c1" || a.Ticket != many.ID {
		t.Errorf("a %+v, again %+v, b %+v", a, again, b)
	}
	if one, other := redeem(many.ID, ""), redeem(many.ID, ""); one.UserID == other.UserID {
		t.Error("two browsers without a key are one guest")
	}

	single := create(t, s, wire.TicketSingleUse)
	if _, err := s.Open(ctx, single.ID); err != nil {
		t.Errorf("open before its use: %v", err)
	}
	first := redeem(single.ID, "a")
	if again := redeem(single.ID, "a"); again != first {
		t.Errorf("the same browser came back as %+v, was %+v", again, first)
	}
	for _, key := range []string{"b", ""} {
		if _, err := s.Redeem(ctx, single.ID, key); !errors.Is(err, ticket.ErrUsed) {
			t.Errorf("key %q: %v, want used", key, err)
		}
	}
	if _, err := s.Open(ctx, single.ID); !errors.Is(err, ticket.ErrUsed) {
		t.Errorf("open after its use: %v, want used", err)
	}
	once := create(t, s, wire.TicketSingleUse)
	redeem(once.ID, "")
	if _, err := s.Redeem(ctx, once.ID, ""); !errors.Is(err, ticket.ErrUsed) {
		t.Errorf("a second use without a key: %v", err)
	}
}

func TestSingleUseTicketHasOneWinner(t *testing.T) {
	s, _ := tickets(t)
	v := create(t, s, wire.TicketSingleUse)
	var won atomic.Int32
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			_, err := s.Redeem(context.Background(), v.ID, fmt.Sprint("browser ", i))
			if err == nil {
				won.Add(1)
			} else if !errors.Is(err, ticket.ErrUsed) {
				t.Error(err)
			}
		}()
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d browsers got the ticket", won.Load())
	}
}

func TestTicketLimits(t *testing.T) {
	s, _ := tickets(t)
	fine := func() wire.CreateTicket {
		return wire.CreateTicket{Type: wire.TicketMultiUse, Properties: map[string]string{wire.PropertyConferenceID: "c1"}}
	}
	nine := fine()
	nine.Length = 9
	if v, err := s.Create(context.Background(), anna, nine); err != nil || len(v.ID) != 11 || v.ExpiresAt.Sub(v.CreatedAt.Time) != 4*time.Hour {
		t.Errorf("nine characters: %+v, %v", v, err)
	}
	for name, spoil := range map[string]func(*wire.CreateTicket){
		"no type":        func(q *wire.CreateTicket) { q.Type = "" },
		"unknown type":   func(q *wire.CreateTicket) { q.Type = "X" },
		"no time":        func(q *wire.CreateTicket) { q.TTL = 59 },
		"negative time":  func(q *wire.CreateTicket) { q.TTL = -1 },
		"too long":       func(q *wire.CreateTicket) { q.TTL = 31 * 24 * 3600 },
		"seven":          func(q *wire.CreateTicket) { q.Length = 7 },
		"no conference":  func(q *wire.CreateTicket) { q.Properties = nil },
		"bad conference": func(q *wire.CreateTicket) { q.Properties[wire.PropertyConferenceID] = "a/b" },
		"long value":     func(q *wire.CreateTicket) { q.Properties["x"] = strings.Repeat("x", 1025) },
		"many properties": func(q *wire.CreateTicket) {
			for i := range 40 {
				q.Properties[fmt.Sprint(i)] = ""
			}
		},
	} {
		q := fine()
		spoil(&q)
		var e *wire.Error
		if _, err := s.Create(context.Background(), anna, q); !errors.As(err, &e) || e.Code != wire.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
