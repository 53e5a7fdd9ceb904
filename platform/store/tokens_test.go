package store

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"guichet/platform/oauth"
)

var issued = time.UnixMilli(1_700_000_000_000)

func grant(id string) oauth.Grant {
	return oauth.Grant{ID: id, Application: "guichet", Organization: "default", UserID: "anna", Name: "Anna Ö", Scopes: []string{"openid", "any"},
		Conference: "c1", Ticket: "abc-def", Started: issued, Expires: issued.Add(time.Hour)}
}

func TestGrantsOfCodes(t *testing.T) {
	ctx := context.Background()
	s := open(t)
	code := oauth.Code{Digest: oauth.Digest{1}, RedirectURI: "http://127.0.0.1:1/callback", Challenge: "c", Nonce: "n", Expires: issued.Add(time.Minute)}
	if err := s.AddGrant(ctx, grant("g"), code); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.TakeCode(ctx, code.Digest, "other", issued); !errors.Is(err, oauth.ErrUnknown) {
		t.Errorf("another application: %v", err)
	}
	c, g, err := s.TakeCode(ctx, code.Digest, "guichet", issued)
	if err != nil || !reflect.DeepEqual(c, code) || !reflect.DeepEqual(g, grant("g")) {
		t.Errorf("got %+v, %+v, %v", c, g, err)
	}
	if list, err := s.Revocations(ctx, 0, 10); len(list) > 0 || err != nil {
		t.Errorf("before the replay: %v, %v", list, err)
	}
	if _, _, err := s.TakeCode(ctx, code.Digest, "guichet", issued); !errors.Is(err, oauth.ErrReused) {
		t.Errorf("a replay: %v", err)
	}
	want := []oauth.Revocation{{Seq: 1, Kind: oauth.RevokedGrant, ID: "g", At: issued}}
	if list, err := s.Revocations(ctx, 0, 10); err != nil || !reflect.DeepEqual(list, want) {
		t.Errorf("after the replay: %v, %v", list, err)
	}
	if err := s.AddRefresh(ctx, "g", oauth.Digest{2}); !errors.Is(err, oauth.ErrUnknown) {
		t.Errorf("a refresh token of a revoked grant: %v", err)
	}
}

func TestTakenCodeHasOneWinner(t *testing.T) {
	ctx := context.Background()
	s := open(t)
	if err := s.AddGrant(ctx, grant("g"), oauth.Code{Digest: oauth.Digest{1}, Expires: issued}); err != nil {
		t.Fatal(err)
	}
	var won atomic.Int32
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if _, _, err := s.TakeCode(ctx, oauth.Digest{1}, "guichet", issued); err == nil {
				won.Add(1)
			} else if !errors.Is(err, oauth.ErrReused) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d callers got the code", won.Load())
	}
}

func TestRotation(t *testing.T) {
	ctx := context.Background()
	s := open(t)
	if err := s.AddRefreshedGrant(ctx, grant("g"), oauth.Digest{1}); err != nil {
		t.Fatal(err)
	}
	if err := s.Rotate(ctx, oauth.Digest{9}, oauth.Digest{2}, issued); !errors.Is(err, oauth.ErrUnknown) {
		t.Errorf("an unknown token: %v", err)
	}
	for i := byte(1); i < 4; i++ {
		if err := s.Rotate(ctx, oauth.Digest{i}, oauth.Digest{i + 1}, issued); err != nil {
			t.Fatal(err)
		}
		if g, err := s.Refreshed(ctx, oauth.Digest{i + 1}); err != nil || !reflect.DeepEqual(g, grant("g")) {
			t.Errorf("got %+v, %v", g, err)
		}
	}
	if err := s.Rotate(ctx, oauth.Digest{2}, oauth.Digest{8}, issued); !errors.Is(err, oauth.ErrReused) {
		t.Errorf("a replay: %v", err)
	}
	if g, err := s.Refreshed(ctx, oauth.Digest{4}); err != nil || !g.Revoked {
		t.Errorf("the family lives: %+v, %v", g, err)
	}
	if err := s.Rotate(ctx, oauth.Digest{4}, oauth.Digest{5}, issued); !errors.Is(err, oauth.ErrUnknown) {
		t.Errorf("the last of a revoked family: %v", err)
	}
}

func TestSweptGrants(t *testing.T) {
	ctx := context.Background()
	s := open(t)
	for i := range sweepChunk + 3 {
		g := grant(fmt.Sprint("old", i))
		if err := s.AddRefreshedGrant(ctx, g, oauth.Digest{1, byte(i), byte(i >> 8)}); err != nil {
			t.Fatal(err)
		}
	}
	young := grant("young")
	young.Expires = issued.Add(3 * time.Hour)
	if err := s.AddRefreshedGrant(ctx, young, oauth.Digest{2}); err != nil {
		t.Fatal(err)
	}
	for i, id := range []string{"unused code", "used code"} {
		g := young
		g.ID = id
		if err := s.AddGrant(ctx, g, oauth.Code{Digest: oauth.Digest{3, byte(i)}, Expires: issued.Add(time.Minute)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := s.TakeCode(ctx, oauth.Digest{3, 1}, "guichet", issued); err != nil {
		t.Fatal(err)
	}
	for id, at := range map[string]time.Time{"old": issued, "new": issued.Add(3 * time.Hour)} {
		if err := s.RevokeToken(ctx, id, at, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SweepGrants(ctx, issued.Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]int{
		`SELECT count(*) FROM grants`:                               2,
		`SELECT count(*) FROM grants WHERE id = 'unused code'`:      0,
		`SELECT count(*) FROM refresh_tokens`:                       1,
		`SELECT count(*) FROM codes`:                                1,
		`SELECT count(*) FROM revocations WHERE id = 'new'`:         1,
		`SELECT count(*) FROM revocations WHERE id = 'old'`:         0,
		`SELECT count(*) FROM grants WHERE id IN ('young', 'old1')`: 1,
	} {
		var n int
		if err := s.read.QueryRow(query).Scan(&n); err != nil || n != want {
			t.Errorf("%s: %d, %v, want %d", query, n, err, want)
		}
	}
}
