package oauth

import "time"

// NewKey makes a signing key for tests that share one.
func NewKey() (Key, error) { return newKey(time.Now()) }
