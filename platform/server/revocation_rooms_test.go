package server

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"testing"
	"time"

	"guichet/platform/oauth"
	"guichet/platform/wire"

	"github.com/google/go-cmp/cmp"
)

var uuids = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)

// roomCauses are the ways in which a room token ends before its time: each brings
// the token's holder and what ends it.
func roomCauses() map[string]cause {
	// by is a token that a person of this name had made.
	by := func(r *running, admin caller, name string) (wire.User, caller) {
		u, password := admin.user(name, "agent")
		person, _ := r.desktop(name, password)
		return u, r.guestOf(person, fields("hall-"+name))
	}
	// of is a token that an application of its own had made.
	of := func(r *running, admin caller, name string) (wire.ApplicationSecret, caller) {
		var a wire.ApplicationSecret
		admin.post("/api/admin/applications", wire.Application{ID: name, Scopes: []string{oauth.ScopeVideo}}).into(&a)
		return a, r.guestOf(r.application(name, a.Secret), fields("hall-"+name))
	}
	idOf := func(c caller) string { return claimsOf(c.t, c.token)["jti"].(string) }
	return map[string]cause{
		"withdrawn by an administrator": func(r *running, admin caller, name string) (caller, func()) {
			g := r.guest(fields("hall-" + name))
			return g, func() { admin.setting("DELETE", "room-tokens/"+idOf(g), nil) }
		},
		"withdrawn in another process": func(r *running, _ caller, name string) (caller, func()) {
			g := r.guest(fields("hall-" + name))
			return g, func() {
				r.elsewhere(func(ctx context.Context, s *oauth.Service) error {
					return s.WithdrawRoomToken(ctx, oauth.Console(), idOf(g))
				})
			}
		},
		"revoked by its application": func(r *running, admin caller, name string) (caller, func()) {
			a, g := of(r, admin, name)
			return g, func() {
				if status := r.form("/security/oauth/revoke", url.Values{"token": {g.token}, "client_id": {name}, "client_secret": {a.Secret}}); status != 200 {
					r.t.Errorf("revoke: %d", status)
				}
			}
		},
		"the person removed": func(r *running, admin caller, name string) (caller, func()) {
			_, g := by(r, admin, name)
			return g, func() { admin.setting("DELETE", "users/"+name, nil) }
		},
		"the person disabled": func(r *running, admin caller, name string) (caller, func()) {
			u, g := by(r, admin, name)
			return g, func() { u.Disabled = true; admin.setting("PUT", "users/"+name, u) }
		},
		"the application removed": func(r *running, admin caller, name string) (caller, func()) {
			_, g := of(r, admin, name)
			return g, func() { admin.setting("DELETE", "applications/"+name, nil) }
		},
		"the application disabled": func(r *running, admin caller, name string) (caller, func()) {
			a, g := of(r, admin, name)
			return g, func() { a.Application.Disabled = true; admin.setting("PUT", "applications/"+name, a.Application) }
		},
	}
}

// enterAs brings the holder of a room token into its room by every means that a
// token gives, as join does for a conference.
func (r *running) enterAs(victim caller, room string) *call {
	r.t.Helper()
	watcher := r.application("client-ID", "client-secret")
	w := watcher.endpoint()
	c := &call{running: r, watcher: watcher, watched: watcher.listen("tcp://"+r.MQTT, w), victim: victim}
	for _, door := range []string{"tcp://" + r.MQTT, r.MQTTWS} {
		e := victim.endpoint()
		c.doors = append(c.doors, victim.listen(door, e))
		var s wire.Summary
		victim.do("join", wire.JoinConference{ConferenceID: room, UserEndpointID: e}).into(&s)
		c.id = s.ID
	}
	watcher.do("join", wire.JoinConference{ConferenceID: c.id, UserEndpointID: w})
	c.show(room)
	if len(c.endpoints) != 4 {
		r.t.Fatalf("the victim has the endpoints %v", c.endpoints)
	}
	return c
}

// TestEndedRoomTokenCutsItsHolder: whoever is in a room by a token that ends, in
// whatever way, is out of conference, media and news, and nobody else is.
func TestEndedRoomTokenCutsItsHolder(t *testing.T) {
	whole := serve(t, nil)
	n := 0
	for what, cause := range roomCauses() {
		n++
		t.Run(what, func(t *testing.T) {
			r := &running{whole.Ready, t, whole.server}
			admin, _ := r.desktop("admin1", r.Users["admin1"])
			name := fmt.Sprintf("carla%d", n)
			victim, end := cause(r, admin, name)
			c := r.enterAs(victim, "hall-"+name)
			since := time.Now()
			end()
			c.cut(since)
			victim.get("/rtc-api/conferences/hall-"+name).refused("the room", 401, wire.CodeUnauthorized)
		})
	}
}

// TestRoomTokensAreAudited: who had which token made to which room, and who changed
// which room, and never a token.
func TestRoomTokensAreAudited(t *testing.T) {
	r := serve(t, nil)
	admin, _ := r.desktop("admin1", r.Users["admin1"])
	m := manager{r.project()}
	g := r.guest(fields("stage"))
	endpoint, _ := g.enter("stage")
	g.do("leave", wire.LeaveConference{ConferenceID: "stage", UserEndpointID: endpoint})
	m.post("/api/video/rooms", map[string]any{"name": "made", "max_members": 5}).into(&wire.VideoRoom{})
	m.post("/api/video/rooms", map[string]any{"name": "a b"})
	m.put("made", map[string]any{"display_name": "Made", "meta": map[string]any{"a": 1}}).into(&wire.VideoRoom{})
	m.send("DELETE", "/api/video/rooms/made", "", nil)
	m.send("DELETE", "/api/video/rooms/made", "", nil)
	claims := claimsOf(t, g.token)
	told := map[string][]string{}
	for _, event := range []string{"room", "roomtoken"} {
		var list wire.List[wire.AuditEntry]
		admin.get("/api/admin/audit?event=" + event).into(&list)
		for _, e := range list.Items {
			if e.Address == "" || e.Refused {
				t.Errorf("%+v", e)
			}
			told[event] = append(told[event], e.Actor+" "+e.Client+" "+e.Subject+" "+e.TokenID+" "+uuids.ReplaceAllString(e.Detail, "ID"))
		}
	}
	sub := claims["sub"].(string)
	want := map[string][]string{
		"roomtoken": {"project_id project_id " + sub + " " + claims["jti"].(string) + " issued, room stage"},
		"room": {"project_id project_id made  removed, ID", "project_id project_id made  changed, ID: display_name meta", "project_id project_id made  added, ID: name max_members",
			sub + " project_id stage  added by a join, ID"},
	}
	if d := cmp.Diff(want, told); d != "" {
		t.Errorf("audit log (-want +got):\n%s", d)
	}
}

// TestRoomTokensOfOneselfAlone: what an administrator may not see or end.
func TestRoomTokensOfOneselfAlone(t *testing.T) {
	r := serve(t, nil)
	g := r.guest(fields("stage"))
	id := claimsOf(t, g.token)["jti"].(string)
	for name, who := range map[string]caller{"a holder": g, "an application": r.project(), "an agent": r.application("test", "secret")} {
		who.t = t
		if a := who.get("/api/admin/room-tokens"); a.status != 403 {
			t.Errorf("%s lists: %d", name, a.status)
		}
		if a := who.send("DELETE", "/api/admin/room-tokens/"+id, "", nil); a.status != 403 {
			t.Errorf("%s withdraws: %d", name, a.status)
		}
	}
	g.enter("stage")
}
