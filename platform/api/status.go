package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"guichet/platform/call"
	"guichet/platform/chat"
	"guichet/platform/conference"
	"guichet/platform/endpoint"
	"guichet/platform/file"
	"guichet/platform/interaction"
	"guichet/platform/oauth"
	"guichet/platform/preview"
	"guichet/platform/queue"
	"guichet/platform/room"
	"guichet/platform/ticket"
	"guichet/platform/wire"
	"guichet/sfu"
)

var statuses = map[wire.Code]int{
	wire.CodeInvalid:      http.StatusBadRequest,
	wire.CodeUnauthorized: http.StatusUnauthorized,
	wire.CodeForbidden:    http.StatusForbidden,
	wire.CodeNotFound:     http.StatusNotFound,
	wire.CodeMethod:       http.StatusMethodNotAllowed,
	wire.CodeConflict:     http.StatusConflict,
	wire.CodeGone:         http.StatusGone,
	wire.CodePrecondition: http.StatusPreconditionFailed,
	wire.CodeTooLarge:     http.StatusRequestEntityTooLarge,
	wire.CodeMediaType:    http.StatusUnsupportedMediaType,
	wire.CodeTooMany:      http.StatusTooManyRequests,
	wire.CodeNotAvailable: http.StatusNotImplemented,
	wire.CodeUnavailable:  http.StatusServiceUnavailable,
	wire.CodeNoAnswer:     http.StatusGatewayTimeout,
	wire.CodeNoSpace:      http.StatusInsufficientStorage,
}

