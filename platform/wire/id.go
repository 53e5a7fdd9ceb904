package wire

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
)

// MaxID is the greatest length of an id that a client may choose, in bytes.
const MaxID = 128

// CheckID tells whether s can be an id of the kind named: 1 to MaxID bytes of
// printable ASCII without white space, '/', '+', '#', '"' or '\'. Ids become
// MQTT topic levels and path segments, hence the limits.
func CheckID(kind, s string) error {
	if s == "" {
		return &Error{Code: CodeInvalid, Message: kind + " is missing"}
	}
	if len(s) > MaxID {
		return &Error{Code: CodeInvalid, Message: fmt.Sprintf("%s is longer than %d bytes", kind, MaxID)}
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || strings.IndexByte(`/+#"\`, c) >= 0 {
			return &Error{Code: CodeInvalid, Message: kind + ` may hold printable ASCII except space and / + # " \`}
		}
	}
	return nil
}

// NewID returns a random UUID (RFC 9562, section 5.4), for endpoints, events and
// conferences whose id nobody chose.
func NewID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// StreamID names a stream within its conference. It reads from a plain string
// and from the older object form {"id":"..."}, and writes the string.
type StreamID string

// UnmarshalJSON accepts both forms.
func (s *StreamID) UnmarshalJSON(b []byte) error {
	var plain string
	if err := json.Unmarshal(b, &plain); err == nil {
		*s = StreamID(plain)
		return nil
	}
	var object struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(b, &object); err != nil {
		return fmt.Errorf(`streamId: want a string or {"id": string}`)
	}
	*s = StreamID(object.ID)
	return nil
}
