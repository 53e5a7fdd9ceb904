package api

import (
	"guichet/platform/openapi"
	"guichet/platform/wire"
)

// sendFileForm is a file and where it goes. The file comes best after the other
// fields: what they forbid is refused before it is read.
type sendFileForm struct {
	ConferenceID   string         `json:"conferenceId"`
	UserEndpointID string         `json:"userEndpointId"`     // the sender's own
	TargetID       string         `json:"targetId,omitempty"` // a user in the conference; empty: everybody
	InteractionID  string         `json:"interactionId,omitempty"`
	ApplicationID  string         `json:"applicationId,omitempty"`
	File           openapi.Binary `json:"file"`
}

// uploadSnapshotForm is a picture and the request that it answers: without its
// id the newest approved one between the two endpoints.
type uploadSnapshotForm struct {
	UserEndpointID       string         `json:"userEndpointId"` // the uploader's own
	RelatedSnapshotID    string         `json:"relatedSnapshotId,omitempty"`
	SnapshotID           string         `json:"snapshotId,omitempty"` // the older name of relatedSnapshotId
	TargetUserID         string         `json:"targetUserId,omitempty"`
	TargetUserEndpointID string         `json:"targetUserEndpointId,omitempty"`
	SnapshotType         string         `json:"snapshotType,omitempty"`
	SnapshotSuffix       string         `json:"snapshotSuffix,omitempty"`
	SnapshotMIMEType     string         `json:"snapshotMimeType,omitempty"`
	InteractionID        string         `json:"interactionId,omitempty"`
	ApplicationID        string         `json:"applicationId,omitempty"`
	Image                openapi.Binary `json:"image"`
}

func files() group {
	const base = "/rtc-api/filetransfers"
	return group{"Files", "What the people of a conference send each other.", "file", []line{
		{"GET " + base, "listFileTransfers", "List the files of a conference or an interaction", callsRead, nil, []wire.FileTransfer{}, []int{400, 404, 410}, []with{
			query("conferenceId", "", "Whose files; this or interactionId is needed"), query("interactionId", "", "Whose files"),
			query("all", false, "Those meant for others too")}},
		{"POST " + base, "sendFile", "Send a file to everybody or to one user in a conference", callsWrite, nil, wire.FileTransfer{}, []int{400, 404, 409, 410, 413, 415, 507}, []with{
			query("targetType", "", "user, or nothing"), header(wire.HeaderTransactionID, "The client's own id of the upload: a retry makes no second file"),
			body("multipart/form-data", sendFileForm{})}},
		{"POST " + base + "/{id}/signedUrl", "signFileTransfer", "Make an address that serves the file until it expires", callsRead, nil, wire.SignedURL{}, []int{404, 410}, nil},
		{"GET /files/{id}", "openFile", "Read the file of a signed address", anyone, nil, nil, []int{404, 410, 403}, []with{
			query("expires", "", "Of the signed address"), query("signature", "", "Of the signed address"), open, failing(plain, 403, 404, 410, 500),
			also(304, "Not modified", "", nil), also(206, "The range that was asked for", "*/*", nil), also(416, "There is no such range", "text/plain", nil),
			instead(200, "The file, for saving", "*/*", nil, openapi.Header{Name: "Content-Disposition", Description: "attachment, with the file's name"})}},
	}}
}

func snapshots() group {
	const base = "/rtc-api/snapshots"
	upload := []with{body("multipart/form-data", uploadSnapshotForm{})}
	uploadFails := []int{400, 404, 409, 410, 413, 415, 507}
	return group{"Snapshots", "Pictures that staff asks a participant's camera for.", "snapshot", []line{
		{"GET " + base, "listSnapshots", "List the snapshots of a conference or an interaction", callsRule, nil, []wire.Snapshot{}, []int{400, 404, 410}, []with{
			query("conferenceId", "", "Whose snapshots; this or interactionId is needed"), query("interactionId", "", "Whose snapshots")}},
		{"POST " + base + "/request", "requestSnapshot", "Ask a participant for a picture", callsRule, wire.RequestSnapshot{}, wire.Snapshot{}, []int{404, 409, 410}, nil},
		{"POST " + base + "/{id}/approve", "approveSnapshot", "Say yes to a picture", callsWrite, wire.AnswerSnapshot{}, nil, []int{404, 409, 410}, nil},
		{"POST " + base + "/{id}/decline", "declineSnapshot", "Say no to a picture", callsWrite, wire.AnswerSnapshot{}, nil, []int{404, 409, 410}, nil},
		{"POST " + base + "/upload", "uploadSnapshot", "Upload an approved picture", callsWrite, nil, nil, uploadFails, upload},
		{"POST " + base + "/snapshotAcquire", "acquireSnapshot", "Upload an approved picture, the older path", callsWrite, nil, nil, uploadFails, upload},
		{"POST " + base + "/{id}/signedUrl", "signSnapshot", "Make an address that serves the picture until it expires", callsRule, nil, wire.SignedURL{}, []int{404, 410}, nil},
		{"POST " + base + "/cameraRequest", "requestCamera", "Ask a participant's camera to do something", callsRule, wire.RequestCamera{}, wire.CameraRequest{}, []int{404, 409, 410}, nil},
		{"POST " + base + "/cameraRequestRespond", "answerCameraRequest", "Tell what became of a camera request", callsWrite, wire.AnswerCamera{}, nil, []int{404, 409, 410}, nil},
	}}
}

