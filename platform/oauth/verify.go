package oauth

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"guichet/platform/limit"
	"guichet/platform/oauth/keyring"
)

// maxAccessToken bounds what Verify parses, in bytes; ours are below 1,500.
const maxAccessToken = 8 << 10

// clockSkew is how far the clock that issued a token may be ahead of ours.
const clockSkew = time.Minute

// Identity is who calls, as an access token proves it.
type Identity struct {
	Access
	Name       string
	Roles      []string // the token's authorities
	Scopes     []string
	Conference string // of guests: the only conference they may join
	Ticket     string // of guests
	// Room is what a room token says, all its claims as JSON; nil: it is none.
	Room json.RawMessage
	Late bool // the room token's time for joining is over; its holder is in the room
}

// Has tells whether the token carries a role.
func (i Identity) Has(role string) bool { return slices.Contains(i.Roles, role) }

// IsCustomer tells whether a guest with a ticket calls.
func (i Identity) IsCustomer() bool { return i.Has(RoleCustomer) }

// Verify returns who an access or room token speaks for, or an error that is
// ErrInvalidToken or means that it could not be decided. For an access token it
// asks no store.
func (s *Service) Verify(token string) (Identity, error) {
	c, key, err := s.parse(token)
	if errors.Is(err, keyring.ErrType) {
		return s.verifyRoom(token)
	}
	if err != nil {
		return Identity{}, fmt.Errorf("%w: %w", ErrInvalidToken, err)
	}
	id := c.identity(key)
	if s.revoked.cover(id.Access) {
		return Identity{}, fmt.Errorf("%w: revoked", ErrInvalidToken)
	}
	return id, nil
}

func (c claims) identity(key string) Identity {
	return Identity{Access: Access{Organization: c.Organization, UserID: c.UserID, ClientID: c.ClientID, Version: c.Version, TokenID: c.ID,
		KeyID: key, GrantID: c.Grant, Expires: time.Unix(c.Expires, 0)},
		Name: c.Name, Roles: c.Authorities, Scopes: strings.Fields(c.Scope), Conference: c.Conference, Ticket: c.Ticket}
}

// VerifyBasic returns the application that calls with HTTP Basic (RFC 7617), if
// it may. The error is ErrInvalidToken, ErrTooManyTries, or means that it could
// not be decided.
func (s *Service) VerifyBasic(r *http.Request) (Identity, error) {
	found, ok := basic(r.Header.Get("Authorization"))
	if !ok {
		return Identity{}, fmt.Errorf("%w: not Basic", ErrInvalidToken)
	}
	a, err := s.authenticate(r.Context(), limit.Network(r), found)
	var f *refusal
	switch {
	case errors.As(err, &f) && f.status == http.StatusTooManyRequests:
		return Identity{}, ErrTooManyTries
	case errors.As(err, &f):
		return Identity{}, fmt.Errorf("%w: %w", ErrInvalidToken, err)
	case err != nil:
		return Identity{}, err
	case a.Public || !a.AllowBasic:
		return Identity{}, fmt.Errorf("%w: the application may not use Basic", ErrInvalidToken)
	}
	return Identity{Access: Access{Organization: a.Organization, UserID: a.ID, ClientID: a.ID, Version: a.Version, Expires: s.now().Add(accessLife)},
		Roles: a.Roles, Scopes: a.Scopes}, nil
}

// parse checks all but revocation: form, type, key, signature and claims. It
// returns the key's id as well.
func (s *Service) parse(token string) (c claims, key string, err error) {
	if len(token) > maxRoomToken {
		return c, "", fmt.Errorf("longer than %d bytes", maxRoomToken)
	}
	body, key, err := s.keys.Verify(keyring.AccessToken, token)
	if err != nil {
		return c, "", err
	}
	if len(token) > maxAccessToken {
		return c, "", fmt.Errorf("longer than %d bytes", maxAccessToken)
	}
	if err := json.Unmarshal(body, &c); err != nil {
		return c, "", err
	}
	return c, key, s.check(c)
}

func (s *Service) check(c claims) error {
	now := s.now()
	switch {
	case c.Issuer != s.config.Issuer:
		return fmt.Errorf("issuer is another")
	case c.Audience != s.config.Issuer:
		return fmt.Errorf("audience is another")
	case now.Unix() >= c.Expires:
		return ErrExpiredToken
	case max(c.IssuedAt, c.NotBefore) > now.Add(clockSkew).Unix():
		return fmt.Errorf("issued in the future")
	case c.UserID == "" || c.ID == "" || c.Organization == "":
		return fmt.Errorf("claims are missing")
	}
	return nil
}