// causes maps the sentinels of the domain packages to codes and sentences.
var causes = []struct {
	err     error
	code    wire.Code
	message string
}{
	{oauth.ErrInvalidToken, wire.CodeUnauthorized, "the access token is not valid"},
	{oauth.ErrTooManyTries, wire.CodeTooMany, "too many wrong secrets: wait a minute"},
	{oauth.ErrUnknown, wire.CodeNotFound, "there is no such entry in the settings"},
	{oauth.ErrTaken, wire.CodeConflict, "this name is taken already"},
	{oauth.ErrChanged, wire.CodeConflict, "somebody else changed this meanwhile: load it anew"},
	{oauth.ErrFixed, wire.CodeForbidden, "this is built in and cannot be changed"},
	{oauth.ErrLastAdmin, wire.CodeConflict, "nobody else is an administrator: make somebody one first"},
	{endpoint.ErrUnknown, wire.CodeNotFound, "this endpoint is not registered: register it again"},
	{endpoint.ErrRevoked, wire.CodeUnauthorized, "the access token is not valid"},
	{endpoint.ErrNotYours, wire.CodeForbidden, "this endpoint belongs to somebody else"},
	{endpoint.ErrTooMany, wire.CodeTooMany, "this user has too many endpoints: unregister some"},
	{conference.ErrUnknownConference, wire.CodeNotFound, "there is no such conference"},
	{conference.ErrUnknownStream, wire.CodeNotFound, "there is no such stream in this conference"},
	{conference.ErrUnknownViewer, wire.CodeNotFound, "there is no such viewer of this stream"},
	{conference.ErrNotMember, wire.CodeForbidden, "this endpoint has not joined the conference"},
	{conference.ErrNotYours, wire.CodeForbidden, "this belongs to another participant"},
	{conference.ErrForbidden, wire.CodeForbidden, "the access token does not allow this"},
	{conference.ErrEarly, wire.CodeForbidden, "the room token is not valid yet"},
	{conference.ErrLate, wire.CodeForbidden, "the room token lets nobody join any more"},
	{conference.ErrRemoved, wire.CodeForbidden, "you were removed from this room, or your time in it is over"},
	{conference.ErrLocked, wire.CodeForbidden, "the room is locked: nobody may join now"},
	{conference.ErrAudience, wire.CodeForbidden, "the audience receives only: ask to be promoted"},
	{conference.ErrNotPermitted, wire.CodeForbidden, "the room does not permit you this"},
	{conference.ErrUnknownMember, wire.CodeNotFound, "there is no such member in this room"},
	{conference.ErrP2P, wire.CodeConflict, "media of this conference flows between its participants"},
	{conference.ErrExists, wire.CodeConflict, "this id is taken already"},
	{conference.ErrNotP2P, wire.CodeConflict, "the server itself answers the viewers of this conference"},
	{conference.ErrAnswered, wire.CodeConflict, "this viewer has been answered already"},
	{conference.ErrNoAnswer, wire.CodeNoAnswer, "the other side does not answer: try again in a moment"},
	{conference.ErrBusy, wire.CodeTooMany, "too many viewers wait for an answer, or have too many candidates: try again in a moment"},
	{conference.ErrFull, wire.CodeConflict, "the conference is full"},
	{conference.ErrEnded, wire.CodeGone, "the conference has ended"},
	{call.ErrUnknownCall, wire.CodeNotFound, "there is no such call"},
	{call.ErrNobody, wire.CodeNotFound, "nobody of this name can be reached now: no device of theirs is signed in"},
	{call.ErrNotParty, wire.CodeForbidden, "this endpoint is not in the call"},
	{call.ErrNotYours, wire.CodeForbidden, "this endpoint belongs to somebody else"},
	{call.ErrWrongSide, wire.CodeForbidden, "this is for the other side of the call to do"},
	{call.ErrForbidden, wire.CodeForbidden, "the access token does not allow this"},
	{call.ErrExists, wire.CodeConflict, "this id is taken already"},
	{call.ErrAnswered, wire.CodeConflict, "the call has been answered"},
	{call.ErrRejected, wire.CodeConflict, "this endpoint has rejected the call"},
	{call.ErrTooMany, wire.CodeTooMany, "one of the two has too many calls: end some"},
	{call.ErrEnded, wire.CodeGone, "the call has ended"},
	{chat.ErrUnknownConference, wire.CodeNotFound, "there is no such conference"},
	{chat.ErrEnded, wire.CodeGone, "the conference has ended"},
	{chat.ErrNotMember, wire.CodeForbidden, "only who is in the conference may do this"},
	{chat.ErrForbidden, wire.CodeForbidden, "the access token does not allow this"},
	{chat.ErrTaken, wire.CodeConflict, "this id was used for another message"},
	{chat.ErrFull, wire.CodeConflict, "the chat of this conference is full"},
	{chat.ErrTooFast, wire.CodeTooMany, "too many messages at a time: wait a second"},
	{interaction.ErrUnknown, wire.CodeNotFound, "there is no such interaction"},
	{interaction.ErrTaken, wire.CodeConflict, "this id is taken already"},
	{interaction.ErrChanged, wire.CodeConflict, "somebody else changed this meanwhile: load it anew"},
	{file.ErrUnknown, wire.CodeNotFound, "there is no such file"},
	{file.ErrUnknownSnapshot, wire.CodeNotFound, "there is no such snapshot"},
	{file.ErrUnknownCamera, wire.CodeNotFound, "there is no such request"},
	{file.ErrUnknownConference, wire.CodeNotFound, "there is no such conference"},
	{file.ErrEnded, wire.CodeGone, "the conference has ended"},
	{file.ErrNotMember, wire.CodeForbidden, "only who is in the conference may do this"},
	{file.ErrForbidden, wire.CodeForbidden, "this belongs to others"},
	{file.ErrEmpty, wire.CodeInvalid, "the file is empty"},
	{file.ErrTooLarge, wire.CodeTooLarge, ""},
	{file.ErrType, wire.CodeMediaType, "files of this type are not taken: send a document, a picture or plain text"},
	{file.ErrMismatch, wire.CodeMediaType, "the file is not what its name says"},
	{file.ErrTooMany, wire.CodeConflict, "the conference has too many of these"},
	{file.ErrBusy, wire.CodeTooMany, "too many uploads at a time: wait for one to end"},
	{file.ErrNoSpace, wire.CodeNoSpace, "the server has no room for files left: tell its operator"},
	{file.ErrTransaction, wire.CodeConflict, "this transaction id was used for another file"},
	{file.ErrNotApproved, wire.CodeConflict, "the snapshot is not approved"},
	{file.ErrAnswered, wire.CodeConflict, "this was answered already"},
	{file.ErrLink, wire.CodeForbidden, "this link is not valid"},
	{file.ErrLinkExpired, wire.CodeGone, "this link has expired"},
	{ticket.ErrUnknown, wire.CodeNotFound, "this link is not known"},
	{ticket.ErrExpired, wire.CodeGone, "this link has expired"},
	{ticket.ErrRevoked, wire.CodeGone, "this link was withdrawn"},
	{ticket.ErrEarly, wire.CodeForbidden, "this link cannot be used yet"},
	{ticket.ErrUsed, wire.CodeGone, "this link was used already"},
	{queue.ErrUnknownQueue, wire.CodeNotFound, "there is no such queue"},
	{queue.ErrUnknownVisit, wire.CodeNotFound, "there is no such visit"},
	{queue.ErrUnknownReason, wire.CodeInvalid, "reasonId: there is no such reason"},
	{queue.ErrUnknownResult, wire.CodeInvalid, "outcomeId: there is no such outcome"},
	{queue.ErrForbidden, wire.CodeForbidden, "the access token does not allow this"},
	{queue.ErrNotYours, wire.CodeForbidden, "this caller is somebody else's"},
	{queue.ErrExists, wire.CodeConflict, "this id or name is taken already"},
	{queue.ErrChanged, wire.CodeConflict, "somebody else changed this meanwhile: load it anew"},
	{queue.ErrInUse, wire.CodeConflict, "the queue is in use: somebody is in it, or another overflows to it"},
	{queue.ErrFull, wire.CodeUnavailable, "too many callers wait: try again later"},
	{queue.ErrTooMany, wire.CodeTooMany, "there are too many of these"},
	{queue.ErrNotOffered, wire.CodeConflict, "this caller does not ring here any more"},
	{queue.ErrNobodyReady, wire.CodeConflict, "nobody is ready to take this caller"},
	{queue.ErrTransferring, wire.CodeConflict, "this caller is being transferred already"},
	{queue.ErrNoTransfer, wire.CodeConflict, "this caller is not being transferred"},
	{queue.ErrNoAnswerYet, wire.CodeConflict, "the other agent has not answered yet"},
	{queue.ErrTalking, wire.CodeConflict, "the call goes on: end it first"},
	{queue.ErrEnded, wire.CodeGone, "the visit has ended"},
	{preview.ErrNothing, wire.CodeNotFound, "there is nothing to see now"},
	{preview.ErrLink, wire.CodeForbidden, "this link is not valid"},
	{preview.ErrLinkExpired, wire.CodeGone, "this link has expired"},
	{room.ErrUnknown, wire.CodeNotFound, "there is no such room"},
	{room.ErrUnknownSession, wire.CodeNotFound, "there is no such session"},
	{room.ErrNoSession, wire.CodeNotFound, "nobody is in this room now: join it first"},
	{room.ErrTooMany, wire.CodeConflict, "the organization has as many rooms as it may have: somebody must remove one first"},
	{room.ErrChanged, wire.CodeConflict, "somebody else changed this meanwhile: load it anew"},
	{room.ErrToken, wire.CodeInvalid, "page_token is none of ours"},
	{sfu.ErrBadOffer, wire.CodeInvalid, ""},
	{sfu.ErrBadCandidate, wire.CodeInvalid, "this is not an ICE candidate"},
	{sfu.ErrUnknownStream, wire.CodeNotFound, "there is no such stream in this conference"},
	{sfu.ErrUnknownViewer, wire.CodeNotFound, "there is no such viewer of this stream"},
	{sfu.ErrStreamExists, wire.CodeConflict, "this stream is published already"},
	{sfu.ErrViewerExists, wire.CodeConflict, "this viewer exists already"},
	{context.Canceled, wire.CodeUnavailable, "the call was given up"},
	{context.DeadlineExceeded, wire.CodeUnavailable, "the server took too long: try again"},
	{conference.ErrUnavailable, wire.CodeUnavailable, "the change could not be written: try again in a moment"},
	{conference.ErrClosed, wire.CodeUnavailable, "the server is stopping: try again in a moment"},
	{queue.ErrUnavailable, wire.CodeUnavailable, "the change could not be written: try again in a moment"},
	{queue.ErrClosed, wire.CodeUnavailable, "the server is stopping: try again in a moment"},
	{call.ErrClosed, wire.CodeUnavailable, "the server is stopping: try again in a moment"},
	{endpoint.ErrClosed, wire.CodeUnavailable, "the server is stopping: try again in a moment"},
	{sfu.ErrClosed, wire.CodeUnavailable, "the server is stopping: try again in a moment"},
}

