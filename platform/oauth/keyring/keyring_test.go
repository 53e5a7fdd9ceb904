package keyring_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"guichet/platform/oauth/keyring"
	"guichet/platform/oauth/vault"
	"guichet/platform/store"

	jose "github.com/go-jose/go-jose/v4"
)

const life = 11 * time.Minute

// rig is a store with a clock.
type rig struct {
	t     *testing.T
	store *store.Store
	vault *vault.Vault
	now   time.Time
}

func newRig(t *testing.T) *rig {
	t.Helper()
	s, err := store.Open(context.Background(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	v, err := vault.New(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	return &rig{t, s, v, time.UnixMilli(1_800_000_000_000)}
}

// open is one process; ES256 because such keys are made in no time.
func (r *rig) open(algorithm string) *keyring.Ring {
	r.t.Helper()
	ring, err := keyring.Open(context.Background(), keyring.Config{Store: r.store, Vault: r.vault, Algorithm: algorithm,
		Now: func() time.Time { return r.now }, Life: life})
	if err != nil {
		r.t.Fatal(err)
	}
	return ring
}

func (r *rig) sign(k *keyring.Ring) string {
	r.t.Helper()
	token, err := k.Sign(keyring.AccessToken, map[string]string{"sub": "anna"})
	if err != nil {
		r.t.Fatal(err)
	}
	return token
}

func (r *rig) verifies(what string, k *keyring.Ring, token string, want bool) {
	r.t.Helper()
	body, _, err := k.Verify(keyring.AccessToken, token)
	var claims map[string]string
	if got := err == nil && json.Unmarshal(body, &claims) == nil && claims["sub"] == "anna"; got != want {
		r.t.Errorf("%s: verifies %v (%v), want %v", what, got, err, want)
	}
}

func signer(k *keyring.Ring) string {
	for _, s := range k.Keys() {
		if s.State == keyring.Signing {
			return s.ID
		}
	}
	return ""
}

func (r *rig) tend(rings ...*keyring.Ring) {
	r.t.Helper()
	for _, k := range rings {
		if err := errors.Join(k.Reload(context.Background()), k.Tend(context.Background())); err != nil {
			r.t.Fatal(err)
		}
	}
}

// TestRotation: at no time does a token meet a verifier that kept the published
// set for CacheTime and does not know its key, and no token outlives its key.
func TestRotation(t *testing.T) {
	for _, algorithm := range []string{keyring.ES256, keyring.RS256} {
		t.Run(algorithm, func(t *testing.T) {
			r := newRig(t)
			a := r.open(algorithm)
			old := r.sign(a)
			first := signer(a)
			if err := a.Rotate(context.Background(), false); err != nil {
				t.Fatal(err)
			}
			if signer(a) != first || len(a.JWKS().Keys) != 2 {
				t.Fatalf("after the command: %+v", a.Keys())
			}
			if err := a.Rotate(context.Background(), false); err != nil || len(a.Keys()) != 2 {
				t.Errorf("a second command while one key waits: %v, %+v", err, a.Keys())
			}
			published := a.JWKS()
			r.now = r.now.Add(keyring.CacheTime - time.Second)
			r.tend(a)
			last := r.sign(a)
			if signer(a) != first {
				t.Error("the new key signs too early")
			}
			r.now = r.now.Add(time.Second)
			r.tend(a)
			young := r.sign(a)
			if signer(a) == first {
				t.Error("the new key does not sign")
			}
			if len(published.Key(signer(a))) != 1 {
				t.Error("who kept the set does not know the new key")
			}
			r.verifies("of the old key", a, old, true)
			r.now = r.now.Add(life - time.Second)
			r.tend(a)
			r.verifies("the last of the old key", a, last, true)
			r.now = r.now.Add(time.Second)
			r.verifies("of a retired key, before it is removed", a, last, false)
			r.tend(a)
			r.verifies("of a removed key", a, last, false)
			r.verifies("of the new key", a, young, true)
			if len(a.Keys()) != 1 {
				t.Errorf("left: %+v", a.Keys())
			}
		})
	}
}

func TestCompromisedKeyEndsAtOnce(t *testing.T) {
	r := newRig(t)
	a, b := r.open(keyring.ES256), r.open(keyring.ES256)
	token := r.sign(a)
	r.verifies("in another process", b, token, true)
	if err := a.Rotate(context.Background(), true); err != nil {
		t.Fatal(err)
	}
	r.verifies("of the compromised key", a, token, false)
	r.verifies("of the new one", a, r.sign(a), true)
	if len(a.JWKS().Keys) != 1 {
		t.Error("the compromised key is still published")
	}
	r.tend(b)
	r.verifies("in the other process", b, token, false)
	r.verifies("of the new one, there", b, r.sign(a), true)
}

// TestYearOfSchedule lets two processes tend one store day by day.
func TestYearOfSchedule(t *testing.T) {
	r := newRig(t)
	a, b := r.open(keyring.ES256), r.open(keyring.ES256)
	seen := map[string]bool{}
	for range 365 {
		token := r.sign(a)
		seen[signer(a)] = true
		r.now = r.now.Add(10 * time.Minute)
		r.tend(a, b)
		r.verifies("ten minutes later", b, token, true)
		r.now = r.now.Add(24*time.Hour - 10*time.Minute)
		r.tend(b, a)
		if len(a.Keys()) > 2 || signer(a) != signer(b) {
			t.Fatalf("%+v and %+v", a.Keys(), b.Keys())
		}
	}
	if len(seen) != 5 {
		t.Errorf("%d keys signed in a year, want 5", len(seen))
	}
}

// TestJumpOfTheClock: neither ten years forth nor back leaves the ring without a
// key that signs.
func TestJumpOfTheClock(t *testing.T) {
	r := newRig(t)
	a := r.open(keyring.ES256)
	for _, jump := range []time.Duration{87_600 * time.Hour, -2 * 87_600 * time.Hour, 87_600 * time.Hour, -time.Hour} {
		r.now = r.now.Add(jump)
		r.tend(a)
		r.verifies(fmt.Sprint("after a jump of ", jump), a, r.sign(a), true)
	}
}

func TestManyRotateAtOnce(t *testing.T) {
	r := newRig(t)
	rings := []*keyring.Ring{r.open(keyring.ES256), r.open(keyring.ES256), r.open(keyring.ES256)}
	var wg sync.WaitGroup
	for _, k := range rings {
		wg.Go(func() {
			if err := k.Rotate(context.Background(), false); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if k := r.open(""); len(k.Keys()) != 2 {
		t.Errorf("%+v", k.Keys())
	}
}

func TestAlgorithmIsKeptOrChanged(t *testing.T) {
	r := newRig(t)
	r.open(keyring.ES256)
	if k := r.open(""); len(k.Keys()) != 1 || k.Keys()[0].Algorithm != keyring.ES256 {
		t.Errorf("without a wish: %+v", k.Keys())
	}
	k := r.open(keyring.RS256)
	old := r.sign(k)
	r.now = r.now.Add(keyring.CacheTime)
	young := r.sign(k)
	r.verifies("of the old algorithm", k, old, true)
	r.verifies("of the new", k, young, true)
	for token, want := range map[string]string{old: keyring.ES256, young: keyring.RS256} {
		if s, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256, jose.ES256}); err != nil || s.Signatures[0].Header.Algorithm != want {
			t.Errorf("signed with %s, want %s (%v)", s.Signatures[0].Header.Algorithm, want, err)
		}
	}
}

func TestKeysAreSealed(t *testing.T) {
	r := newRig(t)
	r.open(keyring.ES256)
	stored, err := r.store.SigningKeys(context.Background())
	if err != nil || len(stored) != 1 {
		t.Fatal(stored, err)
	}
	other, err := vault.New([]byte("another key file, of 32 bytes..."))
	if err != nil {
		t.Fatal(err)
	}
	_, err = keyring.Open(context.Background(), keyring.Config{Store: r.store, Vault: other, Now: time.Now, Life: life})
	if !errors.Is(err, vault.ErrSealed) {
		t.Errorf("with another key file: %v", err)
	}
	// A key that is sealed for another kid does not pass for it.
	moved := stored[0]
	moved.ID, moved.Signs = "other", moved.Signs.Add(time.Second)
	if err := r.store.ReplaceSigningKeys(context.Background(), stored[0].ID, &moved, nil, false); err != nil {
		t.Fatal(err)
	}
	_, err = keyring.Open(context.Background(), keyring.Config{Store: r.store, Vault: r.vault, Now: time.Now, Life: life})
	if !errors.Is(err, vault.ErrSealed) {
		t.Errorf("a key under another name: %v", err)
	}
}

func BenchmarkSign(b *testing.B) {
	for _, algorithm := range []string{keyring.RS256, keyring.ES256} {
		b.Run(algorithm, func(b *testing.B) {
			v, err := vault.New(make([]byte, 32))
			if err != nil {
				b.Fatal(err)
			}
			s, err := store.Open(b.Context(), b.TempDir())
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			k, err := keyring.Open(b.Context(), keyring.Config{Store: s, Vault: v, Algorithm: algorithm, Now: time.Now, Life: life})
			if err != nil {
				b.Fatal(err)
			}
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := k.Sign(keyring.AccessToken, map[string]string{"sub": "anna"}); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

// TestKeysOfRoomTokens: a key stays as long as the last room token that it
// signed, and verifies nothing else meanwhile.
func TestKeysOfRoomTokens(t *testing.T) {
	r := newRig(t)
	a := r.open(keyring.ES256)
	other := r.open(keyring.ES256) // another process
	ctx := context.Background()
	access := r.sign(a)
	year := r.now.Add(365 * 24 * time.Hour)
	room, err := a.SignUntil(ctx, keyring.RoomToken, map[string]string{"sub": "anna"}, year)
	if err != nil {
		t.Fatal(err)
	}
	good := func(what string, k *keyring.Ring, want bool) {
		t.Helper()
		if _, _, err := k.Verify(keyring.RoomToken, room); (err == nil) != want {
			t.Errorf("%s: %v", what, err)
		}
	}
	first := signer(a)
	for range 52 {
		r.now = r.now.Add(7 * 24 * time.Hour)
		r.tend(other, a)
		good("within its year", a, true)
		good("elsewhere", other, true)
	}
	if signer(a) == first {
		t.Error("the key signs for a year")
	}
	r.verifies("an access token of a year ago", a, access, false)
	if _, _, err := a.Verify(keyring.AccessToken, room); !errors.Is(err, keyring.ErrType) {
		t.Errorf("as an access token: %v", err)
	}
	if n := len(a.Keys()); n > 4 {
		t.Errorf("%d keys", n)
	}
	r.now = year.Add(31 * 24 * time.Hour)
	r.tend(a)
	good("after its year", a, false)
	// A compromised key ends with all that it signed.
	if room, err = a.SignUntil(ctx, keyring.RoomToken, map[string]string{"sub": "anna"}, r.now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := a.Rotate(ctx, true); err != nil {
		t.Fatal(err)
	}
	good("of a compromised key", a, false)
}
