package oauth_test

import (
	"context"
	"testing"
	"time"

	"guichet/platform/oauth"
)

// TestCompromisedKeySignsNothingOnceCut: who is cut because of another process's
// compromised key comes back at once, and must not get a token of the very key.
func TestCompromisedKeySignsNothingOnceCut(t *testing.T) {
	s := start(t)
	ctx := context.Background()
	old := s.token(grantType + "&client_id=test&client_secret=secret").token(t).AccessToken
	signers := make(chan string, 1)
	s.Watch(func(_ context.Context, r oauth.Revocation) {
		if r.Kind == oauth.RevokedKey {
			signers <- s.Keys()[0].ID
		}
	})
	shared, err := signing()
	if err != nil {
		t.Fatal(err)
	}
	other, err := oauth.New(ctx, oauth.Config{Issuer: s.url, Store: s.store, Vault: shared.Vault})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := other.RotateKey(ctx, admin(), true); err != nil {
		t.Fatal(err)
	}
	select {
	case signer := <-signers:
		if signer != other.Keys()[0].ID {
			t.Error("connections are cut while the compromised key still signs")
		}
	case <-time.After(time.Minute):
		t.Fatal("nobody is told")
	}
	s.dead(old)
}
