package wire

// TicketType says how often a ticket may be used, and from when.
type TicketType string

// The types of tickets.
const (
	TicketMultiUse  TicketType = "MULTI_USE_TICKET"
	TicketSingleUse TicketType = "SINGLE_USE_TICKET" // Guichet's name; the first browser may come back, another may not
)

// Ticket properties that the platform reads.
const (
	PropertyApplicationID = "applicationId"
	PropertyConferenceID  = "conference_id"
	PropertyCustomerID    = "customer_id"
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
}
