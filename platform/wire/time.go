package wire

import (
	"fmt"
	"time"
)

// timeLayout has exactly three decimals: shipped clients parse
// yyyy-MM-dd'T'HH:mm:ss.SSS'Z' and nothing else, so time.RFC3339Nano, which
// drops trailing zeros, would break them.
const timeLayout = "2006-01-02T15:04:05.000Z"

// Time is an instant as the contract writes it: UTC, milliseconds, suffix Z.
type Time struct{ time.Time }

// NewTime returns t in UTC, cut to milliseconds, as it will read after a round
// trip through JSON.
func NewTime(t time.Time) Time { return Time{t.UTC().Truncate(time.Millisecond)} }

// MarshalJSON writes the instant with three decimals.
func (t Time) MarshalJSON() ([]byte, error) {
	return []byte(t.UTC().Format(`"` + timeLayout + `"`)), nil
}

// UnmarshalJSON reads any RFC 3339 instant; null leaves the zero time.
func (t *Time) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	v, err := time.Parse(`"`+time.RFC3339+`"`, string(b))
	if err != nil {
		return fmt.Errorf("time: want RFC 3339, such as 2026-01-02T15:04:05.000Z")
	}
	*t = NewTime(v)
	return nil
}
