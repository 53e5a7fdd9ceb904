package wire

// The events of a one-to-one call. Every event of a call goes to all endpoints
// that are in it, the one that caused it included, and has the call's next
// version. Two are told to one side only, as the last event that it sees, at a
// version that the others' next event has as well, so that nobody sees a gap:
// CallCancelledEvent to the endpoints that rang when another answered, and
// CallRejectedEvent to the endpoint that rejected while others ring on.
// CallRejectedEvent, CallCancelledEvent and CallEndedEvent are each the last of
// their call for who sees them. What the server did by itself (the ring time is
// over) has an empty userId and userEndpointId.
const (
	EventCallCreated        EventType = "CallCreatedEvent"
	EventCallRinging        EventType = "CallRingingEvent"
	EventCallAnswered       EventType = "CallAnsweredEvent"
	EventCallRejected       EventType = "CallRejectedEvent"
	EventCallCancelled      EventType = "CallCancelledEvent"
	EventCallEnded          EventType = "CallEndedEvent"
	EventICECandidatesFound EventType = "IceCandidatesFoundEvent"
)

// AggregateCall is the aggregate of every CallEvent.
const AggregateCall = "Call"

// Reasons that the server gives by itself.
const (
	ReasonNoAnswer  = "no answer"          // CallEndedEvent: it rang for too long
	ReasonElsewhere = "answered elsewhere" // CallCancelledEvent: another endpoint answered
)

// CallEvent is one message about a call on an endpoint's topic: the common
// fields, which are always there, then those of its type.
type CallEvent struct {
	Type             EventType `json:"type"`
	ID               string    `json:"id"`
	Timestamp        Time      `json:"timestamp"`
	Aggregate        string    `json:"aggregate"`
	AggregateID      string    `json:"aggregateId"` // the call's id
	AggregateVersion int64     `json:"aggregateVersion"`
	CallID           string    `json:"callId"`
	UserID           string    `json:"userId"`         // who caused it
	UserEndpointID   string    `json:"userEndpointId"` // with which endpoint

	SDPOffer      string         `json:"sdpOffer,omitempty"`      // created
	Target        string         `json:"target,omitempty"`        // created
	SDPAnswer     string         `json:"sdpAnswer,omitempty"`     // answered
	Reason        string         `json:"reason,omitempty"`        // rejected, ended; Guichet: cancelled
	ICECandidates []ICECandidate `json:"iceCandidates,omitempty"` // candidates found; never empty there
}

// StartCall is the body of POST /rtc-api/calls/call; the answer is 200 with a
// StartedCall. The client chooses CallID, unique within its organization for
// ever; the server makes one when it is empty. Target is a user's name or a SIP
// address (sip:, sips: or tel:), for which SIPHeaders are meant.
type StartCall struct {
	CallID         string            `json:"callId,omitempty"`
	SDPOffer       string            `json:"sdpOffer"`
	Target         string            `json:"target"`
	UserEndpointID string            `json:"userEndpointId"`
	UserID         string            `json:"userId,omitempty"`
	SIPHeaders     map[string]string `json:"sipHeaders,omitempty"`
}

// StartedCall is the answer of …/call. Version is that of the call's next event.
type StartedCall struct {
	CallID  string `json:"callId"`
	Version int64  `json:"version"`
}

// AnswerCall is the body of …/answer; the answer is 204, and 409 to all
// endpoints but the first that answers.
type AnswerCall struct {
	CallID         string `json:"callId"`
	SDPAnswer      string `json:"sdpAnswer"`
	UserEndpointID string `json:"userEndpointId"`
	UserID         string `json:"userId,omitempty"`
}

// CallRef is the body of …/ringing, …/reject, …/cancel and …/hangup; the answer
// is 204. …/cancel is the caller's and 409 after the answer; …/hangup ends the
// call for whoever is in it at any time: while it rings it cancels or rejects.
type CallRef struct {
	CallID         string `json:"callId"`
	UserEndpointID string `json:"userEndpointId"`
	Reason         string `json:"reason,omitempty"`
	UserID         string `json:"userId,omitempty"`
}

// CallCandidates is the body of …/addIceCandidates; the answer is 204. The
// candidates of an endpoint that has not answered wait for its answer and are
// told right after it.
type CallCandidates struct {
	CallID         string         `json:"callId"`
	UserEndpointID string         `json:"userEndpointId"`
	UserID         string         `json:"userId,omitempty"`
	ICECandidates  []ICECandidate `json:"iceCandidates"`
}
