package oauth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"guichet/platform/wire"

	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// Grant types beside the library's.
const grantPassword = "password" // with a ticket in the place of the name

// Scopes with a meaning of their own; all others are an application's words.
const (
	scopeAny     = "any" // what an application has when nothing narrower is said
	scopeOpenID  = oidc.ScopeOpenID
	scopeProfile = oidc.ScopeProfile
	scopeOffline = oidc.ScopeOfflineAccess
)

// Ids of the built-in public applications.
const (
	desktopID  = "guichet"
	customerID = "customer"
)

// Application is an OAuth client.
type Application struct {
	ID           string
	Organization string // empty: the default one
	Secret       string // empty: one is made, unless Public
	Roles        []string
	Scopes       []string // that it may ask for, and has when it asks for none
	RedirectURIs []string
	// Grants are the grant types that it may use. Empty means client
	// credentials, and codes with refreshing when there are RedirectURIs.
	Grants []string
	Public bool // has no secret
	// AllowQuery lets it send its token request in the query string, as some
	// clients of the contract do. Secrets in addresses end in logs, so it is
	// off unless asked for.
	AllowQuery bool
	// AllowBasic lets it call the API with HTTP Basic in the place of a token,
	// with all that its roles and scopes permit.
	AllowBasic bool
	// PKCEOptional lets a confidential application ask for a code without a
	// challenge.
	PKCEOptional bool
}

// AddApplication adds an application and returns its secret, made here when
// there was none. It fails with ErrTaken when the id is taken.
func (s *Service) AddApplication(ctx context.Context, a Application) (secret string, err error) {
	return s.saveApplication(ctx, a, false)
}

func (s *Service) saveApplication(ctx context.Context, a Application, fixture bool) (string, error) {
	if a.Organization == "" {
		a.Organization = defaultOrganization
	}
	if len(a.Grants) == 0 {
		if !a.Public {
			a.Grants = append(a.Grants, string(oidc.GrantTypeClientCredentials))
		}
		if len(a.RedirectURIs) > 0 {
			a.Grants = append(a.Grants, string(oidc.GrantTypeCode), string(oidc.GrantTypeRefreshToken))
		}
	}
	if len(a.Scopes) == 0 {
		a.Scopes = []string{scopeAny}
	}
	if err := a.check(); err != nil {
		return "", fmt.Errorf("application %q: %w", a.ID, err)
	}
	stored := StoredApplication{Application: a, Fixture: fixture, Created: s.now()}
	stored.Secret = ""
	secret := a.Secret
	var err error
	switch {
	case a.Public:
	case secret == "":
		secret, stored.SecretHash = newSecret()
	default:
		stored.SecretHash, err = s.hasher.hash(ctx, secret)
	}
	if err != nil {
		return "", err
	}
	if err := s.config.Store.SaveApplication(ctx, stored); err != nil {
		return "", fmt.Errorf("application %q: %w", a.ID, err)
	}
	return secret, nil
}

func (a *Application) check() error {
	if err := checkSubject(a.ID); err != nil {
		return err
	}
	if a.Public && a.Secret != "" {
		return errors.New("a public application has no secret")
	}
	if a.Public && (a.PKCEOptional || slices.Contains(a.Grants, string(oidc.GrantTypeClientCredentials))) {
		return errors.New("a public application proves nothing without PKCE")
	}
	if err := checkRoles(a.Roles); err != nil {
		return err
	}
	for _, scope := range a.Scopes {
		if !isScope(scope) {
			return fmt.Errorf("scope %q is not a word", scope)
		}
	}
	for _, uri := range a.RedirectURIs {
		if err := checkRedirect(uri); err != nil {
			return fmt.Errorf("redirect URI %q: %w", uri, err)
		}
	}
	known := []string{string(oidc.GrantTypeClientCredentials), string(oidc.GrantTypeCode), string(oidc.GrantTypeRefreshToken), grantPassword}
	for _, g := range a.Grants {
		if !slices.Contains(known, g) {
			return fmt.Errorf("grant type %q is not known", g)
		}
	}
	return nil
}

// checkSubject tells whether an id may become the subject of tokens: fit for a
// topic, and neither a built-in application's nor like a guest's.
func checkSubject(id string) error {
	if err := wire.CheckID("id", id); err != nil {
		return err
	}
	if lower := strings.ToLower(id); lower == desktopID || lower == customerID || strings.HasPrefix(lower, "guest-") {
		return ErrTaken
	}
	return nil
}

func checkRoles(roles []string) error {
	for _, r := range roles {
		if !slices.Contains([]string{RoleUser, RoleAgent, RoleSupervisor, RoleAdmin}, r) {
			return fmt.Errorf("role %q is not known", r)
		}
	}
	return nil
}

// isScope follows RFC 6749, section 3.3.
func isScope(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return s != "" && len(s) <= 128
}

// application returns a built-in or stored application, or ErrUnknown. A
// fixture is unknown to a server that was not started for development.
func (s *Service) application(ctx context.Context, id string) (StoredApplication, error) {
	switch id {
	case desktopID:
		return StoredApplication{Application: Application{ID: id, Organization: defaultOrganization, Public: true,
			Scopes:       []string{scopeOpenID, scopeProfile, scopeOffline, scopeAny},
			RedirectURIs: []string{"http://127.0.0.1/callback", "http://[::1]/callback"},
			Grants:       []string{string(oidc.GrantTypeCode), string(oidc.GrantTypeRefreshToken)}}}, nil
	case customerID:
		return StoredApplication{Application: Application{ID: id, Organization: defaultOrganization, Public: true,
			Scopes: []string{scopeAny}, Grants: []string{grantPassword, string(oidc.GrantTypeRefreshToken)}}}, nil
	}
	if wire.CheckID("id", id) != nil {
		return StoredApplication{}, ErrUnknown
	}
	a, err := s.config.Store.Application(ctx, id)
	if err == nil && a.Fixture && !s.dev.Load() {
		return StoredApplication{}, ErrUnknown
	}
	return a, err
}

// scopes returns what of the asked scopes (separated by spaces) is granted: all
// of allowed when none is asked for. ok is false when more is asked than allowed.
func scopes(asked string, allowed []string) (granted []string, ok bool) {
	for _, scope := range strings.Fields(asked) {
		if !slices.Contains(allowed, scope) {
			return nil, false
		}
		if !slices.Contains(granted, scope) {
			granted = append(granted, scope)
		}
	}
	if len(granted) == 0 {
		return allowed, true
	}
	return granted, true
}
