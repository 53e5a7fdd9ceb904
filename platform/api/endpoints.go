package api

import (
	"net/http"

	"guichet/platform/endpoint"
	"guichet/platform/oauth"
	"guichet/platform/wire"
)

func (a *API) routeEndpoints() {
	a.mux.HandleFunc("POST /rtc-api/users/endpoints", a.guard(endpoints, a.registerEndpoint))
	a.mux.HandleFunc("POST /rtc-api/users/endpoints/keepalive", a.guard(endpoints, a.keepAlive))
	a.mux.HandleFunc("POST /rtc-api/users/endpoints/unregister", a.guard(endpoints, a.unregisterEndpoint))
	a.mux.HandleFunc("GET /rtc-api/iceServers", a.guard(endpoints, a.iceServers))
}

func owner(id oauth.Identity) endpoint.Owner {
	return endpoint.Owner{Organization: id.Organization, UserID: id.UserID}
}

func (a *API) registerEndpoint(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	body, err := decode[wire.RegisterEndpoint](w, r)
	if err != nil {
		return err
	}
	endpointID, err := a.Endpoints.Register(r.Context(), owner(id), id.Access, body)
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, endpointID)
}

func (a *API) keepAlive(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	body, err := decode[wire.KeepAlive](w, r)
	if err != nil {
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
	if err := a.Endpoints.Unregister(r.Context(), owner(id), body.UserEndpointID, body.Reason); err != nil {
		return err
	}
	return done(w)
}

func (a *API) iceServers(w http.ResponseWriter, _ *http.Request, id oauth.Identity) error {
	return send(w, http.StatusOK, wire.ICEServers{ICEServers: a.ICEServers(id.UserID)})
}
