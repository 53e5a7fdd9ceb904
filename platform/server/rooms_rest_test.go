package server

import (
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"guichet/platform/oauth"
	"guichet/platform/wire"

	"github.com/google/go-cmp/cmp"
	"github.com/pion/webrtc/v4"
)

// rooms is who manages the rooms of an organization.
type manager struct{ caller }

func (m manager) put(room string, fields map[string]any) answer {
	m.t.Helper()
	body, err := json.Marshal(fields)
	if err != nil {
		m.t.Fatal(err)
	}
	return m.send("PUT", "/api/video/rooms/"+room, "application/json", body)
}

// wrong checks the attribute of a 422.
func (a answer) wrong(what, attribute, message string) {
	a.t.Helper()
	var e wire.ValidationErrors
	if err := json.Unmarshal(a.body, &e); err != nil || a.status != 422 || len(e.Errors) != 1 || e.Errors[0] != wire.NewValidationError(attribute, message) {
		a.t.Errorf("%s: %d %s", what, a.status, a.body)
	}
}

func list[T any](c caller, path string) wire.VideoList[T] {
	c.t.Helper()
	var l wire.VideoList[T]
	c.get(path).into(&l)
	return l
}

func TestRoomsOfAnOrganization(t *testing.T) {
	r := serve(t, nil)
	m := manager{r.project()}
	var made wire.VideoRoom
	a := m.post("/api/video/rooms", map[string]any{"name": "my_room", "display_name": "My room", "description": "D", "max_members": 300, "quality": "1080p",
		"join_from": "2022-01-01T23:59:60Z", "join_until": "2022-01-01", "remove_at": "2030-01-01", "remove_after_seconds_elapsed": 200000, "layout": "3x3",
		"record_on_start": true, "enable_room_previews": true, "sync_audio_video": true, "meta": map[string]any{"a": 1}, "fps": 7})
	if a.into(&made); a.status != http.StatusCreated || made.ID == "" {
		t.Errorf("%d %s", a.status, a.body)
	}
	at := func(s string) *wire.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		w := wire.NewTime(v)
		return &w
	}
	after := int64(200000)
	want := wire.VideoRoom{ID: made.ID, VideoSettings: wire.VideoSettings{Name: "my_room", DisplayName: "My room", Description: "D", MaxMembers: 300, Quality: wire.Quality1080,
		FPS: 20, JoinFrom: at("2022-01-01T23:59:59Z"), JoinUntil: at("2022-01-01T00:00:00Z"), RemoveAt: at("2030-01-01T00:00:00Z"), RemoveAfterSecondsElapsed: &after,
		Layout: "3x3", RecordOnStart: true, EnableRoomPreviews: true, SyncAudioVideo: true, Meta: json.RawMessage(`{"a":1}`)}, CreatedAt: made.CreatedAt, UpdatedAt: made.UpdatedAt}
	if d := cmp.Diff(want, made); d != "" {
		t.Errorf("made (-want +got):\n%s", d)
	}
	for _, name := range []string{made.ID, "my_room"} {
		var got wire.VideoRoom
		m.get("/api/video/rooms/" + name).into(&got)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}

	// What is not named stays, null ends a bound.
	var changed wire.VideoRoom
	m.put("my_room", map[string]any{"max_members": 2, "join_from": nil, "join_until": nil, "remove_after_seconds_elapsed": nil, "display_name": nil, "name": "other"}).into(&changed)
	want.Name, want.DisplayName, want.MaxMembers, want.JoinFrom, want.JoinUntil, want.RemoveAfterSecondsElapsed = "other", "other", 2, nil, nil, nil
	if want.UpdatedAt = changed.UpdatedAt; !changed.UpdatedAt.After(made.UpdatedAt.Time) {
		t.Errorf("updated at %v", changed.UpdatedAt)
	}
	if d := cmp.Diff(want, changed); d != "" {
		t.Errorf("changed (-want +got):\n%s", d)
	}
	if a := m.get("/api/video/rooms/my_room"); a.status != 404 || string(a.body) != `{"error":"Not Found"}` {
		t.Errorf("by the old name: %d %s", a.status, a.body)
	}

	m.post("/api/video/rooms", map[string]any{"name": "my_room"}).into(&made)
	m.post("/api/video/rooms", map[string]any{"name": "my_room"}).wrong("a name twice", "name", "Name has already been taken")
	m.put("my_room", map[string]any{"name": "other"}).wrong("another's name", "name", "Name has already been taken")
	long := strings.Repeat("x", 3001)
	for _, tc := range []struct {
		field   string
		value   any
		message string
	}{
		{"name", "", "Name must be present"},
		{"name", "a b", "Name is invalid (allowed characters: A-Za-z0-9_-)"},
		{"name", long[:101], "Name is too long (maximum is 100 characters)"},
		{"display_name", long[:201], "Display name is too long (maximum is 200 characters)"},
		{"description", long, "Description is too long (maximum is 3000 characters)"},
		{"max_members", 0, "Max members must be greater than 0"},
		{"max_members", 301, "Max members must be less than or equal to 300"},
		{"max_members", "5", "Max members must be an integer"},
		{"quality", "480p", "Quality is not included in the list"},
		{"layout", "7x7", "Layout is not included in the list"},
		{"join_from", "soon", "Join from must be an RFC 3339 datetime, such as 2022-01-01T23:59:00Z, or a date, such as 2022-01-01"},
		{"remove_after_seconds_elapsed", 200001, "Remove after seconds elapsed must be less than or equal to 200000"},
		{"record_on_start", "yes", "Record on start must be true or false"},
		{"enable_room_previews", 1, "Enable room previews must be true or false"},
		{"sync_audio_video", []int{}, "Sync audio video must be true or false"},
		{"meta", []int{}, "Meta must be an object"},
		{"meta", map[string]string{"a": long[:2000]}, "Meta is too long (maximum is 2000 characters)"},
	} {
		body := map[string]any{"name": "fresh", tc.field: tc.value}
		m.post("/api/video/rooms", body).wrong("create "+tc.field, tc.field, tc.message)
		m.put("my_room", map[string]any{tc.field: tc.value}).wrong("update "+tc.field, tc.field, tc.message)
	}
	m.post("/api/video/rooms", map[string]any{"name": "fresh", "join_from": "2030-01-02", "join_until": "2030-01-01"}).wrong("until before from", "join_until", "Join until must not be before join_from")
	m.put("my_room", map[string]any{"join_from": "2030-01-02"}).into(&made)
	m.put("my_room", map[string]any{"join_until": "2030-01-01"}).wrong("until before the from of before", "join_until", "Join until must not be before join_from")

	for _, name := range []string{"my_room", want.ID} {
		if a := m.send("DELETE", "/api/video/rooms/"+name, "", nil); a.status != 204 || len(a.body) != 0 {
			t.Errorf("delete %s: %d %s", name, a.status, a.body)
		}
		if a := m.send("DELETE", "/api/video/rooms/"+name, "", nil); a.status != 404 {
			t.Errorf("delete %s again: %d", name, a.status)
		}
	}
}

