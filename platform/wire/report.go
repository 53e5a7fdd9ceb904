package wire

// AttendeeRole is as what somebody was in a conference.
type AttendeeRole string

// The roles in reports.
const (
	AttendeeAgent    AttendeeRole = "AGENT"    // whoever signed in
	AttendeeCustomer AttendeeRole = "CUSTOMER" // who came by a ticket
	AttendeeKiosk    AttendeeRole = "KIOSK"    // a device of ours
)

// MaxReportPage bounds the rows of one page of a report, and
// DefaultReportPage is how many there are when nothing is said.
const (
	MaxReportPage     = 500
	DefaultReportPage = 100
)

// Page is the envelope of reports.
type Page[T any] struct {
	Items []T `json:"items"`
	// Next is given back as the parameter "cursor" to read on; it is missing at
	// the end. What is new in the meantime comes on no later page, and nothing
	// comes twice.
	Next string `json:"next,omitempty"`
}

// InteractionReport is one meeting: the time from the first who joined an empty
// conference to the last who left it. A conference may have several.
type InteractionReport struct {
	InteractionID   string `json:"interactionId,omitempty"`
	ConferenceID    string `json:"conferenceId"`
	StartedAt       Time   `json:"startedAt"`
	EndedAt         *Time  `json:"endedAt,omitempty"` // missing: it goes on
	DurationSeconds int64  `json:"durationSeconds"`   // until now, of one that goes on
	Reason          string `json:"reason,omitempty"`  // of the end
	// Participants are those who joined, in the order of joining; the first 200 of
	// more. Who joins again is there again.
	Participants     []AttendanceReport `json:"participants"`
	ParticipantCount int64              `json:"participantCount"` // times that somebody joined
	Files            int64              `json:"files"`            // sent to each other
	Snapshots        int64              `json:"snapshots"`
	Messages         int64              `json:"messages"` // of the chat
}

// AttendanceReport is one endpoint's time in a meeting.
type AttendanceReport struct {
	UserID          string       `json:"userId"`
	Name            string       `json:"name"` // as the others saw it
	Role            AttendeeRole `json:"role"`
	UserEndpointID  string       `json:"userEndpointId"`
	ApplicationID   string       `json:"applicationId"`      // by which it joined
	TicketID        string       `json:"ticketId,omitempty"` // of customers
	JoinedAt        Time         `json:"joinedAt"`
	LeftAt          *Time        `json:"leftAt,omitempty"` // missing: is in
	DurationSeconds int64        `json:"durationSeconds"`
	Reason          string       `json:"reason,omitempty"` // for leaving
}

// AgentReport is what one agent did in a period, by the calls joined in it.
type AgentReport struct {
	UserID             string `json:"userId"`
	Name               string `json:"name"` // the last one
	Calls              int64  `json:"calls"`
	TalkSeconds        int64  `json:"talkSeconds"`
	AverageTalkSeconds int64  `json:"averageTalkSeconds"` // per call
	FirstJoinedAt      Time   `json:"firstJoinedAt"`
	LastLeftAt         Time   `json:"lastLeftAt"` // now, of who is in a call
	// AverageNetworkQuality is that of the agent's own network; missing when it
	// was never measured.
	AverageNetworkQuality *float64 `json:"averageNetworkQuality,omitempty"`
}

// TicketReport is what became of one ticket.
type TicketReport struct {
	TicketID        string     `json:"ticketId"`
	Type            TicketType `json:"type"`
	ConferenceID    string     `json:"conferenceId,omitempty"`
	ApplicationID   string     `json:"applicationId,omitempty"`
	UserID          string     `json:"userId"` // who made it
	Name            string     `json:"name,omitempty"`
	CreatedAt       Time       `json:"createdAt"`
	OpensAt         *Time      `json:"opensAt,omitempty"`
	ExpiresAt       Time       `json:"expiresAt"`
	Expired         bool       `json:"expired"`
	RevokedAt       *Time      `json:"revokedAt,omitempty"`
	Redemptions     int64      `json:"redemptions"` // browsers that used it
	FirstRedeemedAt *Time      `json:"firstRedeemedAt,omitempty"`
	LastRedeemedAt  *Time      `json:"lastRedeemedAt,omitempty"` // by a new browser
}

// NetworkQualityReport is what the network of one endpoint was like in a
// meeting, as the network indicator told every few seconds. What was measured in
// the last half minute may still be missing.
type NetworkQualityReport struct {
	InteractionID         string       `json:"interactionId,omitempty"`
	ConferenceID          string       `json:"conferenceId"`
	UserID                string       `json:"userId"`
	Name                  string       `json:"name"`
	Role                  AttendeeRole `json:"role"`
	UserEndpointID        string       `json:"userEndpointId"`
	JoinedAt              Time         `json:"joinedAt"`
	LeftAt                *Time        `json:"leftAt,omitempty"`
	Samples               int64        `json:"samples"`
	AverageNetworkQuality float64      `json:"averageNetworkQuality"`
	WorstNetworkQuality   float64      `json:"worstNetworkQuality"`
	AverageJitter         float64      `json:"averageJitter"` // milliseconds
	AverageRTT            float64      `json:"averageRtt"`    // milliseconds
	OptimalSeconds        int64        `json:"optimalSeconds"`
	SuboptimalSeconds     int64        `json:"suboptimalSeconds"`
	BadSeconds            int64        `json:"badSeconds"`
}
