package api

import (
	"net/http"

	"guichet/platform/interaction"
	"guichet/platform/oauth"
	"guichet/platform/wire"
)

func (a *API) routeInteractions() {
	a.mux.HandleFunc("POST /rtc-api/interactions", a.guard(callsRule, staff(a.createInteraction)))
	a.mux.HandleFunc("GET /rtc-api/interactions/{id}", a.guard(callsRule, staff(a.getInteraction)))
	a.mux.HandleFunc("PUT /rtc-api/interactions/{id}", a.guard(callsRule, staff(a.updateInteraction)))
}

func (a *API) createInteraction(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	body, err := decode[wire.CreateInteraction](w, r)
	if err != nil {
		return err
	}
	v, err := a.Interactions.Create(r.Context(), interaction.Owner{Organization: id.Organization, UserID: id.UserID}, body)
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, v)
}

func (a *API) getInteraction(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	v, err := a.Interactions.Get(r.Context(), id.Organization, r.PathValue("id"))
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, v)
}

func (a *API) updateInteraction(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	body, err := decode[wire.UpdateInteraction](w, r)
	if err != nil {
		return err
	}
	if err := a.Interactions.Update(r.Context(), id.Organization, r.PathValue("id"), body); err != nil {
		return err
	}
	return done(w)
}
