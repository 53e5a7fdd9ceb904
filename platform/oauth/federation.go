package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"guichet/platform/limit"
	"guichet/platform/oauth/idp"
	"guichet/platform/wire"
)

// Paths of signing in through an identity provider.
const (
	signInWithPath = "/sign-in/with"
	callbackPath   = "/sign-in/callback/" // and the provider's id: one for each
)

// flight is a sign-in on its way through a provider, sealed into the state.
type flight struct {
	Authorization authorization
	Provider      string
	Transit       idp.Transit
}

// landed are the flights that came back, so that no answer is taken twice. They
// are forgotten with their pages.
type landed struct {
	mu    sync.Mutex
	by    map[string]time.Time // nonce: until when
	swept time.Time
}

// first tells whether a nonce comes for the first time.
func (l *landed) first(nonce string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.swept) > sweepEvery {
		for old, until := range l.by {
			if now.After(until) {
				delete(l.by, old)
			}
		}
		l.swept = now
	}
	if _, again := l.by[nonce]; again {
		return false
	}
	l.by[nonce] = now.Add(signInLife)
	return true
}

// buttons are the providers that an organization's sign-in page offers.
func (s *Service) buttons(ctx context.Context, organization string) ([]providerButton, error) {
	list, err := s.config.Store.Providers(ctx, organization)
	var buttons []providerButton
	for _, p := range list {
		if p.Enabled {
			buttons = append(buttons, providerButton{p.ID, p.Name})
		}
	}
	return buttons, err
}

// opened is a provider as the client of providers wants it.
func (s *Service) opened(p StoredProvider) (idp.Provider, error) {
	out := p.Provider
	out.RedirectURI = s.config.Issuer + callbackPath + p.ID
	if len(p.SealedSecret) > 0 {
		secret, err := s.config.Vault.Open(providerPlace, p.ID, p.SealedSecret)
		if err != nil {
			return out, err
		}
		out.ClientSecret = string(secret)
	}
	return out, nil
}

// signInWith sends the browser to a provider. It is a link and no form: browsers
// hold a form's target against the policy of the page, which cannot know where
// the provider lives.
func (s *Service) signInWith(w http.ResponseWriter, r *http.Request) {
	var q authorization
	browser := s.browser(r)
	if len(r.URL.RawQuery) > 2*maxQuery || !s.unseal(browser, sealedSignIn, r.URL.Query().Get("request"), &q) {
		s.showError(w, r, invalidRequest("This page is too old, or was opened in another browser."))
		return
	}
	p, err := s.enabledProvider(r.Context(), q.Organization, r.URL.Query().Get("provider"))
	if err != nil {
		s.showError(w, r, err)
		return
	}
	f := flight{q, p.ID, idp.NewTransit()}
	state, err := s.seal(browser, sealedFlight, f, signInLife)
	if err != nil {
		s.showError(w, r, err)
		return
	}
	address, err := s.providers.AuthorizeURL(r.Context(), p.Provider, state, f.Transit)
	if err != nil {
		s.showError(w, r, s.providerFault(p, err))
		return
	}
	secure(w.Header(), "")
	http.Redirect(w, r, address, http.StatusSeeOther)
}

// enabledProvider returns a provider with its secret open.
func (s *Service) enabledProvider(ctx context.Context, organization, id string) (StoredProvider, error) {
	p, err := s.config.Store.Provider(ctx, organization, id)
	if errors.Is(err, ErrUnknown) || err == nil && !p.Enabled {
		return p, invalidRequest("Nobody signs in through this provider any more.")
	}
	if err != nil {
		return p, err
	}
	p.Provider, err = s.opened(p)
	return p, err
}

// providerFault is a failure of a provider in words for who wants to sign in;
// the log has the rest.
func (s *Service) providerFault(p StoredProvider, err error) error {
	s.log.Warn("sign-in through a provider failed", "provider", p.ID, "err", err)
	switch {
	case errors.Is(err, idp.ErrRefused):
		return &refusal{status: http.StatusForbidden, description: p.Name + " did not let you in."}
	case errors.Is(err, idp.ErrOrganization):
		return &refusal{status: http.StatusForbidden, description: "Your account at " + p.Name + " belongs to another organization."}
	case errors.Is(err, idp.ErrUnreachable):
		return &refusal{status: http.StatusBadGateway, description: p.Name + " cannot be reached. Try again in a minute."}
	}
	return &refusal{status: http.StatusBadGateway, description: p.Name + " gave an answer that cannot be trusted. An administrator can try it out in the settings."}
}

