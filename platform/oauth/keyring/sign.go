package keyring

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

// The types of what is signed, the header's typ: one kind never passes for
// another.
const (
	AccessToken = "at+jwt" // RFC 9068
	IDToken     = "JWT"
	RoomToken   = "rt+jwt"
)

// Sign returns claims as a compact JWS of a type. As many run at once as there
// are processors: more would only make each other late.
func (r *Ring) Sign(kind string, claims any) (string, error) {
	s := r.set.Load()
	return r.sign(s.keys[s.current(r.config.Now())], kind, claims)
}

// keepStep is how much longer than needed a key is kept, so that few tokens need
// a write: one a month at the most as time goes by.
const keepStep = 30 * 24 * time.Hour

// SignUntil is Sign for what lives longer than Config.Life: the key is kept until
// expires at least, to verify tokens of this type alone.
func (r *Ring) SignUntil(ctx context.Context, kind string, claims any, expires time.Time) (string, error) {
	for {
		s, now := r.set.Load(), r.config.Now()
		k := s.keys[s.current(now)]
		if !k.Until.Before(expires) || expires.Before(now) {
			return r.sign(k, kind, claims)
		}
		err := r.config.Store.KeepSigningKey(ctx, k.ID, expires.Add(keepStep), now)
		if err != nil && !errors.Is(err, ErrChanged) {
			return "", fmt.Errorf("keep signing key: %w", err)
		}
		if err := r.Reload(ctx); err != nil {
			return "", err
		}
	}
}

func (r *Ring) sign(k *key, kind string, claims any) (string, error) {
	body, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encode claims: %w", err)
	}
	r.signers <- struct{}{}
	signed, err := k.signers[kind].Sign(body)
	<-r.signers
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return signed.CompactSerialize()
}

// Verify returns the claims of a token of a type. Keys come from the ring by
// kid; whatever else a header offers (jwk, jku, x5u) is not looked at. Claims are
// the caller's to check.
func (r *Ring) Verify(kind, token string) (claims []byte, kid string, err error) {
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256, jose.ES256})
	if err != nil {
		return nil, "", err
	}
	header := signed.Signatures[0].Protected
	found, _ := header.ExtraHeaders[jose.HeaderType].(string)
	if !strings.EqualFold(strings.TrimPrefix(found, "application/"), kind) {
		return nil, "", fmt.Errorf("%w: %q", ErrType, found)
	}
	s, now := r.set.Load(), r.config.Now()
	current := s.current(now)
	for i, k := range s.keys {
		if k.ID != header.KeyID {
			continue
		}
		if k.Algorithm != header.Algorithm {
			return nil, "", errors.New("algorithm is not the key's")
		}
		end := r.retires
		if kind == RoomToken {
			end = r.removed
		}
		if i > current && !now.Before(end(s, i)) {
			return nil, "", errors.New("key is retired")
		}
		claims, err := signed.Verify(k.public)
		return claims, k.ID, err
	}
	return nil, "", errors.New("key is not ours")
}

// JWKS is the public half of all keys, those that wait included.
func (r *Ring) JWKS() jose.JSONWebKeySet {
	var published jose.JSONWebKeySet
	for _, k := range r.set.Load().keys {
		published.Keys = append(published.Keys, jose.JSONWebKey{Key: k.public, KeyID: k.ID, Algorithm: k.Algorithm, Use: "sig"})
	}
	return published
}
