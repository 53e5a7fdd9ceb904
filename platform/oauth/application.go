package oauth

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"guichet/platform/wire"

	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// Grant types beside the library's.
const grantPassword = "password" // with a ticket in the place of the name

// Ids of the built-in public applications.
const (
	desktopID  = "guichet"
	customerID = "customer"
	kioskID    = "guichet-kiosk"
	adminID    = "guichet-admin"
)

// Ids with these beginnings are made up for guests, kiosks and the people of
// identity providers.
const (
	guestPrefix  = "guest-"
	kioskPrefix  = "kiosk-"
	personPrefix = "person-"
)

// Application is an OAuth client.
type Application struct {
	ID           string
	Name         string // for people; empty: the id
	Organization string // empty: the default one
	Secret       string // empty: one is made, unless Public
	Roles        []string
	Scopes       []string // that it may ask for, and has when it asks for none
	RedirectURIs []string
	// PostLogoutRedirectURIs are where browsers may go after signing out.
	PostLogoutRedirectURIs []string
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

// label is the application's name for people.
func (a Application) label() string {
	if a.Name != "" {
		return a.Name
	}
	return a.ID
}

// AddApplication adds an application and returns its secret, made here when
// there was none. It fails with ErrTaken when the id is taken, and with a
// *BadSettings when something in it cannot be.
func (s *Service) AddApplication(ctx context.Context, by Actor, a Application) (secret string, err error) {
	secret, err = s.addApplication(ctx, a, false)
	if err != nil {
		return "", err
	}
	return secret, s.recordChange(ctx, by, AuditEntry{Event: EventApplication, Client: a.ID, Subject: a.ID, Detail: "added"})
}

func (s *Service) addApplication(ctx context.Context, a Application, fixture bool) (string, error) {
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
	if err := checkSubject(a.ID); err != nil {
		return "", fmt.Errorf("application %q: %w", a.ID, err)
	}
	if err := a.check(); err != nil {
		return "", fmt.Errorf("application %q: %w", a.ID, err)
	}
	stored := StoredApplication{Application: a, Fixture: fixture, Created: s.now(), Version: 1}
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
	if err := s.followed(ctx, s.config.Store.AddApplication(ctx, stored)); err != nil {
		return "", fmt.Errorf("application %q: %w", a.ID, err)
	}
	return secret, nil
}

// check tells whether an application can be so; the errors are *BadSettings.
func (a *Application) check() error {
	if a.Public && a.Secret != "" {
		return badSetting("a public application has no secret")
	}
	if a.Public && (a.PKCEOptional || a.AllowBasic || slices.Contains(a.Grants, string(oidc.GrantTypeClientCredentials))) {
		return badSetting("a public application cannot prove who it is: no client credentials, no Basic, and always PKCE")
	}
	if len(a.Name) > maxName || !utf8.ValidString(a.Name) {
		return badSetting("the name is longer than %d bytes or not UTF-8", maxName)
	}
	if err := checkRoles(a.Roles, false); err != nil {
		return badSetting("%v", err)
	}
	for _, scope := range a.Scopes {
		if !isKnownScope(scope) {
			return badSetting("scope %q is not known here", scope)
		}
	}
	for _, uri := range slices.Concat(a.RedirectURIs, a.PostLogoutRedirectURIs) {
		if err := checkRedirect(uri); err != nil {
			return badSetting("the redirect address %q %v", uri, err)
		}
	}
	for _, g := range a.Grants {
		if !slices.ContainsFunc(grantWords(), func(w wire.PolicyWord) bool { return w.Name == g }) {
			return badSetting("grant type %q is not known here", g)
		}
	}
	if slices.Contains(a.Grants, string(oidc.GrantTypeCode)) && len(a.RedirectURIs) == 0 {
		return badSetting("to sign people in, it needs a redirect address")
	}
	const most = 64
	if max(len(a.Roles), len(a.Scopes), len(a.Grants), len(a.RedirectURIs), len(a.PostLogoutRedirectURIs)) > most {
		return badSetting("a list has more than %d entries", most)
	}
	return nil
}

// Applications returns all of an organization, the built-in ones first.
func (s *Service) Applications(ctx context.Context, organization string) ([]StoredApplication, error) {
	var list []StoredApplication
	for _, id := range []string{desktopID, customerID, kioskID, adminID} {
		a, _ := s.builtIn(id)
		list = append(list, a)
	}
	stored, err := s.config.Store.Applications(ctx, organization)
	return append(list, stored...), err
}

// ApplicationOf returns an application of an organization, or ErrUnknown.
func (s *Service) ApplicationOf(ctx context.Context, organization, id string) (StoredApplication, error) {
	if a, ok := s.builtIn(id); ok {
		return a, nil
	}
	a, err := s.config.Store.Application(ctx, id)
	if err == nil && a.Organization != organization {
		return StoredApplication{}, ErrUnknown
	}
	return a, err
}

// Fixed tells whether an application cannot be changed: it is built in, or one
// of --dev.
func (s *Service) Fixed(a StoredApplication) bool {
	_, builtIn := s.builtIn(a.ID)
	return builtIn || a.Fixture
}

// changeable returns an application of an organization that can be changed.
func (s *Service) changeable(ctx context.Context, organization, id string) (StoredApplication, error) {
	a, err := s.ApplicationOf(ctx, organization, id)
	if err == nil && s.Fixed(a) {
		return a, ErrFixed
	}
	return a, err
}

// ChangeApplication gives an application of a version other settings; its id,
// its organization, its secret and whether it has one stay. A disabled one loses
// all its tokens; so does one that lost roles, scopes or grants, which shall not
// live on in tokens.
func (s *Service) ChangeApplication(ctx context.Context, by Actor, version int64, to Application, disabled bool) (StoredApplication, error) {
	old, err := s.changeable(ctx, by.Organization, to.ID)
	if err != nil {
		return old, err
	}
	to.Organization, to.Public, to.Secret = old.Organization, old.Public, ""
	if err := to.check(); err != nil {
		return old, err
	}
	next := old
	next.Application, next.Disabled, next.Version = to, disabled, version
	revoke := disabled || old.AllowBasic && !to.AllowBasic || lost(old.Roles, to.Roles) || lost(old.Scopes, to.Scopes) || lost(old.Grants, to.Grants)
	if err := s.followed(ctx, s.config.Store.ChangeApplication(ctx, next, revoke, s.now())); err != nil {
		return old, err
	}
	next.Version = version + 1
	return next, s.recordChange(ctx, by, AuditEntry{Event: EventApplication, Client: to.ID, Subject: to.ID, Detail: changed(old, next)})
}

// changed lists what an application's change was about, without values that
// could be long.
func changed(old, next StoredApplication) string {
	var list []string
	note := func(what string, differs bool) {
		if differs {
			list = append(list, what)
		}
	}
	note("disabled", next.Disabled && !old.Disabled)
	note("enabled", old.Disabled && !next.Disabled)
	note("name", old.Name != next.Name)
	note("roles: "+strings.Join(ShortRoles(next.Roles), " "), !slices.Equal(old.Roles, next.Roles))
	note("scopes: "+strings.Join(next.Scopes, " "), !slices.Equal(old.Scopes, next.Scopes))
	note("grants", !slices.Equal(old.Grants, next.Grants))
	note("redirects", !slices.Equal(old.RedirectURIs, next.RedirectURIs) || !slices.Equal(old.PostLogoutRedirectURIs, next.PostLogoutRedirectURIs))
	note("ways to authenticate", old.AllowBasic != next.AllowBasic || old.AllowQuery != next.AllowQuery || old.PKCEOptional != next.PKCEOptional)
	if list == nil {
		return "changed: nothing"
	}
	return "changed: " + strings.Join(list, ", ")
}

// RenewSecret makes an application's secret anew. The old one is worth nothing
// from then on; tokens that were had with it live to their end.
func (s *Service) RenewSecret(ctx context.Context, by Actor, id string) (StoredApplication, string, error) {
	a, err := s.changeable(ctx, by.Organization, id)
	if err != nil {
		return a, "", err
	}
	if a.Public {
		return a, "", badSetting("a public application has no secret")
	}
	var secret string
	secret, a.SecretHash = newSecret()
	if err := s.followed(ctx, s.config.Store.ChangeApplication(ctx, a, false, s.now())); err != nil {
		return a, "", err
	}
	a.Version++
	return a, secret, s.recordChange(ctx, by, AuditEntry{Event: EventSecret, Client: id, Subject: id, Detail: "secret made anew"})
}

// RemoveApplication removes an application with all its sessions and tokens.
func (s *Service) RemoveApplication(ctx context.Context, by Actor, id string) error {
	if _, err := s.changeable(ctx, by.Organization, id); err != nil {
		return err
	}
	if err := s.followed(ctx, s.config.Store.RemoveApplication(ctx, id, s.now())); err != nil {
		return err
	}
	return s.recordChange(ctx, by, AuditEntry{Event: EventApplication, Client: id, Subject: id, Detail: "removed"})
}

// checkSubject tells whether an id may become the subject of tokens: fit for a
// topic, and neither a built-in application's nor like a guest's.
func checkSubject(id string) error {
	if err := wire.CheckID("id", id); err != nil {
		return err
	}
	lower := strings.ToLower(id)
	if slices.Contains([]string{desktopID, customerID, kioskID, adminID}, lower) {
		return ErrTaken
	}
	for _, prefix := range []string{guestPrefix, kioskPrefix, personPrefix} {
		if strings.HasPrefix(lower, prefix) {
			return ErrTaken
		}
	}
	return nil
}

// builtIn returns one of the applications that are always there, all public.
func (s *Service) builtIn(id string) (StoredApplication, bool) {
	a := Application{ID: id, Organization: defaultOrganization, Public: true}
	code, refresh := string(oidc.GrantTypeCode), string(oidc.GrantTypeRefreshToken)
	switch id {
	case desktopID:
		a.Name, a.Scopes = "Guichet for agents", []string{scopeOpenID, scopeProfile, scopeOffline, scopeAny}
		a.RedirectURIs = []string{"http://127.0.0.1/callback", "http://[::1]/callback", s.config.Issuer + "/a"}
		a.Grants = []string{code, refresh}
	case customerID:
		a.Name, a.Scopes, a.Grants = "Guichet for customers", []string{scopeAny}, []string{grantPassword, refresh}
	case kioskID:
		a.Name, a.Scopes, a.Roles = "Guichet for kiosks", []string{scopeAny, scopeOpenID, scopeProfile}, []string{RoleKiosk}
		a.Grants = []string{string(oidc.GrantTypeDeviceCode), refresh}
	case adminID:
		a.Name, a.Scopes = "Settings of Guichet", []string{scopeOpenID, scopeProfile, scopeAny}
		a.RedirectURIs, a.Grants = []string{s.config.Issuer + "/admin"}, []string{code, refresh}
	default:
		return StoredApplication{}, false
	}
	return StoredApplication{Application: a}, true
}

// application returns a built-in or stored application, or ErrUnknown. One that
// is disabled is as unknown as a fixture to a server that was not started for
// development.
func (s *Service) application(ctx context.Context, id string) (StoredApplication, error) {
	if a, ok := s.builtIn(id); ok {
		return a, nil
	}
	if wire.CheckID("id", id) != nil {
		return StoredApplication{}, ErrUnknown
	}
	a, err := s.cache.application(ctx, s.config.Store, id)
	if err == nil && (a.Disabled || a.Fixture && !s.dev.Load()) {
		return StoredApplication{}, ErrUnknown
	}
	return a, err
}
