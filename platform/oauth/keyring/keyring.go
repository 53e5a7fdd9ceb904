// Package keyring holds the token service's signing keys: one signs, all that
// may have signed what still lives verify.
//
// A new key is published for a while before it signs, so that whoever keeps the
// published set for that long never meets a key it does not know; an old one
// stays until the last token that it signed has expired. Private halves are
// sealed before they reach the store. The set in use is replaced as a whole and
// never changed, so that signing and verifying take no lock; the ring starts no
// goroutine, Tend is called by its owner.
package keyring

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"guichet/platform/oauth/vault"

	jose "github.com/go-jose/go-jose/v4"
)

// The algorithms that keys may have.
const (
	RS256 = string(jose.RS256)
	ES256 = string(jose.ES256)
)

// Times of a key's life.
const (
	// CacheTime is how long others may keep the published set, and so how long a
	// new key waits before it signs.
	CacheTime = 5 * time.Minute
	// Period is how long a key signs before Tend replaces it.
	Period = 90 * 24 * time.Hour
)

const (
	rsaBits = 2048
	place   = "signing key" // in the vault
)

// ErrChanged tells that the keys changed since they were read.
var ErrChanged = errors.New("the signing keys have changed meanwhile")

// ErrType tells that a token is of another type.
var ErrType = errors.New("token is of another type")

// Key is a signing key as it is kept.
type Key struct {
	ID        string // RFC 7638 thumbprint: the kid
	Algorithm string
	Sealed    []byte // PKCS #8, sealed by the vault
	Created   time.Time
	Signs     time.Time // from when
	// Until is when the last of the tokens that outlive Config.Life expires; zero:
	// it signed none.
	Until time.Time
}

// Store keeps keys.
type Store interface {
	// SigningKeys returns all keys, the one that signs last first.
	SigningKeys(ctx context.Context) ([]Key, error)
	// ReplaceSigningKeys adds a key unless it is nil and removes others, if the
	// first of the list is still the one with the id newest, "" meaning none;
	// else it fails with ErrChanged. What compromised keys have signed ends.
	ReplaceSigningKeys(ctx context.Context, newest string, add *Key, remove []string, compromised bool) error
	// KeepSigningKey has a key kept until a time at least, or fails with
	// ErrChanged when it is gone.
	KeepSigningKey(ctx context.Context, id string, until, at time.Time) error
}

// Config is what a Ring works with; all but Algorithm is required.
type Config struct {
	Store     Store
	Vault     *vault.Vault
	Algorithm string // of new keys; empty: that of the newest, or else RS256
	Now       func() time.Time
	// Life is the longest that anything lives that Sign signed.
	Life time.Duration
}

// Ring is the set of keys.
type Ring struct {
	config  Config
	set     atomic.Pointer[set]
	signers chan struct{} // one place per processor
	load    sync.Mutex    // of Reload, so that an older set never replaces a newer
}

// set is what the store held at one time, newest key first.
type set struct{ keys []*key }

type key struct {
	Key
	public  crypto.PublicKey
	signers map[string]jose.Signer // by type
}

// Open reads the keys, and makes the first when there is none.
func Open(ctx context.Context, c Config) (*Ring, error) {
	if c.Store == nil || c.Vault == nil || c.Now == nil || c.Life <= 0 {
		return nil, errors.New("keyring: Store, Vault, Now and Life are required")
	}
	if c.Algorithm != "" && c.Algorithm != RS256 && c.Algorithm != ES256 {
		return nil, fmt.Errorf("keyring: algorithm %q is neither RS256 nor ES256", c.Algorithm)
	}
	r := &Ring{config: c, signers: make(chan struct{}, runtime.GOMAXPROCS(0))}
	if err := r.Reload(ctx); err != nil {
		return nil, err
	}
	if err := r.Tend(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

// Reload reads the keys again, after another process changed them.
func (r *Ring) Reload(ctx context.Context) error {
	r.load.Lock()
	defer r.load.Unlock()
	stored, err := r.config.Store.SigningKeys(ctx)
	if err != nil {
		return err
	}
	known := map[string]*key{}
	if s := r.set.Load(); s != nil {
		for _, k := range s.keys {
			known[k.ID] = k
		}
	}
	next := &set{}
	for _, k := range stored {
		if old := known[k.ID]; old != nil {
			same := *old
			same.Key = k
			next.keys = append(next.keys, &same)
			continue
		}
		opened, err := r.open(k)
		if err != nil {
			return fmt.Errorf("signing key %s: %w", k.ID, err)
		}
		next.keys = append(next.keys, opened)
	}
	r.set.Store(next)
	return nil
}

func (r *Ring) open(k Key) (*key, error) {
	der, err := r.config.Vault.Open(place, k.ID, k.Sealed)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	private, ok := parsed.(crypto.Signer)
	if _, isRSA := parsed.(*rsa.PrivateKey); !ok || isRSA != (k.Algorithm == RS256) {
		return nil, fmt.Errorf("it does not fit %s", k.Algorithm)
	}
	opened := &key{Key: k, public: private.Public(), signers: map[string]jose.Signer{}}
	for _, kind := range []string{AccessToken, IDToken, RoomToken} {
		opened.signers[kind], err = jose.NewSigner(
			jose.SigningKey{Algorithm: jose.SignatureAlgorithm(k.Algorithm), Key: jose.JSONWebKey{Key: parsed, KeyID: k.ID}},
			(&jose.SignerOptions{}).WithType(jose.ContentType(kind)))
		if err != nil {
			return nil, err
		}
	}
	return opened, nil
}

// New makes a key that signs from a time on.
func New(v *vault.Vault, algorithm string, created, signs time.Time) (Key, error) {
	var private crypto.Signer
	var err error
	if algorithm == ES256 {
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	} else {
		private, err = rsa.GenerateKey(rand.Reader, rsaBits)
	}
	if err != nil {
		return Key{}, fmt.Errorf("make signing key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return Key{}, fmt.Errorf("make signing key: %w", err)
	}
	print, err := (&jose.JSONWebKey{Key: private.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		return Key{}, fmt.Errorf("make signing key: %w", err)
	}
	id := base64.RawURLEncoding.EncodeToString(print)
	return Key{ID: id, Algorithm: algorithm, Sealed: v.Seal(place, id, der), Created: created, Signs: signs}, nil
}
