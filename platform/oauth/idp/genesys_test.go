package idp_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"guichet/platform/oauth/idp"
	"guichet/platform/wire"

	"github.com/google/go-cmp/cmp"
)

const organization = "5c1d5f0e-0001-4a6e-9b7e-aa00aa00aa00"

// newGenesys is Genesys Cloud: the sign-in of the fake, its API, and no
// id_token, for there is none in its flow.
func newGenesys(t *testing.T, user map[string]any) (*fake, *idp.Client, idp.Provider) {
	f := newFake(t)
	f.override["/oauth/authorize"] = func(w http.ResponseWriter, r *http.Request) { f.change(func() { f.authorize(w, r) }) }
	f.override["/oauth/token"] = func(w http.ResponseWriter, r *http.Request) { f.change(func() { f.redeem(w, r) }) }
	f.override["/api/v2/users/me"] = func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+accessToken || r.URL.Query().Get("expand") != "organization,authorization,groups" {
			respond(w, 401, map[string]any{"code": "bad.credentials"})
			return
		}
		respond(w, 200, user)
	}
	f.tamper = func(a url.Values) { a.Del("iss") }
	c := newClient(t)
	c.Genesys(f.URL, f.URL)
	return f, c, idp.Provider{ID: "gc", Kind: wire.ProviderGenesys, Region: "mypurecloud.de", OrganizationID: organization,
		ClientID: "guichet", ClientSecret: secret, RedirectURI: redirectURI}
}

func genesysUser() map[string]any {
	return map[string]any{"id": "user-1", "name": "Ann Lee", "email": "ann@example.com",
		"organization":  map[string]any{"id": organization, "name": "Acme"},
		"authorization": map[string]any{"roles": []any{map[string]any{"id": "r1", "name": "Supervisor"}, map[string]any{"id": "r2", "name": "employee"}}, "permissions": []any{"routing:queue:view"}},
		"groups":        []any{map[string]any{"id": "g1", "selfUri": "/api/v2/groups/g1"}, map[string]any{"id": "g2"}}}
}

func TestGenesysPersonSignsIn(t *testing.T) {
	f, c, p := newGenesys(t, genesysUser())
	got, err := f.signIn(t, c, p)
	if err != nil {
		t.Fatal(err)
	}
	if got.Subject != "user-1" || got.Name != "Ann Lee" || f.authStyle != "basic" {
		t.Errorf("%+v by %s", got, f.authStyle)
	}
	for claim, want := range map[string][]string{"authorization.roles.name": {"Supervisor", "employee"}, "groups.id": {"g1", "g2"}, "authorization.permissions": {"routing:queue:view"}} {
		if !cmp.Equal(got.Claims[claim], want) {
			t.Errorf("%s is %v", claim, got.Claims[claim])
		}
	}
	if f.asked.Has("nonce") || f.asked.Has("scope") || f.asked.Has("code_challenge") || f.asked.Get("state") != state || f.asked.Get("response_type") != "code" {
		t.Errorf("asked for %v", f.asked)
	}
	p.PKCE = true
	if _, err := f.signIn(t, c, p); err != nil || !f.asked.Has("code_challenge") {
		t.Errorf("with PKCE: %v, %v", f.asked, err)
	}
}

func TestGenesysStrangersAreRefused(t *testing.T) {
	with := func(name string, v any) map[string]any { return merged(genesysUser(), map[string]any{name: v}) }
	for name, tc := range map[string]struct {
		user map[string]any
		want error
	}{
		"other organization":          {with("organization", map[string]any{"id": "6c1d5f0e-0001-4a6e-9b7e-aa00aa00aa00"}), idp.ErrOrganization},
		"organization in capitals":    {with("organization", map[string]any{"id": strings.ToUpper(organization)}), idp.ErrOrganization},
		"no organization":             {with("organization", nil), idp.ErrUntrusted},
		"organization without id":     {with("organization", map[string]any{"name": "Acme"}), idp.ErrUntrusted},
		"organization that is a text": {with("organization", organization), idp.ErrUntrusted},
		"organization in a list":      {with("organization", []any{map[string]any{"id": organization}}), idp.ErrUntrusted},
		"nobody":                      {with("id", nil), idp.ErrUntrusted},
	} {
		t.Run(name, func(t *testing.T) {
			f, c, p := newGenesys(t, tc.user)
			if _, err := f.signIn(t, c, p); !errors.Is(err, tc.want) || !errors.Is(err, idp.ErrUntrusted) || errors.Is(err, idp.ErrOrganization) != (tc.want == idp.ErrOrganization) {
				t.Error(err)
			}
		})
	}
}

func TestGenesysAnswersOfOthersAreRefused(t *testing.T) {
	f, c, p := newGenesys(t, genesysUser())
	f.tamper = func(a url.Values) { a.Set("iss", "https://other.example") }
	if _, err := f.signIn(t, c, p); !errors.Is(err, idp.ErrUntrusted) {
		t.Errorf("answer of another: %v", err)
	}
	f.tamper = func(a url.Values) { a.Del("iss"); a.Set("code", "invented") }
	if _, err := f.signIn(t, c, p); !errors.Is(err, idp.ErrRefused) {
		t.Errorf("invented code: %v", err)
	}
	f.tamper = func(a url.Values) { a.Del("iss") }
	f.override["/api/v2/users/me"] = func(w http.ResponseWriter, _ *http.Request) { respond(w, 403, nil) }
	if _, err := f.signIn(t, c, p); !errors.Is(err, idp.ErrUnreachable) {
		t.Errorf("API that refuses: %v", err)
	}
}

// Without a pinned organization, everybody with an account could sign in.
func TestGenesysWithoutOrganizationIsNotUsed(t *testing.T) {
	f, c, p := newGenesys(t, merged(genesysUser(), map[string]any{"organization": map[string]any{"id": ""}}))
	p.OrganizationID = ""
	if _, err := f.signIn(t, c, p); !errors.Is(err, idp.ErrSettings) {
		t.Error(err)
	}
	if _, err := finish(t, c, p, idp.NewTransit(), url.Values{"code": {"c"}}, ""); !errors.Is(err, idp.ErrSettings) {
		t.Error(err)
	}
	if n := f.count("/oauth/token"); n != 0 {
		t.Error("the code was redeemed")
	}
}

// The base addresses that production uses.
func TestGenesysAddresses(t *testing.T) {
	_, _, p := newGenesys(t, nil)
	to, err := newClient(t).AuthorizeURL(t.Context(), p, state, idp.NewTransit())
	if err != nil || !strings.HasPrefix(to, "https://login.mypurecloud.de/oauth/authorize?") {
		t.Errorf("%s, %v", to, err)
	}
}
