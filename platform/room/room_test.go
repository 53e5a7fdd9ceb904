package room

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"guichet/platform/wire"
)

var (
	now     = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	project = Project{Organization: "default", ID: "project_id"}
)

func request(t testing.TB, body string) wire.CreateRoomToken {
	t.Helper()
	var q wire.CreateRoomToken
	if err := json.Unmarshal([]byte(body), &q); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return q
}

// with is a request for room r with one more field.
func with(field, value string) string { return fmt.Sprintf(`{"room_name":"r",%q:%s}`, field, value) }

func str(s string) string { return `"` + s + `"` }

func at(t *testing.T, s string) *wire.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return &wire.Time{Time: v}
}

// plain are the claims of a request that has a room name only.
func plain() Claims {
	return Claims{Type: "video", Project: "project_id", ProjectID: "project_id", Organization: "default",
		Room:     Room{Name: "r", DisplayName: "r", Scopes: defaultPermissions(), Meta: json.RawMessage(`{}`)},
		UserName: "Anna", JoinAs: wire.JoinAsMember, MediaAllowed: wire.MediaAll, AudioAllowed: DirectionBoth, VideoAllowed: DirectionBoth,
		AutoCreateRoom: true, Meta: json.RawMessage(`{}`), IssuedAt: now.Unix(), Expires: now.Add(24 * time.Hour).Unix()}
}

func TestDefaults(t *testing.T) {
	for _, body := range []string{`{"room_name":"r","user_name":"Anna"}`, `{"room_name":"r","user_name":"Anna","permissions":null,"join_from":null,
		"join_until":null,"remove_at":null,"remove_after_seconds_elapsed":null,"join_audio_muted":null,"join_video_muted":null,
		"auto_create_room":null,"enable_room_previews":null,"room_display_name":null,"end_room_session_on_leave":null,"join_as":null,
		"media_allowed":null,"room_meta":null,"meta":null,"sync_audio_video":null,"colour":"blue"}`} {
		got, wrong := Issue(project, request(t, body), now)
		if wrong != nil {
			t.Fatal(wrong)
		}
		if d := cmp.Diff(plain(), got, cmpopts.IgnoreFields(Claims{}, "ID")); d != "" {
			t.Errorf("%s (-want +got):\n%s", body, d)
		}
	}
}

