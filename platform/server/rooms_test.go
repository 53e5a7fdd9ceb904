package server

import (
	"sync"
	"testing"

	"guichet/platform/wire"
)

// project is the demo application with the scope video.
func (r *running) project() caller {
	r.t.Helper()
	return r.application("project_id", "token")
}

// guest is who holds a room token of these fields.
func (r *running) guest(fields map[string]any) caller {
	r.t.Helper()
	return r.guestOf(r.project(), fields)
}

func (r *running) guestOf(project caller, fields map[string]any) caller {
	r.t.Helper()
	var token wire.RoomToken
	project.post("/api/video/room_tokens", fields).into(&token)
	return caller{r, token.Token}
}

// fields are those of a token for a room, and more in pairs.
func fields(room string, more ...any) map[string]any {
	f := map[string]any{"room_name": room}
	for i := 0; i < len(more); i += 2 {
		f[more[i].(string)] = more[i+1]
	}
	return f
}

// enter joins the room by its name and returns endpoint and session.
func (c caller) enter(room string) (endpoint, session string) {
	c.t.Helper()
	endpoint = c.endpoint()
	var s wire.Summary
	c.post("/rtc-api/conferences/join", wire.JoinConference{ConferenceID: room, UserEndpointID: endpoint}).into(&s)
	return endpoint, s.ID
}

// TestTwoFirstJoinersMeet has many come into a new room at the same time.
func TestTwoFirstJoinersMeet(t *testing.T) {
	r := serve(t, nil)
	const n = 8
	guests := make([]caller, n)
	for i := range guests {
		guests[i] = r.guest(fields("lobby"))
	}
	sessions := make([]string, n)
	var all sync.WaitGroup
	for i, g := range guests {
		all.Add(1)
		go func() {
			defer all.Done()
			_, sessions[i] = g.enter("lobby")
		}()
	}
	all.Wait()
	for _, s := range sessions {
		if s == "" || s != sessions[0] || s == "lobby" {
			t.Fatalf("sessions %v", sessions)
		}
	}
	state := guests[0].state("lobby")
	if len(state.Participants) != n || state.ID != sessions[0] {
		t.Errorf("%d participants in %s", len(state.Participants), state.ID)
	}
	if again := guests[1].state(sessions[0]); again.ID != state.ID {
		t.Errorf("by id: %s", again.ID)
	}
}

func TestRoomThatIsNotMade(t *testing.T) {
	r := serve(t, nil)
	g := r.guest(fields("closed", "auto_create_room", false))
	e := g.endpoint()
	g.post("/rtc-api/conferences/join", wire.JoinConference{ConferenceID: "closed", UserEndpointID: e}).refused("a room that is not there", 404, wire.CodeNotFound)
	g.get("/rtc-api/conferences/closed").refused("state of a room that is not there", 404, wire.CodeNotFound)
	r.guest(fields("closed")).enter("closed")
	if _, session := g.enter("closed"); session == "" {
		t.Error("no session")
	}
}

// TestRoomTokenIsNoAccessToken tries everything that is not its own room.
func TestRoomTokenIsNoAccessToken(t *testing.T) {
	r := serve(t, nil)
	g, other := r.guest(fields("mine")), r.guest(fields("theirs"))
	e, _ := g.enter("mine")
	_, theirs := other.enter("theirs")
	agent := r.application("test", "secret")
	var free wire.Summary
	agent.do("create", wire.CreateConference{ConferenceID: "mine"}).into(&free) // a conference that happens to have the room's name
	for _, id := range []string{theirs, "theirs", "nobody"} {
		g.post("/rtc-api/conferences/join", wire.JoinConference{ConferenceID: id, UserEndpointID: e}).refused("join "+id, 403, wire.CodeForbidden)
		g.get("/rtc-api/conferences/"+id).refused("read "+id, 403, wire.CodeForbidden)
	}
	for _, path := range []string{"/security/ticket", "/rtc-api/reports/agents?from=2020-01-01", "/rtc-api/snapshots", "/security/applications"} {
		if a := g.get(path); a.status != 403 && a.status != 404 {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	for _, path := range []string{"/api/video/rooms", "/api/video/room_sessions"} {
		if a := g.get(path); a.status != 403 {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	if a := g.post("/api/video/room_tokens", fields("mine")); a.status != 403 {
		t.Errorf("a token by a token: %d", a.status)
	}
	g.post("/rtc-api/conferences/create", wire.CreateConference{}).refused("create", 403, wire.CodeForbidden)
	g.post("/rtc-api/conferences/end", wire.LeaveConference{ConferenceID: "mine"}).refused("end", 403, wire.CodeForbidden)
	g.post("/security/ticket", map[string]any{"type": "MultiUseTicket", "properties": map[string]string{"conference_id": "x"}}).refused("ticket", 403, wire.CodeForbidden)
	var list []wire.ConferenceEntry
	g.get("/rtc-api/conferences").into(&list)
	if len(list) != 1 || list[0].ID == "mine" || list[0].ID == theirs {
		t.Errorf("conferences of a holder: %+v", list)
	}
	if s := g.state("mine"); len(s.Participants) != 1 {
		t.Errorf("the room's name led to %+v", s)
	}
	// Nobody is in: the holder has no conference at all, not all of them.
	lone := r.guest(fields("empty"))
	lone.get("/rtc-api/conferences").into(&list)
	if len(list) != 0 {
		t.Errorf("conferences of who is in none: %+v", list)
	}
	lone.get("/rtc-api/conferences/"+theirs).refused("another session", 403, wire.CodeForbidden)
}
