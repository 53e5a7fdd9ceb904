package api

import (
	"guichet/platform/oauth"
	"guichet/platform/openapi"
	"guichet/platform/wire"
)

func rooms() group {
	video := need{scope: oauth.ScopeVideo}
	const rooms, sessions = videoBase + "/rooms", videoBase + "/room_sessions"
	fails := func(more ...int) with { return failing(ofVideo, append(more, 401, 403, 429, 500, 503)...) }
	write := fails(400, 413, 415)
	wrong := also(422, "Fields are wrong", "application/json", wire.ValidationErrors{})
	pages := func(o *openapi.Operation) {
		query("page_size", int64(0), "At most so many; 50 without it, 1000 at the most")(o)
		query("page_token", "", "Of a link of another page")(o)
	}
	active := query("include_active_session", true, "With the session that goes on")
	return group{"Rooms", "Rooms, their sessions and room tokens, in the words of SignalWire's Video REST API. A session is a conference, whose id it has.", "room", []line{
		{"POST " + videoBase + "/room_tokens", "createRoomToken", "Make a room token", video, openapi.Variant{Name: "CreateRoomToken", Of: wire.CreateRoomToken{}, Required: []string{"room_name"}}, wire.RoomToken{}, nil, []with{write, wrong}},
		{"GET " + rooms, "listRooms", "List rooms, the newest first", video, nil, wire.VideoList[wire.VideoRoom]{}, nil, []with{fails(400), pages, active}},
		{"POST " + rooms, "createRoom", "Make a room", video, openapi.Variant{Name: "CreateRoom", Of: wire.WriteRoom{}, Required: []string{"name"}}, wire.VideoRoom{}, nil, []with{write, created, wrong}},
		{"GET " + rooms + "/{id}", "getRoom", "Read a room, by its id or name", video, nil, wire.VideoRoom{}, nil, []with{fails(400, 404), active}},
		{"PUT " + rooms + "/{id}", "updateRoom", "Change a room, by its id or name; a session that goes on stays as it began", video, wire.WriteRoom{}, wire.VideoRoom{}, nil, []with{fails(400, 404, 409, 413, 415), wrong}},
		{"DELETE " + rooms + "/{id}", "deleteRoom", "Delete a room, by its id or name, and end its session", video, nil, nil, nil, []with{fails(404)}},
		{"GET " + rooms + "/{id}/streams", "listRoomStreams", "List a room's outgoing streams: there are none yet", video, nil, wire.VideoList[wire.VideoNone]{}, nil, []with{fails(400, 404), pages}},
		{"POST " + rooms + "/{id}/streams", "createRoomStream", "Start an outgoing stream: not available yet", video, nil, nil, nil, []with{fails(), instead(501, "Not available", "application/json", wire.VideoError{})}},
		{"GET " + sessions, "listRoomSessions", "List sessions of rooms, the newest first", video, nil, wire.VideoList[wire.VideoSession]{}, nil, []with{fails(400), pages,
			query("room_id", "", "Of this room"), query("room_name", "", "Of rooms of this name"), query("status", wire.SessionInProgress, "Those that go on, or that have ended")}},
		{"GET " + sessions + "/{id}", "getRoomSession", "Read a session", video, nil, wire.VideoSession{}, nil, []with{fails(404)}},
		{"GET " + sessions + "/{id}/members", "listRoomMembers", "List who was in a session, the last to join first", video, nil, wire.VideoList[wire.VideoMember]{}, nil, []with{fails(400, 404), pages}},
		{"GET " + sessions + "/{id}/events", "listRoomEvents", "List what happened in a session, the newest first", video, nil, wire.VideoList[wire.VideoEvent]{}, nil, []with{fails(400, 404), pages}},
		{"GET " + sessions + "/{id}/recordings", "listSessionRecordings", "List a session's recordings: there are none yet", video, nil, wire.VideoList[wire.VideoNone]{}, nil, []with{fails(400, 404), pages, query("media_ttl", int64(0), "How long the recordings' addresses shall be good, in seconds")}},
		{"GET " + previewPath + "{id}", "getPreview", "See a room whose previews are on: a still, or a loop in which the members take turns. The parameters are those of a session's preview_url, and stand for a token", callsRead, nil, nil, nil, []with{
			failing(plain, 400, 401, 403, 404, 410, 429, 500, 503), instead(200, "A picture", "image/webp", ""),
			query("organization", "", "Of the link"), query("expires", "", "Of the link"), query("signature", "", "Of the link")}},
		{"GET " + videoBase + "/room_recordings", "listRoomRecordings", "List recordings: there are none yet", video, nil, wire.VideoList[wire.VideoNone]{}, nil, []with{fails(400), pages}},
		{"GET " + videoBase + "/conferences", "listVideoConferences", "List conferences with a page of their own: there are none here", video, nil, wire.VideoList[wire.VideoNone]{}, nil, []with{fails(400), pages}},
		{"POST " + videoBase + "/conferences", "createVideoConference", "Make a conference with a page of its own: not available", video, nil, nil, nil, []with{fails(), instead(501, "Not available", "application/json", wire.VideoError{})}},
		{"GET " + videoBase + "/logs", "listVideoLogs", "List logs: there are none here", video, nil, wire.VideoList[wire.VideoNone]{}, nil, []with{fails(400), pages}},
	}}
}
