package wire

import "encoding/json"

// The bodies of GET, POST and PUT below /api/video/, in the words of SignalWire's
// Video REST API.

// WriteRoom is the body of POST /api/video/rooms, which needs a name, and of PUT
// /api/video/rooms/{id}, which changes what it names; null ends a bound. Every
// field is raw, as in CreateRoomToken. The answer is a VideoRoom.
type WriteRoom struct {
	Name                      json.RawMessage `json:"name,omitempty"`                         // string of A-Z a-z 0-9 _ -, at most 100 characters
	DisplayName               json.RawMessage `json:"display_name,omitempty"`                 // string, at most 200 characters
	Description               json.RawMessage `json:"description,omitempty"`                  // string, at most 3000 characters
	MaxMembers                json.RawMessage `json:"max_members,omitempty"`                  // whole number, 1 to 300
	Quality                   json.RawMessage `json:"quality,omitempty"`                      // 720p or 1080p
	JoinFrom                  json.RawMessage `json:"join_from,omitempty"`                    // RFC 3339 date-time or date
	JoinUntil                 json.RawMessage `json:"join_until,omitempty"`                   // RFC 3339 date-time or date
	RemoveAt                  json.RawMessage `json:"remove_at,omitempty"`                    // RFC 3339 date-time or date
	RemoveAfterSecondsElapsed json.RawMessage `json:"remove_after_seconds_elapsed,omitempty"` // whole number
	Layout                    json.RawMessage `json:"layout,omitempty"`                       // of LayoutNames
	RecordOnStart             json.RawMessage `json:"record_on_start,omitempty"`              // boolean; nothing is recorded yet
	EnableRoomPreviews        json.RawMessage `json:"enable_room_previews,omitempty"`         // boolean
	SyncAudioVideo            json.RawMessage `json:"sync_audio_video,omitempty"`             // boolean
	Meta                      json.RawMessage `json:"meta,omitempty"`                         // object
}

// VideoQuality is how large the pictures of a room are wished to be.
type VideoQuality string

// The qualities.
const (
	Quality720  VideoQuality = "720p"
	Quality1080 VideoQuality = "1080p"
)

// VideoSettings are what a room and its sessions have in common.
type VideoSettings struct {
	Name                      string          `json:"name"`
	DisplayName               string          `json:"display_name"`
	Description               string          `json:"description"`
	MaxMembers                int             `json:"max_members"`
	Quality                   VideoQuality    `json:"quality"`
	FPS                       int             `json:"fps"`
	JoinFrom                  *Time           `json:"join_from"`                    // null: no bound
	JoinUntil                 *Time           `json:"join_until"`                   // null: no bound
	RemoveAt                  *Time           `json:"remove_at"`                    // null: never
	RemoveAfterSecondsElapsed *int64          `json:"remove_after_seconds_elapsed"` // null: never
	Layout                    string          `json:"layout"`
	RecordOnStart             bool            `json:"record_on_start"`
	ToneOnEntryAndExit        bool            `json:"tone_on_entry_and_exit"`
	RoomJoinVideoOff          bool            `json:"room_join_video_off"`
	UserJoinVideoOff          bool            `json:"user_join_video_off"`
	EnableRoomPreviews        bool            `json:"enable_room_previews"`
	SyncAudioVideo            bool            `json:"sync_audio_video"` // what was asked for; it holds for every room
	Meta                      json.RawMessage `json:"meta"`             // an object
	PrioritizeHandraise       bool            `json:"prioritize_handraise"`
}

// VideoRoom is a named room.
type VideoRoom struct {
	ID string `json:"id"`
	VideoSettings
	ActiveSession *VideoSession `json:"active_session,omitempty"` // when it was asked for and there is one
	CreatedAt     Time          `json:"created_at"`
	UpdatedAt     Time          `json:"updated_at"`
}

// SessionStatus is whether a room's session goes on.
type SessionStatus string

// The states of a session.
const (
	SessionInProgress SessionStatus = "in-progress"
	SessionCompleted  SessionStatus = "completed"
)

// VideoSession is one session of a room: a conference, whose id it has.
type VideoSession struct {
	ID     string  `json:"id"`
	RoomID *string `json:"room_id"` // null: the room is no more
	VideoSettings
	Locked        bool          `json:"locked"`
	LockedCover   *string       `json:"locked_cover"` // null
	StartTime     Time          `json:"start_time"`
	EndTime       *Time         `json:"end_time"` // null: it goes on
	Duration      int64         `json:"duration"` // seconds
	Status        SessionStatus `json:"status"`
	PreviewURL    *string       `json:"preview_url"` // a picture of the room, for a while; null: there is none
	CostInDollars float64       `json:"cost_in_dollars"`
}

// VideoMember is one endpoint's time in a session.
type VideoMember struct {
	ID            string  `json:"id"`
	RoomSessionID string  `json:"room_session_id"`
	Name          string  `json:"name"`
	JoinTime      Time    `json:"join_time"`
	LeaveTime     *Time   `json:"leave_time"` // null: is in
	Duration      int64   `json:"duration"`   // seconds
	CostInDollars float64 `json:"cost_in_dollars"`
}

// VideoEvent is something that happened in a session.
type VideoEvent struct {
	ID                string          `json:"id"`
	ProjectID         string          `json:"project_id"` // the application whose token made the session
	RoomID            *string         `json:"room_id"`
	RoomSessionID     string          `json:"room_session_id"`
	RoomParticipantID string          `json:"room_participant_id,omitempty"` // the userEndpointId of whom it is about
	Level             string          `json:"level"`
	Name              string          `json:"name"`
	Payload           json.RawMessage `json:"payload"` // the conference's event
	CreatedAt         Time            `json:"created_at"`
}

// VideoList is the envelope of lists below /api/video/.
type VideoList[T any] struct {
	Links VideoLinks `json:"links"`
	Data  []T        `json:"data"`
}

// VideoLinks are the paths of a list's pages.
type VideoLinks struct {
	Self  string `json:"self"`
	First string `json:"first"`
	Next  string `json:"next,omitempty"`
	Prev  string `json:"prev,omitempty"`
}

// VideoNone is a row of the lists that have none yet.
type VideoNone struct{}
