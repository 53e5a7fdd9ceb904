package oauth

import (
	"context"
	"strings"
	"time"

	"guichet/platform/oauth/keyring"
	"guichet/platform/oauth/vault"
)

var testTime = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func nowForTests() time.Time { return testTime }

// Signing is a vault with a signing key in it.
type Signing struct {
	Vault *vault.Vault
	Key   keyring.Key
}

// NewSigning makes one for tests to share: a key takes longer than most of them.
func NewSigning() (Signing, error) {
	v, err := vault.New(make([]byte, 32))
	if err != nil {
		return Signing{}, err
	}
	at := time.Now().Add(-time.Hour)
	k, err := keyring.New(v, keyring.RS256, at, at)
	return Signing{v, k}, err
}

// Private is the key itself, PKCS #8.
func (s Signing) Private() ([]byte, error) {
	return s.Vault.Open("signing key", s.Key.ID, s.Key.Sealed)
}

// oneKey is a store of keys with one key.
type oneKey struct{ keyring.Key }

func (o oneKey) SigningKeys(context.Context) ([]keyring.Key, error) {
	return []keyring.Key{o.Key}, nil
}
func (oneKey) KeepSigningKey(context.Context, string, time.Time, time.Time) error { return nil }
func (oneKey) ReplaceSigningKeys(context.Context, string, *keyring.Key, []string, bool) error {
	return nil
}

// sameText compares tokens but for the last character of the signature, whose
// spare bits the encoding does not use.
func sameText(a, b string) bool {
	a, b = strings.TrimSpace(a), strings.TrimSpace(b)
	return len(a) == len(b) && a[:len(a)-1] == b[:len(b)-1]
}

// SweepNow does what is done every minute.
func (s *Service) SweepNow(ctx context.Context) error { return s.sweep(ctx) }
