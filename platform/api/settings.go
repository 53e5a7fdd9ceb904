package api

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"guichet/platform/limit"
	"guichet/platform/oauth"
	"guichet/platform/oauth/idp"
	"guichet/platform/oauth/keyring"
	"guichet/platform/wire"
)

func (a *API) routeSettings() {
	route := func(pattern string, h handler) { a.mux.HandleFunc(pattern, a.guard(settings, h)) }
	route("GET /api/admin/policy", func(w http.ResponseWriter, _ *http.Request, _ oauth.Identity) error {
		return send(w, http.StatusOK, a.OAuth.Policy())
	})
	route("GET /api/admin/applications", a.listApplications)
	route("POST /api/admin/applications", a.addApplication)
	route("GET /api/admin/applications/{id}", a.getApplication)
	route("PUT /api/admin/applications/{id}", a.changeApplication)
	route("DELETE /api/admin/applications/{id}", a.remove(a.OAuth.RemoveApplication))
	route("POST /api/admin/applications/{id}/secret", a.renewSecret)
	route("GET /api/admin/users", a.listUsers)
	route("POST /api/admin/users", a.addUser)
	route("GET /api/admin/users/{id}", a.getUser)
	route("PUT /api/admin/users/{id}", a.changeUser)
	route("DELETE /api/admin/users/{id}", a.remove(a.OAuth.RemoveUser))
	route("POST /api/admin/users/{id}/password", a.renewPassword)
	route("POST /api/admin/users/{id}/sign-out", a.remove(a.OAuth.SignOutUser))
	route("GET /api/admin/providers", a.listProviders)
	route("POST /api/admin/providers", a.addProvider)
	route("GET /api/admin/providers/{id}", a.getProvider)
	route("PUT /api/admin/providers/{id}", a.changeProvider)
	route("DELETE /api/admin/providers/{id}", a.remove(a.OAuth.RemoveProvider))
	route("POST /api/admin/providers/{id}/try", a.tryProvider)
	route("GET /api/admin/keys", a.listKeys)
	route("POST /api/admin/keys/rotate", a.rotateKey)
	route("GET /api/admin/room-tokens", a.listRoomTokens)
	route("DELETE /api/admin/room-tokens/{id}", a.remove(a.OAuth.WithdrawRoomToken))
	route("GET /api/admin/audit", a.audit)
	for _, path := range []string{"GET /admin", "GET /admin/{$}"} {
		a.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			a.Pages.Send(w, r, "admin/index.html", http.StatusOK)
		})
	}
}

// actor is who changes settings.
func actor(r *http.Request, id oauth.Identity) oauth.Actor {
	return oauth.Actor{Organization: id.Organization, UserID: id.UserID, ClientID: id.ClientID, Address: limit.Address(r)}
}

// each turns a list into the envelope of lists.
func each[From, To any](list []From, to func(From) To) wire.List[To] {
	out := wire.List[To]{Items: make([]To, len(list))}
	for i, v := range list {
		out.Items[i] = to(v)
	}
	return out
}

// listed answers a read of the settings.
func listed[From, To any](w http.ResponseWriter, list []From, err error, to func(From) To) error {
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, each(list, to))
}

// one answers a read or a change of one thing.
func one[From, To any](w http.ResponseWriter, v From, err error, to func(From) To) error {
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, to(v))
}

