package wire

// What the server relays in mode P2P, each to one endpoint alone: to the
// publisher of a stream, that somebody asks to view it and that somebody does no
// longer; to either side the ICE candidates of the other. They come in order and
// at least once, so perhaps when the view has long ended: it is not known then.
const (
	EventStreamViewRequested      EventType = "ConferenceStreamViewRequestedEvent"
	EventStreamViewStopped        EventType = "ConferenceStreamViewStoppedEvent"
	EventStreamICECandidatesFound EventType = "ConferenceStreamIceCandidatesFoundEvent"
)

// ViewEvent is the message of these events. It has no conferenceVersion; UserID
// and UserEndpointID of its common part are those of the side that it tells of.
type ViewEvent struct {
	Event
	ViewerID      string         `json:"viewerId,omitempty"`
	SDPOffer      string         `json:"sdpOffer,omitempty"`      // view requested
	ICECandidates []ICECandidate `json:"iceCandidates,omitempty"` // candidates found; never empty there
}

// AnswerViewStream is the body of …/answerViewStream, with which the publisher of
// a stream in mode P2P answers a viewer's offer; the answer is 204. The same
// answer may be given again.
type AnswerViewStream struct {
	ConferenceID   string   `json:"conferenceId"`
	UserEndpointID string   `json:"userEndpointId"`
	StreamID       StreamID `json:"streamId"`
	ViewerID       string   `json:"viewerId"`
	SDPAnswer      string   `json:"sdpAnswer"`
}
