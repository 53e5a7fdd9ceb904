package server

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"guichet/platform/wire"
)

// shift is a clock that can be set.
type shift struct{ by atomic.Int64 }

func (s *shift) set(by time.Duration) { s.by.Store(int64(by)) }

func (s *shift) into(c *Config) {
	c.Now = func() time.Time { return time.Now().Add(time.Duration(s.by.Load())) }
}

// member is the seat of an endpoint as everybody sees it.
func (c caller) member(conference, endpoint string) (m wire.Member) {
	c.t.Helper()
	text := c.state(conference).Metadata[wire.MemberKey(endpoint)]
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		c.t.Fatalf("seat of %s: %v in %q", endpoint, err, text)
	}
	return m
}

func (c caller) room(conference string) (v wire.Room) {
	c.t.Helper()
	text := c.state(conference).Metadata[wire.MetadataRoom]
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		c.t.Fatalf("room: %v in %q", err, text)
	}
	return v
}

// TestSettingsOfARoomCount: what a stored room says bounds who joins.
func TestSettingsOfARoomCount(t *testing.T) {
	r := serve(t, nil)
	project := r.project()
	project.post("/api/video/rooms", map[string]any{"name": "small", "max_members": 1, "layout": "5x5", "display_name": "Small", "remove_after_seconds_elapsed": 50}).into(&wire.VideoRoom{})
	a, b := r.guest(fields("small", "room_display_name", "Mine", "remove_after_seconds_elapsed", 9000)), r.guest(fields("small"))
	e, _ := a.enter("small")
	if v := a.room("small"); v.DisplayName != "Small" || v.Layout != "5x5" || v.MaxMembers != 1 {
		t.Errorf("room %+v", v)
	}
	if m := a.member("small", e); m.RemoveAt == nil || time.Until(m.RemoveAt.Time) > time.Minute {
		t.Errorf("removed at %v", m.RemoveAt)
	}
	b.post("/rtc-api/conferences/join", wire.JoinConference{ConferenceID: "small", UserEndpointID: b.endpoint()}).refused("a full room", 409, wire.CodeConflict)
	project.post("/api/video/rooms", map[string]any{"name": "later", "join_from": "2190-01-01"}).into(&wire.VideoRoom{})
	c := r.guest(fields("later"))
	c.post("/rtc-api/conferences/join", wire.JoinConference{ConferenceID: "later", UserEndpointID: c.endpoint()}).refused("a room that is not open", 403, wire.CodeForbidden)
}

// TestSharedTokenHasNamesEach: people who share a token without a name are
// different people.
func TestSharedTokenHasNamesEach(t *testing.T) {
	r := serve(t, nil)
	g := r.guest(fields("shared"))
	one, _ := g.enter("shared")
	two, _ := g.enter("shared")
	if a, b := g.member("shared", one).Name, g.member("shared", two).Name; a == b || len(a) != 12 {
		t.Errorf("names %q and %q", a, b)
	}
}

// claimsOf reads a token without checking it.
func claimsOf(t *testing.T, token string) (c map[string]any) {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil || json.Unmarshal(text, &c) != nil {
		t.Fatalf("token %s", token)
	}
	return c
}

// TestRoomTokenOverMQTT signs in with it in both forms, and its holder hears the
// room.
func TestRoomTokenOverMQTT(t *testing.T) {
	r := serve(t, nil)
	g := r.guest(fields("heard"))
	user := claimsOf(t, g.token)["sub"].(string)
	for _, webSocket := range []bool{false, true} {
		d := g.device(user, webSocket)
		g.do("join", wire.JoinConference{ConferenceID: "heard", UserEndpointID: d.endpointID})
		select {
		case e := <-d.events:
			if e.Type != wire.EventJoined {
				t.Errorf("heard %s", e.Type)
			}
		case <-time.After(patience):
			t.Fatal("nothing is heard")
		}
	}
	if _, err := r.connect("tcp://"+r.MQTT, g.token+"x"); err == nil {
		t.Error("a broken token signs in")
	}
}

// TestHolderStaysAfterJoinUntil: the time for joining is over, who is in stays,
// and nobody else comes by the token.
func TestHolderStaysAfterJoinUntil(t *testing.T) {
	var clock shift
	r := serve(t, clock.into)
	g := r.guest(fields("stay", "join_until", time.Now().Add(time.Hour).UTC().Format(time.RFC3339)))
	endpoint, session := g.enter("stay")
	c := g.listen("tcp://"+r.MQTT, endpoint)
	<-c.events
	beat := func() int {
		return g.post("/rtc-api/users/endpoints/keepalive", wire.KeepAlive{UserEndpointID: endpoint}).status
	}
	for _, by := range []time.Duration{59 * time.Minute, 61 * time.Minute, 62 * time.Minute} {
		clock.set(by)
		if got := beat(); got != 204 {
			t.Fatalf("after %v: beat %d", by, got)
		}
	}
	if s := g.state("stay"); s.ID != session {
		t.Errorf("state %+v", s)
	}
	again, err := r.connect("tcp://"+r.MQTT, g.token)
	if err != nil {
		t.Errorf("connect again: %v", err)
	} else {
		again.Disconnect(0)
	}
	g.post("/rtc-api/users/endpoints", wire.RegisterEndpoint{}).refused("another endpoint", 401, wire.CodeUnauthorized)
	g.do("leave", wire.LeaveConference{ConferenceID: "stay", UserEndpointID: endpoint})
	g.post("/rtc-api/conferences/join", wire.JoinConference{ConferenceID: "stay", UserEndpointID: endpoint}).refused("once it left", 401, wire.CodeUnauthorized)
	g.get("/rtc-api/conferences/stay").refused("once it left", 401, wire.CodeUnauthorized)
	if _, err := r.connect("tcp://"+r.MQTT, g.token); err == nil {
		t.Error("signs in after it left")
	}
}

// TestRevokedRoomTokenCutsItsHolder ends endpoint, membership and connection.
func TestRevokedRoomTokenCutsItsHolder(t *testing.T) {
	r := serve(t, nil)
	g := r.guest(fields("cut"))
	endpoint, session := g.enter("cut")
	c := g.listen("tcp://"+r.MQTT, endpoint)
	if status := r.form("/security/oauth/revoke", url.Values{"token": {g.token}, "client_id": {"project_id"}, "client_secret": {"token"}}); status != 200 {
		t.Fatalf("revoke: %d", status)
	}
	wait(t, "connection", c.lost)
	g.get("/rtc-api/conferences/cut").refused("afterwards", 401, wire.CodeUnauthorized)
	agent := r.application("test", "secret")
	until(t, "gone", func() string {
		if len(agent.state(session).Participants) == 0 {
			return "gone"
		}
		return ""
	})
}
