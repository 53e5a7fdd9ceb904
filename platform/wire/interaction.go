package wire

import "encoding/json"

// MaxInteractionData bounds an interaction's data, in bytes of JSON.
const MaxInteractionData = 64 << 10

// CreateInteraction is the body of POST /rtc-api/interactions; the answer is 200
// with the Interaction. Data is an object that the platform keeps and does not
// read.
type CreateInteraction struct {
	InteractionID string          `json:"interactionId,omitempty"` // made by the server when empty
	Type          string          `json:"type"`
	Data          json.RawMessage `json:"data,omitempty"`
}

// Interaction is the business case that a call belongs to, the answer of GET
// /rtc-api/interactions/{id}. Version starts at 1 and grows with each change.
type Interaction struct {
	ID             string          `json:"id"`
	OrganizationID string          `json:"organizationId"`
	CreatedBy      string          `json:"createdBy"` // user id
	CreatedAt      Time            `json:"createdAt"`
	Type           string          `json:"type"`
	Data           json.RawMessage `json:"data"`
	Version        int64           `json:"version"`
}

// UpdateInteraction is the body of PUT /rtc-api/interactions/{id}, which takes
// the place of type and data; the answer is 204. Version is the one that was
// read: when somebody else changed it meanwhile the answer is 409.
type UpdateInteraction struct {
	Type    string          `json:"type"`
	Data    json.RawMessage `json:"data"`
	Version int64           `json:"version"`
}
