package oauth_test

import (
	"context"
	"testing"

	"guichet/platform/oauth"
)

// TestApplicationWithoutRolesHasNoPartOfEverything: without roles, "everything
// that its roles permit" is nothing, and nothing has no parts.
func TestApplicationWithoutRolesHasNoPartOfEverything(t *testing.T) {
	s := start(t)
	secret, err := s.AddApplication(context.Background(), oauth.Console(), oauth.Application{ID: "bare", Scopes: []string{"any", "tickets:read"}})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(scope string) answer {
		return s.token(grantType + "&client_id=bare&client_secret=" + secret + "&scope=" + scope)
	}
	for _, scope := range []string{oauth.ScopeApplicationAdmin, oauth.ScopeConferencesWrite, "tickets:read+tickets:write", "any+reports:read"} {
		ask(scope).refused(t, 400, "invalid_scope")
	}
	for asked, want := range map[string]string{"": "any tickets:read", "any": "any", "tickets:read": "tickets:read"} {
		v := ask(asked).token(t)
		id, err := s.Verify(v.AccessToken)
		if err != nil || v.Scope != want || id.May(oauth.ScopeApplicationAdmin) || id.May(oauth.ScopeConferencesWrite) {
			t.Errorf("asking for %q: %q %+v, %v", asked, v.Scope, id, err)
		}
	}
}
