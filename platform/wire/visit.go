package wire

// VisitState says how far a visit is.
type VisitState string

// The states of a visit.
const (
	VisitWaiting VisitState = "WAITING"
	VisitRinging VisitState = "RINGING" // at an agent
	VisitActive  VisitState = "ACTIVE"  // in its conference
	VisitWrapUp  VisitState = "WRAP_UP" // the call is over; callers see ENDED
	VisitEnded   VisitState = "ENDED"
)

// CreateVisit is the body of POST /rtc-api/visits, by which a caller comes into a
// queue; the answer is 200 with the Visit, and 409 with the next opening when the
// queue is closed. A guest or kiosk that is in the queue already gets its visit
// as it is, with the endpoint of the request, and so does who repeats a visitId.
type CreateVisit struct {
	VisitID        string            `json:"visitId,omitempty"` // made by the server when empty
	QueueID        string            `json:"queueId,omitempty"`
	QueueName      string            `json:"queueName,omitempty"`      // instead of queueId; a ticket's own queue needs neither
	UserEndpointID string            `json:"userEndpointId,omitempty"` // is told; the visit ends when it falls silent
	Name           string            `json:"name,omitempty"`
	Language       string            `json:"language,omitempty"` // such as el
	Reason         string            `json:"reason,omitempty"`   // for calling
	Location       string            `json:"location,omitempty"` // the branch or kiosk
	Properties     map[string]string `json:"properties,omitempty"`
	InteractionID  string            `json:"interactionId,omitempty"`
}

// Visit is one caller's way through the queues. What is for staff is left out
// for callers: offer, transfer, legs.
type Visit struct {
	ID             string            `json:"id"`
	Version        int64             `json:"version"` // of the next event; in an event, its own
	State          VisitState        `json:"state"`
	QueueID        string            `json:"queueId"`
	QueueName      string            `json:"queueName"`
	UserID         string            `json:"userId"` // who came
	UserEndpointID string            `json:"userEndpointId,omitempty"`
	Name           string            `json:"name"`
	Language       string            `json:"language"`
	Reason         string            `json:"reason"`
	Location       string            `json:"location"`
	Properties     map[string]string `json:"properties"`
	InteractionID  string            `json:"interactionId,omitempty"`
	CreatedAt      Time              `json:"createdAt"`
	Place          int               `json:"place,omitempty"` // 1 is next; while it waits or rings
	Wait           *WaitRange        `json:"wait"`            // null: not known, or not waiting
	ConferenceID   string            `json:"conferenceId,omitempty"`
	AgentName      string            `json:"agentName,omitempty"`
	AcceptedAt     *Time             `json:"acceptedAt,omitempty"` // the first time
	EndedAt        *Time             `json:"endedAt,omitempty"`    // of the call
	Why            string            `json:"why,omitempty"`        // it ended

	AgentID  string     `json:"agentId,omitempty"`
	Offer    *Offer     `json:"offer,omitempty"`    // RINGING
	Transfer *Transfer  `json:"transfer,omitempty"` // warm
	Legs     []VisitLeg `json:"legs,omitempty"`     // who served it, in order
}

// Offer is a visit that rings at one agent until a time.
type Offer struct {
	UserID         string `json:"userId"`
	UserEndpointID string `json:"userEndpointId"`
	ExpiresAt      Time   `json:"expiresAt"`
}

// TransferState says how far a warm transfer is.
type TransferState string

// The states of a warm transfer.
const (
	TransferRinging TransferState = "RINGING" // at the other agent
	TransferTalking TransferState = "TALKING" // the two agents are, the caller is on hold
)

// Transfer is a warm transfer under way: the two agents meet in a conference of
// their own first.
type Transfer struct {
	State          TransferState `json:"state"`
	FromUserID     string        `json:"fromUserId"`
	ToUserID       string        `json:"toUserId"`
	UserEndpointID string        `json:"userEndpointId"` // of the other agent
	QueueID        string        `json:"queueId,omitempty"`
	ConferenceID   string        `json:"conferenceId,omitempty"` // of the two agents
	ExpiresAt      *Time         `json:"expiresAt,omitempty"`    // of RINGING
}

// VisitLeg is one agent's part of a visit.
type VisitLeg struct {
	UserID     string `json:"userId"`
	Name       string `json:"name"`
	QueueID    string `json:"queueId"`
	AcceptedAt Time   `json:"acceptedAt"`
	EndedAt    *Time  `json:"endedAt,omitempty"`   // of the talking
	WrappedAt  *Time  `json:"wrappedAt,omitempty"` // of the wrap-up
	Notes      string `json:"notes,omitempty"`
	OutcomeID  string `json:"outcomeId,omitempty"`
}

// VisitRef is the body of POST /rtc-api/visits/{id}/accept and …/decline. Accept
// answers 200 with an AcceptedVisit, also when it is repeated, and 409 when the
// visit does not ring there any more; decline answers 204.
type VisitRef struct {
	UserEndpointID string `json:"userEndpointId"`
}

// AcceptedVisit is the answer of …/accept: the conference to join, which for who
// is consulted is that of the two agents.
type AcceptedVisit struct {
	ConferenceID string `json:"conferenceId"`
	Visit        Visit  `json:"visit"`
}

// WrapUpVisit is the body of …/wrapUp; the answer is 204. Notes may come during
// the call; done ends the wrap-up.
type WrapUpVisit struct {
	Notes     string `json:"notes,omitempty"`
	OutcomeID string `json:"outcomeId,omitempty"`
	Done      bool   `json:"done,omitempty"`
}

// TransferVisit is the body of …/transfer; the answer is 200 with the Visit.
// Exactly one of queueId and userId is there. A transfer to an agent, and a warm
// one, needs somebody who is ready: otherwise the answer is 409.
type TransferVisit struct {
	QueueID string `json:"queueId,omitempty"`
	UserID  string `json:"userId,omitempty"`
	Warm    bool   `json:"warm,omitempty"`
}

// VisitEvent is one message about a visit: see EventVisitQueued.
type VisitEvent struct {
	Type           EventType `json:"type"`
	ID             string    `json:"id"`
	Timestamp      Time      `json:"timestamp"`
	VisitID        string    `json:"visitId"`
	VisitVersion   int64     `json:"visitVersion"`
	UserID         string    `json:"userId,omitempty"`         // who caused it; empty: the server
	UserEndpointID string    `json:"userEndpointId,omitempty"` // with which endpoint
	Why            string    `json:"why,omitempty"`            // offer withdrawn, wrap-up, ended
	Visit          Visit     `json:"visit"`
}

// PresenceEvent tells what an agent does from now on.
type PresenceEvent struct {
	Type      EventType `json:"type"`
	ID        string    `json:"id"`
	Timestamp Time      `json:"timestamp"`
	UserID    string    `json:"userId"`
	Presence  Presence  `json:"presence"`
}

// QueueEvent tells how a queue does.
type QueueEvent struct {
	Type      EventType `json:"type"`
	ID        string    `json:"id"`
	Timestamp Time      `json:"timestamp"`
	QueueID   string    `json:"queueId"`
	Queue     Queue     `json:"queue"`
}
