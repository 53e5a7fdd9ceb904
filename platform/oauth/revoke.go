package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"guichet/platform/limit"
	"guichet/platform/oauth/keyring"
)

// revoke implements RFC 7009: a refresh token ends its grant, an access token
// itself. What is not the client's own, or nothing at all, changes nothing and
// is told as little.
func (s *Service) revoke(w http.ResponseWriter, r *http.Request) {
	a, form, err := s.asked(w, r)
	if err == nil {
		err = s.revokeToken(r, a, form.Get("token"))
	}
	if err != nil {
		s.refuse(w, r, err)
	}
}

// asked reads the form of a client's request about a token.
func (s *Service) asked(w http.ResponseWriter, r *http.Request) (StoredApplication, url.Values, error) {
	if r.URL.RawQuery != "" {
		return StoredApplication{}, nil, invalidRequest("the parameters belong into the body")
	}
	form, err := readForm(w, r)
	if err != nil {
		return StoredApplication{}, nil, err
	}
	a, err := s.authenticateRequest(r, form)
	if err == nil && form.Get("token") == "" {
		err = invalidRequest("token is missing")
	}
	return a, form, err
}

func (s *Service) revokeToken(r *http.Request, a StoredApplication, token string) error {
	ctx, now := r.Context(), s.now()
	e := AuditEntry{Organization: a.Organization, Event: EventRevoked, Client: a.ID, Address: limit.Network(r)}
	ended := false
	g, err := s.config.Store.Refreshed(ctx, digest(token))
	switch {
	case err == nil && g.Application == a.ID && !g.Revoked:
		e.Subject, e.Detail = g.UserID, "session"
		ended, err = s.config.Store.RevokeGrant(ctx, g.ID, now)
	case err == nil:
	case errors.Is(err, ErrUnknown):
		c, key, parseErr := s.parse(token)
		if errors.Is(parseErr, keyring.ErrType) {
			ended, err = s.revokeRoom(ctx, a, token, &e)
			break
		}
		if err = nil; parseErr != nil || c.ClientID != a.ID || s.revoked.cover(c.identity(key).Access) {
			break
		}
		e.Subject, e.TokenID, e.Detail, ended = c.Subject, c.ID, "access token", true
		err = s.config.Store.RevokeToken(ctx, c.ID, now, time.Time{})
	}
	if err := s.followed(ctx, err); err != nil || !ended {
		return err
	}
	return s.record(ctx, e)
}

// revokeRoom ends a room token of the client's own, also one whose time for
// joining is over.
func (s *Service) revokeRoom(ctx context.Context, a StoredApplication, token string, e *AuditEntry) (ended bool, err error) {
	id, err := s.parseRoom(token)
	if err != nil || id.ClientID != a.ID || s.revoked.cover(id.Access) {
		return false, nil
	}
	e.Subject, e.TokenID, e.Detail = id.UserID, id.TokenID, "room token"
	return true, s.endRoomToken(ctx, id.TokenID, id.Expires)
}

// introspection is the answer of RFC 7662, section 2.2.
type introspection struct {
	Active       bool     `json:"active"`
	Scope        string   `json:"scope,omitempty"`
	ClientID     string   `json:"client_id,omitempty"`
	Username     string   `json:"username,omitempty"`
	TokenType    string   `json:"token_type,omitempty"`
	Expires      int64    `json:"exp,omitempty"`
	IssuedAt     int64    `json:"iat,omitempty"`
	Subject      string   `json:"sub,omitempty"`
	Audience     string   `json:"aud,omitempty"`
	Issuer       string   `json:"iss,omitempty"`
	ID           string   `json:"jti,omitempty"`
	UserID       string   `json:"userId,omitempty"`
	Authorities  []string `json:"authorities,omitempty"`
	Organization string   `json:"organization,omitempty"`
}

// introspect implements RFC 7662 for applications with a secret: of their own
// tokens, or of all their organization's for those with the role of a service.
// Whatever they may not know is not active.
func (s *Service) introspect(w http.ResponseWriter, r *http.Request) {
	a, form, err := s.asked(w, r)
	if err == nil && a.Public {
		err = badClient()
	}
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	found, about, err := s.lookUp(r, form.Get("token"))
	if err == nil && found.Active && found.ClientID != a.ID && !(slices.Contains(a.Roles, RoleService) && about == a.Organization) {
		err = s.record(r.Context(), AuditEntry{Organization: a.Organization, Event: EventIntrospection, Refused: true, Client: a.ID,
			Subject: found.Subject, TokenID: found.ID, Address: limit.Network(r), Detail: "the token is another application's"})
		found = introspection{}
	}
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	// An error here means that the caller has gone.
	_ = json.NewEncoder(w).Encode(found)
}

// lookUp tells what a token is worth, and whose organization's it is.
func (s *Service) lookUp(r *http.Request, token string) (found introspection, organization string, err error) {
	if c, key, err := s.parse(token); err == nil {
		if s.revoked.cover(c.identity(key).Access) {
			return introspection{}, "", nil
		}
		return introspection{Active: true, Scope: c.Scope, ClientID: c.ClientID, Username: c.Name, TokenType: oidc.BearerToken, Expires: c.Expires,
			IssuedAt: c.IssuedAt, Subject: c.Subject, Audience: c.Audience, Issuer: c.Issuer, ID: c.ID, UserID: c.UserID,
			Authorities: c.Authorities, Organization: c.Organization}, c.Organization, nil
	}
	g, live, err := s.config.Store.Refreshing(r.Context(), digest(token))
	if errors.Is(err, ErrUnknown) {
		return introspection{}, "", nil
	}
	if err != nil || !live || g.Revoked || !s.now().Before(g.Expires) {
		return introspection{}, "", err
	}
	return introspection{Active: true, Scope: strings.Join(g.Scopes, " "), ClientID: g.Application, Username: g.Name, Expires: g.Expires.Unix(),
		IssuedAt: g.Started.Unix(), Subject: g.UserID, Issuer: s.config.Issuer, UserID: g.UserID, Organization: g.Organization}, g.Organization, nil
}
