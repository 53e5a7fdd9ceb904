package wire

// The events of presence, queues and visits. The events of a visit have its
// next version, dense for the caller, who sees every one until VisitEndedEvent;
// agents see those that concern them and supervisors who watch all but changes
// of place. Each holds the whole visit, so of two the one with the higher
// version is right. PresenceChangedEvent goes to the agent and to who watches.
// QueueChangedEvent is no part of the journal: it comes at most once a second to
// the agents of the queue who are there and to who watches, and who connects
// reads the queues anew.
const (
	EventVisitQueued         EventType = "VisitQueuedEvent"         // came into a line, the first or another
	EventVisitPlaceChanged   EventType = "VisitPlaceChangedEvent"   // place or wait, at most once a second
	EventVisitOffered        EventType = "VisitOfferedEvent"        // rings at an agent, with the offer's end
	EventVisitOfferWithdrawn EventType = "VisitOfferWithdrawnEvent" // does not ring there any more; why
	EventVisitAccepted       EventType = "VisitAcceptedEvent"       // join its conferenceId
	EventVisitTransferred    EventType = "VisitTransferredEvent"    // goes to another queue or agent, or is talked about
	EventVisitWrapUp         EventType = "VisitWrapUpEvent"         // the call is over, the agent writes notes; why
	EventVisitEnded          EventType = "VisitEndedEvent"          // the last for who sees it; why
	EventPresenceChanged     EventType = "PresenceChangedEvent"
	EventQueueChanged        EventType = "QueueChangedEvent"
)

// What VisitEvent.Why may be.
const (
	WhyLeft      = "left"        // the caller did
	WhyLost      = "lost"        // the caller's endpoint fell silent
	WhyHungUp    = "hung up"     // the agent left the call
	WhyOver      = "over"        // the conference has ended
	WhyClosed    = "closed"      // waited too long for a queue that has closed
	WhyRemoved   = "removed"     // a supervisor took it out
	WhyDeclined  = "declined"    // the agent did
	WhyNoAnswer  = "no answer"   // it rang for too long
	WhyNotReady  = "not ready"   // the agent is so no longer
	WhyGone      = "gone"        // the agent's endpoint fell silent
	WhyRestarted = "restarted"   // the server did; it is offered again
	WhyCancelled = "cancelled"   // a transfer was taken back
	WhyDone      = "wrapped up"  // the agent has
	WhyTimeOver  = "time over"   // for wrapping up
	WhyMoved     = "transferred" // to somebody else
)

// ReasonIDNoAnswer is the reason of an agent who let a caller ring out. It is
// built in.
const ReasonIDNoAnswer = "no-answer"

// QueueIDPrefix begins the conference_id of a token that leads into a queue: the
// rest is the queue's id or name. No conference has such an id; where the caller
// is accepted the visit tells.
const QueueIDPrefix = "queue/"

// Weekday is a day of opening hours.
type Weekday string

// The days.
const (
	Monday    Weekday = "MON"
	Tuesday   Weekday = "TUE"
	Wednesday Weekday = "WED"
	Thursday  Weekday = "THU"
	Friday    Weekday = "FRI"
	Saturday  Weekday = "SAT"
	Sunday    Weekday = "SUN"
)

// OpeningHours are times on some days, in the queue's time zone. To is not
// included; 24:00 is the end of the day.
type OpeningHours struct {
	Days []Weekday `json:"days"`
	From string    `json:"from"` // such as 09:00
	To   string    `json:"to"`
}

// WriteQueue is the body of POST /rtc-api/queues and PUT /rtc-api/queues/{id};
// the answer is 200 with the Queue. PUT takes the place of all settings, and its
// version is the one that was read: when somebody changed the queue meanwhile
// the answer is 409.
type WriteQueue struct {
	Name            string         `json:"name"`                     // unique; an id for programs
	DisplayName     string         `json:"displayName,omitempty"`    // for people
	Skills          []string       `json:"skills,omitempty"`         // an agent needs all of them
	MatchLanguage   bool           `json:"matchLanguage,omitempty"`  // an agent needs the caller's language as well
	Timezone        string         `json:"timezone,omitempty"`       // such as Europe/Athens; UTC when empty
	Hours           []OpeningHours `json:"hours,omitempty"`          // none: always open
	ClosedDays      []string       `json:"closedDays,omitempty"`     // such as 2026-12-25
	MaxWaitSeconds  int64          `json:"maxWaitSeconds,omitempty"` // then the overflow queue; 0: for ever
	OverflowQueueID string         `json:"overflowQueueId,omitempty"`
	RingSeconds     int64          `json:"ringSeconds,omitempty"`   // 20 when 0
	WrapUpSeconds   *int64         `json:"wrapUpSeconds,omitempty"` // 30 when left out
	Priority        int64          `json:"priority,omitempty"`      // a higher one is served first
	Version         int64          `json:"version,omitempty"`       // of PUT
}

