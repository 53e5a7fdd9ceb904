// Package ticket makes the short links that customers open, and turns each into
// the right to join one conference.
//
// It owns the rules of tickets: their ids, how long they live, who may use them
// how often. It knows nothing of tokens, HTTP or conferences; the token service
// redeems through it. It holds no state of its own: every answer comes from the
// store, and the single use is decided by one transaction there.
//
// An id is 6 or 9 characters of an alphabet of 31 without look-alikes, from a
// cryptographic source: 31^6 is 8.9e8, 31^9 is 2.6e13. With 1,000 live tickets
// of 6 characters a guess hits one with 1.1e-6; an address is allowed a burst
// of 20 wrong guesses and then 12 a minute by the page that opens tickets
// (platform/api), and as many by the grant that redeems them (platform/oauth), so
// it would need 18 days for an even chance at one of them. ARCHITECTURE.md has
// the arithmetic.
package ticket

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"guichet/platform/wire"

	"github.com/google/uuid"
)

var (
	// ErrUnknown tells that no such ticket was ever made.
	ErrUnknown = errors.New("ticket is not known")
	// ErrExpired tells that the ticket's time is over.
	ErrExpired = errors.New("ticket has expired")
	// ErrRevoked tells that its owner withdrew it.
	ErrRevoked = errors.New("ticket was revoked")
	// ErrUsed tells that another browser used a single-use ticket.
	ErrUsed = errors.New("ticket was used already")
	// ErrEarly tells that the ticket's time has not come: see EarlyError.
	ErrEarly = errors.New("ticket cannot be used yet")
	// ErrTaken tells the Service that an id exists; it draws another.
	ErrTaken = errors.New("ticket id is taken")
)

// EarlyError is an ErrEarly with the time from which the ticket can be used.
type EarlyError struct{ Opens time.Time }

func (e *EarlyError) Error() string { return ErrEarly.Error() }

// Is makes the error an ErrEarly.
func (e *EarlyError) Is(target error) bool { return target == ErrEarly }

// Bounds of what a ticket may ask for.
const (
	minSeconds    = 60
	maxSeconds    = 30 * 24 * 60 * 60
	maxAhead      = 366 * 24 * time.Hour // of a ticket's beginning
	maxListed     = 500
	maxProperties = 32
	maxValue      = 1024 // bytes
)

// maxBehind is how far a clock may be behind a ticket's creation and still be
// believed: it was an hour ahead then, or is an hour behind now. One that is
// further off would let a ticket live for as long as it is wrong.
const maxBehind = 2 * time.Hour

// alphabet has no 0, 1, i, l or o.
const alphabet = "abcdefghjkmnpqrstuvwxyz23456789"

// Owner is who makes a ticket.
type Owner struct{ Organization, UserID, Name string }

// Record is a ticket as it is stored. ID has no dash.
type Record struct {
	ID         string
	Owner      Owner
	OwnerTitle string // the organization's name
	Type       wire.TicketType
	Properties map[string]string
	Created    time.Time
	NotBefore  time.Time // zero: from its creation on
	Expires    time.Time
	Disabled   time.Time // zero: it is not
	Revoked    time.Time // zero: it was not
	Version    int64
}

// Use is one browser's use of a ticket.
type Use struct {
	Key    [sha256.Size]byte // hash of the browser key; of an empty one, unique per use
	UserID string            // the guest that the browser became
	At     time.Time
}

// Grant is what a redeemed ticket gives.
type Grant struct {
	Organization, UserID, Conference, Ticket, Name string
	Expires                                        time.Time
}

// Store keeps tickets and their uses.
type Store interface {
	// AddTicket fails with ErrTaken when the id exists.
	AddTicket(ctx context.Context, r Record) error
	// Ticket fails with ErrUnknown.
	Ticket(ctx context.Context, id string) (Record, error)
	// Tickets returns those of an organization, or of one of its users, that were
	// made before a time, the newest first.
	Tickets(ctx context.Context, organization, userID string, before time.Time, limit int) ([]Record, error)
	// RevokeTicket fails with ErrUnknown; the first revocation's time stays.
	RevokeTicket(ctx context.Context, organization, id string, at time.Time) error
	// UseTicket returns the guest of a use with the same key, or records u and
	// returns its guest; with single set it fails with ErrUsed when another
	// key is recorded. It is atomic.
	UseTicket(ctx context.Context, id string, u Use, single bool) (userID string, err error)
	// TicketUsed tells whether any browser has used it.
	TicketUsed(ctx context.Context, id string) (bool, error)
}

// Config is what a Service works with; Store and PublicURL are required.
type Config struct {
	Store     Store
	PublicURL string // of the server, without a slash at its end
	Now       func() time.Time
}

// Service makes and redeems tickets. It is safe for concurrent use.
type Service struct{ Config }

