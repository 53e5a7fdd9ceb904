package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"guichet/platform/wire"

	"github.com/google/go-cmp/cmp"
)

// tokenRow is a field of a room token with one of its values, and what holds for
// the holder.
type tokenRow struct {
	field   string
	value   any                // nil: not given
	beside  []any              // other fields
	refused int                // joining, with this status
	member  func(*wire.Member) // how the seat differs from a plain one
	room    func(*wire.Room)   // how the room does
	holds   func(*held)        // what else is so
}

// held is a token in use: its holder sits in a room that it made.
type held struct {
	*seated
	room  string
	clock *shift
}

// host brings somebody in whom nothing binds, and returns what it hears of itself.
func (x *held) host() (*seated, *hearing) {
	x.t.Helper()
	h := x.sit(x.room)
	h.sends("clock")
	return h, h.views("clock", "clock")
}

// hears wants these kinds of media to come to the holder.
func (x *held) hears(audio, video bool) {
	x.t.Helper()
	_, free := x.host()
	x.views("clock", "mine").measure(x.t, "at the holder", free, audio, video)
}

// isHeard wants these kinds to come of what the holder sends, and both once it has
// made calls to itself.
func (x *held) isHeard(audio, video bool, calls ...string) {
	x.t.Helper()
	host, free := x.host()
	x.sends("mine")
	got := host.views("mine", "mine")
	got.measure(x.t, "of the holder", free, audio, video)
	for _, name := range calls {
		if a := x.act(name, nil); a.status != http.StatusNoContent {
			x.t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	if len(calls) > 0 {
		got.measure(x.t, "of the holder afterwards", free, true, true)
	}
}

// publishes tries another stream than those that there are.
func (x *held) publishes(kind wire.StreamType, status int) {
	x.t.Helper()
	id := wire.StreamID("s-" + kind)
	if a := x.post(conferencesPath+"publishStream", wire.PublishStream{ConferenceID: x.room, UserEndpointID: x.endpoint, StreamID: id, ConferenceStreamType: kind,
		SDPOffer: offer(x.t)}); a.status != status {
		x.t.Errorf("publish %s: %d %s, want %d", kind, a.status, a.body, status)
	}
}

// isOut waits until the holder is in no more.
func (x *held) isOut() {
	x.t.Helper()
	host := x.sit(x.room)
	until(x.t, "gone", func() string {
		if _, in := host.state(x.session).Metadata[wire.MemberKey(x.endpoint)]; in {
			return "in"
		}
		return "gone"
	})
	x.comesBack(http.StatusForbidden)
}

// comesBack tries to join with another device.
func (x *held) comesBack(status int) {
	x.t.Helper()
	a := x.post("/rtc-api/users/endpoints", wire.RegisterEndpoint{})
	if a.status == http.StatusOK {
		var id string
		a.into(&id)
		a = x.post(conferencesPath+"join", wire.JoinConference{ConferenceID: x.room, UserEndpointID: id})
	}
	if a.status != status {
		x.t.Errorf("comes back: %d %s, want %d", a.status, a.body, status)
	}
}

// tokenRows are all fields with their values.
func tokenRows(now time.Time) []tokenRow {
	at := func(d time.Duration) string { return now.Add(d).Format(time.RFC3339) }
	told := func(d time.Duration) *wire.Time { v := wire.NewTime(now.Add(d).Truncate(time.Second)); return &v }
	rows := []tokenRow{
		{field: "room_name", value: "AZ-az_09", holds: func(x *held) {
			x.post(conferencesPath+"join", wire.JoinConference{ConferenceID: "AZ-az_0", UserEndpointID: x.endpoint}).refused("another room", 403, wire.CodeForbidden)
		}},

		{field: "user_name", holds: func(x *held) {
			if name := x.seat().Name; len(name) != 12 {
				x.t.Errorf("drawn %q", name)
			}
		}},
		{field: "user_name", value: "Zoë", member: func(m *wire.Member) { m.Name = "Zoë" }},

		{field: "permissions", holds: func(x *held) { // the 11 that concern oneself
			if n := len(x.seat().Permissions); n != 11 {
				x.t.Errorf("%d permissions", n)
			}
			x.publishes(wire.StreamCam, 200)
			x.publishes(wire.StreamScreen, 200)
			x.publishes(wire.StreamMic, 200)
		}},
		{field: "permissions", value: []string{}, member: func(m *wire.Member) { m.Permissions = []wire.Permission{} }, holds: func(x *held) {
			x.publishes(wire.StreamCam, 200)
			x.publishes(wire.StreamScreen, 403)
			x.publishes(wire.StreamMic, 403)
		}},
		{field: "permissions", value: []string{"room.stream.start", "room.lock", "room.lock"}, member: func(m *wire.Member) {
			m.Permissions = []wire.Permission{wire.RoomStream, wire.RoomLock}
		}},
		{field: "permissions", value: []string{"room.lock"}, beside: []any{"join_as", "audience"}, member: func(m *wire.Member) {
			m.Role, m.Permissions = wire.JoinAsAudience, []wire.Permission{}
		}},

		{field: "join_from", holds: func(x *held) { x.comesBack(200) }},
		{field: "join_from", value: at(-time.Hour)},
		{field: "join_from", value: at(time.Hour), refused: http.StatusForbidden, holds: func(x *held) {
			x.clock.set(time.Hour + time.Second)
			x.comesBack(200)
		}},
		{field: "join_until", holds: func(x *held) { // a day
			x.clock.set(23 * time.Hour)
			x.comesBack(200)
			x.clock.set(25 * time.Hour)
			x.comesBack(401)
		}},
		{field: "join_until", value: at(time.Hour), holds: func(x *held) {
			x.clock.set(50 * time.Minute)
			x.comesBack(200)
			x.clock.set(time.Hour + time.Minute)
			x.comesBack(401)
		}},
		{field: "join_until", value: at(-time.Hour), refused: http.StatusUnauthorized},
		{field: "remove_at", value: at(10 * time.Minute), member: func(m *wire.Member) { m.RemoveAt = told(10 * time.Minute) }, holds: func(x *held) {
			x.clock.set(10 * time.Minute)
			x.isOut()
		}},
		{field: "remove_at", value: at(-time.Hour), refused: http.StatusForbidden},
		{field: "remove_at"},
		{field: "remove_after_seconds_elapsed"},
		{field: "remove_after_seconds_elapsed", value: 3, member: func(m *wire.Member) { m.RemoveAt = &wire.Time{} }, holds: (*held).isOut},
		{field: "remove_after_seconds_elapsed", value: 200000, member: func(m *wire.Member) { m.RemoveAt = &wire.Time{} }, holds: func(x *held) {
			if left := time.Until(x.seat().RemoveAt.Time); left < 199000*time.Second || left > 200000*time.Second {
				x.t.Errorf("removed in %v", left)
			}
		}},

		{field: "join_audio_muted", holds: func(x *held) { x.isHeard(true, true) }},
		{field: "join_audio_muted", value: true, member: func(m *wire.Member) { m.AudioMuted = true }, holds: func(x *held) { x.isHeard(false, true, "unmuteAudio") }},
		{field: "join_video_muted", holds: func(x *held) { x.isHeard(true, true) }},
		{field: "join_video_muted", value: true, member: func(m *wire.Member) { m.VideoMuted = true }, holds: func(x *held) { x.isHeard(true, false, "unmuteVideo") }},
		{field: "join_video_muted", value: true, beside: []any{"join_audio_muted", true}, member: func(m *wire.Member) { m.AudioMuted, m.VideoMuted = true, true },
			holds: func(x *held) { x.isHeard(false, false, "unmuteVideo", "unmuteAudio") }},
		{field: "join_video_muted", value: true, member: func(m *wire.Member) { m.VideoMuted = true }, holds: func(x *held) { x.hears(true, true) }},

		{field: "join_as", holds: func(x *held) { x.publishes(wire.StreamCam, 200) }},
		{field: "join_as", value: "member", holds: func(x *held) { x.isHeard(true, true) }},
		{field: "join_as", value: "audience", member: func(m *wire.Member) { m.Role, m.Permissions = wire.JoinAsAudience, []wire.Permission{} }, holds: func(x *held) {
			x.publishes(wire.StreamCam, 403)
			x.hears(true, true)
		}},

		{field: "media_allowed", holds: func(x *held) { x.hears(true, true) }},
		{field: "media_allowed", value: "all", holds: func(x *held) { x.hears(true, true) }},
		{field: "media_allowed", value: "audio-only", member: func(m *wire.Member) { m.MediaAllowed = wire.MediaAudioOnly }, holds: func(x *held) { x.hears(true, false) }},
		{field: "media_allowed", value: "video-only", member: func(m *wire.Member) { m.MediaAllowed = wire.MediaVideoOnly }, holds: func(x *held) { x.hears(false, true) }},
		{field: "media_allowed", value: "audio-only", beside: []any{"join_as", "audience"}, member: func(m *wire.Member) {
			m.Role, m.Permissions, m.MediaAllowed = wire.JoinAsAudience, []wire.Permission{}, wire.MediaAudioOnly
		}, holds: func(x *held) { x.hears(true, false) }},
		{field: "media_allowed", value: "video-only", member: func(m *wire.Member) { m.MediaAllowed = wire.MediaVideoOnly }, holds: func(x *held) { x.isHeard(true, true) }}, // of what it sends it says nothing

		{field: "auto_create_room"},
		{field: "auto_create_room", value: true},
		{field: "auto_create_room", value: false, refused: http.StatusNotFound, holds: func(x *held) {
			x.sit(x.room)
			x.comesBack(200)
		}},
		{field: "end_room_session_on_leave", holds: func(x *held) { x.leaves(200) }},
		{field: "end_room_session_on_leave", value: false, holds: func(x *held) { x.leaves(200) }},
		{field: "end_room_session_on_leave", value: true, holds: func(x *held) { x.leaves(404) }},

		{field: "enable_room_previews", holds: func(x *held) { x.shows(http.StatusNotFound) }},
		{field: "enable_room_previews", value: false, holds: func(x *held) { x.shows(http.StatusNotFound) }},
		{field: "enable_room_previews", value: true, room: func(v *wire.Room) { v.Previews = true }, holds: func(x *held) { x.shows(http.StatusOK) }},
		{field: "room_display_name"},
		{field: "room_display_name", value: "The Room", room: func(v *wire.Room) { v.DisplayName = "The Room" }, holds: func(x *held) {
			x.sit(x.room, "room_display_name", "Another") // the room is there already
			if name := x.caller.room(x.room).DisplayName; name != "The Room" {
				x.t.Errorf("the room is called %q", name)
			}
		}},
		{field: "room_meta"},
		{field: "room_meta", value: map[string]any{"b": "c"}, room: func(v *wire.Room) { v.Meta = json.RawMessage(`{"b":"c"}`) }},
		{field: "meta"},
		{field: "meta", value: map[string]any{"a": 1}, member: func(m *wire.Member) { m.Meta = json.RawMessage(`{"a":1}`) }},
		{field: "sync_audio_video"},
		{field: "sync_audio_video", value: false},
		{field: "sync_audio_video", value: true, room: func(v *wire.Room) { v.SyncAudioVideo = true }},
	}
	for _, p := range wire.Permissions() { // what each lets its holder do is TestPermissions' in platform/conference
		rows = append(rows, tokenRow{field: "permissions", value: []wire.Permission{p}, member: func(m *wire.Member) { m.Permissions = []wire.Permission{p} }})
	}
	return rows
}

// seat is the holder's.
func (x *held) seat() wire.Member {
	x.t.Helper()
	return x.member(x.session, x.endpoint)
}

// leaves goes while somebody else stays, who is answered with this status then.
func (x *held) leaves(status int) {
	x.t.Helper()
	other := x.sit(x.room)
	x.do("leave", wire.LeaveConference{ConferenceID: x.room, UserEndpointID: x.endpoint})
	if a := other.get(conferencesPath + x.room); a.status != status {
		x.t.Errorf("afterwards: %d %s, want %d", a.status, a.body, status)
	}
}

// shows sends a picture, and looks at the room's preview.
func (x *held) shows(status int) {
	x.t.Helper()
	film(x.t, x.caller, x.room, still(x.t, "red"))
	if status != http.StatusOK {
		x.get("/previews/"+x.room).refused("preview", status, wire.CodeNotFound)
		return
	}
	until(x.t, "r", func() string { return shows(x.t, x.get("/previews/"+x.room)) })
}

// TestEveryFieldOfARoomToken joins with each field of a room token and each of its
// values. The seat and the room are as the field says and else as ever, packets
// arrive or do not, and a field that has no row here fails.
func TestEveryFieldOfARoomToken(t *testing.T) {
	var clock shift
	r := serve(t, clock.into)
	rows := tokenRows(time.Now().UTC())
	type field struct{ given, absent bool }
	known := map[string]field{}
	for i, row := range rows {
		f := known[row.field]
		known[row.field] = field{f.given || row.value != nil, f.absent || row.value == nil}
		t.Run(fmt.Sprintf("%s=%v", row.field, row.value), func(t *testing.T) {
			defer clock.set(0)
			row.run(&running{r.Ready, t, r.server}, fmt.Sprintf("room-%d", i), &clock)
		})
	}
	of := reflect.TypeFor[wire.CreateRoomToken]()
	for i := range of.NumField() {
		name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		if f := known[name]; !f.given || !f.absent && name != "room_name" {
			t.Errorf("%s: with a value %v, without %v", name, f.given, f.absent)
		}
		delete(known, name)
	}
	if len(known) > 0 {
		t.Errorf("rows of no field: %v", known)
	}
}

func (row tokenRow) run(r *running, room string, clock *shift) {
	t := r.t
	all := fields(room, row.beside...)
	if row.value != nil {
		all[row.field] = row.value
	}
	room = all["room_name"].(string)
	g := r.guest(all)
	if row.refused == http.StatusUnauthorized {
		g.post("/rtc-api/users/endpoints", wire.RegisterEndpoint{}).refused("register", 401, wire.CodeUnauthorized)
		return
	}
	endpoint := g.endpoint()
	a := g.post(conferencesPath+"join", wire.JoinConference{ConferenceID: room, UserEndpointID: endpoint, Metadata: json.RawMessage(`{"name":"Somebody else"}`)})
	x := &held{&seated{g, endpoint, ""}, room, clock}
	if row.refused != 0 {
		if a.status != row.refused {
			t.Errorf("join: %d %s", a.status, a.body)
		}
		if slices.ContainsFunc(list[wire.VideoRoom](r.project(), "/api/video/rooms?page_size=1000").Data, func(v wire.VideoRoom) bool { return v.Name == room }) {
			t.Error("who may not join made the room")
		}
	} else {
		var s wire.Summary
		a.into(&s)
		x.session = s.ID
		row.sits(x)
	}
	if row.holds != nil {
		row.holds(x)
	}
}

// sits holds seat, room and session against what the row says.
func (row tokenRow) sits(x *held) {
	t := x.t
	got := x.seat()
	want := wire.Member{ID: x.endpoint, Name: got.Name, Role: wire.JoinAsMember, Permissions: got.Permissions, MediaAllowed: wire.MediaAll,
		Sensitivity: wire.DefaultSensitivity, Meta: json.RawMessage(`{}`)}
	if got.Name == "" || got.Name == "Somebody else" {
		t.Errorf("called %q", got.Name)
	}
	if row.member == nil && row.field != "permissions" && len(got.Permissions) != 11 {
		t.Errorf("permissions %v", got.Permissions)
	}
	if row.member != nil {
		row.member(&want)
	}
	if want.RemoveAt != nil && want.RemoveAt.IsZero() && got.RemoveAt != nil {
		want.RemoveAt = got.RemoveAt // some time from now
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("seat (-want +got):\n%s", d)
	}
	wantRoom := wire.Room{Name: x.room, DisplayName: x.room, SessionID: x.session, Meta: json.RawMessage(`{}`), Layout: wire.DefaultLayout, MaxMembers: 300}
	if row.room != nil {
		row.room(&wantRoom)
	}
	if d := cmp.Diff(wantRoom, x.caller.room(x.room)); d != "" {
		t.Errorf("room (-want +got):\n%s", d)
	}
	var stored wire.VideoSession
	x.project().get("/api/video/room_sessions/" + x.session).into(&stored)
	if stored.Name != x.room || stored.DisplayName != wantRoom.DisplayName || stored.EnableRoomPreviews != wantRoom.Previews || stored.SyncAudioVideo != wantRoom.SyncAudioVideo ||
		string(stored.Meta) != string(wantRoom.Meta) || stored.Status != wire.SessionInProgress {
		t.Errorf("session %+v", stored)
	}
}
