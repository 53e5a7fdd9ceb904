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
func (e engine) ClientCredentialsExchange(_ context.Context, r *op.ClientRequest[oidc.ClientCredentialsRequest]) (*op.Response, error) {
	a := r.Client.(client)
	granted, ok := scopes(r.Form.Get("scope"), a.Scopes)
	if !ok {
		return nil, oidc.ErrInvalidScope()
	}
	t, err := e.s.answer(Grant{Application: a.ID, Organization: a.Organization, UserID: a.ID}, a.Roles, granted, "")
	if err != nil {
		return nil, e.s.fault(err)
	}
	return op.NewResponse(t), nil
}

// CodeExchange implements RFC 6749, section 4.1.3 with RFC 7636. The code is
// used up before the verifier is looked at, so that it cannot be guessed at.
func (e engine) CodeExchange(ctx context.Context, r *op.ClientRequest[oidc.AccessTokenRequest]) (*op.Response, error) {
	s, a := e.s, r.Client.(client)
	c, g, err := s.config.Store.TakeCode(ctx, digest(r.Data.Code), a.ID, s.now())
	switch {
	case errors.Is(err, ErrReused):
		s.log.Warn("code was used again, its grant is revoked", "client", a.ID, "grant", g.ID)
		return nil, badGrant("the code is not valid")
	case errors.Is(err, ErrUnknown):
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
	t, err := s.answer(g, roles, g.Scopes, refresh)
	if err == nil {
		err = s.identify(&t, g, c.Nonce)
	}
	if err != nil {
		return nil, s.fault(err)
	}
	return op.NewResponse(t), nil
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
	roles, err := s.rolesOf(ctx, g)
	if errors.Is(err, ErrUnknown) {
		return nil, badGrant("the user is no more")
	} else if err != nil {
		return nil, s.fault(err)
	}
	refresh, next := newToken()
	switch err := s.config.Store.Rotate(ctx, old, next, s.now()); {
	case errors.Is(err, ErrReused):
		s.log.Warn("refresh token was used again, its grant is revoked", "client", a.ID, "grant", g.ID)
		return nil, badGrant("the refresh token is not valid")
	case errors.Is(err, ErrUnknown):
		return nil, badGrant("the refresh token is not valid")
	case err != nil:
		return nil, s.fault(err)
	}
	t, err := s.answer(g, roles, granted, refresh)
	if err == nil {
		err = s.identify(&t, g, "")
	}
	if err != nil {
		return nil, s.fault(err)
	}
	return op.NewResponse(t), nil
}

// Revocation implements RFC 7009: a refresh token ends its grant, an access
// token itself. What is not the client's own, or nothing at all, changes
// nothing and is told as little.
func (e engine) Revocation(ctx context.Context, r *op.ClientRequest[oidc.RevocationRequest]) (*op.Response, error) {
	s, id := e.s, r.Client.GetID()
	g, err := s.config.Store.Refreshed(ctx, digest(r.Data.Token))
	if err == nil && g.Application == id {
		err = s.config.Store.RevokeGrant(ctx, g.ID, s.now())
	}
	if err != nil && !errors.Is(err, ErrUnknown) {
		return nil, s.fault(err)
	}
	if c, err := s.parse(r.Data.Token); err == nil && c.ClientID == id {
		if err := s.config.Store.RevokeToken(ctx, c.ID, s.now().Add(accessLife)); err != nil {
			return nil, s.fault(err)
		}
	}
	return op.NewResponse(nil), nil
}

// UserInfo implements OpenID Connect Core, section 5.3.
func (e engine) UserInfo(ctx context.Context, r *op.Request[oidc.UserInfoRequest]) (*op.Response, error) {
	id, err := e.s.Verify(ctx, r.Data.AccessToken)
	if errors.Is(err, ErrInvalidToken) {
		return nil, op.NewStatusError(&oidc.Error{ErrorType: "invalid_token"}, http.StatusUnauthorized)
	}
	if err != nil {
		return nil, e.s.fault(err)
	}
	if !slices.Contains(id.Scopes, scopeOpenID) {
		return nil, op.NewStatusError(&oidc.Error{ErrorType: "insufficient_scope"}, http.StatusForbidden)
	}
	info := map[string]any{"sub": id.UserID}
	if slices.Contains(id.Scopes, scopeProfile) {
		info["name"], info["preferred_username"] = id.Name, id.UserID
	}
	return op.NewResponse(info), nil
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
