package oauth_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"guichet/platform/oauth"
)

// signed is a room token with an id, asked for by somebody.
func (s *service) signed(by oauth.Identity, id string, life time.Duration) (string, error) {
	claims := roomClaims(s.time().Add(life).Unix())
	claims["jti"], claims["project_id"], claims["iat"] = id, by.ClientID, s.time().Unix()
	return s.SignRoomToken(context.Background(), by, "192.0.2.7", claims)
}

// time is the service's clock.
func (s *service) time() time.Time {
	return time.Now().Add(time.Duration(s.clock.Load()) * time.Second)
}

func (s *service) mustSign(by oauth.Identity, id string, life time.Duration) string {
	s.t.Helper()
	token, err := s.signed(by, id, life)
	if err != nil {
		s.t.Fatal(err)
	}
	return token
}

// person signs somebody in and returns who that is to the API.
func (s *service) person(name, password string) oauth.Identity {
	s.t.Helper()
	b := browser()
	defer b.CloseIdleConnections()
	at, err := s.signIn(b, s.page(b, s.authorizeURL(challenge, set("scope", ""))), name, password).Location()
	if err != nil {
		s.t.Fatal(err)
	}
	id, err := s.Verify(s.token(exchange(at.Query().Get("code"))).token(s.t).AccessToken)
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

// TestRoomTokensEndWithTheirUser: a room token ends with the user who had it made
// as it does with the application, and with nobody else; signing out is no end of
// the user.
func TestRoomTokensEndWithTheirUser(t *testing.T) {
	ctx := context.Background()
	berta := oauth.User{Name: "berta", DisplayName: "Berta", Roles: []string{oauth.RoleAgent, oauth.RoleSupervisor}}
	less := berta
	less.Roles = []string{oauth.RoleAgent}
	for name, tc := range map[string]struct {
		end   func(s *service) error
		lives bool
	}{
		"removed": {end: func(s *service) error { return s.RemoveUser(ctx, admin(), "berta") }},
		"disabled": {end: func(s *service) error {
			_, err := s.ChangeUser(ctx, admin(), "berta", 1, berta, true)
			return err
		}},
		"lost a role": {end: func(s *service) error {
			_, err := s.ChangeUser(ctx, admin(), "berta", 1, less, false)
			return err
		}},
		"a new password": {end: func(s *service) error {
			_, _, err := s.RenewPassword(ctx, admin(), "berta")
			return err
		}},
		"signed out": {end: func(s *service) error { return s.SignOutUser(ctx, admin(), "berta") }, lives: true},
		"another name": {end: func(s *service) error {
			_, err := s.ChangeUser(ctx, admin(), "berta", 1, oauth.User{DisplayName: "B", Roles: berta.Roles}, false)
			return err
		}, lives: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			password, err := s.AddUser(ctx, admin(), berta, "")
			if err != nil {
				t.Fatal(err)
			}
			by := s.person("berta", password)
			hers := s.mustSign(by, "hers", 1000*time.Hour)
			others := map[string]string{
				"another user's":    s.mustSign(s.person("agent1", s.users["agent1"]), "another", 1000*time.Hour),
				"the application's": s.mustSign(oauth.Identity{Access: oauth.Access{Organization: "default", UserID: "project_id", ClientID: "project_id", Version: 1}}, "own", 1000*time.Hour),
			}
			s.lives(hers)
			if err := tc.end(s); err != nil {
				t.Fatal(err)
			}
			check := func(when string) {
				t.Helper()
				if _, err := s.Verify(hers); (err == nil) != tc.lives || err != nil && !errors.Is(err, oauth.ErrInvalidToken) {
					t.Errorf("%s: %v", when, err)
				}
				for whose, token := range others {
					if _, err := s.Verify(token); err != nil {
						t.Errorf("%s, %s: %v", when, whose, err)
					}
				}
			}
			check("at once")
			list, err := s.RoomTokens(ctx, "default", "", 0, 10)
			if err != nil || len(list) != 3 || list[2].ID != "hers" || list[2].Ended != !tc.lives || list[2].UserID != "berta" || list[0].Ended || list[0].UserID != "" {
				t.Errorf("listed %+v, %v", list, err)
			}
			s.clock.Store(500 * 3600)
			if err := s.SweepNow(ctx); err != nil {
				t.Fatal(err)
			}
			check("weeks later")
			if list, err = s.RoomTokens(ctx, "default", "", 0, 10); err != nil || len(list) == 3 != tc.lives {
				t.Errorf("kept %+v, %v", list, err)
			}
		})
	}
}