// reasons tell the customer's page and other programs which page to show.
var reasons = map[error]wire.Reason{
	ticket.ErrExpired: wire.ReasonExpired,
	ticket.ErrRevoked: wire.ReasonRevoked,
	ticket.ErrUsed:    wire.ReasonUsed,
	ticket.ErrEarly:   wire.ReasonEarly,

	conference.ErrEarly:   wire.ReasonEarly,
	conference.ErrLate:    wire.ReasonLate,
	conference.ErrLocked:  wire.ReasonLocked,
	conference.ErrRemoved: wire.ReasonRemoved,
}

// translate returns the answer for an error; what it does not know is internal.
func translate(err error) *wire.Error {
	var known *wire.Error
	if errors.As(err, &known) {
		return known
	}
	var wrong *oauth.BadSettings
	if errors.As(err, &wrong) {
		return &wire.Error{Code: wire.CodeInvalid, Message: wrong.Sentence}
	}
	var closed *queue.ClosedError
	if errors.As(err, &closed) {
		return closedQueue(closed)
	}
	for _, c := range causes {
		if errors.Is(err, c.err) {
			if c.message == "" {
				return &wire.Error{Code: c.code, Message: err.Error()}
			}
			return &wire.Error{Code: c.code, Message: c.message, Reason: reasons[c.err], NotBefore: notBefore(err)}
		}
	}
	return &wire.Error{Code: wire.CodeInternal, Message: "something went wrong in the server"}
}

