package api

import (
	"guichet/platform/openapi"
	"guichet/platform/wire"
)

func devices() group {
	const base = "/rtc-api/users/endpoints"
	return group{"Endpoints", "A registered device or browser tab of a user, on whose MQTT topic users/endpoints/{userEndpointId} events arrive.", "endpoint", []line{
		{"POST " + base, "registerEndpoint", "Register an endpoint; the answer is its id", endpoints, wire.RegisterEndpoint{}, "", nil, nil},
		{"POST " + base + "/register", "registerEndpointObject", "Register an endpoint, the older form", endpoints, wire.RegisterEndpoint{}, wire.RegisteredEndpoint{}, nil, nil},
		{"GET " + base, "listEndpoints", "List one's own endpoints", endpoints, nil, []wire.RegisteredEndpoint{}, nil, nil},
		{"GET " + base + "/{id}", "getEndpoint", "Read one of one's own endpoints", endpoints, nil, wire.RegisteredEndpoint{}, []int{404}, nil},
		{"POST " + base + "/keepalive", "keepAlive", "Keep an endpoint alive", endpoints, wire.KeepAlive{}, nil, []int{404}, nil},
		{"POST " + base + "/unregister", "unregisterEndpoint", "Unregister an endpoint; it leaves its conferences and calls", endpoints, wire.UnregisterEndpoint{}, nil, []int{404}, nil},
		{"GET /rtc-api/iceServers", "getIceServers", "Read the STUN and TURN servers to use, with credentials that expire", endpoints, nil, wire.ICEServers{}, nil, nil},
	}}
}

func conferences() group {
	base := operation("")
	changes := []int{404, 409, 410}
	return group{"Conferences", "A live meeting. Its state has a version, and every event that changes it the next one.", "conference", []line{
		{base + "create", "createConference", "Make a conference", callsRule, wire.CreateConference{}, wire.Summary{}, []int{409}, nil},
		{base + "join", "joinConference", "Join with an endpoint", callsWrite, wire.JoinConference{}, wire.Summary{}, changes, nil},
		{base + "leave", "leaveConference", "Leave with an endpoint", callsWrite, wire.LeaveConference{}, nil, changes, nil},
		{base + "end", "endConference", "End a conference for everybody", callsRule, wire.LeaveConference{}, nil, changes, nil},
		{"GET /rtc-api/conferences", "listConferences", "List the conferences that have not ended", callsRead, nil, []wire.ConferenceEntry{}, nil, nil},
		{"GET /rtc-api/conferences/{id}", "getConference", "Read a conference's state", callsRead, nil, wire.Conference{}, []int{400, 404, 410}, nil},
		{"GET /rtc-api/conferences/{id}/simpleView", "getConferenceView", "Read a conference's state, the contract's path", callsRead, nil, wire.Conference{}, []int{400, 404, 410}, nil},
		{"GET /rtc-api/conferences/{id}/summary", "getConferenceSummary", "Read a conference's mode and version", callsRead, nil, wire.Summary{}, []int{400, 404, 410}, nil},
		{base + "publishStream", "publishStream", "Publish a stream with an SDP offer", callsWrite, wire.PublishStream{}, wire.PublishedStream{}, changes, nil},
		{base + "addPublishStreamIceCandidates", "addPublishStreamIceCandidates", "Add the publisher's ICE candidates", callsWrite, wire.ICECandidates{}, nil, changes, nil},
		{base + "unpublishStream", "unpublishStream", "Take a stream back", callsWrite, wire.StreamRef{}, nil, changes, nil},
		{base + "viewStream", "viewStream", "Receive a stream with an SDP offer", callsWrite, wire.ViewStream{}, wire.ViewedStream{}, append(changes[:3:3], 504), nil},
		{base + "answerViewStream", "answerViewStream", "Answer a viewer of one's own stream, where media flows between the participants", callsWrite, wire.AnswerViewStream{}, nil, changes, nil},
		{base + "addViewStreamIceCandidates", "addViewStreamIceCandidates", "Add a viewer's ICE candidates", callsWrite, wire.ICECandidates{}, nil, changes, nil},
		{base + "stopViewStream", "stopViewStream", "Receive a stream no longer", callsWrite, wire.StreamRef{}, nil, changes, nil},
		{base + "updateMetadata", "updateMetadata", "Set or remove a key of a conference's metadata", callsWrite, wire.UpdateMetadata{}, nil, changes, nil},
		{base + "sendMessage", "sendMessage", "Write a line of the chat", callsWrite, wire.SendMessage{}, wire.ChatMessage{}, changes, nil},
		{"GET /rtc-api/conferences/{id}/messages", "listMessages", "Read the chat from its beginning, as a participant", callsRead, nil, wire.ChatMessages{}, []int{400, 404, 410}, []with{
			query("after", int64(0), "The seq of the last message that is known"), query("limit", int64(0), "At most so many; 200 at the most")}},
		{"GET /rtc-api/conferences/{id}/transcript", "getTranscript", "Read what was said and sent, also after the end", callsRule, nil, wire.Transcript{}, []int{400, 404}, []with{
			query("format", "", "json or text; without it what Accept asks for, or text"), inText}},
		{base + "updateStreamMetadata", "updateStreamMetadata", "Replace a stream's metadata", callsWrite, wire.UpdateStreamMetadata{}, nil, changes, nil},
	}}
}

// inText answers plain text as well as JSON.
func inText(o *openapi.Operation) {
	o.Answers[0].Content = append(o.Answers[0].Content, openapi.Content{Type: "text/plain", Of: ""})
}

func calls() group {
	const base = "POST /rtc-api/calls/"
	changes := []int{404, 409, 410}
	return group{"Calls", "One-to-one calls by ringing; media flows between the two.", "call", []line{
		{base + "call", "startCall", "Call a user, who rings on every endpoint", callsRule, wire.StartCall{}, wire.StartedCall{}, changes, nil},
		{base + "ringing", "ringCall", "Tell the caller that it rings here", callsWrite, wire.CallRef{}, nil, changes, nil},
		{base + "answer", "answerCall", "Answer a call; the first endpoint wins", callsWrite, wire.AnswerCall{}, nil, changes, nil},
		{base + "reject", "rejectCall", "Reject a call", callsWrite, wire.CallRef{}, nil, changes, nil},
		{base + "cancel", "cancelCall", "Cancel one's own call before the answer", callsWrite, wire.CallRef{}, nil, changes, nil},
		{base + "hangup", "hangUpCall", "End a call at any time", callsWrite, wire.CallRef{}, nil, changes, nil},
		{base + "addIceCandidates", "addCallIceCandidates", "Send ICE candidates to the other side", callsWrite, wire.CallCandidates{}, nil, changes, nil},
	}}
}

func interactions() group {
	const base = "/rtc-api/interactions"
	return group{"Interactions", "The business case that calls, files and snapshots belong to.", "interaction", []line{
		{"POST " + base, "createInteraction", "Make an interaction", callsRule, wire.CreateInteraction{}, wire.Interaction{}, []int{409}, nil},
		{"GET " + base + "/{id}", "getInteraction", "Read an interaction", callsRule, nil, wire.Interaction{}, []int{404}, nil},
		{"PUT " + base + "/{id}", "updateInteraction", "Replace an interaction's type and data", callsRule, wire.UpdateInteraction{}, nil, []int{404, 409}, nil},
	}}
}
