package oauth_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"guichet/platform/oauth"
)

func admin() oauth.Actor {
	return oauth.Actor{Organization: "default", UserID: "admin1", ClientID: "guichet-admin", Address: "192.0.2.1"}
}

// events are the audit log's, oldest first, of a subject.
func (s *service) events(subject string) (list []string) {
	s.t.Helper()
	entries, err := s.Audit(context.Background(), oauth.AuditFilter{Organization: "default", Subject: subject, Actor: "admin1"})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range slices.Backward(entries) {
		list = append(list, string(e.Event)+" "+e.Detail)
	}
	return list
}

func TestApplicationsChange(t *testing.T) {
	s := start(t)
	ctx := context.Background()
	a := oauth.Application{ID: "robot", Name: "The robot", Roles: []string{oauth.RoleAgent}}
	secret, err := s.AddApplication(ctx, admin(), a)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(secret string) answer {
		return s.token(grantType + "&client_id=robot&client_secret=" + secret)
	}
	token := ask(secret).token(t).AccessToken

	stored, next, err := s.RenewSecret(ctx, admin(), "robot")
	if err != nil || next == secret || stored.Version != 2 {
		t.Fatalf("%+v, %v", stored, err)
	}
	ask(secret).refused(t, 401, "invalid_client")
	ask(next).token(t)
	s.lives(token) // to its end

	a = stored.Application
	a.Name = "Another name"
	if stored, err = s.ChangeApplication(ctx, admin(), 1, a, false); !errors.Is(err, oauth.ErrChanged) {
		t.Errorf("of an old version: %v", err)
	}
	if stored, err = s.ChangeApplication(ctx, admin(), 2, a, false); err != nil || stored.Name != "Another name" {
		t.Fatal(stored, err)
	}
	s.lives(token) // nothing was taken away
	a.Roles = []string{oauth.RoleKiosk}
	if stored, err = s.ChangeApplication(ctx, admin(), 3, a, false); err != nil {
		t.Fatal(err)
	}
	s.dead(token) // which carried the role
	token = ask(next).token(t).AccessToken
	if stored, err = s.ChangeApplication(ctx, admin(), 4, a, true); err != nil || !stored.Disabled {
		t.Fatal(stored, err)
	}
	s.dead(token)
	ask(next).refused(t, 401, "invalid_client")
	if stored, err = s.ChangeApplication(ctx, admin(), 5, a, false); err != nil {
		t.Fatal(err)
	}
	s.dead(token)
	token = ask(next).token(t).AccessToken
	s.lives(token)
	if err := s.RemoveApplication(ctx, admin(), "robot"); err != nil {
		t.Fatal(err)
	}
	s.dead(token)
	ask(next).refused(t, 401, "invalid_client")
	want := []string{"application added", "secret secret made anew", "application changed: name", "application changed: roles: kiosk",
		"application changed: disabled", "application changed: enabled", "application removed"}
	if got := s.events("robot"); !slices.Equal(got, want) {
		t.Errorf("audit log %q, want %q", got, want)
	}
}

// TestBasicTakenAway: what lives by HTTP Basic ends with the permission to use it.
func TestBasicTakenAway(t *testing.T) {
	s := start(t)
	ctx := context.Background()
	a := oauth.Application{ID: "robot", Roles: []string{oauth.RoleAgent}, AllowBasic: true}
	secret, err := s.AddApplication(ctx, admin(), a)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodGet, s.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.RemoteAddr = "192.0.2.7:1"
	r.SetBasicAuth("robot", secret)
	id, err := s.VerifyBasic(r)
	if err != nil || s.Revoked(id.Access) {
		t.Fatal(id, err)
	}
	stored, err := s.ApplicationOf(ctx, "default", "robot")
	if err != nil {
		t.Fatal(err)
	}
	a = stored.Application
	a.AllowBasic = false
	if _, err := s.ChangeApplication(ctx, admin(), 1, a, false); err != nil {
		t.Fatal(err)
	}
	if !s.Revoked(id.Access) {
		t.Error("what lived by Basic lives on")
	}
	if _, err := s.VerifyBasic(r); !errors.Is(err, oauth.ErrInvalidToken) {
		t.Errorf("Basic is still taken: %v", err)
	}
}

