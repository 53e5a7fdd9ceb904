// Package vault seals the secrets that the database must hold and nobody who
// copies it may read: signing keys, and the secrets of identity providers.
//
// Its one key lies in a file of its own, so that neither a backup of the
// database nor the file alone is enough. A Vault never changes and may be used
// by any goroutine.
package vault

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrSealed tells that a secret was sealed with another key, for another place,
// or is damaged.
var ErrSealed = errors.New("the secret does not open with this key file")

const (
	keyLength = 32
	version   = 1 // first byte of what is sealed
)

// Vault seals and opens secrets.
type Vault struct {
	aead cipher.AEAD
	key  [keyLength]byte
}

// New returns the vault of a key of 32 random bytes.
func New(key []byte) (*Vault, error) {
	if len(key) != keyLength {
		return nil, fmt.Errorf("vault: the key has %d bytes, not %d", len(key), keyLength)
	}
	derived, err := hkdf.Key(sha256.New, key, nil, "guichet vault 1", keyLength)
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	return &Vault{aead, [keyLength]byte(key)}, nil
}

// Key derives the key of another purpose, such as "links to files": 32 bytes
// that stay the same as long as the key file does and tell nothing of the keys
// of other purposes (RFC 5869).
func (v *Vault) Key(purpose string) ([]byte, error) {
	return hkdf.Key(sha256.New, v.key[:], nil, "guichet key 1\x00"+purpose, keyLength)
}

// Open reads the key file, which it makes when it is missing: one line of
// base64url, readable by its owner alone.
func Open(file string) (*Vault, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		if err := create(file); err != nil {
			return nil, fmt.Errorf("key file: %w", err)
		}
		text, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	info, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("key file %s: others may read it: run chmod 600 on it", file)
	}
	key, err := base64.RawURLEncoding.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil || len(key) != keyLength {
		return nil, fmt.Errorf("key file %s: it must hold one line of %d characters", file, base64.RawURLEncoding.EncodedLen(keyLength))
	}
	return New(key)
}

// create writes a new key beside the file and links it into place, so that of
// two processes that start together both read the same whole key.
func create(file string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".key-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	var key [keyLength]byte
	rand.Read(key[:])
	_, err = f.WriteString(base64.RawURLEncoding.EncodeToString(key[:]) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), file); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	dir, err := os.Open(filepath.Dir(file))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Seal encrypts a secret for a place, such as "signing key" and its id: what is
// copied to another place does not open there.
func (v *Vault) Seal(place, id string, secret []byte) []byte {
	return v.aead.Seal([]byte{version}, nil, secret, bound(place, id))
}

// Open decrypts what Seal made for the same place, or fails with ErrSealed.
func (v *Vault) Open(place, id string, sealed []byte) ([]byte, error) {
	if len(sealed) == 0 || sealed[0] != version {
		return nil, ErrSealed
	}
	secret, err := v.aead.Open(nil, nil, sealed[1:], bound(place, id))
	if err != nil {
		return nil, ErrSealed
	}
	return secret, nil
}

func bound(place, id string) []byte { return []byte(place + "\x00" + id) }