// TestNamesakeRevivesNoRoomToken: who comes in the place of somebody who was
// removed is somebody else.
func TestNamesakeRevivesNoRoomToken(t *testing.T) {
	ctx := context.Background()
	s := start(t)
	var tokens []string
	for i := range 3 {
		password, err := s.AddUser(ctx, admin(), oauth.User{Name: "berta", Roles: []string{oauth.RoleAgent}}, "")
		if err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, s.mustSign(s.person("berta", password), fmt.Sprint("t", i), time.Hour))
		for j, token := range tokens {
			if _, err := s.Verify(token); (err == nil) != (j == i) {
				t.Errorf("token %d of the user %d: %v", j, i, err)
			}
		}
		if err := s.RemoveUser(ctx, admin(), "berta"); err != nil {
			t.Fatal(err)
		}
	}
}

// TestNoRoomTokenByAnEndedSession: who was thrown out between the look at the
// access token and the signature gets none.
func TestNoRoomTokenByAnEndedSession(t *testing.T) {
	ctx := context.Background()
	s := start(t)
	by := s.person("agent1", s.users["agent1"])
	if err := s.SignOutUser(ctx, admin(), "agent1"); err != nil {
		t.Fatal(err)
	}
	if token, err := s.signed(by, "late", time.Hour); !errors.Is(err, oauth.ErrInvalidToken) || token != "" {
		t.Errorf("%q, %v", token, err)
	}
	if list, err := s.RoomTokens(ctx, "default", "", 0, 10); err != nil || len(list) != 0 {
		t.Errorf("kept %+v, %v", list, err)
	}
}

