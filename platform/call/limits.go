package call

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"guichet/platform/wire"
)

// Bounds of what callers may put into a call.
const (
	maxCalls      = 64 // that one user is in
	maxRung       = 64 // endpoints that ring, the youngest
	maxSDP        = 256 << 10
	maxReason     = 1 << 10
	maxCandidates = 64  // in one request
	maxFound      = 256 // of one endpoint in one call
	maxCandidate  = 1 << 10
	maxTarget     = 1 << 10
	maxSIPHeaders = 16 << 10 // all of them
)

func invalid(format string, args ...any) error {
	return &wire.Error{Code: wire.CodeInvalid, Message: fmt.Sprintf(format, args...)}
}

// first returns the first error.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func checkLength(what, s string, limit int) error {
	if len(s) > limit {
		return &wire.Error{Code: wire.CodeTooLarge, Message: fmt.Sprintf("%s is longer than %d bytes", what, limit)}
	}
	return nil
}

// checkSDP judges no more than that it may be SDP (RFC 8866, section 5.1): the
// other side reads it.
func checkSDP(what, sdp string) error {
	switch {
	case sdp == "":
		return invalid("%s is missing", what)
	case !strings.HasPrefix(sdp, "v=0"):
		return invalid("%s is not SDP: want v=0 first", what)
	}
	return checkLength(what, sdp, maxSDP)
}

// checkCandidates refuses what a client that pastes candidates into SDP would
// take for further lines.
func checkCandidates(list []wire.ICECandidate) error {
	if len(list) > maxCandidates {
		return invalid("more than %d iceCandidates in one call", maxCandidates)
	}
	for _, c := range list {
		text := strings.TrimPrefix(c.Candidate, "a=")
		switch {
		case len(c.Candidate) > maxCandidate || c.SDPMid != nil && len(*c.SDPMid) > maxCandidate:
			return &wire.Error{Code: wire.CodeTooLarge, Message: fmt.Sprintf("candidate is longer than %d bytes", maxCandidate)}
		case text != "" && !strings.HasPrefix(text, "candidate:"), hasControl(text), c.SDPMid != nil && hasControl(*c.SDPMid):
			return invalid("this is not an ICE candidate")
		}
	}
	return nil
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

func checkHeaders(headers map[string]string) error {
	size := 0
	for k, v := range headers {
		size += len(k) + len(v)
	}
	if size > maxSIPHeaders {
		return &wire.Error{Code: wire.CodeTooLarge, Message: fmt.Sprintf("sipHeaders are longer than %d bytes", maxSIPHeaders)}
	}
	return nil
}

// isSIP tells an address from a user's name (RFC 3261, section 19.1; RFC 3966).
func isSIP(target string) bool {
	scheme, _, found := strings.Cut(target, ":")
	switch strings.ToLower(scheme) {
	case "sip", "sips", "tel":
		return found
	}
	return false
}

func digest(sdp string) string {
	sum := sha256.Sum256([]byte(sdp))
	return hex.EncodeToString(sum[:])
}
