package wire

// HeaderTransactionID carries a client's own id of an upload: a retry with the
// same id and the same file makes no second one.
const HeaderTransactionID = "X-Auvious-TransactionId"

// Fields of the multipart body of POST /rtc-api/filetransfers?targetType=user;
// the answer is 200 with the FileTransfer. FormConferenceID and
// FormUserEndpointID, the sender's own, are required.
const (
	FormFile           = "file"
	FormUserEndpointID = "userEndpointId"
	FormApplicationID  = "applicationId"
	FormInteractionID  = "interactionId"
	FormConferenceID   = "conferenceId"
	FormTargetID       = "targetId" // a user in the conference; empty: everybody
)

// FileTransfer describes a file that a participant sent. GET
// /rtc-api/filetransfers?conferenceId=|interactionId=&all= answers a list of
// them, the oldest first: those that the caller sent or was sent, and with
// all=true those meant for others too. The fields from Size on are Guichet's.
type FileTransfer struct {
	FileTransferID string `json:"fileTransferId"`
	Filename       string `json:"filename"`
	Size           int64  `json:"size"` // bytes
	MIMEType       string `json:"mimeType"`
	SHA256         string `json:"sha256"` // of the file, 64 hexadecimal digits
	ConferenceID   string `json:"conferenceId"`
	InteractionID  string `json:"interactionId,omitempty"`
	ApplicationID  string `json:"applicationId,omitempty"`
	UserID         string `json:"userId"` // the sender
	UserEndpointID string `json:"userEndpointId"`
	TargetID       string `json:"targetId,omitempty"`
	CreatedAt      Time   `json:"createdAt"`
}

// SignedURL is the answer of POST /rtc-api/filetransfers/{id}/signedUrl and of
// POST /rtc-api/snapshots/{id}/signedUrl: an address that serves the file to
// whoever knows it until it expires.
type SignedURL struct {
	URL       string `json:"url"`
	ExpiresAt Time   `json:"expiresAt"` // Guichet
}

// EventFileTransferred tells everybody in a conference that a file is there.
// No name for it is public, so this one is Guichet's.
const EventFileTransferred EventType = "FileTransferredEvent"

// FileEvent is the message of EventFileTransferred; UserID and UserEndpointID of
// its common part are the sender's. It has no version.
type FileEvent struct {
	Event
	FileTransferID string `json:"fileTransferId"`
	Filename       string `json:"filename"`
	Size           int64  `json:"size"`
	MIMEType       string `json:"mimeType"`
	SHA256         string `json:"sha256"`
	InteractionID  string `json:"interactionId,omitempty"`
	TargetID       string `json:"targetId,omitempty"`
}
