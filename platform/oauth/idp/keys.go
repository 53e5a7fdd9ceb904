package idp

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"log/slog"
	"strings"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

const (
	keysLife   = 5 * time.Minute // how long a withdrawn key may still be taken
	keysPause  = time.Minute     // between searches for keys that are not known
	maxKeys    = 100             // of a provider
	minRSABits = 2048
)

// algorithms are those in which an id_token may be signed: with a private key of
// the provider alone, never with a secret that others could know too.
func algorithms() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512,
		jose.ES256, jose.ES384, jose.ES512, jose.EdDSA}
}

// keysFor returns the provider's keys that may have signed a token of an
// algorithm and a key id. When there is none, the provider may have a new one:
// its keys are read again, but not for every invented key id.
func (c *Client) keysFor(ctx context.Context, m metadata, algorithm, kid string) ([]jose.JSONWebKey, error) {
	s := c.sources.of(m.Issuer, c.now())
	if err := s.acquire(ctx, m.Issuer); err != nil {
		return nil, err
	}
	defer s.release()
	now := c.now()
	fresh, err := c.refreshKeys(ctx, s, m.JWKSURI, now)
	if err != nil {
		return nil, err
	}
	found := suitable(s.keys, algorithm, kid)
	if len(found) > 0 || fresh || now.Sub(s.keysSearched) < keysPause {
		return found, nil
	}
	s.keysSearched = now
	if err := c.readKeys(ctx, s, m.JWKSURI, now); err != nil {
		return nil, err
	}
	c.log.LogAttrs(ctx, slog.LevelInfo, "read the keys of an identity provider for a key that was not known",
		slog.String("issuer", m.Issuer), slog.Int("keys", len(s.keys)))
	return suitable(s.keys, algorithm, kid), nil
}

// countKeys returns how many usable keys the provider publishes.
func (c *Client) countKeys(ctx context.Context, m metadata) (int, error) {
	s := c.sources.of(m.Issuer, c.now())
	if err := s.acquire(ctx, m.Issuer); err != nil {
		return 0, err
	}
	defer s.release()
	_, err := c.refreshKeys(ctx, s, m.JWKSURI, c.now())
	return len(s.keys), err
}

// refreshKeys reads keys that were never read or are too old, and tells whether
// it did.
func (c *Client) refreshKeys(ctx context.Context, s *source, address string, now time.Time) (bool, error) {
	if s.keysURI == address && now.Sub(s.keysRead) < keysLife {
		return false, nil
	}
	return true, c.readKeys(ctx, s, address, now)
}

// readKeys replaces the keys of a source. Keys that we cannot use are left out.
func (c *Client) readKeys(ctx context.Context, s *source, address string, now time.Time) error {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := c.fetch(ctx, address, "", &set); err != nil {
		return err
	}
	if len(set.Keys) > maxKeys {
		return nonsense("the provider has %d keys, more than the %d that are read", len(set.Keys), maxKeys)
	}
	keys := []jose.JSONWebKey{}
	for _, raw := range set.Keys {
		var k jose.JSONWebKey
		if k.UnmarshalJSON(raw) == nil && usable(k) {
			keys = append(keys, k)
		}
	}
	s.keys, s.keysURI, s.keysRead = keys, address, now
	return nil
}

// usable tells whether a key is the public half of a pair for signatures, and
// not too weak.
func usable(k jose.JSONWebKey) bool {
	if k.Use != "" && k.Use != "sig" {
		return false
	}
	switch key := k.Key.(type) {
	case *rsa.PublicKey:
		return key.N.BitLen() >= minRSABits
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return k.Valid()
	}
	return false
}

// suitable returns the keys with a kid that fit an algorithm. A token without
// kid is taken only where no choice is to be made, OpenID Connect Core 10.1.
func suitable(keys []jose.JSONWebKey, algorithm, kid string) []jose.JSONWebKey {
	var found []jose.JSONWebKey
	for _, k := range keys {
		if fits(k, algorithm) && (kid == "" || k.KeyID == kid) {
			found = append(found, k)
		}
	}
	if kid == "" && len(found) > 1 {
		return nil
	}
	return found
}

// fits tells whether a key is of an algorithm: by its own word where it has one,
// and by its type and curve always.
func fits(k jose.JSONWebKey, algorithm string) bool {
	if k.Algorithm != "" && k.Algorithm != algorithm {
		return false
	}
	switch key := k.Key.(type) {
	case *rsa.PublicKey:
		return strings.HasPrefix(algorithm, "RS") || strings.HasPrefix(algorithm, "PS")
	case *ecdsa.PublicKey:
		curve := map[string]string{"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}[algorithm]
		return curve != "" && key.Params().Name == curve
	case ed25519.PublicKey:
		return algorithm == string(jose.EdDSA)
	}
	return false
}
