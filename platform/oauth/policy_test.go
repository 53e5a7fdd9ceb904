package oauth_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"guichet/platform/oauth"
)

func identity(roles, scopes string) oauth.Identity {
	return oauth.Identity{Roles: strings.Fields(roles), Scopes: strings.Fields(scopes)}
}

// TestPermissions: roles AND scopes decide; a vendor's word stands for its own
// scopes; an application without roles has what its scopes say.
func TestPermissions(t *testing.T) {
	for _, c := range []struct {
		roles, scopes string
		may, mayNot   string
	}{
		{"", "", "", "conferences:read applications:admin"},
		{"", "any", "", "conferences:read applications:admin video"},
		{"", "tickets:write", "tickets:write", "tickets:read conferences:write"},
		{"ROLE_USER", "any", "", "conferences:read tickets:read"},
		{"ROLE_USER", "conferences:write applications:admin", "", "conferences:write applications:admin"},
		{"ROLE_USER", "spark:webrtc_calling voice.webrtc video", "", "conferences:write endpoints:write video rooms:read"},
		{"ROLE_AGENT", "any", "tickets:write conferences:write endpoints:write rooms:write recordings:write video", "reports:read recordings:read applications:admin"},
		{"ROLE_AGENT", "conferences:read", "conferences:read", "conferences:write tickets:read"},
		{"ROLE_AGENT", "openid profile", "", "conferences:read"},
		{"ROLE_AGENT", "applications:admin reports:read", "", "applications:admin reports:read"},
		{"ROLE_SUPERVISOR", "any", "reports:read recordings:read conferences:write", "applications:admin"},
		{"ROLE_ADMIN", "any", "applications:admin", "conferences:read tickets:read"},
		{"ROLE_USER ROLE_AGENT ROLE_ADMIN", "any", "applications:admin conferences:write reports:read", "recordings:read"},
		{"ROLE_KIOSK", "any", "conferences:write endpoints:write", "tickets:write rooms:write"},
		{"ROLE_SERVICE", "any", "reports:read conferences:write video", "applications:admin"},
		{"ROLE_CUSTOMER", "any", "conferences:write endpoints:write", "tickets:write rooms:read"},
		{"", "voice.webrtc", "endpoints:write conferences:read conferences:write", "tickets:read video"},
		{"", "spark:calls_read", "conferences:read", "conferences:write endpoints:write"},
		{"", "spark:calls_write", "conferences:write", "conferences:read"},
		{"", "spark:xsi", "", "conferences:read"},
		{"", "video", "video rooms:read rooms:write", "conferences:write"},
		{"ROLE_NONSENSE", "any", "", "conferences:read"},
	} {
		id := identity(c.roles, c.scopes)
		for _, scope := range strings.Fields(c.may) {
			if !id.May(scope) {
				t.Errorf("roles %q with scopes %q may not %s", c.roles, c.scopes, scope)
			}
		}
		for _, scope := range strings.Fields(c.mayNot) {
			if id.May(scope) {
				t.Errorf("roles %q with scopes %q may %s", c.roles, c.scopes, scope)
			}
		}
	}
}

// TestScopesNarrowAndNeverWiden asks for parts of what an application has.
func TestScopesNarrowAndNeverWiden(t *testing.T) {
	s := start(t)
	ctx := context.Background()
	secret, err := s.AddApplication(ctx, oauth.Console(), oauth.Application{ID: "narrow", Roles: []string{oauth.RoleAgent}, Scopes: []string{"tickets:read", "tickets:write"}})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(client, scope string) answer {
		return s.token(grantType + "&client_id=" + client + "&client_secret=" + map[string]string{"narrow": secret, "test": "secret"}[client] + "&scope=" + scope)
	}
	for _, c := range []struct{ client, scope, want string }{
		{"narrow", "", "tickets:read tickets:write"},
		{"narrow", "tickets:read", "tickets:read"},
		{"narrow", "tickets:read+tickets:read", "tickets:read"},
		{"test", "", "any"},
		{"test", "conferences:read", "conferences:read"}, // a part of everything
	} {
		if got := ask(c.client, c.scope).token(t).Scope; got != c.want {
			t.Errorf("%s asking for %q has %q, want %q", c.client, c.scope, got, c.want)
		}
	}
	for _, c := range []struct{ client, scope string }{
		{"narrow", "any"}, {"narrow", "conferences:read"}, {"narrow", "tickets:read+applications:admin"}, {"narrow", "Tickets:read"},
		{"test", "video"}, {"test", "voice.webrtc"}, {"test", "invented:scope"}, {"test", "openid"},
	} {
		ask(c.client, c.scope).refused(t, 400, "invalid_scope")
	}
	// Who asks for everything has no more than the roles permit.
	id, err := s.Verify(ask("test", "applications:admin").token(t).AccessToken)
	if err != nil || id.May(oauth.ScopeApplicationAdmin) {
		t.Errorf("an agent's application administers: %+v, %v", id, err)
	}
}

func TestPolicyForAdministrators(t *testing.T) {
	s := start(t)
	p := s.Policy()
	for _, r := range p.Roles {
		names, err := oauth.RolesNamed([]string{r.Name})
		if err != nil || len(names) != 1 || r.Description == "" {
			t.Errorf("%+v: %v", r, err)
		}
		for _, scope := range r.Scopes {
			if !identity(names[0], "any").May(scope) {
				t.Errorf("%s is said to permit %s", r.Name, scope)
			}
		}
		if r.Name == "customer" || r.Name == "user" {
			t.Errorf("%s can be chosen", r.Name)
		}
	}
	if len(p.Roles) != 5 || len(p.Scopes) < 15 || len(p.Grants) != 5 || !slices.Contains(p.Events, "reuse") {
		t.Errorf("%+v", p)
	}
	if _, err := oauth.RolesNamed([]string{"customer"}); err == nil {
		t.Error("somebody can be made a customer")
	}
}
