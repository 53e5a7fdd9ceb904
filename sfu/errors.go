package sfu

import "errors"

// Errors which callers can tell apart with errors.Is.
var (
	// ErrBadOffer says that an offer is malformed or leaves nothing to send or
	// to receive; the wrapping error says why.
	ErrBadOffer = errors.New("bad offer")
	// ErrBadCandidate says that an ICE candidate cannot be parsed.
	ErrBadCandidate = errors.New("bad candidate")
	// ErrUnknownStream says that nobody publishes under the key.
	ErrUnknownStream = errors.New("unknown stream")
	// ErrUnknownViewer says that the stream has no such viewer.
	ErrUnknownViewer = errors.New("unknown viewer")
	// ErrStreamExists says that the key is already published.
	ErrStreamExists = errors.New("stream exists")
	// ErrViewerExists says that the viewer key is already in use.
	ErrViewerExists = errors.New("viewer exists")
	// ErrClosed says that the SFU, or what was being set up, was closed.
	ErrClosed = errors.New("closed")
)
