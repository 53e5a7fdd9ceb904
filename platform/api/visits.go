package api

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"guichet/platform/oauth"
	"guichet/platform/queue"
	"guichet/platform/wire"
)

func (a *API) routeVisits() {
	q := a.Queues
	const base = "/rtc-api/visits"
	a.mux.HandleFunc("GET "+base+"/outcomes", a.guard(queuesStaff, gives(q.Outcomes)))
	a.mux.HandleFunc("PUT "+base+"/outcomes", a.guard(queuesRule, takesAndGives(q.SetOutcomes)))
	a.mux.HandleFunc("POST "+base, a.guard(callsWrite, takesAndGives(q.Enter)))
	a.mux.HandleFunc("GET "+base, a.guard(queuesRead, a.listVisits))
	a.mux.HandleFunc("GET "+base+"/{id}", a.guard(queuesRead, givesOne(q.Visit)))
	a.mux.HandleFunc("DELETE "+base+"/{id}", a.guard(callsWrite, onOne(q.Leave)))
	a.mux.HandleFunc("POST "+base+"/{id}/accept", a.guard(callsRule, changes(q.Accept)))
	a.mux.HandleFunc("POST "+base+"/{id}/decline", a.guard(callsRule, takesFor(q.Decline)))
	a.mux.HandleFunc("POST "+base+"/{id}/wrapUp", a.guard(callsRule, takesFor(q.WrapUp)))
	a.mux.HandleFunc("POST "+base+"/{id}/transfer", a.guard(callsRule, changes(q.Transfer)))
	a.mux.HandleFunc("POST "+base+"/{id}/transfer/complete", a.guard(callsRule, givesOne(q.CompleteTransfer)))
	a.mux.HandleFunc("POST "+base+"/{id}/transfer/cancel", a.guard(callsRule, givesOne(q.CancelTransfer)))
}

// listVisits answers with the visits that the query asks for.
func (a *API) listVisits(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	who, err := queueCaller(r.Context(), id)
	if err != nil {
		return err
	}
	values := r.URL.Query()
	f := queue.Filter{Queue: values.Get("queueId"), State: wire.VisitState(values.Get("state"))}
	states := []wire.VisitState{"", wire.VisitWaiting, wire.VisitRinging, wire.VisitActive, wire.VisitWrapUp, wire.VisitEnded}
	if !slices.Contains(states, f.State) {
		return invalid("state: want one of %v", states[1:])
	}
	if text := values.Get("mine"); text != "" {
		if f.Mine, err = strconv.ParseBool(text); err != nil {
			return invalid("mine: want true or false")
		}
	}
	if f.Before, err = when(values, "before", time.Time{}); err != nil {
		return err
	}
	if text := values.Get("limit"); text != "" {
		if f.Limit, err = strconv.Atoi(text); err != nil || f.Limit < 1 {
			return invalid("limit: want a positive whole number")
		}
	}
	list, err := a.Queues.Visits(r.Context(), who, f)
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, list)
}