// Queue is a line of callers and how it is served.
type Queue struct {
	ID              string         `json:"id"`
	Name            string         `json:"name"`
	DisplayName     string         `json:"displayName"`
	Skills          []string       `json:"skills"`
	MatchLanguage   bool           `json:"matchLanguage"`
	Timezone        string         `json:"timezone"`
	Hours           []OpeningHours `json:"hours"`
	ClosedDays      []string       `json:"closedDays"`
	MaxWaitSeconds  int64          `json:"maxWaitSeconds"`
	OverflowQueueID string         `json:"overflowQueueId,omitempty"`
	RingSeconds     int64          `json:"ringSeconds"`
	WrapUpSeconds   int64          `json:"wrapUpSeconds"`
	Priority        int64          `json:"priority"`
	Version         int64          `json:"version"` // of the settings
	Line            QueueLine      `json:"line"`
}

// QueueLine is how a queue does at this moment.
type QueueLine struct {
	Open        bool       `json:"open"`
	OpensAt     *Time      `json:"opensAt,omitempty"` // while it is closed, if it opens within a year
	Waiting     int        `json:"waiting"`           // callers in the line, those included who ring
	Active      int        `json:"active"`            // callers in a call
	Ready       int        `json:"ready"`             // agents
	Agents      int        `json:"agents"`            // who are there, ready or busy
	OldestSince *Time      `json:"oldestSince,omitempty"`
	Wait        *WaitRange `json:"wait"` // of who would come now; null: not known
}

// WaitRange is an expected wait: half of the waits are within it. It is a range
// of whole minutes.
type WaitRange struct {
	MinSeconds int64 `json:"minSeconds"`
	MaxSeconds int64 `json:"maxSeconds"`
}

// WatchQueues is the body of POST /rtc-api/queues/watch; the answer is 204. An
// endpoint that watches is told of all visits, agents and queues.
type WatchQueues struct {
	UserEndpointID string `json:"userEndpointId"`
	On             bool   `json:"on"`
}

// PresenceState says what an agent does.
type PresenceState string

// The states of agents.
const (
	PresenceReady    PresenceState = "READY"
	PresenceNotReady PresenceState = "NOT_READY"
	PresenceRinging  PresenceState = "RINGING"
	PresenceInCall   PresenceState = "IN_CALL"
	PresenceWrapUp   PresenceState = "WRAP_UP"
	PresenceGone     PresenceState = "GONE" // no endpoint of theirs is there
)

// SetPresence is the body of PUT /rtc-api/presence; the answer is 200 with the
// Presence. State is READY or NOT_READY. During a call it says what follows it;
// READY while wrapping up ends that.
type SetPresence struct {
	State          PresenceState `json:"state"`
	ReasonID       string        `json:"reasonId,omitempty"` // of NOT_READY
	UserEndpointID string        `json:"userEndpointId"`     // rings; when it falls silent the agent is gone
}

// UpdateAgent is the body of PUT /rtc-api/agents/{userId}; the answer is 200 with
// the Presence.
type UpdateAgent struct {
	Name      string   `json:"name,omitempty"` // as callers see it; kept when empty
	Skills    []string `json:"skills"`
	Languages []string `json:"languages"` // such as el
	Queues    []string `json:"queues"`    // ids
}

// Presence is an agent, with what they do and since when.
type Presence struct {
	UserID         string        `json:"userId"`
	Name           string        `json:"name"`
	State          PresenceState `json:"state"`
	ReasonID       string        `json:"reasonId,omitempty"` // of NOT_READY
	Since          Time          `json:"since"`
	UserEndpointID string        `json:"userEndpointId,omitempty"`
	VisitID        string        `json:"visitId,omitempty"`     // that rings, is talked to or wrapped up
	WrapUpUntil    *Time         `json:"wrapUpUntil,omitempty"` // of WRAP_UP
	Next           PresenceState `json:"next,omitempty"`        // NOT_READY when that follows the call
	Skills         []string      `json:"skills"`
	Languages      []string      `json:"languages"`
	Queues         []string      `json:"queues"` // ids
}

// Choice is a reason for not being ready, or an outcome of a call.
type Choice struct {
	ID   string `json:"id"`
	Name string `json:"name"` // for people
}

// Choices is the body and the answer of /rtc-api/presence/reasons and
// /rtc-api/visits/outcomes. PUT takes the place of the list.
type Choices struct {
	Items []Choice `json:"items"`
}
