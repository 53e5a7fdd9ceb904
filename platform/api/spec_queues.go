package api

import (
	"guichet/platform/wire"
)

func queues() group {
	const base = "/rtc-api/queues"
	return group{"Queues", "The lines in which callers wait for an agent.", "queue", []line{
		{"GET " + base, "listQueues", "List the queues, with how each does", queuesRead, nil, []wire.Queue{}, nil, nil},
		{"POST " + base, "createQueue", "Make a queue", queuesRule, wire.WriteQueue{}, wire.Queue{}, []int{409}, nil},
		{"POST " + base + "/watch", "watchQueues", "Have an endpoint told of all visits, agents and queues, or no more", queuesRule, wire.WatchQueues{}, nil, []int{404}, nil},
		{"GET " + base + "/{id}", "getQueue", "Read a queue, by its id or name", queuesRead, nil, wire.Queue{}, []int{404}, nil},
		{"PUT " + base + "/{id}", "updateQueue", "Replace a queue's settings", queuesRule, wire.WriteQueue{}, wire.Queue{}, []int{404, 409}, nil},
		{"DELETE " + base + "/{id}", "deleteQueue", "Delete a queue that is not in use", queuesRule, nil, nil, []int{404, 409}, nil},
	}}
}

func presence() group {
	return group{"Presence", "Whether agents are ready, and what they can. Presence hangs on an endpoint: when that falls silent the agent is gone.", "agent", []line{
		{"GET /rtc-api/presence", "getPresence", "Read one's own presence", callsRule, nil, wire.Presence{}, nil, nil},
		{"PUT /rtc-api/presence", "setPresence", "Be ready, or not", callsRule, wire.SetPresence{}, wire.Presence{}, []int{404}, nil},
		{"GET /rtc-api/presence/reasons", "getReasons", "Read the reasons for not being ready", queuesStaff, nil, wire.Choices{}, nil, nil},
		{"PUT /rtc-api/presence/reasons", "setReasons", "Replace the reasons for not being ready", queuesRule, wire.Choices{}, wire.Choices{}, nil, nil},
		{"GET /rtc-api/agents", "listAgents", "List the agents and what they do", queuesStaff, nil, []wire.Presence{}, nil, nil},
		{"PUT /rtc-api/agents/{id}", "updateAgent", "Set what an agent can and which queues they serve", queuesRule, wire.UpdateAgent{}, wire.Presence{}, []int{404}, nil},
	}}
}

func visits() group {
	const base = "/rtc-api/visits"
	filter := []with{query("queueId", "", "Of this queue only"), query("state", wire.VisitWaiting, "In this state only; all that have not ended when it is missing"),
		query("mine", false, "In which the caller has or had a part"), query("before", wire.Time{}, "Of ENDED: that came before this time"),
		query("limit", int64(0), "Of ENDED: at most so many, up to 500")}
	return group{"Visits", "A caller's way through the queues, from coming to the agent's notes.", "visit", []line{
		{"POST " + base, "createVisit", "Come into a queue", callsWrite, wire.CreateVisit{}, wire.Visit{}, []int{404, 409}, nil},
		{"GET " + base, "listVisits", "List visits: who waits, in order, or who was served", queuesRead, nil, []wire.Visit{}, []int{400}, filter},
		{"GET " + base + "/{id}", "getVisit", "Read a visit", queuesRead, nil, wire.Visit{}, []int{400, 404}, nil},
		{"DELETE " + base + "/{id}", "leaveVisit", "Leave the line, or end the call", callsWrite, nil, nil, []int{400, 404, 410}, nil},
		{"POST " + base + "/{id}/accept", "acceptVisit", "Take the caller who rings; the answer names the conference to join", callsRule, wire.VisitRef{}, wire.AcceptedVisit{}, []int{404, 409, 410}, nil},
		{"POST " + base + "/{id}/decline", "declineVisit", "Give the caller who rings to the next agent", callsRule, wire.VisitRef{}, nil, []int{404, 409, 410}, nil},
		{"POST " + base + "/{id}/wrapUp", "wrapUpVisit", "Keep notes and outcome of a caller, and end the wrap-up", callsRule, wire.WrapUpVisit{}, nil, []int{404, 409, 410}, nil},
		{"POST " + base + "/{id}/transfer", "transferVisit", "Give a caller to another queue or agent, or speak with the agent first", callsRule, wire.TransferVisit{}, wire.Visit{}, []int{404, 409, 410}, nil},
		{"POST " + base + "/{id}/transfer/complete", "completeTransfer", "Let the other agent have the caller", callsRule, nil, wire.Visit{}, []int{400, 404, 409, 410}, nil},
		{"POST " + base + "/{id}/transfer/cancel", "cancelTransfer", "Keep the caller", callsRule, nil, wire.Visit{}, []int{400, 404, 409, 410}, nil},
		{"GET " + base + "/outcomes", "getOutcomes", "Read what may come of a call", queuesStaff, nil, wire.Choices{}, nil, nil},
		{"PUT " + base + "/outcomes", "setOutcomes", "Replace what may come of a call", queuesRule, wire.Choices{}, wire.Choices{}, nil, nil},
	}}
}
