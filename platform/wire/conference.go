package wire

import "encoding/json"

// Mode is how media flows in a conference.
type Mode string

// The modes of a conference.
const (
	ModeRouter Mode = "ROUTER" // through the SFU
	ModeP2P    Mode = "P2P"    // between the participants; see ViewEvent
)

// StreamType says what a stream shows.
type StreamType string

// The types of streams.
const (
	StreamMic       StreamType = "MIC"
	StreamCam       StreamType = "CAM"
	StreamMicAndCam StreamType = "MIC_AND_CAM"
	StreamScreen    StreamType = "SCREEN"
	StreamUnknown   StreamType = "UNKNOWN"
)

// Operation is what updateMetadata does to a key.
type Operation string

// The operations on metadata.
const (
	OperationSet    Operation = "SET"
	OperationRemove Operation = "REMOVE"
)

// MetadataParticipantLimit is the metadata key that bounds the number of
// endpoints in a conference; its value is a decimal number.
const MetadataParticipantLimit = "participant_limit"

// MetadataOnHold is the metadata key that holds a conference: while its value is
// "true" nobody hears or sees anybody, whatever the participants do; in mode P2P
// they themselves must be silent and play nothing. Customers may not change it.
const MetadataOnHold = "ON_HOLD"

// TrackMuted returns the metadata key that tells that a track of a stream is
// muted, kind being "audio" or "video". SET with the value "true" mutes, REMOVE
// unmutes. Only the endpoint that publishes the stream may change it.
func TrackMuted(kind string, stream StreamID) string {
	return "TRACK_MUTED/" + kind + "/" + string(stream)
}

// CreateConference is the body of POST /rtc-api/conferences/create; every field
// is optional. The answer is 200 with a Summary. Without a mode it is ROUTER,
// and stays what it is.
type CreateConference struct {
	ConferenceID    string            `json:"conferenceId,omitempty"`
	InteractionID   string            `json:"interactionId,omitempty"`
	Mode            Mode              `json:"mode,omitempty"`
	Creator         string            `json:"creator,omitempty"`
	CreatorEndpoint string            `json:"creatorEndpoint,omitempty"`
	Metadata        map[string]string `json:"metadata,omitempty"`
}

// Summary is a conference in three words.
type Summary struct {
	ID      string `json:"id"`
	Mode    Mode   `json:"mode"`
	Version int64  `json:"version"`
}

// JoinConference is the body of …/join. Metadata is the participant's own
// description of itself; "name" is what people see, and comes from the token
// when it is missing; the "roles" of who came by a ticket are always CUSTOMER.
// The answer is 200 with the conference's Summary. The holder of a room token may
// give the room's name as the conference's id, here and in every other call; here
// the room's session is found or made. Joining again with the same
// endpoint changes nothing and makes no event.
type JoinConference struct {
	ConferenceID   string          `json:"conferenceId"`
	UserEndpointID string          `json:"userEndpointId"`
	UserID         string          `json:"userId,omitempty"`
	Metadata       json.RawMessage `json:"metadata,omitempty"`
}

// LeaveConference is the body of …/leave and …/end; the answer is 204.
type LeaveConference struct {
	ConferenceID   string `json:"conferenceId"`
	UserEndpointID string `json:"userEndpointId"`
	Reason         string `json:"reason,omitempty"`
	UserID         string `json:"userId,omitempty"`
}

// PublishStream is the body of …/publishStream. The client chooses StreamID,
// unique within the conference. In mode P2P SDPOffer may be empty and is not
// read: each viewer makes an offer of its own.
type PublishStream struct {
	ConferenceID         string          `json:"conferenceId"`
	UserEndpointID       string          `json:"userEndpointId"`
	StreamID             StreamID        `json:"streamId"`
	ConferenceStreamType StreamType      `json:"conferenceStreamType"`
	SDPOffer             string          `json:"sdpOffer"`
	Metadata             json.RawMessage `json:"metadata,omitempty"`
}

// PublishedStream is the answer of …/publishStream. The SDP answer carries all
// of the server's candidates; in mode P2P it is empty.
type PublishedStream struct {
	StreamID  StreamID `json:"streamId"`
	SDPAnswer string   `json:"sdpAnswer"`
}

// ICECandidate is one candidate in the shape of RTCIceCandidateInit. An empty
// Candidate tells that there are no more (RFC 8838, section 13).
type ICECandidate struct {
	Candidate     string  `json:"candidate"`
	SDPMLineIndex *uint16 `json:"sdpMLineIndex,omitempty"`
	SDPMid        *string `json:"sdpMid,omitempty"`
}