// TestRoomKeepsItsNameWhileSomebodyIsIn: its tokens know it by that.
func TestRoomKeepsItsNameWhileSomebodyIsIn(t *testing.T) {
	r := serve(t, nil)
	m := manager{r.project()}
	g := r.guest(fields("old"))
	e, session := g.enter("old")
	m.put("old", map[string]any{"name": "new"}).wrong("another name", "name", "Name cannot be changed while a session is in progress")
	m.put("old", map[string]any{"name": "old", "description": "D"}).into(&wire.VideoRoom{})
	g.do("leave", wire.LeaveConference{ConferenceID: "old", UserEndpointID: e})
	r.application("test", "secret").do("end", wire.LeaveConference{ConferenceID: session})
	m.put("old", map[string]any{"name": "new"}).into(&wire.VideoRoom{})
	g.get("/rtc-api/conferences/old").refused("by the name of before", 404, wire.CodeNotFound)
	r.guest(fields("new", "auto_create_room", false)).enter("new")
}

// TestStrangersToRooms: of whatever there is none, or what is another's, every
// answer is 404 in the contract's shape, and what takes another method says so.
func TestStrangersToRooms(t *testing.T) {
	r := serve(t, nil)
	m := r.project()
	for _, tc := range []struct {
		method, path string
		status       int
		body         string
	}{
		{"GET", "/rooms/none", 404, `{"error":"Not Found"}`},
		{"PUT", "/rooms/none", 404, `{"error":"Not Found"}`},
		{"DELETE", "/rooms/none", 404, `{"error":"Not Found"}`},
		{"GET", "/rooms/none/streams", 404, `{"error":"Not Found"}`},
		{"GET", "/rooms/", 404, `{"error":"Not Found"}`},
		{"GET", "/rooms/a%2Fb", 404, `{"error":"Not Found"}`},
		{"GET", "/rooms/%00", 404, `{"error":"Not Found"}`},
		{"GET", "/rooms/" + strings.Repeat("x", 5000), 404, `{"error":"Not Found"}`},
		{"GET", "/room_sessions/none", 404, `{"error":"Not Found"}`},
		{"GET", "/room_recordings/none", 404, `{"error":"Not Found"}`},
		{"DELETE", "/room_recordings/none", 404, `{"error":"Not Found"}`},
		{"GET", "/room_recordings/none/events", 404, `{"error":"Not Found"}`},
		{"GET", "/streams/none", 404, `{"error":"Not Found"}`},
		{"PUT", "/streams/none", 404, `{"error":"Not Found"}`},
		{"DELETE", "/streams/none", 404, `{"error":"Not Found"}`},
		{"GET", "/conferences/none", 404, `{"error":"Not Found"}`},
		{"GET", "/conferences/none/conference_tokens", 404, `{"error":"Not Found"}`},
		{"POST", "/conference_tokens/none/reset", 404, `{"error":"Not Found"}`},
		{"GET", "/logs/none", 404, `{"error":"Not Found"}`},
		{"PATCH", "/rooms/none", 405, `{"error":"Method Not Allowed"}`},
		{"DELETE", "/room_sessions/none", 405, `{"error":"Method Not Allowed"}`},
		{"GET", "/room_tokens", 405, `{"error":"Method Not Allowed"}`},
		{"POST", "/rooms", 400, `{"error":"Bad Request"}`}, // an empty body
	} {
		body := []byte(nil)
		if tc.method == "PUT" {
			body = []byte(`{"description":"D"}`)
		}
		if a := m.send(tc.method, "/api/video"+tc.path, "application/json", body); a.status != tc.status || string(a.body) != tc.body || a.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %.80s: %d %s %s", tc.method, tc.path, a.status, a.header.Get("Content-Type"), a.body)
		}
	}
}

