// Package interaction keeps the business cases that calls belong to: who opened
// each, of what type it is, and the data that an integration hangs on it.
//
// It owns their rules: ids, bounds, and the version that keeps two writers from
// undoing each other. What the data means is for the integrations; the platform
// never reads it. The Service holds no state of its own and may be used by any
// goroutine: every answer comes from the store.
package interaction

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"guichet/platform/wire"
)

var (
	// ErrUnknown tells that the organization has no such interaction.
	ErrUnknown = errors.New("interaction is not known")
	// ErrTaken tells that the id belongs to an interaction already.
	ErrTaken = errors.New("interaction id is taken")
	// ErrChanged tells that the version is not the stored one.
	ErrChanged = errors.New("interaction was changed meanwhile")
)

// maxType bounds the type, in bytes.
const maxType = 64

// Owner is who asks.
type Owner struct{ Organization, UserID string }

// Record is a stored interaction. Data is a JSON object.
type Record struct {
	ID        string
	CreatedBy Owner
	Type      string
	Data      []byte
	Created   time.Time
	Version   int64
}

// Store keeps interactions.
type Store interface {
	// AddInteraction fails with ErrTaken when the organization has the id.
	AddInteraction(ctx context.Context, r Record) error
	// Interaction fails with ErrUnknown.
	Interaction(ctx context.Context, organization, id string) (Record, error)
	// ChangeInteraction replaces type and data and raises the version, if that is
	// still was; it fails with ErrUnknown or ErrChanged.
	ChangeInteraction(ctx context.Context, organization, id string, was int64, kind string, data []byte) error
}

// Service opens, reads and changes interactions.
type Service struct {
	store Store
	now   func() time.Time
}

// New returns the service of a store. A nil now is time.Now.
func New(s Store, now func() time.Time) (*Service, error) {
	if s == nil {
		return nil, errors.New("interaction: a store is required")
	}
	if now == nil {
		now = time.Now
	}
	return &Service{s, now}, nil
}

// Create opens an interaction, with a new id when the request names none.
func (s *Service) Create(ctx context.Context, o Owner, q wire.CreateInteraction) (wire.Interaction, error) {
	if q.InteractionID == "" {
		q.InteractionID = wire.NewID()
	}
	if err := wire.CheckID("interactionId", q.InteractionID); err != nil {
		return wire.Interaction{}, err
	}
	data, err := check(q.Type, q.Data)
	if err != nil {
		return wire.Interaction{}, err
	}
	r := Record{ID: q.InteractionID, CreatedBy: o, Type: q.Type, Data: data, Created: s.now(), Version: 1}
	if err := s.store.AddInteraction(ctx, r); err != nil {
		return wire.Interaction{}, fmt.Errorf("open interaction: %w", err)
	}
	return describe(r), nil
}

// Get returns an interaction of an organization.
func (s *Service) Get(ctx context.Context, organization, id string) (wire.Interaction, error) {
	r, err := s.store.Interaction(ctx, organization, id)
	if err != nil {
		return wire.Interaction{}, err
	}
	return describe(r), nil
}

// Update replaces type and data of an interaction that nobody changed since the
// request's version was read.
func (s *Service) Update(ctx context.Context, organization, id string, q wire.UpdateInteraction) error {
	data, err := check(q.Type, q.Data)
	if err != nil {
		return err
	}
	if q.Version < 1 {
		return invalid("version: want the one that was read")
	}
	return s.store.ChangeInteraction(ctx, organization, id, q.Version, q.Type, data)
}

// check returns the data without white space between its parts.
func check(kind string, data json.RawMessage) ([]byte, error) {
	switch {
	case kind == "":
		return nil, invalid("type is missing")
	case len(kind) > maxType:
		return nil, invalid("type is longer than %d bytes", maxType)
	case len(data) > wire.MaxInteractionData:
		return nil, &wire.Error{Code: wire.CodeTooLarge, Message: fmt.Sprintf("data is longer than %d bytes", wire.MaxInteractionData)}
	case len(data) == 0 || string(data) == "null":
		return []byte("{}"), nil
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(data, &object); err != nil {
		return nil, invalid("data: want a JSON object")
	}
	var b bytes.Buffer
	if err := json.Compact(&b, data); err != nil {
		return nil, invalid("data: want a JSON object")
	}
	return b.Bytes(), nil
}

func describe(r Record) wire.Interaction {
	return wire.Interaction{ID: r.ID, OrganizationID: r.CreatedBy.Organization, CreatedBy: r.CreatedBy.UserID, CreatedAt: wire.NewTime(r.Created),
		Type: r.Type, Data: r.Data, Version: r.Version}
}

func invalid(format string, args ...any) error {
	return &wire.Error{Code: wire.CodeInvalid, Message: fmt.Sprintf(format, args...)}
}
