package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

// maxAccessToken bounds what Verify parses, in bytes; ours are below 1,500.
const maxAccessToken = 8 << 10

// clockSkew is how far the clock that issued a token may be ahead of ours.
const clockSkew = time.Minute

// Identity is who calls, as an access token proves it.
type Identity struct {
	Organization string
	UserID       string // of applications: the client id
	ClientID     string
	TokenID      string // jti
	Name         string
	Roles        []string // the token's authorities
	Scopes       []string
	Conference   string // of guests: the only conference they may join
	Ticket       string // of guests
	Expires      time.Time
}

// Has tells whether the token carries a role.
func (i Identity) Has(role string) bool { return slices.Contains(i.Roles, role) }

// IsCustomer tells whether a guest with a ticket calls.
func (i Identity) IsCustomer() bool { return i.Has(RoleCustomer) }

// Verify returns who an access token speaks for, or an error that is
// ErrInvalidToken. Other errors mean that it could not be decided.
func (s *Service) Verify(ctx context.Context, accessToken string) (Identity, error) {
	c, err := s.parse(accessToken)
	if err != nil {
		return Identity{}, fmt.Errorf("%w: %w", ErrInvalidToken, err)
	}
	revoked, err := s.config.Store.Revoked(ctx, c.ID, c.Grant)
	if err != nil {
		return Identity{}, err
	}
	if revoked {
		return Identity{}, fmt.Errorf("%w: revoked", ErrInvalidToken)
	}
	return Identity{Organization: c.Organization, UserID: c.UserID, ClientID: c.ClientID, TokenID: c.ID, Name: c.Name, Roles: c.Authorities,
		Scopes: strings.Fields(c.Scope), Conference: c.Conference, Ticket: c.Ticket, Expires: time.Unix(c.Expires, 0)}, nil
}

// VerifyBasic returns the application that calls with HTTP Basic (RFC 7617), if
// it may. The error is ErrInvalidToken, ErrTooManyTries, or means that it could
// not be decided.
func (s *Service) VerifyBasic(r *http.Request) (Identity, error) {
	found, ok := basic(r.Header.Get("Authorization"))
	if !ok {
		return Identity{}, fmt.Errorf("%w: not Basic", ErrInvalidToken)
	}
	a, err := s.authenticate(r.Context(), remote(r), found)
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
	return Identity{Organization: a.Organization, UserID: a.ID, ClientID: a.ID, Roles: a.Roles, Scopes: a.Scopes, Expires: s.now().Add(accessLife)}, nil
}

// parse checks all that needs no store: form, algorithm, key, type, signature
// and claims. Keys come from our own ring by kid; whatever else a header offers
// (jwk, jku, x5u) is not looked at.
func (s *Service) parse(token string) (claims, error) {
	var c claims
	if len(token) > maxAccessToken {
		return c, fmt.Errorf("longer than %d bytes", maxAccessToken)
	}
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return c, err
	}
	header := signed.Signatures[0].Protected
	// RFC 9068, section 4: the type keeps id tokens out.
	if kind, _ := header.ExtraHeaders[jose.HeaderType].(string); !strings.EqualFold(strings.TrimPrefix(kind, "application/"), "at+jwt") {
		return c, fmt.Errorf("type is %q", kind)
	}
	key, ok := s.keys.public[header.KeyID]
	if !ok {
		return c, fmt.Errorf("key is not ours")
	}
	body, err := signed.Verify(key)
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal(body, &c); err != nil {
		return c, err
	}
	now := s.now()
	switch {
	case c.Issuer != s.config.Issuer:
		return c, fmt.Errorf("issuer is another")
	case c.Audience != s.config.Issuer:
		return c, fmt.Errorf("audience is another")
	case now.Unix() >= c.Expires:
		return c, fmt.Errorf("expired")
	case max(c.IssuedAt, c.NotBefore) > now.Add(clockSkew).Unix():
		return c, fmt.Errorf("issued in the future")
	case c.UserID == "" || c.ID == "" || c.Organization == "":
		return c, fmt.Errorf("claims are missing")
	}
	return c, nil
}