// TestSettingsThatCannotBe: what an administrator must not be able to make.
func TestSettingsThatCannotBe(t *testing.T) {
	s := start(t)
	ctx := context.Background()
	for name, a := range map[string]oauth.Application{
		"a customer":              {ID: "x", Roles: []string{oauth.RoleCustomer}},
		"an unknown role":         {ID: "x", Roles: []string{"ROLE_ROOT"}},
		"an unknown scope":        {ID: "x", Scopes: []string{"root"}},
		"an unknown grant":        {ID: "x", Grants: []string{"implicit"}},
		"the desktop":             {ID: "guichet"},
		"the settings page":       {ID: "Guichet-Admin"},
		"a guest":                 {ID: "guest-1"},
		"a kiosk":                 {ID: "kiosk-1"},
		"a person":                {ID: "person-1"},
		"an id with a slash":      {ID: "a/b"},
		"a public server":         {ID: "x", Public: true, Grants: []string{"client_credentials"}},
		"a public one with Basic": {ID: "x", Public: true, AllowBasic: true, Grants: []string{"refresh_token"}},
		"public, without PKCE":    {ID: "x", Public: true, PKCEOptional: true, RedirectURIs: []string{"https://a.example/"}},
		"public, with a secret":   {ID: "x", Public: true, Secret: "s", RedirectURIs: []string{"https://a.example/"}},
		"a plain redirect":        {ID: "x", RedirectURIs: []string{"http://a.example/"}},
		"a script redirect":       {ID: "x", RedirectURIs: []string{"javascript:alert(1)"}},
		"a plain farewell":        {ID: "x", PostLogoutRedirectURIs: []string{"http://a.example/"}},
		"codes to nowhere":        {ID: "x", Grants: []string{"authorization_code"}},
		"a long name":             {ID: "x", Name: strings.Repeat("x", 200)},
		"many scopes":             {ID: "x", Scopes: slices.Repeat([]string{"any"}, 100)},
	} {
		_, err := s.AddApplication(ctx, admin(), a)
		var sentence *oauth.BadSettings
		if err == nil || !errors.As(err, &sentence) && !errors.Is(err, oauth.ErrTaken) && !strings.Contains(err.Error(), "id may hold") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, id := range []string{"guichet", "customer", "guichet-admin", "guichet-kiosk", "test"} {
		if _, err := s.ChangeApplication(ctx, admin(), 1, oauth.Application{ID: id}, true); !errors.Is(err, oauth.ErrFixed) {
			t.Errorf("%s can be changed: %v", id, err)
		}
		if err := s.RemoveApplication(ctx, admin(), id); !errors.Is(err, oauth.ErrFixed) {
			t.Errorf("%s can be removed: %v", id, err)
		}
	}
	other := admin()
	other.Organization = "elsewhere"
	if _, err := s.AddApplication(ctx, admin(), oauth.Application{ID: "mine"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ChangeApplication(ctx, other, 1, oauth.Application{ID: "mine"}, true); !errors.Is(err, oauth.ErrUnknown) {
		t.Errorf("another organization changes it: %v", err)
	}
	if _, _, err := s.RenewSecret(ctx, other, "mine"); !errors.Is(err, oauth.ErrUnknown) {
		t.Errorf("another organization renews its secret: %v", err)
	}
	if err := s.RemoveApplication(ctx, other, "mine"); !errors.Is(err, oauth.ErrUnknown) {
		t.Errorf("another organization removes it: %v", err)
	}
	if _, err := s.AddUser(ctx, admin(), oauth.User{Name: "x", Roles: []string{oauth.RoleService}}, ""); err == nil {
		t.Error("a person is a service")
	}
}

func TestUsersChange(t *testing.T) {
	s := start(t)
	ctx := context.Background()
	password, err := s.AddUser(ctx, admin(), oauth.User{Name: "Berta", DisplayName: "Berta B", Roles: []string{oauth.RoleAgent, oauth.RoleAdmin}}, "")
	if err != nil || len(password) != 16 {
		t.Fatalf("password of %d letters, %v", len(password), err)
	}
	s.users["berta"] = password
	in := func() string {
		t.Helper()
		b := browser()
		defer b.CloseIdleConnections()
		at, err := s.signIn(b, s.page(b, s.authorizeURL(challenge)), "berta", s.users["berta"]).Location()
		if err != nil {
			t.Fatal(err)
		}
		return s.token(exchange(at.Query().Get("code"))).token(t).AccessToken
	}
	token := in()
	u, err := s.ChangeUser(ctx, admin(), "berta", 1, oauth.User{DisplayName: "B", Roles: []string{oauth.RoleAgent, oauth.RoleAdmin, oauth.RoleSupervisor}}, false)
	if err != nil || u.DisplayName != "B" {
		t.Fatal(u, err)
	}
	s.lives(token)
	if u, err = s.ChangeUser(ctx, admin(), "berta", 2, oauth.User{DisplayName: "B", Roles: []string{oauth.RoleAgent}}, false); err != nil {
		t.Fatal(err)
	}
	s.dead(token)
	token = in()
	if err := s.SignOutUser(ctx, admin(), "berta"); err != nil {
		t.Fatal(err)
	}
	s.dead(token)
	token = in()
	if _, s.users["berta"], err = s.RenewPassword(ctx, admin(), "berta"); err != nil || s.users["berta"] == password {
		t.Fatal(err)
	}
	s.dead(token)
	token = in()
	if _, err = s.ChangeUser(ctx, admin(), "berta", 4, oauth.User{DisplayName: "B", Roles: []string{oauth.RoleAgent}}, true); err != nil {
		t.Fatal(err)
	}
	s.dead(token)
	b := browser()
	defer b.CloseIdleConnections()
	if a := s.signIn(b, s.page(b, s.authorizeURL(challenge)), "berta", s.users["berta"]); a.StatusCode != 403 {
		t.Errorf("a disabled user signs in: %s", a.Status)
	}
	if err := s.RemoveUser(ctx, admin(), "berta"); err != nil {
		t.Fatal(err)
	}
	if err := s.RemoveUser(ctx, admin(), "berta"); !errors.Is(err, oauth.ErrUnknown) {
		t.Errorf("twice: %v", err)
	}
	if err := s.RemoveUser(ctx, admin(), "agent1"); !errors.Is(err, oauth.ErrFixed) {
		t.Errorf("a fixture: %v", err)
	}
	want := []string{"user added", "user changed: roles: agent admin supervisor", "user changed: roles: agent", "signout by an administrator",
		"secret password made anew", "user changed: roles: agent, disabled", "user removed"}
	if got := s.events("berta"); !slices.Equal(got, want) {
		t.Errorf("audit log %q, want %q", got, want)
	}
}

// TestLastAdministratorStays: outside --dev, whose admin1 is one as well.
func TestLastAdministratorStays(t *testing.T) {
	s := start(t)
	ctx := context.Background()
	shared, err := signing()
	if err != nil {
		t.Fatal(err)
	}
	plain, err := oauth.New(ctx, oauth.Config{Issuer: s.url, Store: s.store, Vault: shared.Vault, Argon2: oauth.Argon2{Memory: 8, Passes: 1, Threads: 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	for _, name := range []string{"one", "two"} {
		if _, err := plain.AddUser(ctx, admin(), oauth.User{Name: name, Roles: []string{oauth.RoleAdmin}}, ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := plain.RemoveUser(ctx, admin(), "one"); err != nil {
		t.Fatal(err)
	}
	if err := plain.RemoveUser(ctx, admin(), "two"); !errors.Is(err, oauth.ErrLastAdmin) {
		t.Errorf("removed: %v", err)
	}
	if _, err := plain.ChangeUser(ctx, admin(), "two", 1, oauth.User{DisplayName: "x", Roles: []string{oauth.RoleAgent}}, false); !errors.Is(err, oauth.ErrLastAdmin) {
		t.Errorf("degraded: %v", err)
	}
	if _, err := plain.ChangeUser(ctx, admin(), "two", 1, oauth.User{DisplayName: "x", Roles: []string{oauth.RoleAdmin}}, true); !errors.Is(err, oauth.ErrLastAdmin) {
		t.Errorf("disabled: %v", err)
	}
}

// TestAuditFilters reads the log in pages and by each of its columns.
func TestAuditFilters(t *testing.T) {
	s := start(t)
	ctx := context.Background()
	for range 3 {
		s.token(grantType + "&client_id=test&client_secret=secret").token(t)
	}
	s.token(grantType+"&client_id=test&client_secret=wrong").refused(t, 401, "invalid_client")
	s.token(grantType + "&client_id=client-ID&client_secret=client-secret").token(t)
	all, err := s.Audit(ctx, oauth.AuditFilter{Organization: "default"})
	if err != nil || len(all) != 5 {
		t.Fatalf("%d entries, %v", len(all), err)
	}
	for name, c := range map[string]struct {
		f    oauth.AuditFilter
		want int
	}{
		"client":       {oauth.AuditFilter{Client: "test"}, 4},
		"refused":      {oauth.AuditFilter{Refused: true}, 1},
		"subject":      {oauth.AuditFilter{Subject: "client-ID"}, 1},
		"event":        {oauth.AuditFilter{Event: oauth.EventToken}, 5},
		"other event":  {oauth.AuditFilter{Event: oauth.EventReuse}, 0},
		"text":         {oauth.AuditFilter{Text: "INVALID_client"}, 1},
		"wild text":    {oauth.AuditFilter{Text: "%"}, 0},
		"page":         {oauth.AuditFilter{Before: all[2].Seq}, 2},
		"limit":        {oauth.AuditFilter{Limit: 2}, 2},
		"time":         {oauth.AuditFilter{From: all[0].Time.Add(time.Millisecond)}, 0},
		"until":        {oauth.AuditFilter{To: all[4].Time}, 0},
		"organization": {oauth.AuditFilter{Organization: "elsewhere"}, 0},
	} {
		if c.f.Organization == "" {
			c.f.Organization = "default"
		}
		got, err := s.Audit(ctx, c.f)
		if err != nil || len(got) != c.want {
			t.Errorf("%s: %d entries, %v, want %d", name, len(got), err, c.want)
		}
		if !slices.IsSortedFunc(got, func(a, b oauth.AuditEntry) int { return int(b.Seq - a.Seq) }) {
			t.Errorf("%s: not the newest first", name)
		}
	}
	if all[0].Client != "client-ID" || all[0].TokenID == "" || all[0].Address != "127.0.0.1" || all[0].Refused {
		t.Errorf("%+v", all[0])
	}
}

func TestKeysRotateUnnoticed(t *testing.T) {
	s := start(t)
	ctx := context.Background()
	old := s.token(grantType + "&client_id=test&client_secret=secret").token(t).AccessToken
	if err := s.RotateKey(ctx, admin(), false); err != nil {
		t.Fatal(err)
	}
	s.lives(old)
	s.lives(s.token(grantType + "&client_id=test&client_secret=secret").token(t).AccessToken)
	if len(s.Keys()) != 2 {
		t.Fatalf("%+v", s.Keys())
	}
	if err := s.RotateKey(ctx, admin(), true); err != nil {
		t.Fatal(err)
	}
	s.dead(old)
	s.lives(s.token(grantType + "&client_id=test&client_secret=secret").token(t).AccessToken)
	entries, err := s.Audit(ctx, oauth.AuditFilter{Organization: "default", Event: oauth.EventKey})
	if err != nil || len(entries) != 4 { // added; added, removed twice
		t.Errorf("%+v, %v", entries, err)
	}
}
