package oauth_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"guichet/platform/oauth"
)

// foreign is a store in which the application of that name is another
// organization's.
type foreign struct{ oauth.Store }

func (f foreign) Application(ctx context.Context, id string) (oauth.StoredApplication, error) {
	a, err := f.Store.Application(ctx, id)
	if id == "foreign" {
		a.Organization = "elsewhere"
	}
	return a, err
}

// TestOrganizationsDoNotTouch: neither an administrator nor a service of another
// organization reaches anything of ours.
func TestOrganizationsDoNotTouch(t *testing.T) {
	s := start(t, func(c *oauth.Config) { c.Store = foreign{c.Store} })
	ctx := context.Background()
	secret, err := s.AddApplication(ctx, admin(), oauth.Application{ID: "foreign", Roles: []string{oauth.RoleService}})
	if err != nil {
		t.Fatal(err)
	}
	s.users["berta"], err = s.AddUser(ctx, admin(), oauth.User{Name: "berta", Roles: []string{oauth.RoleAgent}}, "")
	if err != nil {
		t.Fatal(err)
	}
	v := s.token(exchange(s.code(s.authorizeURL(challenge)))).token(t)
	for _, token := range []string{v.AccessToken, v.RefreshToken} {
		a := s.post("/security/oauth/introspect", "token="+token, basic("foreign", secret))
		if strings.TrimSpace(string(a.body)) != `{"active":false}` {
			t.Errorf("another organization's service learns %s", a.body)
		}
		s.post("/security/oauth/revoke", "token="+token, basic("foreign", secret))
	}
	own := s.post("/security/oauth/token", grantType, basic("foreign", secret)).token(t)
	if a := s.post("/security/oauth/introspect", "token="+own.AccessToken, basic("foreign", secret)); !strings.Contains(string(a.body), `"organization":"elsewhere"`) {
		t.Errorf("its own: %s", a.body)
	}

	other := oauth.Actor{Organization: "elsewhere", UserID: "root"}
	for what, try := range map[string]func() error{
		"change a person": func() error {
			_, err := s.ChangeUser(ctx, other, "berta", 1, oauth.User{DisplayName: "x"}, true)
			return err
		},
		"renew a password":  func() error { _, _, err := s.RenewPassword(ctx, other, "berta"); return err },
		"remove a person":   func() error { return s.RemoveUser(ctx, other, "berta") },
		"read a person":     func() error { _, err := s.UserByName(ctx, "elsewhere", "berta"); return err },
		"read a program":    func() error { _, err := s.ApplicationOf(ctx, "elsewhere", "test"); return err },
		"change a provider": func() error { _, err := s.ChangeProvider(ctx, other, oauth.StoredProvider{Name: "x"}); return err },
		"try a provider":    func() error { _, err := s.TryProvider(ctx, other, "x"); return err },
	} {
		if err := try(); !errors.Is(err, oauth.ErrUnknown) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := s.SignOutUser(ctx, other, "agent1"); err != nil {
		t.Fatal(err)
	}
	s.lives(v.AccessToken)
	for _, organization := range []string{"default", "elsewhere"} {
		list, err := s.Audit(ctx, oauth.AuditFilter{Organization: organization})
		if err != nil || len(list) == 0 {
			t.Errorf("%s: %d entries, %v", organization, len(list), err)
		}
		for _, e := range list {
			if e.Organization != organization {
				t.Errorf("%s reads %+v", organization, e)
			}
		}
	}
}
