package server

import (
	"context"
	"encoding/json"
	"net/url"

	"guichet/platform/oauth"
	"guichet/platform/oauth/vault"
	"guichet/platform/store"
	"guichet/platform/wire"
)

// cause is a way in which tokens end: it brings the victim in and returns what
// ends it. It may give its name to whatever it adds.
type cause func(r *running, admin caller, name string) (victim caller, end func())

// user adds a person through the settings.
func (c caller) user(name string, roles ...string) (wire.User, string) {
	c.t.Helper()
	var made wire.UserPassword
	c.post("/api/admin/users", wire.User{ID: name, DisplayName: name, Roles: roles}).into(&made)
	return made.User, made.Password
}

// setting changes something below /api/admin and expects success.
func (c caller) setting(method, path string, v any) {
	c.t.Helper()
	body, err := json.Marshal(v)
	if err != nil {
		c.t.Fatal(err)
	}
	if a := c.send(method, "/api/admin/"+path, "application/json", body); a.status >= 300 {
		c.t.Fatalf("%s %s: %d %s", method, path, a.status, a.body)
	}
}

const deskRedirect = "https://desk.example/back"

// desk adds a public application through which people sign in, and one of them.
func (c caller) desk(name string) (made wire.Application, victim caller) {
	c.t.Helper()
	var a wire.ApplicationSecret
	c.post("/api/admin/applications", wire.Application{ID: "desk-" + name, Public: true, RedirectURIs: []string{deskRedirect}}).into(&a)
	_, password := c.user(name, "agent")
	victim, _ = c.person("desk-"+name, deskRedirect, name, password)
	return a.Application, victim
}

func causes() map[string]cause {
	return map[string]cause{
		"its token revoked": func(r *running, _ caller, _ string) (caller, func()) {
			c, _ := r.desktop("agent1", r.Users["agent1"])
			return c, func() {
				if status := r.form("/security/oauth/revoke", url.Values{"client_id": {"guichet"}, "token": {c.token}}); status != 200 {
					r.t.Errorf("revoke: %d", status)
				}
			}
		},
		"its session revoked": func(r *running, _ caller, _ string) (caller, func()) {
			c, token := r.desktop("agent1", r.Users["agent1"])
			return c, func() {
				if status := r.form("/security/oauth/revoke", url.Values{"client_id": {"guichet"}, "token": {token.RefreshToken}}); status != 200 {
					r.t.Errorf("revoke: %d", status)
				}
			}
		},
		"a refresh token used twice": func(r *running, _ caller, _ string) (caller, func()) {
			_, first := r.desktop("agent1", r.Users["agent1"])
			again := url.Values{"grant_type": {"refresh_token"}, "client_id": {"guichet"}, "refresh_token": {first.RefreshToken}}
			second := r.grant("", again)
			return caller{r, second.AccessToken}, func() {
				if status := r.form("/security/oauth/token", again); status != 400 {
					r.t.Errorf("used twice: %d", status)
				}
			}
		},
		"signed out by an administrator": func(r *running, admin caller, _ string) (caller, func()) {
			c, _ := r.desktop("agent1", r.Users["agent1"])
			return c, func() { admin.setting("POST", "users/agent1/sign-out", nil) }
		},
		"the person lost a role": func(r *running, admin caller, name string) (caller, func()) {
			u, password := admin.user(name, "agent", "supervisor")
			c, _ := r.desktop(name, password)
			return c, func() { u.Roles = []string{"agent"}; admin.setting("PUT", "users/"+name, u) }
		},
		"the person disabled": func(r *running, admin caller, name string) (caller, func()) {
			u, password := admin.user(name, "agent")
			c, _ := r.desktop(name, password)
			return c, func() { u.Disabled = true; admin.setting("PUT", "users/"+name, u) }
		},
		"the person's password made anew": func(r *running, admin caller, name string) (caller, func()) {
			_, password := admin.user(name, "agent")
			c, _ := r.desktop(name, password)
			return c, func() { admin.setting("POST", "users/"+name+"/password", nil) }
		},
		"the person removed": func(r *running, admin caller, name string) (caller, func()) {
			_, password := admin.user(name, "agent")
			c, _ := r.desktop(name, password)
			return c, func() { admin.setting("DELETE", "users/"+name, nil) }
		},
		"the application disabled": func(r *running, admin caller, name string) (caller, func()) {
			a, c := admin.desk(name)
			return c, func() { a.Disabled = true; admin.setting("PUT", "applications/desk-"+name, a) }
		},
		"the application removed": func(_ *running, admin caller, name string) (caller, func()) {
			_, c := admin.desk(name)
			return c, func() { admin.setting("DELETE", "applications/desk-"+name, nil) }
		},
		"the application lost a role": func(r *running, admin caller, name string) (caller, func()) {
			var a wire.ApplicationSecret
			admin.post("/api/admin/applications", wire.Application{ID: name, Roles: []string{"agent", "supervisor"}}).into(&a)
			c := r.application(name, a.Secret)
			return c, func() {
				a.Application.Roles = []string{"agent"}
				admin.setting("PUT", "applications/"+name, a.Application)
			}
		},
		"signed out in another process": func(r *running, _ caller, _ string) (caller, func()) {
			c, _ := r.desktop("agent1", r.Users["agent1"])
			return c, func() {
				r.elsewhere(func(ctx context.Context, s *oauth.Service) error {
					return s.SignOutUser(ctx, oauth.Console(), "agent1")
				})
			}
		},
	}
}

// elsewhere does something as another process does it on the same data folder.
func (r *running) elsewhere(do func(context.Context, *oauth.Service) error) {
	r.t.Helper()
	ctx := context.Background()
	secrets, err := vault.Open(r.server.config.KeyFile)
	if err != nil {
		r.t.Fatal(err)
	}
	db, err := store.Open(ctx, r.server.config.Data)
	if err != nil {
		r.t.Fatal(err)
	}
	defer db.Close()
	s, err := oauth.New(ctx, oauth.Config{Issuer: "http://localhost", Store: db, Vault: secrets})
	if err != nil {
		r.t.Fatal(err)
	}
	defer s.Close()
	if err := do(ctx, s); err != nil {
		r.t.Fatal(err)
	}
}
