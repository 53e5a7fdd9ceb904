package conference

import (
	"crypto/sha256"
	"strings"

	"guichet/platform/wire"
)

// What is different in mode P2P: media flows between the participants, so a
// viewer's offer goes to the publisher, whose answer goes back, and the
// candidates of each go to the other. What an endpoint is told alone is a row of
// the journal like every event, and so comes to it in order and at least once,
// also when it reconnects meanwhile.

// asked connects a viewer with the call that waits for the publisher's answer.
type asked struct {
	answer chan string   // of one
	gone   chan struct{} // closed when the view ended before its answer
}

// side is one of the two ends of a view.
type side int

const (
	ofViewer side = iota
	ofPublisher
)

// note is an event for one endpoint alone.
type note struct {
	wire.ViewEvent
	to string
}

// telling is a command that tells one endpoint something besides what it changes.
type telling interface {
	tell(after state) (note, bool)
}

// notes returns what a command that led from was to s tells single endpoints.
func notes(c command, was, s state) []note {
	var out []note
	for k, v := range was.Viewers {
		if _, still := s.Viewers[k]; still || v.asked == nil {
			continue
		}
		if n, ok := was.note(wire.EventStreamViewStopped, k, v.endpoint); ok {
			if m, _, published := s.stream(k.stream); published {
				n.to = s.Members[m].Endpoint
				out = append(out, n)
			}
		}
	}
	if t, ok := c.(telling); ok {
		if n, ok := t.tell(s); ok {
			out = append(out, n)
		}
	}
	return out
}

// note begins a note about a view, caused by a member.
func (s state) note(kind wire.EventType, k viewerKey, endpoint string) (n note, ok bool) {
	for _, m := range s.Members {
		if m.Endpoint == endpoint {
			n.Type, n.StreamID, n.ViewerID, n.UserID, n.UserEndpointID = kind, k.stream, k.viewer, m.User, endpoint
			return n, true
		}
	}
	return n, false
}

// ask keeps a viewer's id and, in mode P2P, hands its offer to the publisher.
type ask struct {
	holdViewer
	offer string
	asked *asked
}

func (c ask) change(s state) (state, []wire.Event, error) {
	next, _, err := c.holdViewer.change(s)
	if err != nil || s.Mode != wire.ModeP2P {
		return next, nil, err
	}
	if err := checkRelayed("sdpOffer", c.offer); err != nil {
		return s, nil, err
	}
	mine, all := 0, 0
	for _, v := range s.Viewers {
		if v.held {
			all++
			if v.endpoint == c.endpoint {
				mine++
			}
		}
	}
	if mine >= maxAsked || all >= maxAllAsked {
		return s, nil, ErrBusy
	}
	return s.withViewer(c.key, viewer{holder: holder{endpoint: c.endpoint, attempt: c.attempt}, held: true, asked: c.asked}), nil, nil
}

func (c ask) tell(s state) (note, bool) {
	m, _, ok := s.stream(c.key.stream)
	if s.Mode != wire.ModeP2P || !ok {
		return note{}, false
	}
	n, ok := s.note(wire.EventStreamViewRequested, c.key, c.endpoint)
	n.to, n.SDPOffer = s.Members[m].Endpoint, c.offer
	return n, ok
}

// answerView is the publisher's answer to a viewer that asked. The answer itself
// goes to the call that waits, once this has come about.
type answerView struct {
	user, endpoint string
	key            viewerKey
	digest         [sha256.Size]byte
}

func (c answerView) change(s state) (state, []wire.Event, error) {
	v, err := s.watched(c.user, c.endpoint, c.key, ofPublisher)
	switch {
	case err != nil:
		return s, nil, err
	case v.held:
		v.held, v.digest = false, c.digest
		return s.withViewer(c.key, v), nil, nil
	case v.digest != c.digest:
		return s, nil, ErrAnswered
	}
	return s, nil, nil
}

// trickle hands ICE candidates of one end of a view to the other.
type trickle struct {
	user, endpoint string
	key            viewerKey
	by             side
	candidates     []wire.ICECandidate
}

func (c trickle) change(s state) (state, []wire.Event, error) {
	v, err := s.watched(c.user, c.endpoint, c.key, c.by)
	if err != nil {
		return s, nil, err
	}
	if v.found[c.by] += len(c.candidates); v.found[c.by] > maxFound {
		return s, nil, ErrBusy
	}
	return s.withViewer(c.key, v), nil, nil
}

func (c trickle) tell(s state) (note, bool) {
	n, ok := s.note(wire.EventStreamICECandidatesFound, c.key, c.endpoint)
	n.to, n.ICECandidates = s.Viewers[c.key].endpoint, c.candidates
	if m, _, published := s.stream(c.key.stream); c.by == ofViewer && published {
		n.to = s.Members[m].Endpoint
	}
	return n, ok && len(c.candidates) > 0
}

// watched returns a viewer of mode P2P at one of whose ends the endpoint is.
func (s state) watched(user, endpoint string, k viewerKey, at side) (viewer, error) {
	if _, err := s.member(user, endpoint); err != nil {
		return viewer{}, err
	}
	if s.Mode != wire.ModeP2P {
		return viewer{}, ErrNotP2P
	}
	m, _, published := s.stream(k.stream)
	v, viewed := s.Viewers[k]
	switch {
	case !published:
		return viewer{}, ErrUnknownStream
	case at == ofPublisher && s.Members[m].Endpoint != endpoint:
		return viewer{}, ErrNotYours
	case !viewed:
		return viewer{}, ErrUnknownViewer
	case at == ofViewer && v.endpoint != endpoint:
		return viewer{}, ErrNotYours
	}
	return v, nil
}

// checkRelayed judges SDP that another client will read no further than that it
// may be SDP (RFC 8866, section 5.1).
func checkRelayed(what, sdp string) error {
	if !strings.HasPrefix(sdp, "v=0") {
		return invalid("%s is not SDP: want v=0 first", what)
	}
	return checkLength(what, sdp, maxRelayed)
}

// checkLines refuses candidates that a client which pastes them into SDP would
// take for further lines.
func checkLines(candidates []wire.ICECandidate) error {
	for _, c := range candidates {
		text := strings.TrimPrefix(c.Candidate, "a=")
		switch {
		case c.SDPMid != nil && len(*c.SDPMid) > maxCandidate:
			return tooLarge("sdpMid", maxCandidate)
		case text != "" && !strings.HasPrefix(text, "candidate:"), hasControl(text), c.SDPMid != nil && hasControl(*c.SDPMid):
			return invalid("this is not an ICE candidate")
		}
	}
	return nil
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}
