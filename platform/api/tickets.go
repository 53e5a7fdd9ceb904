package api

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"guichet/platform/limit"
	"guichet/platform/oauth"
	"guichet/platform/queue"
	"guichet/platform/ticket"
	"guichet/platform/wire"
)

func (a *API) routeTickets() {
	a.mux.HandleFunc("POST /security/ticket", a.guard(ticketsMake, a.createTicket))
	a.mux.HandleFunc("GET /security/ticket", a.guard(ticketsRead, a.listTickets))
	a.mux.HandleFunc("POST /security/genesys/room", a.guard(ticketsMake, a.createRoomLinks))
	// The agent's link, and a room's, whose token stays in the browser.
	for _, path := range []string{"GET /a", "GET /r/{room}"} {
		a.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			a.Pages.Send(w, r, "customer/index.html", http.StatusOK)
		})
	}
	a.mux.HandleFunc("GET /security/ticket/{id}", a.guard(ticketsRead, a.getTicket))
	a.mux.HandleFunc("DELETE /security/ticket/{id}", a.guard(ticketsMake, a.revokeTicket))
	a.mux.HandleFunc("GET /t/{id}", a.openTicket)
}

func (a *API) createTicket(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	body, err := decode[wire.CreateTicket](w, r)
	if err != nil {
		return err
	}
	if err := a.leads(r, id, body); err != nil {
		return err
	}
	t, err := a.Tickets.Create(r.Context(), ticket.Owner{Organization: id.Organization, UserID: id.UserID, Name: id.Name}, body)
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, t)
}

// leads fails when a ticket would lead into a queue that is none.
func (a *API) leads(r *http.Request, id oauth.Identity, body wire.CreateTicket) error {
	for _, name := range []string{body.Properties[wire.PropertyQueueID], body.Properties[wire.PropertyQueueName]} {
		if body.Type == wire.TicketQueue && name != "" {
			_, err := a.Queues.Queue(r.Context(), queue.Caller{Organization: id.Organization, UserID: id.UserID}, name)
			if errors.Is(err, queue.ErrUnknownQueue) {
				err = invalid("properties: there is no such queue")
			}
			return err
		}
	}
	return nil
}

// listTickets answers with the newest tickets: one's own, or for who may read
// reports all of the organization, made before the time in the query.
func (a *API) listTickets(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	before, limit := a.Now().Add(time.Minute), 0
	if text := r.URL.Query().Get("before"); text != "" {
		var err error
		if before, err = time.Parse(time.RFC3339, text); err != nil {
			return invalid("before: want a time such as 2026-01-02T15:04:05Z")
		}
	}
	if text := r.URL.Query().Get("limit"); text != "" {
		var err error
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 {
			return invalid("limit: want a positive whole number")
		}
	}
	whose := id.UserID
	if id.May(oauth.ScopeReportsRead) {
		whose = ""
	}
	list, err := a.Tickets.List(r.Context(), id.Organization, whose, before, limit)
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, list)
}

// createRoomLinks makes a conference and a ticket to it, and answers with both
// links.
func (a *API) createRoomLinks(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	body, err := decode[wire.CreateRoomLinks](w, r)
	if err != nil {
		return err
	}
	c, err := a.Conferences.Create(r.Context(), conferenceCaller(id), wire.CreateConference{InteractionID: body.InteractionID})
	if err != nil {
		return err
	}
	properties := map[string]string{wire.PropertyConferenceID: c.ID}
	for name, value := range map[string]string{wire.PropertyApplicationID: body.ApplicationID, wire.PropertyCustomerID: body.CustomerID} {
		if value != "" {
			properties[name] = value
		}
	}
	t, err := a.Tickets.Create(r.Context(), ticket.Owner{Organization: id.Organization, UserID: id.UserID, Name: id.Name},
		wire.CreateTicket{Type: wire.TicketGenesysMultiUse, TTL: body.TicketExpirationSeconds, Properties: properties})
	if err != nil {
		return err
	}
	agent := url.Values{"aid": {body.ApplicationID}, "roomId": {c.ID}, "cdestination": {body.Destination}, "corigin": {"genesys"}}
	return send(w, http.StatusOK, wire.RoomLinks{TicketURL: t.URL, AgentURL: a.PublicURL + "/a?" + agent.Encode()})
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
	from := limit.Network(r)
	if _, ok := a.openings.Take(from, guesses()); !ok {
		err = &wire.Error{Code: wire.CodeTooMany, Message: "too many wrong links from your network: wait a minute"}
		w.Header().Set("Retry-After", "60")
	} else if invitation, err = a.Tickets.Open(r.Context(), r.PathValue("id")); !errors.Is(err, ticket.ErrUnknown) {
		a.openings.GiveBack(from)
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
