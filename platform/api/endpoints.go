package api

import (
	"net/http"

	"guichet/platform/endpoint"
	"guichet/platform/oauth"
	"guichet/platform/wire"
)

func (a *API) routeEndpoints() {
	a.mux.HandleFunc("POST /rtc-api/users/endpoints", a.guard(endpoints, a.registerEndpoint))
	a.mux.HandleFunc("POST /rtc-api/users/endpoints/register", a.guard(endpoints, a.registerEndpointObject))
	a.mux.HandleFunc("GET /rtc-api/users/endpoints", a.guard(endpoints, a.listEndpoints))
	a.mux.HandleFunc("GET /rtc-api/users/endpoints/{id}", a.guard(endpoints, a.getEndpoint))
	a.mux.HandleFunc("POST /rtc-api/users/endpoints/keepalive", a.guard(endpoints, a.keepAlive))
	a.mux.HandleFunc("POST /rtc-api/users/endpoints/unregister", a.guard(endpoints, a.unregisterEndpoint))
	a.mux.HandleFunc("GET /rtc-api/iceServers", a.guard(endpoints, a.iceServers))
}

func owner(id oauth.Identity) endpoint.Owner {
	return endpoint.Owner{Organization: id.Organization, UserID: id.UserID}
}

// register makes or resumes the endpoint that a request asks for.
func (a *API) register(w http.ResponseWriter, r *http.Request, id oauth.Identity) (endpointID string, err error) {
	body, err := decode[wire.RegisterEndpoint](w, r)
	if err != nil {
		return "", err
	}
	if err := a.resumes(id, body.UserEndpointID); err != nil {
		return "", err
	}
	return a.Endpoints.Register(r.Context(), owner(id), id.Access, body)
}

func (a *API) registerEndpoint(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	endpointID, err := a.register(w, r, id)
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, endpointID)
}

// registerEndpointObject is the older form, which answers with an object.
func (a *API) registerEndpointObject(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	endpointID, err := a.register(w, r, id)
	if err != nil {
		return err
	}
	return a.sendEndpoint(w, id, endpointID)
}

func (a *API) listEndpoints(w http.ResponseWriter, _ *http.Request, id oauth.Identity) error {
	list := []wire.RegisteredEndpoint{}
	for _, e := range a.Endpoints.List(owner(id)) {
		list = append(list, registered(e))
	}
	return send(w, http.StatusOK, list)
}

func (a *API) getEndpoint(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	return a.sendEndpoint(w, id, r.PathValue("id"))
}

// sendEndpoint answers with an endpoint of the caller's own; another's is as
// unknown as none.
func (a *API) sendEndpoint(w http.ResponseWriter, id oauth.Identity, endpointID string) error {
	for _, e := range a.Endpoints.List(owner(id)) {
		if e.ID == endpointID {
			return send(w, http.StatusOK, registered(e))
		}
	}
	return endpoint.ErrUnknown
}

func registered(e endpoint.Endpoint) wire.RegisteredEndpoint {
	return wire.RegisteredEndpoint{ID: e.ID, UserID: e.Owner.UserID, KeepAliveSeconds: e.KeepAliveSeconds, ServerKeepAliveReminderOn: e.RemindOn,
		CreatedAt: wire.NewTime(e.Created)}
}

func (a *API) keepAlive(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	body, err := decode[wire.KeepAlive](w, r)
	if err != nil {
		return err
	}
	if err := wire.CheckID("userEndpointId", body.UserEndpointID); err != nil {
		return err
	}
	if err := a.Endpoints.KeepAlive(owner(id), id.Access, body.UserEndpointID); err != nil {
		return err
	}
	a.Renew(body.UserEndpointID, id.Access)
	return done(w)
}

func (a *API) unregisterEndpoint(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	body, err := decode[wire.UnregisterEndpoint](w, r)
	if err != nil {
		return err
	}
	if err := wire.CheckID("userEndpointId", body.UserEndpointID); err != nil {
		return err
	}
	if err := a.Endpoints.Unregister(r.Context(), owner(id), body.UserEndpointID, body.Reason); err != nil {
		return err
	}
	return done(w)
}

func (a *API) iceServers(w http.ResponseWriter, _ *http.Request, id oauth.Identity) error {
	return send(w, http.StatusOK, wire.ICEServers{ICEServers: a.ICEServers(id.UserID)})
}
