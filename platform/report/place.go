package report

import (
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
)

// Place is where a row stands in a report: by its time, then by its id. Neither
// changes as long as the row is there.
type Place struct {
	At int64 // Unix milliseconds; 0 where rows are ordered by id alone
	ID string
}

// ErrCursor tells that a cursor is none of ours.
var ErrCursor = errors.New("cursor is not known")

const maxCursor = 1 << 10

// String is the place as a cursor: clients give it back as it is.
func (p Place) String() string {
	if p == (Place{}) {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(p.At, 10) + " " + p.ID))
}

// ParsePlace reads a cursor; an empty one is the beginning.
func ParsePlace(cursor string) (Place, error) {
	if cursor == "" {
		return Place{}, nil
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(cursor) > maxCursor {
		return Place{}, ErrCursor
	}
	number, id, ok := strings.Cut(string(text), " ")
	at, err := strconv.ParseInt(number, 10, 64)
	if p := (Place{at, id}); ok && err == nil && p.String() == cursor && id != "" {
		return p, nil
	}
	return Place{}, ErrCursor
}
