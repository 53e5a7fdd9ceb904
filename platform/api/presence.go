package api

func (a *API) routePresence() {
	q := a.Queues
	a.mux.HandleFunc("GET /rtc-api/presence", a.guard(callsRule, gives(q.Presence)))
	a.mux.HandleFunc("PUT /rtc-api/presence", a.guard(callsRule, takesAndGives(q.SetPresence)))
	a.mux.HandleFunc("GET /rtc-api/presence/reasons", a.guard(queuesStaff, gives(q.Reasons)))
	a.mux.HandleFunc("PUT /rtc-api/presence/reasons", a.guard(queuesRule, takesAndGives(q.SetReasons)))
	a.mux.HandleFunc("GET /rtc-api/agents", a.guard(queuesStaff, gives(q.Agents)))
	a.mux.HandleFunc("PUT /rtc-api/agents/{id}", a.guard(queuesRule, changes(q.UpdateAgent)))
}
