package sfu

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/webrtc/v4"
)

const maxCandidate = 1024 // bytes

// checkCandidate checks the form of what a client trickles, RFC 8839 section
// 5.1. The server needs none of it (see the package's documentation): names that only the client's network can resolve are as good
// as addresses, and the empty candidate that ends the row is one too.
func checkCandidate(c webrtc.ICECandidateInit) error {
	text := strings.TrimPrefix(strings.TrimPrefix(c.Candidate, "a="), "candidate:")
	if strings.TrimSpace(text) == "" || text == "end-of-candidates" {
		return nil
	}
	if len(text) > maxCandidate || strings.ContainsAny(text, "\r\n\x00") {
		return fmt.Errorf("%w: too long or not one line", ErrBadCandidate)
	}
	f := strings.Fields(text)
	if len(f) < 8 || f[6] != "typ" {
		return fmt.Errorf("%w: want foundation, component, transport, priority, address, port, typ, type", ErrBadCandidate)
	}
	if n, err := strconv.Atoi(f[1]); err != nil || n < 1 || n > 256 {
		return fmt.Errorf("%w: component", ErrBadCandidate)
	}
	if _, err := strconv.ParseUint(f[3], 10, 32); err != nil {
		return fmt.Errorf("%w: priority", ErrBadCandidate)
	}
	if _, err := strconv.ParseUint(f[5], 10, 16); err != nil {
		return fmt.Errorf("%w: port", ErrBadCandidate)
	}
	if !slices.Contains([]string{"host", "srflx", "prflx", "relay"}, f[7]) {
		return fmt.Errorf("%w: type", ErrBadCandidate)
	}
	return nil
}

// AddPublisherCandidate takes a candidate that a publisher trickles.
func (s *SFU) AddPublisherCandidate(key StreamKey, c webrtc.ICECandidateInit) error {
	if _, err := s.stream(key); err != nil {
		return err
	}
	return checkCandidate(c)
}

// AddViewerCandidate takes a candidate that a viewer trickles.
func (s *SFU) AddViewerCandidate(key ViewerKey, c webrtc.ICECandidateInit) error {
	if _, err := s.viewer(key); err != nil {
		return err
	}
	return checkCandidate(c)
}
