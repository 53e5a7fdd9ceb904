package api

import (
	"errors"
	"net/http"
	"strings"

	"guichet/platform/oauth"
	"guichet/platform/ticket"
	"guichet/platform/wire"
)

func (a *API) routeTickets() {
	a.mux.HandleFunc("POST /security/ticket", a.guard(ticketsMake, a.createTicket))
	a.mux.HandleFunc("GET /security/ticket/{id}", a.guard(ticketsRead, a.getTicket))
	a.mux.HandleFunc("DELETE /security/ticket/{id}", a.guard(ticketsMake, a.revokeTicket))
	a.mux.HandleFunc("GET /t/{id}", a.openTicket)
}

func (a *API) createTicket(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	body, err := decode[wire.CreateTicket](w, r)
	if err != nil {
		return err
	}
	t, err := a.Tickets.Create(r.Context(), ticket.Owner{Organization: id.Organization, UserID: id.UserID, Name: id.Name}, body)
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, t)
}

func (a *API) getTicket(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	t, err := a.Tickets.Get(r.Context(), id.Organization, r.PathValue("id"))
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, t)
}

func (a *API) revokeTicket(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	if err := a.Tickets.Revoke(r.Context(), id.Organization, r.PathValue("id")); err != nil {
		return err
	}
	return done(w)
}

// openTicket serves the customer's page, or, to the page's own script, what the
// page may know of the invitation. Both carry the status: 404 for a link that
// nobody made, 410 for one that is over.
func (a *API) openTicket(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Add("Vary", "Accept")
	var invitation wire.Invitation
	var err error
	if a.openings.blocked(remote(r)) {
		err = &wire.Error{Code: wire.CodeTooMany, Message: "too many wrong links from your network: wait a minute"}
		w.Header().Set("Retry-After", "60")
	} else if invitation, err = a.Tickets.Open(r.Context(), r.PathValue("id")); errors.Is(err, ticket.ErrUnknown) {
		a.openings.failed(remote(r))
	}
	if strings.Contains(r.Header.Get("Accept"), "application/json") {
		if err == nil {
			err = send(w, http.StatusOK, invitation)
		}
		if err != nil {
			a.fail(w, r, err)
		}
		return
	}
	status := http.StatusOK
	if err != nil {
		if status = statuses[translate(err).Code]; status == 0 {
			a.Logger.Error("open ticket", "err", err)
			status = http.StatusInternalServerError
		}
	}
	a.Pages.Send(w, r, "customer/index.html", status)
}
