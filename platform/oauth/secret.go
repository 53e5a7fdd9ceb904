package oauth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/argon2"
)

// Notations of stored hashes: "sha256$<digest>" for secrets of 256 random bits,
// "argon2id$<memory>$<passes>$<threads>$<salt>$<hash>" for what people chose.
const (
	sha256Prefix = "sha256$"
	argon2Prefix = "argon2id$"
	saltLength   = 16
	hashLength   = 32
)

// How many verified secrets of applications are remembered, and for how long.
const (
	maxVerified  = 1024
	verifiedLife = 10 * time.Minute
)

// Argon2 is the cost of one argon2id hash.
type Argon2 struct {
	Memory  uint32 // KiB
	Passes  uint32
	Threads uint8
}

// hasher hashes and compares secrets. At most one slow hash per processor runs
// at a time; the others wait.
type hasher struct {
	cost  Argon2
	slots chan struct{}
	now   func() time.Time
	dummy string // compared when there is no hash, to take the same time

	mu       sync.Mutex
	key      []byte
	verified map[[sha256.Size]byte]time.Time // until when
}

func newHasher(cost Argon2, now func() time.Time) (*hasher, error) {
	if cost == (Argon2{}) {
		cost = Argon2{Memory: 19 * 1024, Passes: 2, Threads: 1}
	}
	if cost.Memory == 0 || cost.Passes == 0 || cost.Threads == 0 {
		return nil, errors.New("oauth: Argon2 needs memory, passes and threads")
	}
	h := &hasher{cost: cost, slots: make(chan struct{}, runtime.GOMAXPROCS(0)), now: now,
		key: make([]byte, 32), verified: map[[sha256.Size]byte]time.Time{}}
	if _, err := rand.Read(h.key); err != nil {
		return nil, err
	}
	var err error
	h.dummy, err = h.hash(context.Background(), rand.Text())
	return h, err
}

// newSecret makes a secret of 256 bits and its hash.
func newSecret() (secret, hash string) {
	var b [32]byte
	rand.Read(b[:])
	secret = base64.RawURLEncoding.EncodeToString(b[:])
	return secret, fastHash(secret)
}

// newPassword makes a password of 80 bits, short enough to type.
func newPassword() string { return strings.ToLower(rand.Text()[:16]) }

func fastHash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return sha256Prefix + base64.RawStdEncoding.EncodeToString(sum[:])
}

func isFast(hash string) bool { return strings.HasPrefix(hash, sha256Prefix) }

// hash makes a slow hash.
func (h *hasher) hash(ctx context.Context, secret string) (string, error) {
	salt := make([]byte, saltLength)
	if _, err := rand.Read(salt); err != nil {
		return "", err
	}
	sum, err := h.slow(ctx, h.cost, secret, salt)
	if err != nil {
		return "", err
	}
	enc := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("%s%d$%d$%d$%s$%s", argon2Prefix, h.cost.Memory, h.cost.Passes, h.cost.Threads, enc(salt), enc(sum)), nil
}

func (h *hasher) slow(ctx context.Context, c Argon2, secret string, salt []byte) ([]byte, error) {
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
		return argon2.IDKey([]byte(secret), salt, c.Passes, c.Memory, c.Threads, hashLength), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// match compares a secret with a stored hash of either kind. An empty hash
// never matches and costs a slow one. An error means that it could not be
// decided.
func (h *hasher) match(ctx context.Context, stored, secret string) (bool, error) {
	if len(secret) > maxPassword {
		return false, nil
	}
	if isFast(stored) {
		return subtle.ConstantTimeCompare([]byte(stored), []byte(fastHash(secret))) == 1, nil
	}
	known := stored != ""
	if !known {
		stored = h.dummy
	}
	c, salt, want, err := parseSlow(stored)
	if err != nil {
		return false, err
	}
	got, err := h.slow(ctx, c, secret, salt)
	return known && subtle.ConstantTimeCompare(got, want) == 1, err
}

func parseSlow(stored string) (c Argon2, salt, sum []byte, err error) {
	var tail string
	if _, err = fmt.Sscanf(stored, argon2Prefix+"%d$%d$%d$%s", &c.Memory, &c.Passes, &c.Threads, &tail); err != nil {
		return c, nil, nil, errors.New("stored hash is damaged")
	}
	a, b, _ := strings.Cut(tail, "$")
	salt, saltErr := base64.RawStdEncoding.DecodeString(a)
	sum, sumErr := base64.RawStdEncoding.DecodeString(b)
	if saltErr != nil || sumErr != nil || len(sum) != hashLength || c.Passes == 0 || c.Threads == 0 {
		return c, nil, nil, errors.New("stored hash is damaged")
	}
	return c, salt, sum, nil
}

// remembered tells whether a secret matched this very hash not long ago.
func (h *hasher) remembered(stored, secret string) bool {
	k := h.cacheKey(stored, secret)
	h.mu.Lock()
	defer h.mu.Unlock()
	until, ok := h.verified[k]
	if !ok || h.now().After(until) {
		return false
	}
	h.verified[k] = h.now().Add(verifiedLife)
	return true
}

// remember keeps a secret that matched. The key covers the stored hash: a
// changed secret is forgotten with it.
func (h *hasher) remember(stored, secret string) {
	k := h.cacheKey(stored, secret)
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now()
	if len(h.verified) >= maxVerified {
		for old, until := range h.verified {
			if now.After(until) || len(h.verified) >= maxVerified {
				delete(h.verified, old)
			}
		}
	}
	h.verified[k] = now.Add(verifiedLife)
}

func (h *hasher) cacheKey(stored, secret string) (k [sha256.Size]byte) {
	m := hmac.New(sha256.New, h.key)
	fmt.Fprintf(m, "%d %s%s", len(stored), stored, secret)
	m.Sum(k[:0])
	return k
}
