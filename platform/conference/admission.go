package conference

import (
	"encoding/json"
	"time"

	"guichet/platform/wire"
)

// Admission is what a room token says of its holder's seat. Whoever made it has
// checked its fields; it is not changed.
type Admission struct {
	TokenID      string // may not come back once its holder was removed
	Name         string // what everybody sees, whatever the holder says
	Role         wire.JoinAs
	Permissions  []wire.Permission // of the audience none
	MediaAllowed wire.MediaAllowed // what the holder may receive

	AudioMuted, VideoMuted bool            // on joining
	Meta                   json.RawMessage // an object; nil: {}

	JoinFrom, JoinUntil time.Time     // zero: no bound
	RemoveAt            time.Time     // zero: never
	RemoveAfter         time.Duration // since the first join with this token; 0: never
	EndOnLeave          bool          // the session ends when the holder leaves

	// Room holds the settings of the room, for the case that this join makes its
	// session.
	Room RoomSettings
}

// RoomSettings are what a room's session begins with.
type RoomSettings struct {
	Name, DisplayName string          // without the latter, the former
	Meta              json.RawMessage // an object; nil: {}
	Layout            string          // empty: wire.DefaultLayout
	MaxMembers        int             // 0: no bound of the room's own

	Previews, SyncAudioVideo, PrioritizeHandraise bool
}

// Rights are what an endpoint may send and receive, whatever it asks for.
type Rights struct {
	SendAudio, SendVideo       bool
	ReceiveAudio, ReceiveVideo bool
	// Quietest bounds what sound is forwarded of it: nothing below this level, in
	// -dBov as RFC 6464 has it. At 127 everything is.
	Quietest uint8
}

// AllRights are those of an endpoint without a seat.
var AllRights = Rights{SendAudio: true, SendVideo: true, ReceiveAudio: true, ReceiveVideo: true, Quietest: 127}
