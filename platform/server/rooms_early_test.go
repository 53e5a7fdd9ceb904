package server

import (
	"encoding/json"
	"testing"
	"time"

	"guichet/platform/wire"
)

// TestTooEarlyIsToldTheTime: whoever comes before the time of token or room is
// told the later of the two and the server's clock, and finds nothing made of the
// try; in time the same request succeeds.
func TestTooEarlyIsToldTheTime(t *testing.T) {
	var clock shift
	r := serve(t, clock.into)
	project := r.project()
	soon, later := time.Now().Add(time.Hour).UTC().Truncate(time.Second), time.Now().Add(2*time.Hour).UTC().Truncate(time.Second)
	at := func(v time.Time) string { return v.Format(time.RFC3339) }
	for _, name := range []string{"opens-later", "opens-latest"} {
		project.post("/api/video/rooms", map[string]any{"name": name, "join_from": at(later)}).into(&wire.VideoRoom{})
	}
	project.post("/api/video/rooms", map[string]any{"name": "opens-soon", "join_from": at(soon)}).into(&wire.VideoRoom{})
	r.guest(fields("goes-on")).enter("goes-on")
	for name, tc := range map[string]struct {
		room string
		more []any
		want time.Time
	}{
		"by the token, a new room":          {"new", []any{"join_from", at(soon)}, soon},
		"by the token, no room yet":         {"absent", []any{"join_from", at(soon), "auto_create_room", false}, soon},
		"by the room":                       {"opens-later", nil, later},
		"by both, the room's is later":      {"opens-latest", []any{"join_from", at(soon)}, later},
		"by both, the token's is later":     {"opens-soon", []any{"join_from", at(later)}, later},
		"by the token, a session that goes": {"goes-on", []any{"join_from", at(soon)}, soon},
	} {
		t.Run(name, func(t *testing.T) {
			r := &running{r.Ready, t, r.server}
			clock.set(0)
			g := r.guest(fields(tc.room, tc.more...))
			request := wire.JoinConference{ConferenceID: tc.room, UserEndpointID: g.endpoint()}
			a := g.post("/rtc-api/conferences/join", request)
			a.refused("too early", 403, wire.CodeForbidden)
			var e wire.Error
			if err := json.Unmarshal(a.body, &e); err != nil || e.Reason != wire.ReasonEarly || e.NotBefore == nil || e.Now == nil {
				t.Fatalf("%s: %v", a.body, err)
			}
			if !e.NotBefore.Equal(tc.want) || time.Since(e.Now.Time).Abs() > patience {
				t.Errorf("not before %v, now %v; want %v", e.NotBefore, e.Now, tc.want)
			}
			if tc.room != "goes-on" {
				if l := list[wire.VideoSession](r.project(), "/api/video/room_sessions?room_name="+tc.room); len(l.Data) != 0 {
					t.Errorf("sessions %+v", l.Data)
				}
				if made := sessions(t, r, tc.room); made != 0 {
					t.Errorf("%d sessions were made", made)
				}
			}
			if tc.room == "absent" {
				return
			}
			clock.set(time.Until(tc.want) + time.Second)
			g = r.guest(fields(tc.room, tc.more...))
			g.enter(tc.room)
			// Whoever comes by another reason than the time is told none.
			late := r.guest(fields(tc.room, "permissions", []string{"room.lock"}))
			e2, session := late.enter(tc.room)
			late.do("lock", wire.RoomAction{ConferenceID: session, UserEndpointID: e2})
			other := r.guest(fields(tc.room))
			a = other.post("/rtc-api/conferences/join", wire.JoinConference{ConferenceID: tc.room, UserEndpointID: other.endpoint()})
			if err := json.Unmarshal(a.body, &e); err != nil || a.status != 403 {
				t.Fatalf("a locked room: %d %s", a.status, a.body)
			}
			e = wire.Error{}
			if _ = json.Unmarshal(a.body, &e); e.Reason != wire.ReasonLocked || e.NotBefore != nil || e.Now != nil {
				t.Errorf("a locked room: %s", a.body)
			}
		})
	}
}

// sessions counts those of rooms of a name, also those nobody came into yet.
func sessions(t *testing.T, r *running, room string) (n int) {
	t.Helper()
	_, err := r.server.rooms.Current(t.Context(), "default", room)
	if err == nil {
		n++
	}
	return n
}
