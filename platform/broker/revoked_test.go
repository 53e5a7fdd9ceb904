package broker

import (
	"context"
	"io"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"
)

// TestRightThatEndsWhileSigningIn: between the check of a token and the place in
// the list that Cut searches, the token ends.
func TestRightThatEndsWhileSigningIn(t *testing.T) {
	m := newMemory()
	var b *Broker
	var ended atomic.Bool
	b, err := New(Config{Listen: "127.0.0.1:0", Owns: m.owns, Journal: m, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Valid: func(Session) bool { return !ended.Load() },
		Authenticate: func(ctx context.Context, token string) (Session, error) {
			s, err := m.authenticate(ctx, token)
			ended.Store(true)
			b.Cut(func(Session) bool { return true })
			return s, err
		}})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if err := b.Start(); err != nil {
		t.Fatal(err)
	}
	if c, err := connect("tcp://"+b.Addr().String(), login{name: "t-anna", id: "a"}); err == nil {
		c.cutOff(t)
	}
}

// serves connects, and returns once the broker knows that the connection serves
// the user's endpoint.
func (s *server) serves(t *testing.T, user, id string) *client {
	t.Helper()
	c := dial(t, s.tcp(), login{name: "t-" + user, id: id})
	c.subscribe(t, endpointTopic(user), 1)
	s.say(user+"-1", `{"first":1}`)
	c.wants(t, `{"first":1}`)
	return c
}

// TestRenewedConnectionLivesByTheLaterRight, and by no other's, no earlier and
// no ended one.
func TestRenewedConnectionLivesByTheLaterRight(t *testing.T) {
	s := start(t)
	s.cfg.Valid = func(v Session) bool { return v.Access != "ended" }
	c := s.serves(t, "anna", "a")
	later := s.expires.Add(time.Hour)
	s.Renew("nobody-1", Session{Organization: "default", UserID: "anna", Expires: later, Access: "fresh"})
	for _, refused := range []Session{
		{Organization: "default", UserID: "bert", Expires: later, Access: "another's"},
		{Organization: "other", UserID: "anna", Expires: later, Access: "another's"},
		{Organization: "default", UserID: "anna", Expires: s.expires.Add(-time.Hour), Access: "earlier"},
		{Organization: "default", UserID: "anna", Expires: later, Access: "ended"},
	} {
		s.Renew("anna-1", refused)
		s.Cut(func(v Session) bool { return v.Access == refused.Access })
	}
	s.say("anna-1", `{"n":0}`)
	c.wants(t, `{"n":0}`)
	s.Renew("anna-1", Session{Organization: "default", UserID: "anna", Expires: later, Access: "fresh"})
	s.Cut(func(v Session) bool { return v.Access == "id-anna" })
	s.say("anna-1", `{"n":1}`)
	c.wants(t, `{"n":1}`)
	s.Cut(func(v Session) bool { return v.Access == "fresh" })
	c.cutOff(t)
}

// TestRenewedConnectionOutlivesItsToken: of two connections of one time the one
// that was renewed is there when the other has ended.
func TestRenewedConnectionOutlivesItsToken(t *testing.T) {
	s := start(t)
	s.lock.Lock()
	s.expires = time.Now().Add(time.Second)
	first := s.expires
	s.lock.Unlock()
	c := s.serves(t, "anna", "a")
	s.Renew("anna-1", Session{Organization: "default", UserID: "anna", Expires: first.Add(time.Hour)})
	other := s.serves(t, "bert", "b")
	other.cutOff(t)
	s.say("anna-1", `{"n":0}`)
	c.wants(t, `{"n":0}`)
}
