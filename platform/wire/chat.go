package wire

// MaxMessage is the greatest length of a chat message's text, in bytes of UTF-8.
const MaxMessage = 4000

// SendMessage is the body of POST /rtc-api/conferences/sendMessage, Guichet's
// own: a participant writes a line of the call's chat. The answer is 200 with
// the ChatMessage. The client chooses MessageID, unique within the conference;
// sending again with the same id and text makes no second message and is
// answered with the first, so that a client may repeat what it has no answer to.
// Text is 1 to MaxMessage bytes, without control characters but newline and tab.
type SendMessage struct {
	ConferenceID   string `json:"conferenceId"`
	UserEndpointID string `json:"userEndpointId"`
	MessageID      string `json:"messageId"`
	Text           string `json:"text"`
	UserID         string `json:"userId,omitempty"`
}

// ChatMessage is one line of a conference's chat. Seq is dense within the
// conference, from 1: who finds a gap has a message still on its way, or asks
// for it with GET /rtc-api/conferences/{id}/messages?after=.
type ChatMessage struct {
	MessageID      string `json:"messageId"`
	ConferenceID   string `json:"conferenceId"`
	Seq            int64  `json:"seq"`
	UserID         string `json:"userId"`
	UserEndpointID string `json:"userEndpointId"`
	Name           string `json:"name"` // the participant's at that time
	Text           string `json:"text"`
	Timestamp      Time   `json:"timestamp"`
}

// ChatMessages is the answer of GET
// /rtc-api/conferences/{id}/messages?after=SEQ&limit=N: the messages past after
// in the order of seq, and whether there are more. Participants read all that
// was said since the beginning of the call, whenever they joined.
type ChatMessages struct {
	Messages []ChatMessage `json:"messages"`
	More     bool          `json:"more"`
}

// EventMessageSent tells everybody in a conference, the sender included, that a
// message was written.
const EventMessageSent EventType = "ConferenceMessageSentEvent"

// MessageEvent is the message of EventMessageSent; UserID and UserEndpointID of
// its common part are the sender's. It has no conferenceVersion, and all fields
// of a ChatMessage.
type MessageEvent struct {
	Event
	MessageID string `json:"messageId"`
	Seq       int64  `json:"seq"`
	Name      string `json:"name"`
	Text      string `json:"text"`
}

// TranscriptKind says what a line of a transcript is.
type TranscriptKind string

// The kinds of a transcript's lines.
const (
	TranscriptMessage  TranscriptKind = "MESSAGE"
	TranscriptFile     TranscriptKind = "FILE"
	TranscriptSnapshot TranscriptKind = "SNAPSHOT"
)

// Transcript is the JSON form of GET /rtc-api/conferences/{id}/transcript, which
// staff reads during a call and ever after; the other form is text for people,
// a line for each.
type Transcript struct {
	ConferenceID string           `json:"conferenceId"`
	Lines        []TranscriptLine `json:"lines"`
}

// TranscriptLine is one message of a chat, one file that was sent, or one
// snapshot that was taken, in the order of time. ID is the messageId, the
// fileTransferId or the snapshotId. Text is what was said, the name of the file,
// or the type of the snapshot.
type TranscriptLine struct {
	Kind           TranscriptKind `json:"kind"`
	ID             string         `json:"id"`
	Seq            int64          `json:"seq,omitempty"` // of a message
	UserID         string         `json:"userId"`
	UserEndpointID string         `json:"userEndpointId"`
	Name           string         `json:"name,omitempty"` // of a message's sender
	Text           string         `json:"text,omitempty"`
	Timestamp      Time           `json:"timestamp"`
}
