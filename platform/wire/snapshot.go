package wire

// The events of snapshots. They have no version and reach two endpoints: the one
// that asked and the target.
const (
	EventSnapshotRequested       EventType = "SnapshotRequestedEvent"
	EventSnapshotApproved        EventType = "SnapshotApprovedEvent"
	EventSnapshotAcquired        EventType = "SnapshotAcquiredEvent"
	EventSnapshotCameraRequested EventType = "SnapshotCameraRequestedEvent"
	EventSnapshotCameraProcessed EventType = "SnapshotCameraRequestProcessedEvent"
)

// CameraRequestType is what somebody's camera is asked to do.
type CameraRequestType string

// The requests that a camera may get.
const (
	CameraSwitch   CameraRequestType = "CAMERA_SWITCH"
	CameraFlashOn  CameraRequestType = "FLASH_ON"
	CameraFlashOff CameraRequestType = "FLASH_OFF"
)

// Fields of the multipart body of POST /rtc-api/snapshots/upload, besides
// FormUserEndpointID (the uploader's own), FormApplicationID and
// FormInteractionID; the answer is 204. The older path
// /rtc-api/snapshots/snapshotAcquire is the same call. Without
// FormRelatedSnapshotID the newest approved request between the two endpoints is
// meant. The target's own upload is its approval, when it has not answered yet.
const (
	FormImage                = "image"
	FormRelatedSnapshotID    = "relatedSnapshotId"
	FormSnapshotID           = "snapshotId" // its older name
	FormTargetUserID         = "targetUserId"
	FormTargetUserEndpointID = "targetUserEndpointId"
	FormSnapshotType         = "snapshotType"
	FormSnapshotSuffix       = "snapshotSuffix"
	FormSnapshotMIMEType     = "snapshotMimeType"
)

// RequestSnapshot is the body of POST /rtc-api/snapshots/request, Guichet's own:
// staff in a conference asks a participant for a picture. The answer is 200 with
// the Snapshot. SnapshotType is the client's own word, at most 64 bytes.
type RequestSnapshot struct {
	ConferenceID         string `json:"conferenceId"`
	UserEndpointID       string `json:"userEndpointId"`
	TargetUserID         string `json:"targetUserId,omitempty"`
	TargetUserEndpointID string `json:"targetUserEndpointId"`
	SnapshotType         string `json:"snapshotType,omitempty"`
	InteractionID        string `json:"interactionId,omitempty"`
	ApplicationID        string `json:"applicationId,omitempty"`
}

// SnapshotState is how far a snapshot has come.
type SnapshotState string

// The states of a snapshot.
const (
	SnapshotRequested SnapshotState = "REQUESTED"
	SnapshotApproved  SnapshotState = "APPROVED"
	SnapshotDeclined  SnapshotState = "DECLINED"
	SnapshotAcquired  SnapshotState = "ACQUIRED"
)

// AnswerSnapshot is the body of POST /rtc-api/snapshots/{id}/approve and
// …/decline, Guichet's own: the target says yes or no. The answer is 204. To
// decline makes a SnapshotApprovedEvent whose Succeeded is false.
type AnswerSnapshot struct {
	UserEndpointID        string `json:"userEndpointId"`
	AdditionalInformation string `json:"additionalInformation,omitempty"`
}

// Snapshot is a picture that was asked for, and the file once it is there. GET
// /rtc-api/snapshots?conferenceId=|interactionId= answers a list of them to
// staff. Guichet's own.
type Snapshot struct {
	SnapshotID           string        `json:"snapshotId"`
	SnapshotType         string        `json:"snapshotType,omitempty"`
	State                SnapshotState `json:"state"`
	ConferenceID         string        `json:"conferenceId"`
	InteractionID        string        `json:"interactionId,omitempty"`
	ApplicationID        string        `json:"applicationId,omitempty"`
	UserID               string        `json:"userId"` // who asked
	UserEndpointID       string        `json:"userEndpointId"`
	TargetUserID         string        `json:"targetUserId"`
	TargetUserEndpointID string        `json:"targetUserEndpointId"`
	CreatedAt            Time          `json:"createdAt"`

	Size     int64  `json:"size,omitempty"` // of the picture, bytes
	MIMEType string `json:"mimeType,omitempty"`
	SHA256   string `json:"sha256,omitempty"`
}

// RequestCamera is the body of POST /rtc-api/snapshots/cameraRequest, Guichet's
// own: staff in a conference asks a participant's camera to do something. The
// answer is 200 with CameraRequest.
type RequestCamera struct {
	ConferenceID         string            `json:"conferenceId"`
	UserEndpointID       string            `json:"userEndpointId"`
	TargetUserID         string            `json:"targetUserId,omitempty"`
	TargetUserEndpointID string            `json:"targetUserEndpointId"`
	CameraRequestType    CameraRequestType `json:"cameraRequestType"`
}

// CameraRequest is the answer to RequestCamera.
type CameraRequest struct {
	SnapshotCameraRequestID string `json:"snapshotCameraRequestId"`
}

// AnswerCamera is the body of POST /rtc-api/snapshots/cameraRequestRespond: the
// target tells, once, what became of a request. The answer is 204.
type AnswerCamera struct {
	SnapshotCameraRequestID string `json:"snapshotCameraRequestId"`
	UserEndpointID          string `json:"userEndpointId"`
	UserID                  string `json:"userId,omitempty"`
	Succeeded               bool   `json:"succeeded"`
	AdditionalInformation   string `json:"additionalInformation,omitempty"`
}

// SnapshotEvent is the message of the five events of snapshots. UserID and
// UserEndpointID of its common part are those of whoever caused it.
type SnapshotEvent struct {
	Event
	SnapshotID           string `json:"snapshotId,omitempty"`
	SnapshotType         string `json:"snapshotType,omitempty"`
	TargetUserID         string `json:"targetUserId"`
	TargetUserEndpointID string `json:"targetUserEndpointId"`

	SnapshotLocation string `json:"snapshotLocation,omitempty"` // acquired: POST here for a SignedURL
	SHA256           string `json:"sha256,omitempty"`           // Guichet: acquired
	Size             int64  `json:"size,omitempty"`             // Guichet: acquired

	CameraRequestType       CameraRequestType `json:"cameraRequestType,omitempty"`       // camera events
	SnapshotCameraRequestID string            `json:"snapshotCameraRequestId,omitempty"` // camera events
	Succeeded               *bool             `json:"succeeded,omitempty"`               // approved, camera processed
	AdditionalInformation   string            `json:"additionalInformation,omitempty"`
}