// callback takes a provider's answer. Each provider has a path of its own, so
// that none can answer for another (RFC 9700, section 4.4.2).
func (s *Service) callback(w http.ResponseWriter, r *http.Request) {
	if len(r.URL.RawQuery) > 4*maxQuery {
		s.showError(w, r, invalidRequest("The answer is too long."))
		return
	}
	answer, err := parseForm(r.URL.RawQuery)
	if err != nil {
		s.showError(w, r, invalidRequest("The answer is malformed."))
		return
	}
	var f flight
	known := s.unseal(s.browser(r), sealedFlight, answer.Get("state"), &f) && f.Provider == r.PathValue("provider")
	if known {
		if wait, ok := s.limits.Take(limitKey("flight", limit.Network(r), ""), flightsLanding()); !ok {
			w.Header().Set("Retry-After", retryAfter(wait))
			s.showError(w, r, &refusal{status: http.StatusTooManyRequests, description: "Too many sign in from where you are. Wait a minute."})
			return
		}
	}
	if !known || !s.landed.first(f.Transit.Nonce, s.now()) {
		s.showError(w, r, invalidRequest("This answer is too old, or belongs to another browser."))
		return
	}
	u, p, err := s.finish(r, f, answer)
	if err != nil {
		s.showError(w, r, err)
		return
	}
	s.signedIn(w, r, f.Authorization, u, "through "+p.Name)
}

// finish turns a provider's answer into a user of ours.
func (s *Service) finish(r *http.Request, f flight, answer url.Values) (StoredUser, StoredProvider, error) {
	ctx, q := r.Context(), f.Authorization
	p, err := s.enabledProvider(ctx, q.Organization, f.Provider)
	if err != nil {
		return StoredUser{}, p, err
	}
	e := AuditEntry{Organization: q.Organization, Event: EventSignIn, Refused: true, Client: q.Application, Address: limit.Network(r)}
	person, err := s.providers.Finish(ctx, p.Provider, f.Transit, answer)
	if err != nil {
		e.Detail = "through " + p.Name + ": the provider's answer was not good"
		return StoredUser{}, p, errors.Join(s.providerFault(p, err), s.record(ctx, e))
	}
	u, err := s.known(ctx, p, person)
	if err != nil {
		return u, p, err
	}
	e.Subject = u.ID
	switch {
	case u.Disabled:
		e.Detail = "through " + p.Name + ": the account is disabled"
		err = &refusal{status: http.StatusForbidden, description: "Your account here is disabled. An administrator can enable it."}
	case len(u.authorities()) == 1:
		e.Detail = "through " + p.Name + ": no role"
		err = &refusal{status: http.StatusForbidden, description: "You are known here now, but have no role yet. Ask an administrator for one, then sign in again."}
	default:
		return u, p, nil
	}
	return u, p, errors.Join(err, s.record(ctx, e))
}

// known returns the user that a person is, made at the first sign-in. Who they
// are is what the provider calls them for ever, never an address or a name
// (OpenID Connect Core, section 5.7). Roles that the provider's claims no longer
// give are lost, with the tokens that carried them.
func (s *Service) known(ctx context.Context, p StoredProvider, person idp.Person) (StoredUser, error) {
	roles, err := RolesNamed(person.Roles(p.Roles, p.Mappings))
	if err != nil {
		return StoredUser{}, err
	}
	name := person.Name
	if len(name) > maxName {
		name = person.Subject[:min(len(person.Subject), maxName)]
	}
	for {
		u, err := s.config.Store.UserOf(ctx, p.Organization, p.ID, person.Subject)
		switch {
		case errors.Is(err, ErrUnknown):
			id := personPrefix + wire.NewID()
			u = StoredUser{User: User{Organization: p.Organization, Name: id, DisplayName: name}, ID: id, Provider: p.ID, Subject: person.Subject,
				ProviderRoles: roles, Created: s.now(), Version: 1}
			err = s.config.Store.AddUser(ctx, u)
			if err == nil {
				err = s.record(ctx, AuditEntry{Organization: p.Organization, Event: EventUser, Subject: id, Detail: "added at the first sign-in through " + p.Name})
			}
			if !errors.Is(err, ErrTaken) {
				return u, err
			}
		case err != nil:
			return u, err
		case slices.Equal(u.ProviderRoles, roles) && u.DisplayName == name:
			return u, nil
		default:
			revoke := lost(u.ProviderRoles, roles)
			u.ProviderRoles, u.DisplayName = roles, name
			err = s.followed(ctx, s.config.Store.ChangeUser(ctx, u, revoke, s.now()))
			u.Version++
			if !errors.Is(err, ErrChanged) {
				return u, err
			}
		}
	}
}
