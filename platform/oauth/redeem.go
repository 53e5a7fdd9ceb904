package oauth

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"guichet/platform/limit"
	"guichet/platform/wire"
)

// redeem serves the ticket grant: the form of the old password grant with a
// ticket in the place of the name, and the browser's key, which may be empty, in
// that of the password.
func (s *Service) redeem(r *http.Request, t *attempt, a StoredApplication, form url.Values) error {
	if !slices.Contains(a.Grants, grantPassword) || s.config.Tickets == nil {
		return &refusal{status: http.StatusBadRequest, code: string(oidc.UnauthorizedClient), description: "the application redeems no tickets"}
	}
	name, key := form.Get("ticket"), form.Get("password")
	if name == "" {
		name = form.Get("username")
	} else if u := form.Get("username"); u != "" && u != name {
		return invalidRequest("there are two tickets")
	}
	if name == "" || len(name) > wire.MaxID || len(key) > maxPassword {
		return invalidRequest("the ticket is missing or too long")
	}
	granted, ok := scopes(form.Get("scope"), a.Scopes)
	if !ok {
		return &refusal{status: http.StatusBadRequest, code: string(oidc.InvalidScope)}
	}
	failed := limitKey("ticket", limit.Network(r), "")
	wait, ok := s.limits.Take(failed, ticketFailures())
	if !ok {
		return tooMany(wait)
	}
	// Good tickets count as well, and are not given back: one link could fill the
	// store with its grants.
	if wait, ok := s.limits.Take(limitKey("redeem", limit.Network(r), ""), redemptions()); !ok {
		s.limits.GiveBack(failed)
		return tooMany(wait)
	}
	found, err := s.config.Tickets.Redeem(r.Context(), name, key)
	if r.Context().Err() != nil {
		return r.Context().Err()
	}
	now := s.now()
	var refused *TicketError
	switch {
	case errors.As(err, &refused):
	case err != nil:
		// A fault of ours is nobody's guess.
		s.limits.GiveBack(failed)
		return err
	case !now.Before(found.Expires):
		refused = &TicketError{Reason: "has expired"}
	}
	if refused != nil {
		return &refusal{status: http.StatusBadRequest, code: string(oidc.InvalidGrant),
			description: "Ticket " + described(name) + " " + refused.Reason, quiet: "the ticket " + refused.Reason}
	}
	s.limits.GiveBack(failed)
	g := Grant{ID: wire.NewID(), Application: a.ID, Organization: found.Organization, UserID: found.UserID, Name: found.Name, Scopes: granted,
		Roles: []string{RoleCustomer}, Conference: found.Conference, Ticket: found.Ticket, Started: now,
		Expires: now.Add(sessionLife)} // a ticket's time is for coming in: it must not cut a call
	refresh, d := newToken()
	err = s.config.Store.AddRefreshedGrant(r.Context(), g, d)
	if err == nil {
		err = s.orEnd(r.Context(), g, s.fits(r.Context(), a.ID, ofVersion(a.Version)))
	}
	if err != nil {
		return err
	}
	return s.answer(t, a, g, g.Roles, granted, refresh)
}

// described is a text as RFC 6749 lets it stand in error_description.
func described(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			return -1
		}
		return c
	}, s)
}