// TestPagesOfRooms walks forth and back, while rooms come and go.
func TestPagesOfRooms(t *testing.T) {
	var clock shift
	r := serve(t, clock.into)
	m := r.project()
	var all []string
	for i := range 7 {
		var v wire.VideoRoom
		m.post("/api/video/rooms", map[string]any{"name": fmt.Sprint("r", i)}).into(&v)
		all = append(all, v.Name)
		clock.set(time.Duration(i+1) * time.Second) // for an order by time that the test knows
	}
	slices.Reverse(all)
	names := func(l wire.VideoList[wire.VideoRoom]) (names []string) {
		for _, v := range l.Data {
			names = append(names, v.Name)
		}
		return names
	}
	page := list[wire.VideoRoom](m, "/api/video/rooms?page_size=3")
	if page.Links.Self != "/api/video/rooms?page_size=3" || page.Links.First != page.Links.Self || page.Links.Prev != "" || page.Links.Next == "" {
		t.Errorf("links %+v", page.Links)
	}
	var forth []string
	var pages []wire.VideoList[wire.VideoRoom]
	for {
		forth, pages = append(forth, names(page)...), append(pages, page)
		if page.Links.Next == "" {
			break
		}
		page = list[wire.VideoRoom](m, page.Links.Next)
		if page.Links.Prev == "" {
			t.Errorf("no way back from %+v", page.Links)
		}
	}
	if !slices.Equal(forth, all) || len(pages) != 3 {
		t.Errorf("forth %v", forth)
	}
	// Something new at the top does not move what is behind.
	m.post("/api/video/rooms", map[string]any{"name": "new"}).into(&wire.VideoRoom{})
	back := list[wire.VideoRoom](m, pages[2].Links.Prev)
	if !slices.Equal(names(back), all[3:6]) || back.Links.Next == "" {
		t.Errorf("back %v %+v", names(back), back.Links)
	}
	back = list[wire.VideoRoom](m, back.Links.Prev)
	if !slices.Equal(names(back), all[:3]) || back.Links.Prev == "" {
		t.Errorf("back %v %+v", names(back), back.Links)
	}
	if top := list[wire.VideoRoom](m, back.Links.Prev); !slices.Equal(names(top), []string{"new"}) || top.Links.Prev != "" {
		t.Errorf("top %v %+v", names(top), top.Links)
	}
	for _, query := range []string{"page_size=0", "page_size=-1", "page_size=1001", "page_size=x", "page_token=x", "page_token=YTEgMQ%3D%3D", "page_token=YTFfMQ", "include_active_session=maybe"} {
		if a := m.get("/api/video/rooms?" + query); a.status != 400 || string(a.body) != `{"error":"Bad Request"}` {
			t.Errorf("%s: %d %s", query, a.status, a.body)
		}
	}
	if a := m.get("/api/video/room_sessions?status=over"); a.status != 400 {
		t.Errorf("status: %d %s", a.status, a.body)
	}
}

