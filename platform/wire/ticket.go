package wire

// TicketType says how often a ticket may be used, and from when.
type TicketType string

// The types of tickets.
const (
	TicketMultiUse  TicketType = "MULTI_USE_TICKET"
	TicketSingleUse TicketType = "SINGLE_USE_TICKET" // Guichet's name; the first browser may come back, another may not
	// Tickets with a beginning, the property scheduled_date; their ttl counts
	// from there.
	TicketSchedule            TicketType = "SCHEDULE_TICKET"
	TicketAppointmentSchedule TicketType = "APPOINTMENTS_SCHEDULE_TICKET"
	// TicketGenesysMultiUse is a multi-use ticket by another name.
	TicketGenesysMultiUse TicketType = "GENESYS_MULTI_USE_TICKET"
	// TicketQueue leads into a queue, which the property queueId or queueName
	// names, rather than into a conference. Guichet's own.
	TicketQueue TicketType = "QUEUE_TICKET"
)

// Ticket properties that the platform reads.
const (
	PropertyApplicationID = "applicationId"
	PropertyConferenceID  = "conference_id"
	PropertyCustomerID    = "customer_id"
	PropertyScheduledDate = "scheduled_date" // RFC 3339
	PropertyQueueID       = "queueId"        // of a QUEUE_TICKET
	PropertyQueueName     = "queueName"      // instead of queueId
)

// DefaultTicketSeconds is how long a ticket lives when its request says nothing.
const DefaultTicketSeconds = 4 * 60 * 60

// CreateTicket is the body of POST /security/ticket. TTL is in seconds; Length
// is 6 or 9. The answer is 200 with the Ticket.
type CreateTicket struct {
	Type       TicketType        `json:"type"`
	TTL        int64             `json:"ttl,omitempty"`
	Length     int               `json:"length,omitempty"`
	Properties map[string]string `json:"properties,omitempty"`
	Disabled   bool              `json:"disabled,omitempty"`  // it cannot be used
	NotBefore  *Time             `json:"notBefore,omitempty"` // Guichet: it cannot be used earlier
}

// Ticket is a short link that becomes a token.
type Ticket struct {
	ID             string            `json:"id"` // abc-def, or abc-def-ghi
	Type           TicketType        `json:"type"`
	OrganizationID string            `json:"organizationId"`
	UserID         string            `json:"userId"`
	Properties     map[string]string `json:"properties"`
	CreatedAt      Time              `json:"createdAt"`
	ExpiresAt      Time              `json:"expiresAt"`
	Expired        bool              `json:"expired"`
	NotBefore      *Time             `json:"notBefore,omitempty"` // Guichet
	Disabled       *Time             `json:"disabled,omitempty"`
	Revoked        *Time             `json:"revoked,omitempty"`
	Version        int64             `json:"version"`
	URL            string            `json:"url,omitempty"` // Guichet: the customer's link
}

// Invitation is what the customer's page may know before the ticket is
// redeemed; GET /t/{ticketId} with Accept: application/json answers it.
// Guichet's own.
type Invitation struct {
	TicketID     string `json:"ticketId"`
	Organization string `json:"organization"`
	Host         string `json:"host,omitempty"` // the agent's name
	// OpensAt is set while it is too early to come in; Now is the server's clock,
	// so that a wrong one in the browser does not matter.
	OpensAt *Time `json:"opensAt,omitempty"`
	Now     *Time `json:"now,omitempty"`
}

// CreateRoomLinks is the body of POST /security/genesys/room, which makes a
// conference and a ticket to it in one call; the answer is 200 with RoomLinks.
type CreateRoomLinks struct {
	ApplicationID           string `json:"applicationId"`
	Destination             string `json:"cdestination,omitempty"`
	CustomerID              string `json:"customerId,omitempty"`
	InteractionID           string `json:"interactionId,omitempty"`
	TicketExpirationSeconds int64  `json:"ticketExpirationSeconds,omitempty"`
	URLBase                 string `json:"urlBase,omitempty"` // not used: links lead to this server
}

// RoomLinks are the two links of a conference.
type RoomLinks struct {
	TicketURL string `json:"ticketUrl"` // for the customer
	AgentURL  string `json:"agentUrl"`
}