// notBefore is when what came too early may be tried again; nil: it did not come
// too early.
func notBefore(err error) *wire.Time {
	var seat *conference.EarlyError
	var link *ticket.EarlyError
	switch {
	case errors.As(err, &seat):
		return new(wire.NewTime(seat.Opens))
	case errors.As(err, &link):
		return new(wire.NewTime(link.Opens))
	}
	return nil
}

// closedQueue tells when a queue opens.
func closedQueue(closed *queue.ClosedError) *wire.Error {
	e := &wire.Error{Code: wire.CodeConflict, Message: "the queue is closed", Reason: wire.ReasonClosed}
	if !closed.Opens.IsZero() {
		at := wire.NewTime(closed.Opens)
		e.NotBefore = &at
		e.Message += ": it opens at " + at.Format(time.RFC3339)
	}
	return e
}

// fail answers with the error's code and status. Only an internal one is
// logged: the others are the caller's.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	e := translate(err)
	status, ok := statuses[e.Code]
	if !ok {
		status = http.StatusInternalServerError
		a.Logger.Error("request", "method", r.Method, "path", r.Pattern, "err", err)
	}
	if e.NotBefore != nil {
		e.Now = new(wire.NewTime(a.Now()))
	}
	if err := send(w, status, e); err != nil {
		a.Logger.Error("send error", "err", err)
	}
}
