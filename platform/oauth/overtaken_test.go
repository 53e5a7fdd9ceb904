package oauth_test

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"guichet/platform/oauth"
)

// between is a store in which something happens before a grant is added: after
// somebody proved who they are.
type between struct {
	oauth.Store
	once  sync.Once
	then  func()
	given *oauth.Grant // what a ticket gave; nil: nobody asks
}

func (b *between) AddGrant(ctx context.Context, g oauth.Grant, c oauth.Code) error {
	b.once.Do(b.then)
	return b.Store.AddGrant(ctx, g, c)
}

func (b *between) DecideDevice(ctx context.Context, code string, g *oauth.Grant, at time.Time) error {
	if g != nil {
		b.once.Do(b.then)
	}
	return b.Store.DecideDevice(ctx, code, g, at)
}

func (b *between) AddRefreshedGrant(ctx context.Context, g oauth.Grant, first oauth.Digest) error {
	if b.once.Do(b.then); b.given != nil {
		*b.given = g
	}
	return b.Store.AddRefreshedGrant(ctx, g, first)
}

// overtaking are changes after which a proof of who somebody is counts no more.
func overtaking(s *service) map[string]func() error {
	ctx := context.Background()
	change := func(roles []string, disabled bool) error {
		u, err := s.UserByName(ctx, "default", "berta")
		if err == nil {
			_, err = s.ChangeUser(ctx, admin(), "berta", u.Version, oauth.User{DisplayName: "Berta", Roles: roles}, disabled)
		}
		return err
	}
	return map[string]func() error{
		"role lost":         func() error { return change([]string{oauth.RoleAgent}, false) },
		"disabled":          func() error { return change([]string{oauth.RoleSupervisor}, true) },
		"password anew":     func() error { _, _, err := s.RenewPassword(ctx, admin(), "berta"); return err },
		"removed":           func() error { return s.RemoveUser(ctx, admin(), "berta") },
		"removed and added": func() error { return s.replace("berta") },
	}
}

// replace puts another person in the place of one of the same name.
func (s *service) replace(name string) error {
	ctx := context.Background()
	if err := s.RemoveUser(ctx, admin(), name); err != nil {
		return err
	}
	_, err := s.AddUser(ctx, admin(), oauth.User{Name: name, Roles: []string{oauth.RoleSupervisor}}, "another's")
	return err
}

// supervised is a service with the supervisor berta.
func supervised(t *testing.T, options ...func(*oauth.Config)) *service {
	t.Helper()
	s := start(t, options...)
	password, err := s.AddUser(context.Background(), admin(), oauth.User{Name: "berta", DisplayName: "Berta", Roles: []string{oauth.RoleSupervisor}}, "")
	if err != nil {
		t.Fatal(err)
	}
	s.users["berta"] = password
	return s
}

// TestSignInOvertakenByAChange: the change comes after the password was found
// right and before there is a session that it could end.
func TestSignInOvertakenByAChange(t *testing.T) {
	for name := range overtaking(nil) {
		t.Run(name, func(t *testing.T) {
			meddled := &between{}
			s := supervised(t, func(c *oauth.Config) { meddled.Store = c.Store; c.Store = meddled })
			meddled.then = func() {
				if err := overtaking(s)[name](); err != nil {
					t.Error(err)
				}
			}
			b := browser()
			defer b.CloseIdleConnections()
			a := s.signIn(b, s.page(b, s.authorizeURL(challenge)), "berta", s.users["berta"])
			if a.StatusCode != http.StatusForbidden {
				t.Errorf("signed in: %s", a.Status)
			}
			if at, err := a.Location(); err == nil {
				s.token(exchange(at.Query().Get("code"))).refused(t, 400, "invalid_grant")
			}
		})
	}
}

// TestDecisionOvertakenByAChange: who may decide about a device is asked when
// they decide, up to ten minutes after they signed in.
func TestDecisionOvertakenByAChange(t *testing.T) {
	for name := range overtaking(nil) {
		for when, early := range map[string]bool{"before": true, "while": false} {
			t.Run(name+" "+when, func(t *testing.T) {
				meddled := &between{then: func() {}}
				s := supervised(t, func(c *oauth.Config) { meddled.Store = c.Store; c.Store = meddled })
				d := s.device("guichet-kiosk")
				b := browser()
				defer b.CloseIdleConnections()
				field := fieldOf(t, s.approving(b, d, "berta"))
				then := func() {
					if err := overtaking(s)[name](); err != nil {
						t.Error(err)
					}
				}
				if early {
					then()
				} else {
					meddled.then = then
				}
				a := s.postForm(b, "/device/decide", url.Values{"request": {field}, "decision": {"yes"}, "name": {"Branch 12"}})
				if a.StatusCode != http.StatusForbidden {
					t.Errorf("decided: %s", a.Status)
				}
				if a := s.poll("guichet-kiosk", d); a.StatusCode == http.StatusOK {
					t.Error("the kiosk is signed in")
				}
			})
		}
	}
}
