package oauth

import (
	"context"
	"errors"
	"slices"
	"unicode/utf8"

	"guichet/platform/oauth/idp"
	"guichet/platform/wire"
)

// providerPlace is where a provider's secret is sealed for.
const providerPlace = "provider secret"

// maxMappings bounds the role mappings of a provider.
const maxMappings = 200

// Providers returns the identity providers of an organization.
func (s *Service) Providers(ctx context.Context, organization string) ([]StoredProvider, error) {
	return s.config.Store.Providers(ctx, organization)
}

// Provider returns one of an organization, or ErrUnknown.
func (s *Service) Provider(ctx context.Context, organization, id string) (StoredProvider, error) {
	return s.config.Store.Provider(ctx, organization, id)
}

// CallbackURI is where a provider must let its answers go.
func (s *Service) CallbackURI(providerID string) string {
	return s.config.Issuer + callbackPath + providerID
}

// AddProvider adds a provider, which gets an id.
func (s *Service) AddProvider(ctx context.Context, by Actor, p StoredProvider) (StoredProvider, error) {
	p.ID, p.Organization, p.Created, p.Version = wire.NewID(), by.Organization, s.now(), 1
	p, err := s.closed(p)
	if err != nil {
		return p, err
	}
	if err := s.config.Store.AddProvider(ctx, p); err != nil {
		return p, err
	}
	return p, s.recordChange(ctx, by, AuditEntry{Event: EventProvider, Subject: p.ID, Detail: "added: " + p.Name})
}

// ChangeProvider gives a provider of a version other settings; without a new
// secret the old one stays. When it is disabled, or gives fewer roles, who signed
// in through it is signed out.
func (s *Service) ChangeProvider(ctx context.Context, by Actor, p StoredProvider) (StoredProvider, error) {
	old, err := s.config.Store.Provider(ctx, by.Organization, p.ID)
	if err != nil {
		return old, err
	}
	p.Organization, p.Created = old.Organization, old.Created
	if err := s.mayMove(ctx, old, p); err != nil {
		return old, err
	}
	if p.ClientSecret == "" {
		opened, err := s.opened(old)
		if err != nil {
			return old, err
		}
		p.ClientSecret = opened.ClientSecret
	}
	if p, err = s.closed(p); err != nil {
		return old, err
	}
	if err := s.config.Store.ChangeProvider(ctx, p); err != nil {
		return old, err
	}
	p.Version++
	detail := "changed: " + p.Name
	if old.Enabled && !p.Enabled {
		detail += ", disabled"
	}
	if old.Enabled && !p.Enabled || lost(old.Roles, p.Roles) || lost(old.Mappings, p.Mappings) {
		if err := s.signOutOf(ctx, p); err != nil {
			return p, err
		}
	}
	return p, s.recordChange(ctx, by, AuditEntry{Event: EventProvider, Subject: p.ID, Detail: detail})
}

// mayMove refuses to make another provider of one. People are known by what it
// calls them, which means somebody else at another, and its secret must not be
// told to another.
func (s *Service) mayMove(ctx context.Context, old, p StoredProvider) error {
	if p.Kind == old.Kind && p.Issuer == old.Issuer && p.Region == old.Region && p.OrganizationID == old.OrganizationID {
		return nil
	}
	list, err := s.config.Store.Users(ctx, old.Organization)
	switch {
	case err != nil:
		return err
	case slices.ContainsFunc(list, func(u StoredUser) bool { return u.Provider == old.ID }):
		return badSetting("People have signed in through this provider already: add another one, then disable this one.")
	case p.ClientSecret == "" && len(old.SealedSecret) > 0:
		return badSetting("Type the secret once more: the old one belongs to the provider of before.")
	}
	return nil
}

// lost tells whether something that was there is there no more.
func lost[T comparable](before, after []T) bool {
	return slices.ContainsFunc(before, func(v T) bool { return !slices.Contains(after, v) })
}

// RemoveProvider removes a provider and signs out who came through it. Their
// accounts stay in the list of people; nobody can sign in to them.
func (s *Service) RemoveProvider(ctx context.Context, by Actor, id string) error {
	p, err := s.config.Store.Provider(ctx, by.Organization, id)
	if err != nil {
		return err
	}
	if err := s.config.Store.RemoveProvider(ctx, by.Organization, id); err != nil {
		return err
	}
	if err := s.signOutOf(ctx, p); err != nil {
		return err
	}
	return s.recordChange(ctx, by, AuditEntry{Event: EventProvider, Subject: id, Detail: "removed: " + p.Name})
}

// TryProvider tells how far a provider can be used.
func (s *Service) TryProvider(ctx context.Context, by Actor, id string) (wire.ProviderTrial, error) {
	p, err := s.config.Store.Provider(ctx, by.Organization, id)
	if err != nil {
		return wire.ProviderTrial{}, err
	}
	opened, err := s.opened(p)
	if err != nil {
		return wire.ProviderTrial{}, err
	}
	trial := s.providers.Try(ctx, opened)
	return trial, s.recordChange(ctx, by, AuditEntry{Event: EventProviderTrial, Subject: id, Refused: !trial.OK, Detail: p.Name})
}

// signOutOf ends the sessions of all who signed in through a provider.
func (s *Service) signOutOf(ctx context.Context, p StoredProvider) error {
	list, err := s.config.Store.Users(ctx, p.Organization)
	if err != nil {
		return err
	}
	for _, u := range list {
		if u.Provider == p.ID {
			err = errors.Join(err, s.config.Store.RevokeUser(ctx, p.Organization, u.ID, s.now()))
		}
	}
	return s.followed(ctx, err)
}

// closed checks a provider and seals its secret.
func (s *Service) closed(p StoredProvider) (StoredProvider, error) {
	p.RedirectURI = s.CallbackURI(p.ID)
	if p.Name == "" || len(p.Name) > maxName || !utf8.ValidString(p.Name) {
		return p, badSetting("Give the provider a name of up to %d bytes: it stands on the button of the sign-in page.", maxName)
	}
	if len(p.Mappings) > maxMappings {
		return p, badSetting("There are more than %d role mappings.", maxMappings)
	}
	named := slices.Clone(p.Roles)
	for _, m := range p.Mappings {
		if m.Claim == "" || m.Value == "" || len(m.Claim) > maxName || len(m.Value) > 8*maxName {
			return p, badSetting("Each role mapping needs a claim and a value.")
		}
		named = append(named, m.Role)
	}
	roles, err := RolesNamed(named)
	if err == nil {
		err = checkRoles(roles, true)
	}
	if err != nil {
		return p, badSetting("%v", err)
	}
	var wrong *idp.SettingsError
	if err := s.providers.Check(p.Provider); errors.As(err, &wrong) {
		return p, badSetting("%s", wrong.Sentence)
	} else if err != nil {
		return p, err
	}
	p.SealedSecret = nil
	if p.ClientSecret != "" {
		p.SealedSecret = s.config.Vault.Seal(providerPlace, p.ID, []byte(p.ClientSecret))
	}
	p.ClientSecret = ""
	return p, nil
}