func TestRoomTokenIsWithdrawn(t *testing.T) {
	ctx := context.Background()
	s := start(t)
	project := oauth.Application{ID: "rooms", Organization: "default", Scopes: []string{oauth.ScopeVideo}, AllowBasic: true}
	secret, err := s.AddApplication(ctx, admin(), project)
	if err != nil {
		t.Fatal(err)
	}
	by := oauth.Identity{Access: oauth.Access{Organization: "default", UserID: "rooms", ClientID: "rooms", Version: 1}}
	token, other := s.mustSign(by, "one", time.Hour), s.mustSign(by, "two", time.Hour)
	stranger := admin()
	stranger.Organization = "elsewhere"
	for name, err := range map[string]error{"by another organization": s.WithdrawRoomToken(ctx, stranger, "one"), "an unknown one": s.WithdrawRoomToken(ctx, admin(), "three")} {
		if !errors.Is(err, oauth.ErrUnknown) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.lives(token)
	if err := s.WithdrawRoomToken(ctx, admin(), "one"); err != nil {
		t.Fatal(err)
	}
	s.dead(token)
	s.lives(other)
	if err := s.WithdrawRoomToken(ctx, admin(), "one"); !errors.Is(err, oauth.ErrUnknown) {
		t.Errorf("twice: %v", err)
	}
	if a := s.asked("/security/oauth/revoke", url.Values{"token": {other}}, "rooms", secret); a.StatusCode != 200 {
		t.Errorf("%s %s", a.Status, a.body)
	}
	s.dead(other)
	if err := s.WithdrawRoomToken(ctx, admin(), "two"); !errors.Is(err, oauth.ErrUnknown) {
		t.Errorf("after its application ended it: %v", err)
	}
	for room, want := range map[string]int{"": 2, "r": 2, "elsewhere": 0} {
		if list, err := s.RoomTokens(ctx, "default", room, 0, 10); err != nil || len(list) != want {
			t.Errorf("of room %q: %+v, %v", room, list, err)
		}
	}
	list, err := s.RoomTokens(ctx, "default", "r", 0, 1)
	if err != nil || len(list) != 1 || list[0].ID != "two" || !list[0].Ended || list[0].Room != "r" || list[0].Name != "Anna" || list[0].Application != "rooms" {
		t.Fatalf("%+v, %v", list, err)
	}
	if list, err = s.RoomTokens(ctx, "default", "r", list[0].Seq, 1); err != nil || len(list) != 1 || list[0].ID != "one" {
		t.Errorf("%+v, %v", list, err)
	}

	entries, err := s.Audit(ctx, oauth.AuditFilter{Organization: "default"})
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, e := range slices.Backward(entries) {
		if e.TokenID != "" {
			told = append(told, fmt.Sprint(e.Event, " ", e.Actor, " ", e.Client, " ", e.TokenID, " ", e.Address, " ", e.Detail))
		}
		if text := fmt.Sprint(e) + s.log.String(); strings.Contains(text, token) || strings.Contains(text, token[strings.LastIndex(token, "."):]) {
			t.Errorf("the token is told: %+v", e)
		}
	}
	want := []string{"roomtoken rooms rooms one 192.0.2.7 issued, room r", "roomtoken rooms rooms two 192.0.2.7 issued, room r",
		"roomtoken admin1 rooms one 192.0.2.1 withdrawn, room r", "revoked  rooms two 127.0.0.1 room token"}
	if !slices.Equal(told, want) {
		t.Errorf("audit log %q\nwant      %q", told, want)
	}
}

// TestRoomTokensAreBounded: an organization has so many at a time; what ends makes
// room, though what must be remembered of it counts.
func TestRoomTokensAreBounded(t *testing.T) {
	ctx := context.Background()
	const most = 3
	s := start(t, func(c *oauth.Config) { c.RoomTokens = most })
	for _, id := range []string{"rooms", "other"} {
		if _, err := s.AddApplication(ctx, admin(), oauth.Application{ID: id, Organization: "default", Scopes: []string{oauth.ScopeVideo}}); err != nil {
			t.Fatal(err)
		}
	}
	by := func(id string) oauth.Identity {
		return oauth.Identity{Access: oauth.Access{Organization: "default", UserID: id, ClientID: id, Version: 1}}
	}
	n := 0
	fill := func(what string, id string, want int) {
		t.Helper()
		for made := 0; ; made++ {
			n++
			_, err := s.signed(by(id), fmt.Sprint("t", n), time.Hour)
			if errors.Is(err, oauth.ErrTooManyRoomTokens) {
				if made != want {
					t.Errorf("%s: %d were made, want %d", what, made, want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	sweep := func(after time.Duration) {
		t.Helper()
		s.clock.Add(int64(after / time.Second))
		if err := s.SweepNow(ctx); err != nil {
			t.Fatal(err)
		}
	}
	fill("at first", "rooms", most)
	if err := s.WithdrawRoomToken(ctx, admin(), "t1"); err != nil {
		t.Fatal(err)
	}
	sweep(0)
	fill("one was withdrawn, which must be remembered", "rooms", 0)
	sweep(3 * time.Hour)
	fill("the others have expired", "rooms", most-1)
	sweep(oauth.KeepRoomToken + 3*time.Hour)
	fill("nothing need be remembered", "rooms", most)
	if err := s.RemoveApplication(ctx, admin(), "rooms"); err != nil {
		t.Fatal(err)
	}
	sweep(0)
	fill("their application is gone", "other", most)
	if err := s.RotateKey(ctx, admin(), true); err != nil {
		t.Fatal(err)
	}
	fill("their key is gone", "other", most)
}