func tickets() group {
	const base = "/security/ticket"
	return group{"Tickets", "Short links that become tokens: how customers come in.", "ticket", []line{
		{"POST " + base, "createTicket", "Make a ticket", ticketsMake, wire.CreateTicket{}, wire.Ticket{}, nil, nil},
		{"GET " + base, "listTickets", "List the newest tickets", ticketsRead, nil, []wire.Ticket{}, []int{400}, []with{
			query("before", wire.Time{}, "Made before this time"), query("limit", int64(0), "At most so many")}},
		{"GET " + base + "/{id}", "getTicket", "Read a ticket", ticketsRead, nil, wire.Ticket{}, []int{404}, nil},
		{"DELETE " + base + "/{id}", "revokeTicket", "Withdraw a ticket", ticketsMake, nil, nil, []int{404}, nil},
		{"POST /security/genesys/room", "createRoomLinks", "Make a conference and a ticket to it, and answer with both links", ticketsMake, wire.CreateRoomLinks{}, wire.RoomLinks{}, []int{409}, nil},
		{"GET /t/{id}", "openTicket", "Open a ticket's page, or with Accept: application/json read what the page may know", anyone, nil, wire.Invitation{}, nil, []with{orPage(403, 404, 410, 429, 500)}},
	}}
}

// orPage is for an address that answers a browser with a page, whatever the
// status, and programs with JSON.
func orPage(statuses ...int) with {
	return func(o *openapi.Operation) {
		open(o)
		failing(plain)(o)
		for _, status := range statuses {
			also(status, meaning(codeOf(status)), "application/json", wire.Error{})(o)
		}
		for i := range o.Answers {
			o.Answers[i].Content = append(o.Answers[i].Content, openapi.Content{Type: "text/html"})
		}
	}
}

func whipAndWHEP() group {
	var lines []line
	for _, p := range []protocol{whip, whep} {
		base, name, does := "/"+string(p)+"/{conference}", "WHIP", "Publish"
		if p == whep {
			name, does = "WHEP", "View"
		}
		opened := []with{body("application/sdp", ""), instead(201, "The SDP answer", "application/sdp", "",
			openapi.Header{Name: "Location", Description: "The session"}, openapi.Header{Name: "ETag", Description: "Of the session"},
			openapi.Header{Name: "Accept-Patch", Description: trickleType}, openapi.Header{Name: "Link", Description: "ICE servers"})}
		if p == whep {
			opened = append(opened, query("stream", "", "Which; without it the first that fits"))
		}
		lines = append(lines,
			line{"POST " + base, "open" + name, does + " with an SDP offer", callsWrite, nil, nil, []int{400, 404, 409, 410, 413, 415}, opened},
			line{"PATCH " + base + "/{session}", "patch" + name, "Add ICE candidates (RFC 8840)", callsWrite, nil, nil, []int{400, 404, 410, 412, 413, 415}, []with{
				header("If-Match", "The session's entity tag"), body(trickleType, "")}},
			line{"DELETE " + base + "/{session}", "close" + name, "Hang up", callsWrite, nil, nil, []int{404}, []with{instead(200, "Ended", "", nil)}},
			line{"OPTIONS " + base, "probe" + name, "Tell what is taken", anyone, nil, nil, nil, []with{open, failing(plain)}},
		)
	}
	return group{"WHIP and WHEP", "Publish (RFC 9725) and view with tools that speak plain HTTP. The session is an endpoint in the conference.", "session", lines}
}
