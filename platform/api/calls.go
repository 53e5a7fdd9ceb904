package api

import (
	"context"
	"net/http"

	"guichet/platform/call"
	"guichet/platform/oauth"
	"guichet/platform/wire"
)

func (a *API) routeCalls() {
	x := a.Calls
	a.mux.HandleFunc("POST /rtc-api/calls/call", a.guard(callsRule, a.startCall))
	actOnCall(a, "ringing", x.Ringing)
	actOnCall(a, "answer", x.Answer)
	actOnCall(a, "reject", x.Reject)
	actOnCall(a, "cancel", x.Cancel)
	actOnCall(a, "hangup", x.Hangup)
	actOnCall(a, "addIceCandidates", x.AddCandidates)
}

// callCaller is the identity in the words of the call package.
func callCaller(id oauth.Identity) call.Caller {
	return call.Caller{Organization: id.Organization, UserID: id.UserID, MayCall: callsRule.met(id)}
}

func (a *API) startCall(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	body, err := decode[wire.StartCall](w, r)
	if err != nil {
		return err
	}
	started, err := a.Calls.Call(r.Context(), callCaller(id), body)
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, started)
}

// actOnCall routes an operation that answers 204.
func actOnCall[Request any](a *API, name string, do func(context.Context, call.Caller, Request) error) {
	a.mux.HandleFunc("POST /rtc-api/calls/"+name, a.guard(callsWrite, func(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
		body, err := decode[Request](w, r)
		if err != nil {
			return err
		}
		if err := do(r.Context(), callCaller(id), body); err != nil {
			return err
		}
		return done(w)
	}))
}
