package oauth

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"guichet/platform/wire"

	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// redeem serves the ticket grant: the form of the old password grant with a
// ticket in the place of the name, and the browser's key, which may be empty, in
// that of the password.
func (s *Service) redeem(w http.ResponseWriter, r *http.Request, a StoredApplication, form url.Values) {
	t, err := s.redeemTicket(r, a, form)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	// An error here means that the caller has gone.
	_ = json.NewEncoder(w).Encode(t)
}

func (s *Service) redeemTicket(r *http.Request, a StoredApplication, form url.Values) (wire.Token, error) {
	if !slices.Contains(a.Grants, grantPassword) || s.config.Tickets == nil {
		return wire.Token{}, &refusal{status: http.StatusBadRequest, code: string(oidc.UnauthorizedClient), description: "the application redeems no tickets"}
	}
	name, key := form.Get("ticket"), form.Get("password")
	if name == "" {
		name = form.Get("username")
	} else if u := form.Get("username"); u != "" && u != name {
		return wire.Token{}, invalidRequest("there are two tickets")
	}
	if name == "" || len(name) > wire.MaxID || len(key) > maxPassword {
		return wire.Token{}, invalidRequest("the ticket is missing or too long")
	}
	granted, ok := scopes(form.Get("scope"), a.Scopes)
	if !ok {
		return wire.Token{}, &refusal{status: http.StatusBadRequest, code: string(oidc.InvalidScope)}
	}
	limit := limitKey("ticket", remote(r), "")
	wait, ok := s.limits.take(limit, ticketFailures())
	if !ok {
		return wire.Token{}, tooMany(wait)
	}
	// Good tickets count as well, and are not given back: one link could fill the
	// store with its grants.
	if wait, ok := s.limits.take(limitKey("redeem", remote(r), ""), redemptions()); !ok {
		s.limits.giveBack(limit)
		return wire.Token{}, tooMany(wait)
	}
	t, err := s.config.Tickets.Redeem(r.Context(), name, key)
	if r.Context().Err() != nil {
		return wire.Token{}, r.Context().Err()
	}
	now := s.now()
	var refused *TicketError
	switch {
	case errors.As(err, &refused):
	case err != nil:
		// A fault of ours is nobody's guess.
		s.limits.giveBack(limit)
		return wire.Token{}, err
	case !now.Before(t.Expires):
		refused = &TicketError{Reason: "has expired"}
	}
	if refused != nil {
		s.log.Info("ticket refused", "address", remote(r), "reason", refused.Reason)
		return wire.Token{}, &refusal{status: http.StatusBadRequest, code: string(oidc.InvalidGrant),
			description: "Ticket " + described(name) + " " + refused.Reason}
	}
	s.limits.giveBack(limit)
	g := Grant{ID: wire.NewID(), Application: a.ID, Organization: t.Organization, UserID: t.UserID, Name: t.Name, Scopes: granted,
		Conference: t.Conference, Ticket: t.Ticket, Started: now,
		Expires: now.Add(sessionLife)} // a ticket's time is for coming in: it must not cut a call
	refresh, d := newToken()
	if err := s.config.Store.AddRefreshedGrant(r.Context(), g, d); err != nil {
		return wire.Token{}, err
	}
	return s.answer(g, []string{RoleCustomer}, granted, refresh)
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
