package room

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"time"

	"guichet/platform/wire"
)

// What a room has that says nothing else.
const (
	maxMembers     = 300
	maxDescription = 3000
	presetFPS      = 20
)

func newSettings(name string) wire.VideoSettings {
	return wire.VideoSettings{Name: name, DisplayName: name, MaxMembers: maxMembers, Quality: wire.Quality720, FPS: presetFPS, Layout: wire.DefaultLayout,
		Meta: json.RawMessage("{}")}
}

// settings are those of a room that the token makes.
func (c Claims) settings() wire.VideoSettings {
	v := newSettings(c.Room.Name)
	v.DisplayName, v.EnableRoomPreviews, v.SyncAudioVideo = c.Room.DisplayName, c.EnableRoomPreviews, c.SyncAudioVideo
	if len(c.Room.Meta) > 0 {
		v.Meta = c.Room.Meta
	}
	return v
}

// write reads a request into settings: what it does not name stays as it is.
func (f *form) write(v *wire.VideoSettings, q wire.WriteRoom) {
	if q.DisplayName != nil {
		v.DisplayName = f.text("display_name", q.DisplayName, maxDisplayName)
	}
	if v.DisplayName == "" {
		v.DisplayName = v.Name
	}
	if q.Description != nil {
		v.Description = f.text("description", q.Description, maxDescription)
	}
	if !absent(q.MaxMembers) {
		v.MaxMembers = int(f.whole("max_members", q.MaxMembers, maxMembers))
	}
	if !absent(q.Quality) {
		v.Quality = oneOf(f, "quality", q.Quality, wire.Quality720, wire.Quality1080)
	}
	if !absent(q.Layout) {
		v.Layout = oneOf(f, "layout", q.Layout, wire.LayoutNames()...)
	}
	for _, t := range []struct {
		attribute string
		raw       json.RawMessage
		to        **wire.Time
	}{{"join_from", q.JoinFrom, &v.JoinFrom}, {"join_until", q.JoinUntil, &v.JoinUntil}, {"remove_at", q.RemoveAt, &v.RemoveAt}} {
		if t.raw != nil {
			*t.to = f.instant(t.attribute, t.raw).claim()
		}
	}
	if from, until := f.instantOf(q.JoinFrom, v.JoinFrom), f.instantOf(q.JoinUntil, v.JoinUntil); from != nil && until != nil && until.before(*from) {
		f.refuse("join_until", "must not be before join_from")
	}
	if q.RemoveAfterSecondsElapsed != nil {
		v.RemoveAfterSecondsElapsed = nil
		if n := f.whole("remove_after_seconds_elapsed", q.RemoveAfterSecondsElapsed, maxRemoveAfter); n > 0 {
			v.RemoveAfterSecondsElapsed = &n
		}
	}
	v.RecordOnStart = f.flag("record_on_start", q.RecordOnStart, v.RecordOnStart)
	v.EnableRoomPreviews = f.flag("enable_room_previews", q.EnableRoomPreviews, v.EnableRoomPreviews)
	v.SyncAudioVideo = f.flag("sync_audio_video", q.SyncAudioVideo, v.SyncAudioVideo)
	if q.Meta != nil {
		v.Meta = f.object("meta", q.Meta)
	}
}

// instantOf is an instant as exactly as it is known: a date alone only as long as
// the request says it.
func (f *form) instantOf(raw json.RawMessage, kept *wire.Time) *instant {
	if !absent(raw) {
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return nil
		}
		if i, err := parseInstant(s); err == nil {
			return &i
		}
		return nil
	}
	if kept == nil {
		return nil
	}
	return &instant{Time: kept.Time}
}

// ParseClaims reads the claims of a room token whose signature was checked.
func ParseClaims(body []byte) (Claims, error) {
	var c Claims
	if err := json.Unmarshal(body, &c); err != nil {
		return c, fmt.Errorf("claims of a room token: %w", err)
	}
	return c, nil
}

// NameAt is what the holder is called at an endpoint: people who share a token
// without a name have one each.
func (c Claims) NameAt(endpointID string) string {
	if !c.NameDrawn {
		return c.UserName
	}
	sum := sha256.Sum256([]byte(c.ID + "\x00" + endpointID))
	return base32.StdEncoding.EncodeToString(sum[:])[:nameLength]
}

// Bounds are the times within which a token's holder may be in the room: those of
// token and room, whichever is narrower. Zero: no bound.
type Bounds struct {
	JoinFrom, JoinUntil, RemoveAt time.Time
	RemoveAfter                   time.Duration
}

// Bounds are the token's in a room of these settings.
func (c Claims) Bounds(v wire.VideoSettings) Bounds {
	b := Bounds{JoinFrom: moment(c.JoinFrom), JoinUntil: earlier(moment(c.JoinUntil), moment(v.JoinUntil)), RemoveAt: earlier(moment(c.RemoveAt), moment(v.RemoveAt)),
		RemoveAfter: time.Duration(c.RemoveAfterSeconds) * time.Second}
	if from := moment(v.JoinFrom); from.After(b.JoinFrom) {
		b.JoinFrom = from
	}
	b.JoinUntil = earlier(b.JoinUntil, time.Unix(c.Expires, 0).UTC())
	if n := v.RemoveAfterSecondsElapsed; n != nil {
		if of := time.Duration(*n) * time.Second; b.RemoveAfter == 0 || of < b.RemoveAfter {
			b.RemoveAfter = of
		}
	}
	return b
}

func moment(t *wire.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.Time
}

// earlier returns the earlier of two times, of which zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
