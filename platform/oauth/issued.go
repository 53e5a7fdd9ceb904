package oauth

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrTooManyRoomTokens tells that an organization has as many room tokens as it
// may have at a time.
var ErrTooManyRoomTokens = errors.New("too many room tokens")

// KeepRoomToken is how long after its end it is remembered that a room token was
// revoked. Its holder, who may stay in the room past that end, was taken out then
// and cannot come back; what is left are servers that were not there to do it.
const KeepRoomToken = 7 * 24 * time.Hour

// defaultRoomTokens is how many room tokens an organization may have at a time
// unless Config says otherwise.
const defaultRoomTokens = 100_000

// IssuedRoomToken is what is kept of a room token, until it expires: not the token.
type IssuedRoomToken struct {
	Seq             int64
	Organization    string
	ID              string // jti
	Application     string
	Version         int64  // of the application's settings
	UserID          string // who had it made; empty: the application by itself
	UserVersion     int64
	Room, Name      string // of the room, and of the holder
	Issued, Expires time.Time
	Ended           bool // before its time
}

// RoomTokenStore keeps what room tokens were issued.
type RoomTokenStore interface {
	// AddRoomToken keeps a token, unless its organization has most of them, when it
	// fails with ErrTooManyRoomTokens. With a grant, the token was asked for by the
	// grant's user, whose version it returns; it fails with ErrUnknown when the grant
	// has ended. The user's version is 0 when the user is none of the store's.
	AddRoomToken(ctx context.Context, t IssuedRoomToken, grant string, most int) (userVersion int64, err error)
	// RoomToken fails with ErrUnknown.
	RoomToken(ctx context.Context, organization, id string) (IssuedRoomToken, error)
	// RoomTokens returns those of an organization, or of one room, the newest first;
	// those with smaller numbers than before, unless that is 0.
	RoomTokens(ctx context.Context, organization, room string, before int64, limit int) ([]IssuedRoomToken, error)
	// DropRoomTokens forgets all of them: no token lives.
	DropRoomTokens(ctx context.Context) error
}

// access is by what right the holder of a token does something, but for the key.
func (t IssuedRoomToken) access() Access {
	a := Access{Organization: t.Organization, UserID: roomUser(t.ID), ClientID: t.Application, Version: t.Version, TokenID: t.ID, Expires: t.Expires}
	if t.UserVersion > 0 {
		a.Issuer, a.IssuerVersion = t.UserID, t.UserVersion
	}
	return a
}

// MaxRoomTokensListed bounds a page of RoomTokens.
const MaxRoomTokensListed = 500

// RoomTokens returns a page of the room tokens of an organization, or of one room,
// that have not expired, the newest first: those with smaller numbers than before,
// unless that is 0.
func (s *Service) RoomTokens(ctx context.Context, organization, room string, before int64, limit int) ([]IssuedRoomToken, error) {
	list, err := s.config.Store.RoomTokens(ctx, organization, room, before, min(limit, MaxRoomTokensListed))
	for i := range list {
		list[i].Ended = s.revoked.cover(list[i].access())
	}
	return list, err
}

// WithdrawRoomToken ends a room token of the actor's organization by its id, or
// fails with ErrUnknown when there is none that lives. Who is in a room by it is
// taken out.
func (s *Service) WithdrawRoomToken(ctx context.Context, by Actor, id string) error {
	t, err := s.config.Store.RoomToken(ctx, by.Organization, id)
	if err != nil {
		return err
	}
	if s.revoked.cover(t.access()) {
		return ErrUnknown
	}
	if err := s.followed(ctx, s.endRoomToken(ctx, t.ID, t.Expires)); err != nil {
		return err
	}
	return s.recordChange(ctx, by, AuditEntry{Event: EventRoomToken, Client: t.Application, Subject: roomUser(t.ID), TokenID: t.ID,
		Detail: "withdrawn, room " + t.Room})
}

// endRoomToken revokes a room token and remembers it for as long as need be.
func (s *Service) endRoomToken(ctx context.Context, id string, expires time.Time) error {
	now := s.now()
	return s.config.Store.RevokeToken(ctx, id, now, later(expires, now).Add(KeepRoomToken))
}

// RecordRoom writes the audit entry of a change of a room.
func (s *Service) RecordRoom(ctx context.Context, by Actor, room, detail string) error {
	return s.recordChange(ctx, by, AuditEntry{Event: EventRoom, Client: by.ClientID, Subject: room, Detail: detail})
}

// issue keeps a room token that is about to be signed and returns the version of
// the user who asks for it, 0 when it is the application by itself.
func (s *Service) issue(ctx context.Context, by Identity, c roomClaims) (userVersion int64, err error) {
	t := IssuedRoomToken{Organization: by.Organization, ID: c.ID, Application: by.ClientID, Version: by.Version, Room: c.Room.Name, Name: c.Name,
		Issued: s.now(), Expires: time.Unix(c.Expires, 0)}
	if by.GrantID != "" {
		t.UserID = by.UserID
	}
	most := s.config.RoomTokens
	if most == 0 {
		most = defaultRoomTokens
	}
	userVersion, err = s.config.Store.AddRoomToken(ctx, t, by.GrantID, most)
	if errors.Is(err, ErrUnknown) {
		return 0, fmt.Errorf("%w: its session has ended", ErrInvalidToken)
	}
	return userVersion, err
}