// texts is a list as JSON shall have it: never null.
func texts(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// remove answers what needs an id alone and leaves nothing to say.
func (a *API) remove(do func(ctx context.Context, by oauth.Actor, id string) error) handler {
	return func(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
		if err := do(r.Context(), actor(r, id), r.PathValue("id")); err != nil {
			return err
		}
		return done(w)
	}
}

func (a *API) application(v oauth.StoredApplication) wire.Application {
	return wire.Application{ID: v.ID, Name: v.Name, Public: v.Public, Roles: oauth.ShortRoles(v.Roles), Scopes: texts(v.Scopes), Grants: texts(v.Grants),
		RedirectURIs: texts(v.RedirectURIs), PostLogoutRedirectURIs: texts(v.PostLogoutRedirectURIs), AllowBasic: v.AllowBasic, AllowQuery: v.AllowQuery,
		PKCEOptional: v.PKCEOptional, Disabled: v.Disabled, Fixed: a.OAuth.Fixed(v), Created: wire.NewTime(v.Created), Version: v.Version}
}

func fromApplication(id oauth.Identity, v wire.Application) (oauth.Application, error) {
	roles, err := oauth.RolesNamed(v.Roles)
	if err != nil {
		return oauth.Application{}, invalid("%v", err)
	}
	return oauth.Application{ID: v.ID, Name: v.Name, Organization: id.Organization, Roles: roles, Scopes: v.Scopes, Grants: v.Grants, RedirectURIs: v.RedirectURIs,
		PostLogoutRedirectURIs: v.PostLogoutRedirectURIs, Public: v.Public, AllowBasic: v.AllowBasic, AllowQuery: v.AllowQuery, PKCEOptional: v.PKCEOptional}, nil
}

func (a *API) listApplications(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	list, err := a.OAuth.Applications(r.Context(), id.Organization)
	return listed(w, list, err, a.application)
}

func (a *API) getApplication(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	v, err := a.OAuth.ApplicationOf(r.Context(), id.Organization, r.PathValue("id"))
	return one(w, v, err, a.application)
}

func (a *API) addApplication(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	body, err := decode[wire.Application](w, r)
	if err != nil {
		return err
	}
	v, err := fromApplication(id, body)
	if err != nil {
		return err
	}
	secret, err := a.OAuth.AddApplication(r.Context(), actor(r, id), v)
	if err != nil {
		return err
	}
	made, err := a.OAuth.ApplicationOf(r.Context(), id.Organization, v.ID)
	if err != nil {
		return err
	}
	return send(w, http.StatusCreated, wire.ApplicationSecret{Application: a.application(made), Secret: secret})
}

func (a *API) changeApplication(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	body, err := decode[wire.Application](w, r)
	if err != nil {
		return err
	}
	body.ID = r.PathValue("id")
	to, err := fromApplication(id, body)
	if err != nil {
		return err
	}
	v, err := a.OAuth.ChangeApplication(r.Context(), actor(r, id), body.Version, to, body.Disabled)
	return one(w, v, err, a.application)
}

func (a *API) renewSecret(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	v, secret, err := a.OAuth.RenewSecret(r.Context(), actor(r, id), r.PathValue("id"))
	return one(w, v, err, func(v oauth.StoredApplication) wire.ApplicationSecret {
		return wire.ApplicationSecret{Application: a.application(v), Secret: secret}
	})
}

func user(v oauth.StoredUser) wire.User {
	u := wire.User{ID: v.ID, DisplayName: v.DisplayName, Roles: oauth.ShortRoles(v.Roles), Provider: v.Provider, Subject: v.Subject, Disabled: v.Disabled,
		Fixed: v.Fixture, Created: wire.NewTime(v.Created), Version: v.Version}
	if v.Provider != "" {
		u.ProviderRoles = oauth.ShortRoles(v.ProviderRoles)
	}
	return u
}

func (a *API) listUsers(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	list, err := a.OAuth.Users(r.Context(), id.Organization)
	return listed(w, list, err, user)
}

func (a *API) getUser(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	v, err := a.OAuth.UserByName(r.Context(), id.Organization, r.PathValue("id"))
	return one(w, v, err, user)
}

func (a *API) addUser(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	body, err := decode[wire.User](w, r)
	if err != nil {
		return err
	}
	roles, err := oauth.RolesNamed(body.Roles)
	if err != nil {
		return invalid("%v", err)
	}
	password, err := a.OAuth.AddUser(r.Context(), actor(r, id), oauth.User{Organization: id.Organization, Name: body.ID, DisplayName: body.DisplayName, Roles: roles}, "")
	if err != nil {
		return err
	}
	v, err := a.OAuth.UserByName(r.Context(), id.Organization, body.ID)
	if err != nil {
		return err
	}
	return send(w, http.StatusCreated, wire.UserPassword{User: user(v), Password: password})
}

func (a *API) changeUser(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	body, err := decode[wire.User](w, r)
	if err != nil {
		return err
	}
	roles, err := oauth.RolesNamed(body.Roles)
	if err != nil {
		return invalid("%v", err)
	}
	v, err := a.OAuth.ChangeUser(r.Context(), actor(r, id), r.PathValue("id"), body.Version, oauth.User{DisplayName: body.DisplayName, Roles: roles}, body.Disabled)
	return one(w, v, err, user)
}

func (a *API) renewPassword(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	v, password, err := a.OAuth.RenewPassword(r.Context(), actor(r, id), r.PathValue("id"))
	return one(w, v, err, func(v oauth.StoredUser) wire.UserPassword {
		return wire.UserPassword{User: user(v), Password: password}
	})
}

func (a *API) provider(p oauth.StoredProvider) wire.Provider {
	v := wire.Provider{ID: p.ID, Name: p.Name, Kind: p.Kind, Enabled: p.Enabled, Issuer: p.Issuer, Region: p.Region, OrganizationID: p.OrganizationID,
		ClientID: p.ClientID, HasSecret: len(p.SealedSecret) > 0, Scope: p.Scope, Parameters: p.Parameters, PKCE: p.PKCE, Roles: texts(p.Roles),
		Mappings: p.Mappings, RedirectURI: a.OAuth.CallbackURI(p.ID), Created: wire.NewTime(p.Created), Version: p.Version}
	if v.Parameters == nil {
		v.Parameters = map[string]string{}
	}
	if v.Mappings == nil {
		v.Mappings = []wire.RoleMapping{}
	}
	return v
}

func fromProvider(v wire.Provider) oauth.StoredProvider {
	return oauth.StoredProvider{Name: v.Name, Enabled: v.Enabled, Roles: v.Roles, Mappings: v.Mappings, Version: v.Version,
		Provider: idp.Provider{ID: v.ID, Kind: v.Kind, Issuer: v.Issuer, Region: v.Region, OrganizationID: v.OrganizationID, ClientID: v.ClientID,
			ClientSecret: v.ClientSecret, Scope: v.Scope, Parameters: v.Parameters, PKCE: v.PKCE}}
}

func (a *API) listProviders(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	list, err := a.OAuth.Providers(r.Context(), id.Organization)
	return listed(w, list, err, a.provider)
}

func (a *API) getProvider(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	v, err := a.OAuth.Provider(r.Context(), id.Organization, r.PathValue("id"))
	return one(w, v, err, a.provider)
}

func (a *API) addProvider(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	body, err := decode[wire.Provider](w, r)
	if err != nil {
		return err
	}
	v, err := a.OAuth.AddProvider(r.Context(), actor(r, id), fromProvider(body))
	if err != nil {
		return err
	}
	return send(w, http.StatusCreated, a.provider(v))
}

func (a *API) changeProvider(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	body, err := decode[wire.Provider](w, r)
	if err != nil {
		return err
	}
	body.ID = r.PathValue("id")
	v, err := a.OAuth.ChangeProvider(r.Context(), actor(r, id), fromProvider(body))
	return one(w, v, err, a.provider)
}

func (a *API) tryProvider(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	trial, err := a.OAuth.TryProvider(r.Context(), actor(r, id), r.PathValue("id"))
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, trial)
}

