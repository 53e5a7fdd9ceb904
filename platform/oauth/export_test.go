package oauth

import (
	"context"
	"strings"
	"time"
)

var testTime = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func nowForTests() time.Time { return testTime }

// NewKey makes a signing key for tests that share one.
func NewKey() (Key, error) { return newKey(time.Now()) }

// oneKey is a store of keys with one key.
type oneKey struct{ Key }

func (o oneKey) SigningKeys(context.Context) ([]Key, error) { return []Key{o.Key}, nil }
func (oneKey) AddFirstKey(context.Context, Key) error       { return nil }

// sameText compares tokens but for the last character of the signature, whose
// spare bits the encoding does not use.
func sameText(a, b string) bool {
	a, b = strings.TrimSpace(a), strings.TrimSpace(b)
	return len(a) == len(b) && a[:len(a)-1] == b[:len(b)-1]
}