// TestSessionsOfARoom follows two sessions with their members and events, over a
// restart of the server.
func TestSessionsOfARoom(t *testing.T) {
	data := t.TempDir()
	var clock shift
	listen := "127.0.0.1:0"
	c := func(c *Config) { c.Data, c.Listen = data, listen; clock.into(c) }
	var first, second, anna, again, held string
	t.Run("before", func(t *testing.T) {
		r := serve(t, c)
		listen = strings.TrimPrefix(r.URL, "http://") // the issuer of tokens
		m := r.project()
		g, h := r.guest(fields("desk", "user_name", "Anna")), r.guest(fields("desk", "user_name", "Ben", "end_room_session_on_leave", true))
		anna, first = g.enter("desk")
		ben, _ := h.enter("desk")
		v := list[wire.VideoRoom](m, "/api/video/rooms?include_active_session=true").Data[0]
		if v.Name != "desk" || v.ActiveSession == nil || v.ActiveSession.ID != first || *v.ActiveSession.RoomID != v.ID {
			t.Errorf("room %+v", v)
		}
		g.do("leave", wire.LeaveConference{ConferenceID: "desk", UserEndpointID: anna})
		clock.set(time.Minute)
		h.do("leave", wire.LeaveConference{ConferenceID: "desk", UserEndpointID: ben})
		g.get("/rtc-api/conferences/desk").refused("ended", 404, wire.CodeNotFound)
		again, second = g.enter("desk")
		held = g.token
		if second == first {
			t.Error("the session goes on")
		}
		h.get("/rtc-api/conferences/"+first).refused("of before", 403, wire.CodeForbidden)
	})
	t.Run("after", func(t *testing.T) {
		r := serve(t, c)
		m := r.project()
		var s wire.VideoSession
		m.get("/api/video/room_sessions/" + first).into(&s)
		if s.Status != wire.SessionCompleted || s.EndTime == nil || s.Duration < 59 || s.Duration > 90 || s.CostInDollars != 0 || s.Name != "desk" {
			t.Errorf("session %+v", s)
		}
		for query, want := range map[string][]string{"": {second, first}, "room_name=desk": {second, first}, "room_name=other": nil, "status=completed": {first},
			"status=in-progress": {second}, "room_id=" + *s.RoomID: {second, first}, "room_id=x": nil, "status=completed&room_name=desk&page_size=1": {first}} {
			var got []string
			for _, v := range list[wire.VideoSession](m, "/api/video/room_sessions?"+query).Data {
				got = append(got, v.ID)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%q: %v, want %v", query, got, want)
			}
		}
		members := list[wire.VideoMember](m, "/api/video/room_sessions/"+first+"/members")
		if len(members.Data) != 2 || members.Data[0].Name != "Ben" || members.Data[1].Name != "Anna" || members.Data[1].ID != anna || members.Data[1].RoomSessionID != first ||
			members.Data[1].LeaveTime == nil || members.Data[0].Duration < 59 {
			t.Errorf("members %+v", members.Data)
		}
		if page := list[wire.VideoMember](m, "/api/video/room_sessions/"+first+"/members?page_size=1"); len(page.Data) != 1 || page.Links.Next == "" ||
			list[wire.VideoMember](m, page.Links.Next).Data[0].Name != "Anna" {
			t.Errorf("a page of members: %+v", page)
		}
		var names []string
		for _, e := range list[wire.VideoEvent](m, "/api/video/room_sessions/"+first+"/events").Data {
			names = append(names, e.Name)
			if e.ID == "" || e.ProjectID != "project_id" || e.RoomSessionID != first || e.Level != "info" || *e.RoomID != *s.RoomID {
				t.Errorf("event %+v", e)
			}
		}
		slices.Reverse(names)
		want := []string{"room.started", "member.joined", "room.updated", "member.updated", "member.joined", "member.updated", "member.left", "room.ended"}
		if !slices.Equal(names, want) {
			t.Errorf("events %v\nwant   %v", names, want)
		}
		for _, path := range []string{"/members", "/events", "/recordings", ""} {
			if a := m.get("/api/video/room_sessions/nobody" + path); a.status != 404 {
				t.Errorf("%s: %d", path, a.status)
			}
		}
		// Who is in the second session is so still, and once nobody is it ends by
		// itself, after a while.
		g := caller{r, held}
		if len(g.state("desk").Participants) != 1 {
			t.Error("nobody is in after the restart")
		}
		g.do("leave", wire.LeaveConference{ConferenceID: "desk", UserEndpointID: again})
		r.server.rooms.EndEmpty(t.Context(), r.server.endEmpty)
		m.get("/api/video/room_sessions/" + second).into(&s)
		if s.Status != wire.SessionInProgress {
			t.Errorf("ended at once: %+v", s)
		}
		clock.set(time.Duration(clock.by.Load()) + 6*time.Minute)
		r.server.rooms.EndEmpty(t.Context(), r.server.endEmpty)
		m.get("/api/video/room_sessions/" + second).into(&s)
		if s.Status != wire.SessionCompleted {
			t.Errorf("goes on: %+v", s)
		}
		if _, third := g.enter("desk"); third == second || third == first {
			t.Error("joined a session that ended")
		}
		r.server.rooms.EndEmpty(t.Context(), r.server.endEmpty)
		if len(g.state("desk").Participants) != 1 {
			t.Error("a session with somebody in it ended")
		}
	})
}

