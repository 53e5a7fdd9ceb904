// Package room is the named rooms, their sessions, and what a room token lets its
// holder do, with every limit, default and enumeration of the contract
// (SignalWire's /api/video).
//
// A session is a conference: the Service finds the one that goes on in a room or
// makes room and session, and what happens in it is written by the store with the
// conference's own changes. Requests become claims and settings by pure functions.
// The Service has no state beside its store and starts no goroutine; its owner
// calls Tend. It knows nothing of HTTP, keys or conferences; whoever signs the
// claims adds the issuer and the audience.
package room

import (
	"crypto/rand"
	"encoding/json"
	"time"

	"guichet/platform/wire"
)

// claimsType is the type claim of every room token.
const claimsType = "video"

// tokenLife is how long a room token without join_until may be used, counted
// from join_from if that lies ahead: a token that nobody bounded must not live
// for ever.
const tokenLife = 24 * time.Hour

// nameLength is the length of a drawn user name: 60 bits.
const nameLength = 12

// Project is the application that asks for a token, and its organization.
type Project struct{ Organization, ID string }

// Direction says which ways a kind of media may flow for the holder.
type Direction string

// The directions of media.
const (
	DirectionNone    Direction = "none"
	DirectionReceive Direction = "receive"
	DirectionBoth    Direction = "both"
)

// Room is the room of a token. Its display name and meta count only for a room
// that the token creates.
type Room struct {
	Name        string          `json:"name"`
	DisplayName string          `json:"display_name"`
	Scopes      []Permission    `json:"scopes"`
	Meta        json.RawMessage `json:"meta"` // an object
}

// Claims is the content of a room token. The names are those that the vendor's
// client reads, or those of the request where it reads none.
type Claims struct {
	Type         string            `json:"type"` // "video"
	Project      string            `json:"project"`
	ProjectID    string            `json:"project_id"` // the same, as newer clients read it
	Organization string            `json:"organization"`
	Room         Room              `json:"room"`
	UserName     string            `json:"user_name"`
	NameDrawn    bool              `json:"user_name_drawn,omitempty"` // nobody chose UserName: people who share the token need one each
	JoinAs       wire.JoinAs       `json:"join_as"`
	MediaAllowed wire.MediaAllowed `json:"media_allowed"`
	AudioAllowed Direction         `json:"audio_allowed"`
	VideoAllowed Direction         `json:"video_allowed"`

	JoinFrom           *wire.Time `json:"join_from,omitempty"`
	JoinUntil          *wire.Time `json:"join_until,omitempty"`
	RemoveAt           *wire.Time `json:"remove_at,omitempty"`
	RemoveAfterSeconds int64      `json:"remove_after_seconds_elapsed,omitempty"` // 0: never

	JoinAudioMuted     bool            `json:"join_audio_muted"`
	JoinVideoMuted     bool            `json:"join_video_muted"`
	AutoCreateRoom     bool            `json:"auto_create_room"`
	EnableRoomPreviews bool            `json:"enable_room_previews"`
	EndRoomOnLeave     bool            `json:"end_room_session_on_leave"`
	SyncAudioVideo     bool            `json:"sync_audio_video"`
	Meta               json.RawMessage `json:"meta"` // an object, of the member

	IssuedAt int64  `json:"iat"` // Unix seconds
	Expires  int64  `json:"exp"` // Unix seconds
	ID       string `json:"jti"`
}

// Issue returns the claims of the token that a project asks for, or what is
// wrong with the request, at most one error for each field. A join_until that
// has passed is no error: the token was never of use.
func Issue(p Project, q wire.CreateRoomToken, now time.Time) (Claims, []wire.ValidationError) {
	var f form
	c := Claims{Type: claimsType, Project: p.ID, ProjectID: p.ID, Organization: p.Organization, IssuedAt: now.Unix(), ID: wire.NewID()}
	c.Room.Name = f.roomName("room_name", q.RoomName)
	c.Room.DisplayName = f.text("room_display_name", q.RoomDisplayName, maxDisplayName)
	c.Room.Meta = f.object("room_meta", q.RoomMeta)
	c.UserName = f.text("user_name", q.UserName, maxName)
	c.Meta = f.object("meta", q.Meta)
	c.JoinAs = oneOf(&f, "join_as", q.JoinAs, wire.JoinAsMember, wire.JoinAsAudience)
	c.MediaAllowed = oneOf(&f, "media_allowed", q.MediaAllowed, wire.MediaAll, wire.MediaVideoOnly, wire.MediaAudioOnly)
	c.Room.Scopes = f.permissions("permissions", q.Permissions, c.JoinAs)
	c.JoinAudioMuted = f.flag("join_audio_muted", q.JoinAudioMuted, false)
	c.JoinVideoMuted = f.flag("join_video_muted", q.JoinVideoMuted, false)
	c.AutoCreateRoom = f.flag("auto_create_room", q.AutoCreateRoom, true)
	c.EnableRoomPreviews = f.flag("enable_room_previews", q.EnableRoomPreviews, false)
	c.EndRoomOnLeave = f.flag("end_room_session_on_leave", q.EndRoomSessionOnLeave, false)
	c.SyncAudioVideo = f.flag("sync_audio_video", q.SyncAudioVideo, false)
	c.RemoveAfterSeconds = f.whole("remove_after_seconds_elapsed", q.RemoveAfterSecondsElapsed, maxRemoveAfter)
	from, until := f.instant("join_from", q.JoinFrom), f.instant("join_until", q.JoinUntil)
	removed := f.instant("remove_at", q.RemoveAt)
	if from != nil && until != nil && until.before(*from) {
		f.refuse("join_until", "must not be before join_from")
	}
	if len(f.errors) > 0 {
		return Claims{}, f.errors
	}

	if c.Room.DisplayName == "" {
		c.Room.DisplayName = c.Room.Name
	}
	if c.UserName == "" {
		c.UserName, c.NameDrawn = rand.Text()[:nameLength], true
	}
	c.AudioAllowed = direction(c.JoinAs, c.MediaAllowed != wire.MediaVideoOnly)
	c.VideoAllowed = direction(c.JoinAs, c.MediaAllowed != wire.MediaAudioOnly)
	c.JoinFrom, c.JoinUntil, c.RemoveAt = from.claim(), until.claim(), removed.claim()
	c.Expires = expiry(now, from, until).Unix()
	return c, nil
}

// direction of a kind of media. Media that is not allowed is neither received
// nor sent, which is how the vendor's client takes it.
func direction(as wire.JoinAs, allowed bool) Direction {
	switch {
	case !allowed:
		return DirectionNone
	case as == wire.JoinAsAudience:
		return DirectionReceive
	}
	return DirectionBoth
}

func expiry(now time.Time, from, until *instant) time.Time {
	switch {
	case until != nil:
		return until.Time
	case from != nil && from.After(now):
		return from.Add(tokenLife)
	}
	return now.Add(tokenLife)
}
