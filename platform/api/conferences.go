package api

import (
	"context"
	"net/http"

	"guichet/platform/conference"
	"guichet/platform/oauth"
	"guichet/platform/wire"
)

func (a *API) routeConferences() {
	d := a.Conferences
	post(a, "create", callsRule, d.Create)
	a.mux.HandleFunc(operation("join"), a.guard(callsWrite, a.joinConference))
	post(a, "publishStream", callsWrite, d.Publish)
	post(a, "viewStream", callsWrite, d.View)
	act(a, "leave", callsWrite, d.Leave)
	act(a, "end", callsRule, d.End)
	act(a, "addPublishStreamIceCandidates", callsWrite, d.AddPublisherCandidates)
	act(a, "unpublishStream", callsWrite, d.Unpublish)
	act(a, "answerViewStream", callsWrite, d.AnswerView)
	act(a, "addViewStreamIceCandidates", callsWrite, d.AddViewerCandidates)
	act(a, "stopViewStream", callsWrite, d.StopView)
	act(a, "updateMetadata", callsWrite, d.UpdateMetadata)
	act(a, "updateStreamMetadata", callsWrite, d.UpdateStreamMetadata)
	a.mux.HandleFunc("GET /rtc-api/conferences", a.guard(callsRead, a.listConferences))
	a.mux.HandleFunc("GET /rtc-api/conferences/{id}", a.guard(callsRead, a.conferenceState))
	a.mux.HandleFunc("GET /rtc-api/conferences/{id}/summary", a.guard(callsRead, a.conferenceSummary))
	a.mux.HandleFunc("GET /rtc-api/conferences/{id}/simpleView", a.guard(callsRead, a.conferenceState))
}

func operation(name string) string { return "POST /rtc-api/conferences/" + name }

// post routes an operation that answers 200 with a body.
func post[Request, Answer any](a *API, name string, n need, do func(context.Context, conference.Caller, Request) (Answer, error)) {
	a.mux.HandleFunc(operation(name), a.guard(n, func(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
		body, err := decode[Request](w, r)
		if err != nil {
			return err
		}
		answer, err := do(r.Context(), conferenceCaller(id), body)
		if err != nil {
			return err
		}
		return send(w, http.StatusOK, answer)
	}))
}

// act routes an operation that answers 204.
func act[Request any](a *API, name string, n need, do func(context.Context, conference.Caller, Request) error) {
	a.mux.HandleFunc(operation(name), a.guard(n, func(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
		body, err := decode[Request](w, r)
		if err != nil {
			return err
		}
		if err := do(r.Context(), conferenceCaller(id), body); err != nil {
			return err
		}
		return done(w)
	}))
}

// joinConference joins. By a room's name its session is found or made.
func (a *API) joinConference(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	body, err := decodePlain[wire.JoinConference](w, r)
	if err != nil {
		return err
	}
	summary, err := a.join(r.Context(), id, body)
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, summary)
}

func (a *API) listConferences(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	list, err := a.Conferences.List(r.Context(), conferenceCaller(id))
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, list)
}

func (a *API) conferenceSummary(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	summary, err := a.Conferences.Summary(r.Context(), conferenceCaller(id), r.PathValue("id"))
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, summary)
}

func (a *API) conferenceState(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	state, err := a.Conferences.State(r.Context(), conferenceCaller(id), r.PathValue("id"))
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, state)
}