func signingKey(k keyring.Status) wire.SigningKey {
	v := wire.SigningKey{ID: k.ID, Algorithm: k.Algorithm, State: wire.KeySigning, Created: wire.NewTime(k.Created), Signs: wire.NewTime(k.Signs)}
	switch k.State {
	case keyring.Next:
		v.State = wire.KeyNext
	case keyring.Retired:
		removed := wire.NewTime(k.Removed)
		v.State, v.Removed = wire.KeyRetired, &removed
	}
	return v
}

func (a *API) listKeys(w http.ResponseWriter, _ *http.Request, _ oauth.Identity) error {
	return listed(w, a.OAuth.Keys(), nil, signingKey)
}

func (a *API) rotateKey(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	body, err := decode[wire.RotateKey](w, r)
	if err != nil {
		return err
	}
	err = a.OAuth.RotateKey(r.Context(), actor(r, id), body.Compromised)
	return listed(w, a.OAuth.Keys(), err, signingKey)
}

func (a *API) audit(w http.ResponseWriter, r *http.Request, id oauth.Identity) error {
	f, err := auditFilter(r.URL.Query())
	if err != nil {
		return err
	}
	f.Organization = id.Organization
	list, err := a.OAuth.Audit(r.Context(), f)
	if err != nil {
		return err
	}
	out := each(list, func(e oauth.AuditEntry) wire.AuditEntry {
		return wire.AuditEntry{Seq: e.Seq, Time: wire.NewTime(e.Time), Event: string(e.Event), Refused: e.Refused, Actor: e.Actor, Client: e.Client,
			Subject: e.Subject, TokenID: e.TokenID, Address: e.Address, Detail: e.Detail}
	})
	if len(list) == f.Limit {
		out.Next = list[len(list)-1].Seq
	}
	return send(w, http.StatusOK, out)
}

// auditFilter reads the parameters of a query of the audit log.
func auditFilter(q url.Values) (oauth.AuditFilter, error) {
	f := oauth.AuditFilter{Event: oauth.Event(q.Get("event")), Refused: q.Get("refused") == "true", Actor: q.Get("actor"), Client: q.Get("client"),
		Subject: q.Get("subject"), Text: q.Get("text"), Limit: 100}
	for name, into := range map[string]*time.Time{"from": &f.From, "to": &f.To} {
		if text := q.Get(name); text != "" {
			t, err := time.Parse(time.RFC3339, text)
			if err != nil {
				return f, invalid("%s: want a time such as 2026-01-02T15:04:05Z", name)
			}
			*into = t
		}
	}
	for name, into := range map[string]func(int64){"before": func(n int64) { f.Before = n }, "limit": func(n int64) { f.Limit = int(min(n, 500)) }} {
		if text := q.Get(name); text != "" {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil || n < 1 {
				return f, invalid("%s: want a positive whole number", name)
			}
			into(n)
		}
	}
	return f, nil
}
