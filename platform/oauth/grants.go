package oauth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// engine answers the requests that the library has read and checked for form.
// Who the client is was settled before, in front of the library.
type engine struct {
	op.UnimplementedServer
	s *Service
}

// client is an authenticated application in the library's words. The library
// asks a client for nothing else on the endpoints that are registered.
type client struct {
	op.Client
	StoredApplication
}

func (c client) GetID() string { return c.ID }

func (c client) AuthMethod() oidc.AuthMethod {
	if c.Public {
		return oidc.AuthMethodNone
	}
	return oidc.AuthMethodBasic
}

func (c client) GrantTypes() []oidc.GrantType {
	list := make([]oidc.GrantType, len(c.Grants))
	for i, g := range c.Grants {
		list[i] = oidc.GrantType(g)
	}
	return list
}

type clientKey struct{}

// VerifyClient returns the application that the token endpoint authenticated.
func (e engine) VerifyClient(ctx context.Context, _ *op.Request[op.ClientCredentials]) (op.Client, error) {
	a, ok := ctx.Value(clientKey{}).(StoredApplication)
	if !ok {
		return nil, op.NewStatusError(oidc.ErrInvalidClient(), http.StatusUnauthorized)
	}
	return client{StoredApplication: a}, nil
}

// ClientCredentialsExchange implements RFC 6749, section 4.4.
func (e engine) ClientCredentialsExchange(ctx context.Context, r *op.ClientRequest[oidc.ClientCredentialsRequest]) (*op.Response, error) {
	a := r.Client.(client)
	granted, ok := scopes(r.Form.Get("scope"), a.Scopes)
	if len(a.Roles) == 0 && lost(granted, a.Scopes) {
		ok = false // no role permits anything, so that "any" has no parts
	}
	if !ok {
		return nil, oidc.ErrInvalidScope()
	}
	return e.done(e.s.answer(attemptOf(ctx), a.StoredApplication, Grant{Application: a.ID, Organization: a.Organization, UserID: a.ID}, a.Roles, granted, ""))
}

// done is the library's answer to a request that was granted; the token itself
// is in the attempt, and written in the words of the path that was asked.
func (e engine) done(err error) (*op.Response, error) {
	if err != nil {
		return nil, e.s.fault(err)
	}
	return op.NewResponse(nil), nil
}

// CodeExchange implements RFC 6749, section 4.1.3 with RFC 7636. The code is
// used up before the verifier is looked at, so that it cannot be guessed at.
func (e engine) CodeExchange(ctx context.Context, r *op.ClientRequest[oidc.AccessTokenRequest]) (*op.Response, error) {
	s, a := e.s, r.Client.(client)
	c, g, err := s.config.Store.TakeCode(ctx, digest(r.Data.Code), a.ID, s.now())
	switch {
	case errors.Is(err, ErrReused) && !g.Revoked:
		return nil, s.reused(ctx, g, "the code is not valid")
	case errors.Is(err, ErrReused), errors.Is(err, ErrUnknown):
		return nil, badGrant("the code is not valid")
	case err != nil:
		return nil, s.fault(err)
	case g.Revoked, !s.now().Before(c.Expires):
		return nil, badGrant("the code is not valid")
	case r.Data.RedirectURI != c.RedirectURI:
		return nil, badGrant("redirect_uri is not the one of the authorization request")
	case !verifies(r.Data.CodeVerifier, c.Challenge):
		return nil, badGrant("code_verifier does not fit")
	}
	roles, err := s.rolesOf(ctx, g)
	if errors.Is(err, ErrUnknown) {
		return nil, badGrant("the user is no more")
	} else if err != nil {
		return nil, s.fault(err)
	}
	refresh := ""
	if slices.Contains(a.Grants, string(oidc.GrantTypeRefreshToken)) {
		var d Digest
		refresh, d = newToken()
		if err := s.config.Store.AddRefresh(ctx, g.ID, d); errors.Is(err, ErrUnknown) {
			return nil, badGrant("the code is not valid")
		} else if err != nil {
			return nil, s.fault(err)
		}
	}
	t := attemptOf(ctx)
	if err := s.answer(t, a.StoredApplication, g, roles, g.Scopes, refresh); err != nil {
		return nil, s.fault(err)
	}
	return e.done(s.identify(t, c.Nonce))
}

// reused is the end of a grant of which a code or refresh token came a second
// time: one of two who hold it is a thief.
func (s *Service) reused(ctx context.Context, g Grant, description string) error {
	err := s.record(ctx, AuditEntry{Organization: g.Organization, Event: EventReuse, Refused: true, Client: g.Application, Subject: g.UserID,
		Address: attemptOf(ctx).entry.Address, Detail: description})
	if err := s.followed(ctx, err); err != nil {
		return s.fault(err)
	}
	return badGrant(description)
}

// verifies compares an RFC 7636 verifier with an S256 challenge. Without a
// challenge there must be no verifier either: a verifier then tells of a
// challenge that was cut out of the authorization request.
func verifies(verifier, challenge string) bool {
	if challenge == "" {
		return verifier == ""
	}
	if len(verifier) < 43 || len(verifier) > 128 {
		return false
	}
	sum := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) == 1
}

// RefreshToken implements RFC 6749, section 6 with rotation (RFC 9700, section
// 4.14.2). Fewer scopes may be asked for; the grant keeps all of them.
func (e engine) RefreshToken(ctx context.Context, r *op.ClientRequest[oidc.RefreshTokenRequest]) (*op.Response, error) {
	s, a, old := e.s, r.Client.(client), digest(r.Data.RefreshToken)
	g, err := s.config.Store.Refreshed(ctx, old)
	if err != nil && !errors.Is(err, ErrUnknown) {
		return nil, s.fault(err)
	}
	if err != nil || g.Application != a.ID || g.Revoked || !s.now().Before(g.Expires) {
		return nil, badGrant("the refresh token is not valid")
	}
	granted, ok := scopes(r.Form.Get("scope"), g.Scopes)
	if !ok {
		return nil, oidc.ErrInvalidScope()
	}
	if _, ok := s.limits.Take("refresh "+g.ID, refreshes()); !ok {
		return nil, op.NewStatusError(&oidc.Error{ErrorType: oidc.SlowDown, Description: "the session is refreshed too often"}, http.StatusTooManyRequests)
	}
	roles, err := s.rolesOf(ctx, g)
	if errors.Is(err, ErrUnknown) {
		return nil, badGrant("the user is no more")
	} else if err != nil {
		return nil, s.fault(err)
	}
	refresh, next := newToken()
	switch err := s.config.Store.Rotate(ctx, old, next, s.now()); {
	case errors.Is(err, ErrReused):
		return nil, s.reused(ctx, g, "the refresh token is not valid")
	case errors.Is(err, ErrUnknown):
		return nil, badGrant("the refresh token is not valid")
	case err != nil:
		return nil, s.fault(err)
	}
	t := attemptOf(ctx)
	if err := s.answer(t, a.StoredApplication, g, roles, granted, refresh); err != nil {
		return nil, s.fault(err)
	}
	return e.done(s.identify(t, ""))
}

func badGrant(description string) *oidc.Error {
	return oidc.ErrInvalidGrant().WithDescription("%s", description)
}

// fault logs an error of ours and hides it from the caller, to whom the library
// would tell its text.
func (s *Service) fault(err error) error {
	if !errors.Is(err, context.Canceled) {
		s.log.Error("token request failed", "err", err)
	}
	return oidc.ErrServerError()
}