// TestAccepts changes one field at a time and says all that changes with it.
func TestAccepts(t *testing.T) {
	long := func(n int) string { return strings.Repeat("é", n) }
	meta := `{"a":"` + strings.Repeat("x", maxMeta-len(`{"a":""}`)) + `"}`
	for name, tc := range map[string]struct {
		body   string
		change func(*Claims)
	}{
		"every character of a room name": {`{"room_name":"AZaz09_-"}`, func(c *Claims) { c.Room.Name, c.Room.DisplayName = "AZaz09_-", "AZaz09_-" }},
		"room name of 100":               {`{"room_name":"` + strings.Repeat("x", 100) + `"}`, func(c *Claims) { c.Room.Name = strings.Repeat("x", 100); c.Room.DisplayName = c.Room.Name }},
		"user name of 100 characters":    {with("user_name", str(long(100))), func(c *Claims) { c.UserName = long(100) }},
		"display name of 200 characters": {with("room_display_name", str(long(200))), func(c *Claims) { c.Room.DisplayName = long(200) }},
		"empty display name":             {with("room_display_name", `""`), func(*Claims) {}},
		"no permissions":                 {with("permissions", `[]`), func(c *Claims) { c.Room.Scopes = []Permission{} }},
		"permissions in their order":     {with("permissions", `["room.lock","room.self.deaf"]`), func(c *Claims) { c.Room.Scopes = []Permission{wire.RoomLock, wire.SelfDeaf} }},
		"a permission twice":             {with("permissions", `["room.lock","room.lock"]`), func(c *Claims) { c.Room.Scopes = []Permission{wire.RoomLock} }},
		"aliases": {with("permissions", `["room.stream.start","room.playback.seek","room.stream"]`),
			func(c *Claims) { c.Room.Scopes = []Permission{wire.RoomStream, wire.RoomPlaybackSeek} }},
		"audience without permissions": {with("join_as", `"audience"`), audience},
		"audience with permissions":    {`{"room_name":"r","join_as":"audience","permissions":["room.lock"]}`, audience},
		"audience with nonsense":       {`{"room_name":"r","join_as":"audience","permissions":7}`, audience},
		"member":                       {with("join_as", `"member"`), func(*Claims) {}},
		"all media":                    {with("media_allowed", `"all"`), func(*Claims) {}},
		"audio only": {with("media_allowed", `"audio-only"`),
			func(c *Claims) { c.MediaAllowed, c.VideoAllowed = wire.MediaAudioOnly, DirectionNone }},
		"video only": {with("media_allowed", `"video-only"`),
			func(c *Claims) { c.MediaAllowed, c.AudioAllowed = wire.MediaVideoOnly, DirectionNone }},
		"audience, audio only": {`{"room_name":"r","join_as":"audience","media_allowed":"audio-only"}`,
			func(c *Claims) { audience(c); c.MediaAllowed, c.VideoAllowed = wire.MediaAudioOnly, DirectionNone }},
		"remove after 1":            {with("remove_after_seconds_elapsed", `1`), func(c *Claims) { c.RemoveAfterSeconds = 1 }},
		"remove after 200000":       {with("remove_after_seconds_elapsed", `200000`), func(c *Claims) { c.RemoveAfterSeconds = 200000 }},
		"remove after 2e5":          {with("remove_after_seconds_elapsed", `2e5`), func(c *Claims) { c.RemoveAfterSeconds = 200000 }},
		"join_audio_muted":          {with("join_audio_muted", `true`), func(c *Claims) { c.JoinAudioMuted = true }},
		"join_video_muted":          {with("join_video_muted", `true`), func(c *Claims) { c.JoinVideoMuted = true }},
		"auto_create_room":          {with("auto_create_room", `false`), func(c *Claims) { c.AutoCreateRoom = false }},
		"enable_room_previews":      {with("enable_room_previews", `true`), func(c *Claims) { c.EnableRoomPreviews = true }},
		"end_room_session_on_leave": {with("end_room_session_on_leave", `true`), func(c *Claims) { c.EndRoomOnLeave = true }},
		"sync_audio_video":          {with("sync_audio_video", `true`), func(c *Claims) { c.SyncAudioVideo = true }},
		"meta of 2000":              {with("meta", meta), func(c *Claims) { c.Meta = json.RawMessage(meta) }},
		"room_meta of 2000":         {with("room_meta", meta), func(c *Claims) { c.Room.Meta = json.RawMessage(meta) }},
		"meta counts characters, not escapes or spaces": {with("meta", `{ "a" : "`+strings.Repeat(`\u00e9`, 1900)+`" }`),
			func(c *Claims) { c.Meta = json.RawMessage(`{"a":"` + long(1900) + `"}`) }},
		"meta keeps numbers and markup": {with("meta", `{"id":12345678901234567890,"html":"<&>"}`),
			func(c *Claims) { c.Meta = json.RawMessage(`{"html":"<&>","id":12345678901234567890}`) }},
		"join_from in the past": {with("join_from", `"2022-01-01"`), func(c *Claims) { c.JoinFrom = at(t, "2022-01-01T00:00:00Z") }},
		"join_from ahead": {with("join_from", `"2026-02-01"`), func(c *Claims) {
			from := at(t, "2026-02-01T00:00:00Z")
			c.JoinFrom, c.Expires = from, from.Unix()+86400
		}},
		"join_until": {with("join_until", `"2026-01-03T00:00:00.5Z"`), func(c *Claims) { c.JoinUntil = at(t, "2026-01-03T00:00:00.5Z"); c.Expires = c.JoinUntil.Unix() }},
		"join_until = join_from": {`{"room_name":"r","join_from":"2026-03-01T12:00:00Z","join_until":"2026-03-01T13:00:00+01:00"}`, func(c *Claims) {
			c.JoinFrom = at(t, "2026-03-01T12:00:00Z")
			c.JoinUntil, c.Expires = c.JoinFrom, c.JoinFrom.Unix()
		}},
		"the contract's sample": {`{"room_name":"r","join_from":"2022-01-01T23:59:60Z","join_until":"2022-01-01"}`, func(c *Claims) {
			c.JoinFrom, c.JoinUntil = at(t, "2022-01-01T23:59:59Z"), at(t, "2022-01-01T00:00:00Z")
			c.Expires = c.JoinUntil.Unix()
		}},
		"remove_at": {with("remove_at", `"2022-01-01T23:59:60Z"`), func(c *Claims) { c.RemoveAt = at(t, "2022-01-01T23:59:59Z") }},
	} {
		t.Run(name, func(t *testing.T) {
			want := plain()
			tc.change(&want)
			q := request(t, tc.body)
			if q.UserName == nil {
				q.UserName = json.RawMessage(`"Anna"`)
			}
			got, wrong := Issue(project, q, now)
			if wrong != nil {
				t.Fatal(wrong)
			}
			if d := cmp.Diff(want, got, cmpopts.IgnoreFields(Claims{}, "ID")); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func audience(c *Claims) {
	c.JoinAs, c.Room.Scopes, c.AudioAllowed, c.VideoAllowed = wire.JoinAsAudience, []Permission{}, DirectionReceive, DirectionReceive
}

func TestRefuses(t *testing.T) {
	meta := `{"a":"` + strings.Repeat("x", maxMeta+1-len(`{"a":""}`)) + `"}`
	const date = "must be an RFC 3339 datetime, such as 2022-01-01T23:59:00Z, or a date, such as 2022-01-01"
	for _, tc := range []struct{ body, attribute, message string }{
		{`{}`, "room_name", "Room name must be present"},
		{`{"room_name":null}`, "room_name", "Room name must be present"},
		{`{"room_name":""}`, "room_name", "Room name must be present"},
		{`{"room_name":7}`, "room_name", "Room name must be a string"},
		{`{"room_name":"` + strings.Repeat("x", 101) + `"}`, "room_name", "Room name is too long (maximum is 100 characters)"},
		{`{"room_name":"my room"}`, "room_name", "Room name is invalid (allowed characters: A-Za-z0-9_-)"},
		{`{"room_name":"r\n"}`, "room_name", "Room name is invalid (allowed characters: A-Za-z0-9_-)"},
		{`{"room_name":"é"}`, "room_name", "Room name is invalid (allowed characters: A-Za-z0-9_-)"},
		{with("user_name", str(strings.Repeat("é", 101))), "user_name", "User name is too long (maximum is 100 characters)"},
		{with("user_name", `["Anna"]`), "user_name", "User name must be a string"},
		{with("room_display_name", str(strings.Repeat("é", 201))), "room_display_name", "Room display name is too long (maximum is 200 characters)"},
		{with("room_display_name", `true`), "room_display_name", "Room display name must be a string"},
		{with("permissions", `"room.lock"`), "permissions", "Permissions must be a list"},
		{with("permissions", `{}`), "permissions", "Permissions must be a list"},
		{with("permissions", `["room.lock","room.explode"]`), "permissions", "Permissions item 2 is not included in the list"},
		{with("permissions", `["ROOM.LOCK"]`), "permissions", "Permissions item 1 is not included in the list"},
		{with("permissions", `[""]`), "permissions", "Permissions item 1 is not included in the list"},
		{with("permissions", `[null]`), "permissions", "Permissions item 1 is not included in the list"},
		{with("permissions", `[7]`), "permissions", "Permissions item 1 is not included in the list"},
		{with("join_as", `"host"`), "join_as", "Join as is not included in the list"},
		{with("join_as", `""`), "join_as", "Join as is not included in the list"},
		{with("join_as", `1`), "join_as", "Join as must be a string"},
		{with("media_allowed", `"none"`), "media_allowed", "Media allowed is not included in the list"},
		{with("media_allowed", `[]`), "media_allowed", "Media allowed must be a string"},
		{with("remove_after_seconds_elapsed", `0`), "remove_after_seconds_elapsed", "Remove after seconds elapsed must be greater than 0"},
		{with("remove_after_seconds_elapsed", `-1`), "remove_after_seconds_elapsed", "Remove after seconds elapsed must be greater than 0"},
		{with("remove_after_seconds_elapsed", `-1e999`), "remove_after_seconds_elapsed", "Remove after seconds elapsed must be greater than 0"},
		{with("remove_after_seconds_elapsed", `200001`), "remove_after_seconds_elapsed", "Remove after seconds elapsed must be less than or equal to 200000"},
		{with("remove_after_seconds_elapsed", `1e999`), "remove_after_seconds_elapsed", "Remove after seconds elapsed must be less than or equal to 200000"},
		{with("remove_after_seconds_elapsed", `1.5`), "remove_after_seconds_elapsed", "Remove after seconds elapsed must be an integer"},
		{with("remove_after_seconds_elapsed", `"60"`), "remove_after_seconds_elapsed", "Remove after seconds elapsed must be an integer"},
		{with("remove_after_seconds_elapsed", `true`), "remove_after_seconds_elapsed", "Remove after seconds elapsed must be an integer"},
		{with("join_audio_muted", `"true"`), "join_audio_muted", "Join audio muted must be true or false"},
		{with("join_video_muted", `1`), "join_video_muted", "Join video muted must be true or false"},
		{with("auto_create_room", `0`), "auto_create_room", "Auto create room must be true or false"},
		{with("enable_room_previews", `{}`), "enable_room_previews", "Enable room previews must be true or false"},
		{with("end_room_session_on_leave", `[]`), "end_room_session_on_leave", "End room session on leave must be true or false"},
		{with("sync_audio_video", `"no"`), "sync_audio_video", "Sync audio video must be true or false"},
		{with("meta", meta), "meta", "Meta is too long (maximum is 2000 characters)"},
		{with("meta", `[]`), "meta", "Meta must be an object"},
		{with("meta", `"{}"`), "meta", "Meta must be an object"},
		{with("room_meta", meta), "room_meta", "Room meta is too long (maximum is 2000 characters)"},
		{with("room_meta", `7`), "room_meta", "Room meta must be an object"},
		{with("join_from", `"tomorrow"`), "join_from", "Join from " + date},
		{with("join_from", `1767323045`), "join_from", "Join from must be a string"},
		{with("join_until", `""`), "join_until", "Join until " + date},
		{with("remove_at", `"9999-12-31"`), "remove_at", "Remove at must lie in the years 1970 to 2199"},
		{`{"room_name":"r","join_from":"2026-03-01T12:00:00Z","join_until":"2026-03-01T11:59:59Z"}`, "join_until", "Join until must not be before join_from"},
		{`{"room_name":"r","join_from":"2026-03-02","join_until":"2026-03-01"}`, "join_until", "Join until must not be before join_from"},
		{`{"room_name":"r","join_from":"2026-03-02","join_until":"2026-03-01T23:59:59Z"}`, "join_until", "Join until must not be before join_from"},
	} {
		got, wrong := Issue(project, request(t, tc.body), now)
		if d := cmp.Diff([]wire.ValidationError{wire.NewValidationError(tc.attribute, tc.message)}, wrong); d != "" {
			t.Errorf("%.80s (-want +got):\n%s", tc.body, d)
		}
		if d := cmp.Diff(Claims{}, got); d != "" {
			t.Errorf("%.80s: refused, yet with claims:\n%s", tc.body, d)
		}
	}
}

func TestTellsAllThatIsWrong(t *testing.T) {
	_, wrong := Issue(project, request(t, `{"room_name":"my room","join_as":"host","permissions":["x"],"remove_after_seconds_elapsed":200001,"meta":[]}`), now)
	var fields []string
	for _, e := range wrong {
		fields = append(fields, e.Attribute)
	}
	slices.Sort(fields)
	if d := cmp.Diff([]string{"join_as", "meta", "permissions", "remove_after_seconds_elapsed", "room_name"}, fields); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestDrawsANameForWhoHasNone(t *testing.T) {
	seen := map[string]bool{}
	for _, body := range []string{`{"room_name":"r"}`, with("user_name", `null`), with("user_name", `""`)} {
		c, wrong := Issue(project, request(t, body), now)
		if wrong != nil {
			t.Fatal(wrong)
		}
		if len(c.UserName) != nameLength || strings.ContainsFunc(c.UserName, notOfName) || strings.ContainsAny(c.UserName, "_-") {
			t.Errorf("%q is not alphanumeric", c.UserName)
		}
		if !c.NameDrawn || seen[c.UserName] || seen[c.ID] {
			t.Errorf("%+v: name or id is not drawn anew", c)
		}
		seen[c.UserName], seen[c.ID] = true, true
	}
}

// FuzzIssue sends any body through and checks what must hold of all claims.
func FuzzIssue(f *testing.F) {
	f.Add(`{"room_name":"r"}`)
	f.Add(`{"room_name":"r","permissions":["room.stream.start"],"join_from":"2022-01-01T23:59:60Z","join_until":"2022-01-01"}`)
	f.Add(`{"room_name":"r","join_as":"audience","media_allowed":"audio-only","meta":{"a":[1e999,"\ud800"]},"room_meta":{}}`)
	f.Add(`{"room_name":7,"user_name":{},"remove_after_seconds_elapsed":1e-400,"auto_create_room":"x"}`)
	f.Fuzz(func(t *testing.T, body string) {
		var q wire.CreateRoomToken
		if json.Unmarshal([]byte(body), &q) != nil {
			t.Skip()
		}
		c, wrong := Issue(project, q, now)
		if wrong != nil {
			for _, e := range wrong {
				if e.Attribute == "" || e.Message == "" {
					t.Errorf("%+v says nothing", e)
				}
			}
			return
		}
		if c.Room.Name == "" || c.Room.DisplayName == "" || c.UserName == "" || c.Room.Scopes == nil || c.Expires <= 0 {
			t.Errorf("claims are missing: %+v", c)
		}
		if c.JoinAs == wire.JoinAsAudience && len(c.Room.Scopes) > 0 {
			t.Errorf("an audience with permissions: %v", c.Room.Scopes)
		}
		for _, p := range c.Room.Scopes {
			if !slices.Contains(wire.Permissions(), p) {
				t.Errorf("permission %q", p)
			}
		}
		first, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		var back Claims
		if err := json.Unmarshal(first, &back); err != nil {
			t.Fatalf("%s: %v", first, err)
		}
		if again, err := json.Marshal(back); err != nil || string(again) != string(first) {
			t.Errorf("%s became %s, %v", first, again, err)
		}
	})
}
