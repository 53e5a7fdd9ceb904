package oauth

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

const keyBits = 2048

// keyring is the service's keys: one signs, all verify. It never changes.
type keyring struct {
	id     string
	access jose.Signer // typ at+jwt, RFC 9068
	idents jose.Signer // typ JWT, of id tokens
	public map[string]*rsa.PublicKey
}

// loadKeys reads the keys of the store, which gets a first one if it has none.
func loadKeys(ctx context.Context, store KeyStore, now func() time.Time) (keyring, error) {
	keys, err := store.SigningKeys(ctx)
	if err != nil {
		return keyring{}, err
	}
	if len(keys) == 0 {
		k, err := newKey(now())
		if err != nil {
			return keyring{}, err
		}
		if err := store.AddFirstKey(ctx, k); err != nil {
			return keyring{}, fmt.Errorf("add signing key: %w", err)
		}
		// Another process may have been first.
		if keys, err = store.SigningKeys(ctx); err != nil {
			return keyring{}, err
		}
	}
	r := keyring{public: map[string]*rsa.PublicKey{}}
	for _, k := range keys {
		parsed, err := x509.ParsePKCS8PrivateKey(k.Private)
		if err != nil {
			return keyring{}, fmt.Errorf("signing key %s: %w", k.ID, err)
		}
		private, ok := parsed.(*rsa.PrivateKey)
		if !ok {
			return keyring{}, fmt.Errorf("signing key %s is not an RSA key", k.ID)
		}
		r.public[k.ID] = &private.PublicKey
		if r.id != "" {
			continue
		}
		r.id = k.ID
		if r.access, err = signer(k.ID, private, "at+jwt"); err != nil {
			return keyring{}, err
		}
		if r.idents, err = signer(k.ID, private, "JWT"); err != nil {
			return keyring{}, err
		}
	}
	if r.id == "" {
		return keyring{}, errors.New("oauth: there is no signing key")
	}
	return r, nil
}

func newKey(at time.Time) (Key, error) {
	private, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return Key{}, fmt.Errorf("make signing key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return Key{}, fmt.Errorf("make signing key: %w", err)
	}
	print, err := (&jose.JSONWebKey{Key: &private.PublicKey}).Thumbprint(crypto.SHA256)
	if err != nil {
		return Key{}, fmt.Errorf("make signing key: %w", err)
	}
	return Key{ID: base64.RawURLEncoding.EncodeToString(print), Private: der, Created: at}, nil
}

func signer(id string, private *rsa.PrivateKey, kind jose.ContentType) (jose.Signer, error) {
	return jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: private, KeyID: id}},
		(&jose.SignerOptions{}).WithType(kind))
}

// jwks is the public half of all keys.
func (r keyring) jwks() jose.JSONWebKeySet {
	var set jose.JSONWebKeySet
	for id, k := range r.public {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: k, KeyID: id, Algorithm: string(jose.RS256), Use: "sig"})
	}
	return set
}
