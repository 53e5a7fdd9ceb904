package wire

import "encoding/json"

// EventType names an event.
type EventType string

// The events of a conference. Each but the network indicator changes the state
// and so consumes one version. What each does to the state, beyond its name:
// StreamUnpublished also removes the metadata keys TRACK_MUTED/audio/{streamId}
// and TRACK_MUTED/video/{streamId}, with no event of their own; Left removes the
// endpoint (its streams were unpublished by the events before it), and its
// participant with the last endpoint; Ended removes everybody, and no event
// follows it.
const (
	EventJoined            EventType = "ConferenceJoinedEvent"
	EventLeft              EventType = "ConferenceLeftEvent"
	EventEnded             EventType = "ConferenceEndedEvent"
	EventStreamPublished   EventType = "ConferenceStreamPublishedEvent"
	EventStreamUnpublished EventType = "ConferenceStreamUnpublishedEvent"
	EventMetadataUpdated   EventType = "ConferenceMetadataUpdatedEvent"

	EventStreamMetadataUpdated EventType = "ConferenceStreamMetadataUpdatedEvent"
)

// EventKeepAliveReminder asks an endpoint that registered with
// serverKeepAliveReminderOn to send its keep-alive; it has no version.
const EventKeepAliveReminder EventType = "UserEndpointKeepAliveReminderEvent"

// Event is one message on an endpoint's topic: the common fields, then those of
// its type. An event without ConferenceVersion applies unconditionally; see
// Conference for the rule of the others. The sender receives its own events.
type Event struct {
	Type              EventType `json:"type"`
	ID                string    `json:"id"`
	Timestamp         Time      `json:"timestamp"`
	ConferenceID      string    `json:"conferenceId,omitempty"`
	ConferenceVersion *int64    `json:"conferenceVersion,omitempty"`
	UserID            string    `json:"userId,omitempty"`
	UserEndpointID    string    `json:"userEndpointId,omitempty"`

	Reason     string     `json:"reason,omitempty"`     // left (see LeftReasons), ended
	StreamID   StreamID   `json:"streamId,omitempty"`   // stream events
	StreamType StreamType `json:"streamType,omitempty"` // stream events
	Key        string     `json:"key,omitempty"`        // metadata updated
	Operation  Operation  `json:"operation,omitempty"`  // metadata updated
	Value      string     `json:"value,omitempty"`      // metadata updated
	// NewMetadata is the stream's, of stream metadata updated; null when it has
	// none any more.
	NewMetadata json.RawMessage `json:"newMetadata,omitempty"`
	Metadata    json.RawMessage `json:"metadata,omitempty"` // Guichet: joined (the participant's), published (the stream's)
}
