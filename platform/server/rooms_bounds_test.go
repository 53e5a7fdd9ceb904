package server

import (
	"slices"
	"testing"
	"time"

	"guichet/platform/wire"
)

// names of an organization's rooms, sorted.
func (m manager) names() (found []string) {
	m.t.Helper()
	for _, v := range list[wire.VideoRoom](m.caller, "/api/video/rooms?page_size=1000").Data {
		found = append(found, v.Name)
	}
	slices.Sort(found)
	return found
}

// passes joins and leaves a room, with which its session ends.
func (r *running) passes(room string) (session string) {
	r.t.Helper()
	g := r.guest(fields(room, "end_room_session_on_leave", true))
	endpoint, session := g.enter(room)
	g.do("leave", wire.LeaveConference{ConferenceID: room, UserEndpointID: endpoint})
	return session
}

// TestRoomsAreBounded: an organization has so many rooms. Of those that joins made,
// the one that nobody used for longest goes when another is needed; nothing else
// does.
func TestRoomsAreBounded(t *testing.T) {
	var clock shift
	r := serve(t, func(c *Config) { c.Rooms = 3; clock.into(c) })
	m := manager{r.project()}
	is := func(what string, want ...string) {
		t.Helper()
		if got := m.names(); !slices.Equal(got, want) {
			t.Errorf("%s: rooms %v, want %v", what, got, want)
		}
	}
	for _, name := range []string{"a", "b", "c"} {
		m.post("/api/video/rooms", map[string]any{"name": name}).into(&wire.VideoRoom{})
	}
	const message = "Name is one too many (maximum is 3 rooms)"
	m.post("/api/video/rooms", map[string]any{"name": "d"}).wrong("one more", "name", message)
	m.post("/api/video/rooms", map[string]any{"name": "c"}).wrong("one that is there", "name", "Name has already been taken")
	g := r.guest(fields("drawn"))
	e := g.endpoint()
	g.post("/rtc-api/conferences/join", wire.JoinConference{ConferenceID: "drawn", UserEndpointID: e}).refused("a join that makes one more", 409, wire.CodeConflict)
	g.get("/rtc-api/conferences/drawn").refused("its session", 404, wire.CodeNotFound)
	is("full", "a", "b", "c")

	for _, name := range []string{"b", "c"} {
		m.send("DELETE", "/api/video/rooms/"+name, "", nil)
	}
	session := r.passes("one")
	clock.set(time.Minute)
	r.passes("two")
	clock.set(2 * time.Minute)
	r.passes("one") // so that two is the one of before
	clock.set(3 * time.Minute)
	r.passes("three")
	is("two makes room", "a", "one", "three")
	m.put("one", map[string]any{"description": "kept"}).into(&wire.VideoRoom{})
	held := r.guest(fields("four"))
	held.enter("four")
	is("three makes room, which is younger than one", "a", "four", "one")
	m.post("/api/video/rooms", map[string]any{"name": "d"}).wrong("somebody is in four", "name", message)
	g.post("/rtc-api/conferences/join", wire.JoinConference{ConferenceID: "drawn", UserEndpointID: e}).refused("somebody is in four", 409, wire.CodeConflict)
	if len(held.state("four").Participants) != 1 {
		t.Error("a room went with somebody in it")
	}
	var s wire.VideoSession
	m.get("/api/video/room_sessions/" + session).into(&s)
	if s.Name != "one" || s.RoomID == nil || s.Status != wire.SessionCompleted {
		t.Errorf("a session of a room that is there: %+v", s)
	}
	var gone wire.VideoList[wire.VideoSession]
	m.get("/api/video/room_sessions?room_name=two").into(&gone)
	if len(gone.Data) != 1 || gone.Data[0].RoomID != nil || gone.Data[0].Status != wire.SessionCompleted {
		t.Errorf("sessions of a room that is gone: %+v", gone.Data)
	}
}

// TestAutomaticRoomsAreTidiedUp: a room that a join made goes a day after its last
// session; what somebody made or changed stays, and so does what goes on.
func TestAutomaticRoomsAreTidiedUp(t *testing.T) {
	var clock shift
	r := serve(t, clock.into)
	m := manager{r.project()}
	m.post("/api/video/rooms", map[string]any{"name": "made"}).into(&wire.VideoRoom{})
	r.passes("made")
	r.passes("changed")
	m.put("changed", map[string]any{"meta": map[string]any{}}).into(&wire.VideoRoom{})
	r.passes("idle")
	r.passes("again")
	busy := r.guest(fields("busy"))
	busy.enter("busy")
	for _, tc := range []struct {
		after time.Duration
		first func()
		want  []string
	}{
		{23 * time.Hour, func() { r.passes("again") }, []string{"again", "busy", "changed", "idle", "made"}},
		{25 * time.Hour, nil, []string{"again", "busy", "changed", "made"}},
		{46 * time.Hour, nil, []string{"again", "busy", "changed", "made"}},
		{48 * time.Hour, nil, []string{"busy", "changed", "made"}},
		{1000 * time.Hour, nil, []string{"busy", "changed", "made"}},
	} {
		clock.set(tc.after)
		m = manager{r.project()}
		if tc.first != nil {
			tc.first()
		}
		r.server.rooms.Tidy(t.Context())
		if got := m.names(); !slices.Equal(got, tc.want) {
			t.Errorf("after %v: %v, want %v", tc.after, got, tc.want)
		}
	}
	// Who comes by its name makes it anew.
	r.guest(fields("idle")).enter("idle")
	if l := list[wire.VideoSession](m.caller, "/api/video/room_sessions?room_name=idle").Data; len(l) != 2 || l[0].RoomID == nil || l[1].RoomID != nil {
		t.Errorf("sessions %+v", l)
	}
}

// TestOneRoomTokenTooMany: the refusal has the contract's shape, and what is
// withdrawn ends the holder's part without making room for another.
func TestOneRoomTokenTooMany(t *testing.T) {
	r := serve(t, func(c *Config) { c.RoomTokens = 1 })
	m := manager{r.project()}
	g := r.guest(fields("lobby"))
	const message = "Room name has one token too many: the organization's others must expire, or be withdrawn, first"
	m.post("/api/video/room_tokens", fields("lobby")).wrong("one more", "room_name", message)
	m.post("/api/video/room_tokens", fields("a b")).wrong("a bad one", "room_name", "Room name is invalid (allowed characters: A-Za-z0-9_-)")
	g.enter("lobby")
	admin, _ := r.desktop("admin1", r.Users["admin1"])
	admin.setting("DELETE", "room-tokens/"+claimsOf(t, g.token)["jti"].(string), nil)
	g.get("/rtc-api/conferences/lobby").refused("withdrawn", 401, wire.CodeUnauthorized)
	m.post("/api/video/room_tokens", fields("lobby")).wrong("one more after a withdrawal", "room_name", message)
}
