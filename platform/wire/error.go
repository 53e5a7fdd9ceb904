package wire

// Code says what kind of failure an Error is; programs branch on it, people
// read the message.
type Code string

// The codes of the API, each with the HTTP status that carries it.
const (
	CodeInvalid      Code = "invalid_request"     // 400: malformed body, field or SDP
	CodeUnauthorized Code = "unauthorized"        // 401: no token, or one that is not valid
	CodeForbidden    Code = "forbidden"           // 403: the token does not allow this
	CodeNotFound     Code = "not_found"           // 404: unknown conference, stream, endpoint, ticket, path
	CodeMethod       Code = "method_not_allowed"  // 405
	CodeConflict     Code = "conflict"            // 409: exists already, or the conference is full
	CodeGone         Code = "gone"                // 410: ended, expired, revoked or used up
	CodePrecondition Code = "precondition_failed" // 412: If-Match names another version
	CodeTooLarge     Code = "too_large"           // 413: body over its limit
	CodeMediaType    Code = "unsupported_media"   // 415: not the content type that this path takes
	CodeTooMany      Code = "too_many_requests"   // 429
	CodeInternal     Code = "internal"            // 500: details are in the server's log only
	CodeNotAvailable Code = "not_available"       // 501: allowed, but this server cannot do it yet
	CodeUnavailable  Code = "service_unavailable" // 503: starting, draining or full
	CodeNoAnswer     Code = "no_answer"           // 504: the other side did not answer in time
	CodeNoSpace      Code = "no_space"            // 507: the server's room for files is used up
)

// Error is the body of every answer that is not a success. It is a map of
// strings, as the contract's 400 answers are.
type Error struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
	Reason  Reason `json:"reason,omitempty"` // of CodeGone for a ticket, of CodeForbidden for a room, of CodeConflict for a queue
	// NotBefore, of ReasonEarly and ReasonClosed, is when the same request may succeed. Now is the
	// server's clock, so that a wrong one of the caller's does not matter.
	NotBefore *Time `json:"notBefore,omitempty"`
	Now       *Time `json:"now,omitempty"`
}

// Reason tells programs why a ticket is gone, or why a room or a queue lets nobody
// in.
type Reason string

// The reasons of CodeGone.
const (
	ReasonExpired Reason = "expired"
	ReasonRevoked Reason = "revoked"
	ReasonUsed    Reason = "used" // by another browser
)

// The reasons of CodeForbidden when somebody would join a room.
const (
	ReasonEarly   Reason = "early"   // join_from has not come, or a ticket's beginning
	ReasonLate    Reason = "late"    // join_until is over
	ReasonLocked  Reason = "locked"  // the room is
	ReasonRemoved Reason = "removed" // from this session, or the time in it is over
)

// ReasonClosed is that of CodeConflict when a queue is.
const ReasonClosed Reason = "closed"

// Error returns the sentence for people.
func (e *Error) Error() string { return e.Message }
