package oauth

import (
	"context"

	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// SeedDev adds the applications and users of --dev, the users with new
// passwords, which it returns by name. They work in a process that called it
// and in no other, even on the same data folder.
func SeedDev(ctx context.Context, s *Service) (users map[string]string, err error) {
	s.dev.Store(true)
	agent, staff := []string{RoleAgent}, []string{RoleAgent, RoleSupervisor}
	for _, a := range []Application{
		{ID: "test", Secret: "secret", Roles: staff, AllowQuery: true},
		{ID: "hgranger", Secret: "Cr00k$h@nk$", Scopes: []string{scopeVoice}},
		{ID: "CLIENT_ID", Secret: "CLIENT_SECRET", Roles: agent},
		{ID: "client-ID", Secret: "client-secret", Roles: agent, AllowBasic: true},
		{ID: "user-id", Secret: "password", Roles: agent, AllowBasic: true},
		{ID: "project_id", Secret: "token", Scopes: []string{ScopeVideo}, AllowBasic: true},
		{ID: "YOUR_CLIENT_ID", Secret: "YOUR_CLIENT_SECRET", RedirectURIs: []string{"http://127.0.0.1/callback"}, PKCEOptional: true,
			Scopes: []string{scopeSparkCall, scopeSparkRead, scopeSparkWrite, scopeSparkXSI},
			Grants: []string{string(oidc.GrantTypeCode), string(oidc.GrantTypeRefreshToken)}},
	} {
		if _, err := s.addApplication(ctx, a, true); err != nil {
			return nil, err
		}
	}
	users = map[string]string{}
	for _, u := range []User{
		{Name: "agent1", DisplayName: "Agent 1", Roles: agent},
		{Name: "agent2", DisplayName: "Agent 2", Roles: agent},
		{Name: "supervisor1", DisplayName: "Supervisor 1", Roles: staff},
		{Name: "admin1", DisplayName: "Admin 1", Roles: []string{RoleAgent, RoleSupervisor, RoleAdmin}},
	} {
		if users[u.Name], err = s.addUser(ctx, u, "", true); err != nil {
			return nil, err
		}
	}
	return users, nil
}