// foreign makes another organization, whose database this is in, and its
// application with the scope video.
func (r *running) foreign(data string) caller {
	t := r.t
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(data, "guichet.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("INSERT INTO organizations (id, name) VALUES ('elsewhere', 'Elsewhere')"); err != nil {
		t.Fatal(err)
	}
	secret, err := r.server.oauth.AddApplication(t.Context(), oauth.Console(), oauth.Application{ID: "foreign", Organization: "elsewhere",
		Roles: []string{oauth.RoleService}, Grants: []string{"client_credentials"}})
	if err != nil {
		t.Fatal(err)
	}
	return r.application("foreign", secret)
}

// TestOrganizationsDoNotMeetInRooms: the same name is another room.
func TestOrganizationsDoNotMeetInRooms(t *testing.T) {
	data := t.TempDir()
	r := serve(t, func(c *Config) { c.Data = data })
	other := r.foreign(data)
	ours, theirs := r.guest(fields("lobby")), r.guestOf(other, fields("lobby"))
	_, here := ours.enter("lobby")
	_, there := theirs.enter("lobby")
	if here == there || len(ours.state("lobby").Participants) != 1 || len(theirs.state("lobby").Participants) != 1 {
		t.Fatal("they met")
	}
	theirs.get("/rtc-api/conferences/"+here).refused("the session of others", 403, wire.CodeForbidden)
	mine := list[wire.VideoRoom](r.project(), "/api/video/rooms").Data
	if len(mine) != 1 {
		t.Fatalf("rooms %+v", mine)
	}
	for _, path := range []string{"/rooms/" + mine[0].ID, "/room_sessions/" + here, "/room_sessions/" + here + "/members", "/room_sessions/" + here + "/events"} {
		if a := other.get("/api/video" + path); a.status != 404 {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	if a := other.send("DELETE", "/api/video/rooms/"+mine[0].ID, "", nil); a.status != 404 {
		t.Errorf("delete: %d", a.status)
	}
	if l := list[wire.VideoSession](other, "/api/video/room_sessions?room_name=lobby").Data; len(l) != 1 || l[0].ID != there {
		t.Errorf("sessions of others: %+v", l)
	}
}

// TestNamesForIDs gives the room's name in every call that takes a conference.
func TestNamesForIDs(t *testing.T) {
	r := serve(t, nil)
	g := r.guest(fields("named", "permissions", wire.Permissions()))
	h := r.guest(fields("named"))
	me, session := g.enter("named")
	them, _ := h.enter("named")
	var m wire.ChatMessage
	g.post("/rtc-api/conferences/sendMessage", wire.SendMessage{ConferenceID: "named", UserEndpointID: me, MessageID: "m1", Text: "hello"}).into(&m)
	for _, id := range []string{"named", session} {
		for _, path := range []string{"", "/simpleView", "/summary", "/messages", "/layouts"} {
			if a := g.get("/rtc-api/conferences/" + id + path); a.status != 200 {
				t.Errorf("%s%s: %d %s", id, path, a.status, a.body)
			}
		}
		if a := h.get("/rtc-api/filetransfers?conferenceId=" + id); a.status != 200 {
			t.Errorf("files of %s: %d %s", id, a.status, a.body)
		}
		if a := g.post("/rtc-api/conferences/muteAudio", wire.MemberAction{ConferenceID: id, UserEndpointID: me, TargetUserEndpointID: them}); a.status != 204 {
			t.Errorf("mute in %s: %d %s", id, a.status, a.body)
		}
		if a := g.form(transfers, "", field{wire.FormConferenceID, id, ""}, field{wire.FormUserEndpointID, me, ""}, field{wire.FormFile, "text of " + id, id + ".txt"}); a.status != 200 {
			t.Errorf("file to %s: %d %s", id, a.status, a.body)
		}
	}
	film(t, g, "named", still(t, "red"))
	until(t, "published", func() string {
		for _, p := range g.state("named").Participants {
			for _, e := range p.Endpoints {
				if len(e.Streams) > 0 {
					return "published"
				}
			}
		}
		return ""
	})
	viewer := newPeer(t, h)
	watch(t, viewer)
	if a := viewer.negotiate("/whep/named"); a.status != http.StatusCreated || !strings.HasPrefix(a.header.Get("Location"), "/whep/"+session+"/") {
		t.Errorf("WHEP: %d %s", a.status, a.body)
	}
	listener := r.guest(fields("named", "join_as", "audience"))
	sender := newPeer(t, listener)
	watch(t, sender)
	if a := sender.negotiate("/whip/named"); a.status != http.StatusForbidden {
		t.Errorf("the audience publishes by WHIP: %d %s", a.status, a.body)
	}
	g.do("leave", wire.LeaveConference{ConferenceID: "named", UserEndpointID: me})
}

func watch(t *testing.T, p *peer) {
	t.Helper()
	if _, err := p.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
		t.Fatal(err)
	}
}

// TestHostileParametersOfLists: whatever is asked, nothing breaks.
func TestHostileParametersOfLists(t *testing.T) {
	r := serve(t, nil)
	m := r.project()
	_, session := r.guest(fields("fuzz")).enter("fuzz")
	for _, query := range []string{"page_token=" + pageToken("a1 1"), "page_token=" + pageToken("b1 1"), "page_token=" + pageToken("a-9223372036854775808 0"), "page_token=" + pageToken("b9223372036854775807 x"),
		"page_token=" + pageToken("a1 "), "page_token=" + pageToken("c1 1"), "page_token=" + pageToken("a01 1"), "page_token=" + strings.Repeat("Y", 4000), "page_size=999999999999999999999",
		"room_id=%00&status=completed", "room_name='%20OR%201=1--", "room_name=" + strings.Repeat("x", 10000), "a=b;c=d", "%zz=1", "page_size=1&page_size=2", "status=%ff"} {
		for _, path := range []string{"/rooms", "/room_sessions", "/room_sessions/" + session + "/members", "/room_sessions/" + session + "/events", "/room_recordings"} {
			if a := m.get("/api/video" + path + "?" + query); a.status != 200 && a.status != 400 || !json.Valid(a.body) {
				t.Errorf("%s?%.80s: %d %s", path, query, a.status, a.body)
			}
		}
	}
}

func pageToken(place string) string { return base64.RawURLEncoding.EncodeToString([]byte(place)) }