// New checks the configuration.
func New(c Config) (*Service, error) {
	if c.Store == nil || c.PublicURL == "" {
		return nil, errors.New("ticket: Store and PublicURL are required")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Service{c}, nil
}

// Create makes a ticket. A mistake in the request is a *wire.Error.
func (s *Service) Create(ctx context.Context, o Owner, q wire.CreateTicket) (wire.Ticket, error) {
	now := s.Now()
	if err := check(&q, now); err != nil {
		return wire.Ticket{}, err
	}
	r := Record{Owner: o, Type: q.Type, Properties: q.Properties, Created: now, Expires: now.Add(time.Duration(q.TTL) * time.Second), Version: 1}
	if q.NotBefore != nil {
		r.NotBefore = q.NotBefore.Time
		if q.NotBefore.After(now) {
			r.Expires = q.NotBefore.Add(time.Duration(q.TTL) * time.Second)
		}
	}
	if q.Disabled {
		r.Disabled = now
	}
	const tries = 5 // the second is needed once in some hundred thousand
	for try := 1; ; try++ {
		var err error
		if r.ID, err = newID(q.Length); err != nil {
			return wire.Ticket{}, err
		}
		err = s.Store.AddTicket(ctx, r)
		if err == nil {
			return s.describe(r), nil
		}
		if !errors.Is(err, ErrTaken) || try == tries {
			return wire.Ticket{}, fmt.Errorf("add ticket: %w", err)
		}
	}
}

// check fills in defaults and refuses what is out of bounds.
func check(q *wire.CreateTicket, now time.Time) error {
	invalid := func(format string, args ...any) error {
		return &wire.Error{Code: wire.CodeInvalid, Message: fmt.Sprintf(format, args...)}
	}
	if q.TTL == 0 {
		q.TTL = wire.DefaultTicketSeconds
	}
	if q.Length == 0 {
		q.Length = 6
	}
	switch {
	case !slices.Contains(types(), q.Type):
		return invalid("type: want one of %v", types())
	case q.TTL < minSeconds || q.TTL > maxSeconds:
		return invalid("ttl: want %d to %d seconds", minSeconds, maxSeconds)
	case q.Length != 6 && q.Length != 9:
		return invalid("length: want 6 or 9")
	case len(q.Properties) > maxProperties:
		return invalid("properties: more than %d", maxProperties)
	}
	if scheduled(q.Type) {
		begins, err := time.Parse(time.RFC3339, q.Properties[wire.PropertyScheduledDate])
		if err != nil {
			return invalid("properties.%s: want a time such as 2026-01-02T15:04:05Z", wire.PropertyScheduledDate)
		}
		at := wire.NewTime(begins)
		q.NotBefore = &at
	}
	if q.NotBefore != nil && q.NotBefore.Sub(now) > maxAhead {
		return invalid("the beginning is more than a year ahead")
	}
	for k, v := range q.Properties {
		if len(k) > maxValue || len(v) > maxValue {
			return invalid("properties: a key or value is longer than %d bytes", maxValue)
		}
	}
	// A ticket without a conference or queue would be a token that opens nothing.
	if q.Type == wire.TicketQueue {
		return wire.CheckID("properties."+wire.PropertyQueueID, queueOf(q.Properties))
	}
	return wire.CheckID("properties."+wire.PropertyConferenceID, q.Properties[wire.PropertyConferenceID])
}

func types() []wire.TicketType {
	return []wire.TicketType{wire.TicketMultiUse, wire.TicketSingleUse, wire.TicketSchedule, wire.TicketGenesysMultiUse, wire.TicketAppointmentSchedule, wire.TicketQueue}
}

// queueOf is the queue that a ticket leads into, by id or name.
func queueOf(properties map[string]string) string {
	if id := properties[wire.PropertyQueueID]; id != "" {
		return id
	}
	return properties[wire.PropertyQueueName]
}

func scheduled(t wire.TicketType) bool {
	return t == wire.TicketSchedule || t == wire.TicketAppointmentSchedule
}

// newID draws an id without modulo bias.
func newID(length int) (string, error) {
	id := make([]byte, 0, length)
	var b [32]byte
	for len(id) < length {
		if _, err := rand.Read(b[:]); err != nil {
			return "", fmt.Errorf("draw ticket id: %w", err)
		}
		for _, v := range b {
			if i := int(v); i < 256-256%len(alphabet) && len(id) < length {
				id = append(id, alphabet[i%len(alphabet)])
			}
		}
	}
	return string(id), nil
}

// plain is an id as it is stored: lower case, without dashes. It is empty for
// what cannot be an id.
func plain(id string) string {
	id = strings.ToLower(strings.ReplaceAll(id, "-", ""))
	if len(id) != 6 && len(id) != 9 || strings.Trim(id, alphabet) != "" {
		return ""
	}
	return id
}

// dashed is an id as people see it: abc-def or abc-def-ghi.
func dashed(id string) string {
	parts := make([]string, 0, 3)
	for ; len(id) > 3; id = id[3:] {
		parts = append(parts, id[:3])
	}
	return strings.Join(append(parts, id), "-")
}

func (s *Service) describe(r Record) wire.Ticket {
	t := wire.Ticket{ID: dashed(r.ID), Type: r.Type, OrganizationID: r.Owner.Organization, UserID: r.Owner.UserID, Properties: r.Properties,
		CreatedAt: wire.NewTime(r.Created), ExpiresAt: wire.NewTime(r.Expires), Expired: !s.Now().Before(r.Expires), Version: r.Version,
		URL: s.PublicURL + "/t/" + dashed(r.ID)}
	t.Revoked, t.Disabled, t.NotBefore = instant(r.Revoked), instant(r.Disabled), instant(r.NotBefore)
	return t
}

// instant is a time that may be missing.
func instant(t time.Time) *wire.Time {
	if t.IsZero() {
		return nil
	}
	at := wire.NewTime(t)
	return &at
}

func (s *Service) find(ctx context.Context, id string) (Record, error) {
	if id = plain(id); id == "" {
		return Record{}, ErrUnknown
	}
	return s.Store.Ticket(ctx, id)
}

// Get returns a ticket of an organization.
func (s *Service) Get(ctx context.Context, organization, id string) (wire.Ticket, error) {
	r, err := s.find(ctx, id)
	if err == nil && r.Owner.Organization != organization {
		err = ErrUnknown
	}
	if err != nil {
		return wire.Ticket{}, err
	}
	return s.describe(r), nil
}

// List returns the tickets of an organization, or of one of its users, that were
// made before a time, the newest first.
func (s *Service) List(ctx context.Context, organization, userID string, before time.Time, limit int) ([]wire.Ticket, error) {
	if limit <= 0 || limit > maxListed {
		limit = 100
	}
	records, err := s.Store.Tickets(ctx, organization, userID, before, limit)
	if err != nil {
		return nil, err
	}
	list := make([]wire.Ticket, len(records))
	for i, r := range records {
		list[i] = s.describe(r)
	}
	return list, nil
}

// Revoke withdraws a ticket of an organization; to do so twice is no error.
func (s *Service) Revoke(ctx context.Context, organization, id string) error {
	if id = plain(id); id == "" {
		return ErrUnknown
	}
	return s.Store.RevokeTicket(ctx, organization, id, s.Now())
}

// Open returns what the page of a ticket may show before anybody signs in. A
// single-use ticket that was used gives ErrUsed: a page that knows itself to be
// the one that used it goes on to Redeem, which tells by the browser key.
func (s *Service) Open(ctx context.Context, id string) (wire.Invitation, error) {
	r, err := s.live(ctx, id)
	invitation := wire.Invitation{TicketID: dashed(r.ID), Organization: r.OwnerTitle, Host: r.Owner.Name}
	var early *EarlyError
	if errors.As(err, &early) {
		invitation.OpensAt, invitation.Now = instant(early.Opens), instant(s.Now())
		return invitation, nil
	}
	if err != nil {
		return wire.Invitation{}, err
	}
	if r.Type == wire.TicketSingleUse {
		used, err := s.Store.TicketUsed(ctx, r.ID)
		if err != nil {
			return wire.Invitation{}, err
		}
		if used {
			return wire.Invitation{}, ErrUsed
		}
	}
	return invitation, nil
}

// live returns a ticket that can be used; one whose time has not come is an
// *EarlyError, with the ticket.
func (s *Service) live(ctx context.Context, id string) (Record, error) {
	r, err := s.find(ctx, id)
	switch {
	case err != nil:
		return Record{}, err
	case !r.Revoked.IsZero(), !r.Disabled.IsZero():
		return Record{}, ErrRevoked
	case !s.Now().Before(r.Expires):
		return Record{}, ErrExpired
	case s.Now().Before(r.NotBefore):
		return r, &EarlyError{Opens: r.NotBefore}
	case s.Now().Before(r.Created.Add(-maxBehind)):
		return r, &EarlyError{Opens: r.Created}
	}
	return r, nil
}

// Redeem turns a ticket into a grant. The browser key is a secret of the
// customer's browser, which may come back with it and be the same guest; an
// empty key is a new browser each time.
func (s *Service) Redeem(ctx context.Context, id, browserKey string) (Grant, error) {
	r, err := s.live(ctx, id)
	if err != nil {
		return Grant{}, err
	}
	guest := uuid.NewString()
	key := browserKey
	if key == "" {
		key = guest
	}
	u := Use{Key: sha256.Sum256([]byte(r.ID + "\x00" + key)), UserID: "guest-" + guest, At: s.Now()}
	userID, err := s.Store.UseTicket(ctx, r.ID, u, r.Type == wire.TicketSingleUse)
	if err != nil {
		return Grant{}, err
	}
	conference := r.Properties[wire.PropertyConferenceID]
	if r.Type == wire.TicketQueue {
		conference = wire.QueueIDPrefix + queueOf(r.Properties)
	}
	return Grant{Organization: r.Owner.Organization, UserID: userID, Conference: conference,
		Ticket: dashed(r.ID), Expires: r.Expires}, nil
}
