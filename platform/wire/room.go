package wire

import "encoding/json"

// CreateRoomToken is the body of POST /api/video/room_tokens, in the words of
// SignalWire's Video REST API. Every field is raw: absent and zero differ in
// most of them, and a field of the wrong type is a ValidationError of its own
// where a malformed body is none. The answer is 200 with a RoomToken.
type CreateRoomToken struct {
	RoomName                  json.RawMessage `json:"room_name,omitempty"`                    // string, required
	UserName                  json.RawMessage `json:"user_name,omitempty"`                    // string
	Permissions               json.RawMessage `json:"permissions,omitempty"`                  // list of strings
	JoinFrom                  json.RawMessage `json:"join_from,omitempty"`                    // RFC 3339 date-time or date
	JoinUntil                 json.RawMessage `json:"join_until,omitempty"`                   // RFC 3339 date-time or date
	RemoveAt                  json.RawMessage `json:"remove_at,omitempty"`                    // RFC 3339 date-time or date
	RemoveAfterSecondsElapsed json.RawMessage `json:"remove_after_seconds_elapsed,omitempty"` // whole number
	JoinAudioMuted            json.RawMessage `json:"join_audio_muted,omitempty"`             // boolean
	JoinVideoMuted            json.RawMessage `json:"join_video_muted,omitempty"`             // boolean
	AutoCreateRoom            json.RawMessage `json:"auto_create_room,omitempty"`             // boolean
	EnableRoomPreviews        json.RawMessage `json:"enable_room_previews,omitempty"`         // boolean
	RoomDisplayName           json.RawMessage `json:"room_display_name,omitempty"`            // string
	EndRoomSessionOnLeave     json.RawMessage `json:"end_room_session_on_leave,omitempty"`    // boolean
	JoinAs                    json.RawMessage `json:"join_as,omitempty"`                      // a JoinAs
	MediaAllowed              json.RawMessage `json:"media_allowed,omitempty"`                // a MediaAllowed
	RoomMeta                  json.RawMessage `json:"room_meta,omitempty"`                    // object
	Meta                      json.RawMessage `json:"meta,omitempty"`                         // object
	SyncAudioVideo            json.RawMessage `json:"sync_audio_video,omitempty"`             // boolean; it holds without it too
}

// JoinAs is what the holder of a room token is in the room.
type JoinAs string

// The ways to join a room.
const (
	JoinAsMember   JoinAs = "member"
	JoinAsAudience JoinAs = "audience" // receives, sends nothing
)

// MediaAllowed is the media that the holder of a room token may receive.
type MediaAllowed string

// The media that may be received.
const (
	MediaAll       MediaAllowed = "all"
	MediaAudioOnly MediaAllowed = "audio-only"
	MediaVideoOnly MediaAllowed = "video-only"
)

// RoomToken is the answer to CreateRoomToken.
type RoomToken struct {
	Token string `json:"token"` // a JWT
}

// ValidationErrors is the body of 422 below /api/video/.
type ValidationErrors struct {
	Errors []ValidationError `json:"errors"`
}

// ValidationError says what is wrong with one field.
type ValidationError struct {
	Type      string `json:"type"`
	Code      string `json:"code"`
	Message   string `json:"message"`
	Attribute string `json:"attribute"` // the field
	URL       string `json:"url"`       // of the code's explanation
}

// NewValidationError returns the error of a field in the contract's only
// documented type and code.
func NewValidationError(attribute, message string) ValidationError {
	return ValidationError{Type: "validation_error", Code: "invalid_parameter", Message: message, Attribute: attribute,
		URL: "https://developer.signalwire.com/rest/signalwire-rest/overview/error-codes#field-invalid-parameter"}
}

// VideoError is the body of every other failure below /api/video/: the reason
// phrase of its status.
type VideoError struct {
	Error string `json:"error"`
}