// ICECandidates is the body of …/addPublishStreamIceCandidates and, with
// ViewerID, of …/addViewStreamIceCandidates; the answer is 204. In mode P2P they
// are told to the other side alone, and the publisher too names the viewer.
type ICECandidates struct {
	ConferenceID   string         `json:"conferenceId"`
	UserEndpointID string         `json:"userEndpointId"`
	StreamID       StreamID       `json:"streamId"`
	ViewerID       string         `json:"viewerId,omitempty"`
	ICECandidates  []ICECandidate `json:"iceCandidates"`
}

// StreamRef is the body of …/unpublishStream and, with ViewerID, of
// …/stopViewStream; the answer is 204.
type StreamRef struct {
	ConferenceID   string   `json:"conferenceId"`
	UserEndpointID string   `json:"userEndpointId"`
	StreamID       StreamID `json:"streamId"`
	ViewerID       string   `json:"viewerId,omitempty"`
}

// ViewStream is the body of …/viewStream. The viewer makes the offer, with
// receive-only media, and chooses ViewerID. In mode P2P it is answered when the
// publisher has, or after 10 s with 504.
type ViewStream struct {
	ConferenceID   string          `json:"conferenceId"`
	UserEndpointID string          `json:"userEndpointId"`
	StreamID       StreamID        `json:"streamId"`
	ViewerID       string          `json:"viewerId"`
	SDPOffer       string          `json:"sdpOffer"`
	Metadata       json.RawMessage `json:"metadata,omitempty"`
}

// ViewedStream is the answer of …/viewStream.
type ViewedStream struct {
	ViewerID  string `json:"viewerId"`
	SDPAnswer string `json:"sdpAnswer"`
}

// UpdateStreamMetadata is the body of …/updateStreamMetadata; the answer is 204.
// Metadata replaces that of the stream; null removes it.
type UpdateStreamMetadata struct {
	ConferenceID   string          `json:"conferenceId"`
	UserEndpointID string          `json:"userEndpointId"`
	StreamID       StreamID        `json:"streamId"`
	Metadata       json.RawMessage `json:"metadata"`
}

// ConferenceEntry is one line of the answer of GET /rtc-api/conferences: a
// conference that has not ended, the one that changed last first.
type ConferenceEntry struct {
	Summary
	InteractionID string   `json:"interactionId,omitempty"`
	Participants  int      `json:"participants"` // endpoints that are in
	Names         []string `json:"names"`        // of these, in the order of joining
	UpdatedAt     Time     `json:"updatedAt"`
}

// UpdateMetadata is the body of …/updateMetadata; the answer is 204.
type UpdateMetadata struct {
	ConferenceID   string    `json:"conferenceId"`
	UserEndpointID string    `json:"userEndpointId"`
	Operation      Operation `json:"operation"`
	Key            string    `json:"key"`
	Value          string    `json:"value,omitempty"`
}

// Conference is the state of a conference, the answer of GET
// /rtc-api/conferences/{id}/simpleView. Version is the version of the NEXT
// event: an event below it is in the state already, the event that equals it
// applies, one above it must wait.
type Conference struct {
	ID           string            `json:"id"`
	Mode         Mode              `json:"mode"`
	Version      int64             `json:"version"`
	Metadata     map[string]string `json:"metadata"`
	Participants []Participant     `json:"participants"`
}

// Participant is a user in a conference with the endpoints that joined.
type Participant struct {
	ID        string     `json:"id"` // user id
	Endpoints []Endpoint `json:"endpoints"`
}

// Endpoint is one device or tab of a participant in a conference.
type Endpoint struct {
	ID       string          `json:"id"`
	Metadata json.RawMessage `json:"metadata,omitempty"` // Guichet: as given at join
	Streams  []Stream        `json:"streams"`
}

// Stream is what an endpoint publishes.
type Stream struct {
	ID       StreamID        `json:"id"`
	Type     StreamType      `json:"type"`
	Metadata json.RawMessage `json:"metadata,omitempty"`
}

// ParticipantMetadata holds the members of a join's metadata that Guichet's own
// clients read and write.
type ParticipantMetadata struct {
	Name  string   `json:"name,omitempty"`
	Roles []string `json:"roles,omitempty"`
}

// RoleCustomer marks a participant who came by a ticket.
const RoleCustomer = "CUSTOMER"
