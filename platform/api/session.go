package api

import (
	"net/http"
	"strconv"
	"strings"
	"sync"

	"guichet/platform/oauth"
	"guichet/platform/wire"
)

// protocol is WHIP, which publishes, or WHEP, which views.
type protocol string

const (
	whip protocol = "whip"
	whep protocol = "whep"
)

// session is one WHIP or WHEP connection. Its id also names the stream (WHIP)
// or the viewer (WHEP).
type session struct {
	protocol             protocol
	id                   string
	identity             oauth.Identity
	conference, endpoint string
	stream               wire.StreamID
}

// sessions finds sessions by id.
type sessions struct {
	mu sync.Mutex
	by map[string]*session
}

func (s *sessions) init() { s.by = map[string]*session{} }

func (s *sessions) add(v *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.by[v.id] = v
}

// remove returns the session, or nil if it was gone already.
func (s *sessions) remove(id string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.by[id]
	delete(s.by, id)
	return v
}

func (s *sessions) all() []*session {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*session, 0, len(s.by))
	for _, v := range s.by {
		list = append(list, v)
	}
	return list
}

// find returns the session that a request names, if it is the caller's.
func (s *sessions) find(p protocol, r *http.Request, id oauth.Identity) (*session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.by[r.PathValue("session")]
	if v == nil || v.protocol != p || v.conference != r.PathValue("conference") || v.identity.Organization != id.Organization {
		return nil, &wire.Error{Code: wire.CodeNotFound, Message: "there is no such session"}
	}
	if v.identity.UserID != id.UserID {
		return nil, &wire.Error{Code: wire.CodeForbidden, Message: "this session belongs to somebody else"}
	}
	return v, nil
}

// trickleType is the media type of candidates (RFC 8840, section 9).
const trickleType = "application/trickle-ice-sdpfrag"

// maxCandidates bounds the candidates of one fragment.
const maxCandidates = 128

// parseFragment reads the candidates of an SDP fragment (RFC 8840, section 9):
// a=candidate lines, each below the a=mid of its media section.
func parseFragment(fragment string) ([]wire.ICECandidate, error) {
	var list []wire.ICECandidate
	section := -1
	var mid *string
	for line := range strings.Lines(fragment) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case line == "":
		case strings.HasPrefix(line, "m="):
			section++
			mid = nil
		case strings.HasPrefix(line, "a=mid:"):
			v := line[len("a=mid:"):]
			mid = &v
		case strings.HasPrefix(line, "a=candidate:"):
			c := wire.ICECandidate{Candidate: line[len("a="):], SDPMid: mid}
			if mid == nil {
				index := uint16(max(section, 0))
				c.SDPMLineIndex = &index
			}
			list = append(list, c)
		case len(line) < 2 || line[1] != '=':
			return nil, invalid("line %s is not SDP", strconv.Quote(line[:min(len(line), 20)]))
		}
		if len(list) > maxCandidates {
			return nil, invalid("more than %d candidates at once", maxCandidates)
		}
	}
	return list, nil
}
