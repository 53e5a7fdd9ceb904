package keyring

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

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
	body, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encode claims: %w", err)
	}
	s := r.set.Load()
	signer := s.keys[s.current(r.config.Now())].signers[kind]
	r.signers <- struct{}{}
	signed, err := signer.Sign(body)
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
		return nil, "", fmt.Errorf("type is %q", found)
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
		if i > current && !now.Before(r.removed(s, i)) {
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
