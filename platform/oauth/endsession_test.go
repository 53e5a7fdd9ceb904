package oauth_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"guichet/platform/oauth"
)

// TestEndSession ends what an id token names and goes back to registered
// addresses alone.
func TestEndSession(t *testing.T) {
	s := start(t)
	ctx := context.Background()
	const bye = "https://intranet.example/bye"
	a := oauth.Application{ID: "web", Public: true, Scopes: []string{"openid", "any"}, RedirectURIs: []string{"http://127.0.0.1/callback"},
		PostLogoutRedirectURIs: []string{bye}}
	if _, err := s.AddApplication(ctx, oauth.Console(), a); err != nil {
		t.Fatal(err)
	}
	web := set("client_id", "web")
	in := func() (idToken, access, refresh string) {
		t.Helper()
		v := s.token(exchange(s.code(s.authorizeURL(challenge, web, set("scope", "openid any"))), web)).token(t)
		return v.IDToken, v.AccessToken, v.RefreshToken
	}
	end := func(q url.Values) answer {
		t.Helper()
		b := browser()
		defer b.CloseIdleConnections()
		r, err := b.Get(s.url + "/security/oauth/end-session?" + q.Encode())
		return read(t, r, err)
	}
	idToken, access, refreshed := in()
	for name, q := range map[string]url.Values{
		"unregistered address": {"id_token_hint": {idToken}, "post_logout_redirect_uri": {"https://evil.example/"}},
		"a longer address":     {"id_token_hint": {idToken}, "post_logout_redirect_uri": {bye + "/more"}},
		"sign-in address":      {"id_token_hint": {idToken}, "post_logout_redirect_uri": {"http://127.0.0.1/callback"}},
		"another client":       {"id_token_hint": {idToken}, "client_id": {"guichet"}, "post_logout_redirect_uri": {bye}},
	} {
		if a := end(q); a.StatusCode != 400 || a.Header.Get("Location") != "" {
			t.Errorf("%s: %s to %q", name, a.Status, a.Header.Get("Location"))
		}
	}
	for name, q := range map[string]url.Values{
		"no hint":         {"post_logout_redirect_uri": {bye}},
		"no token":        {"id_token_hint": {"a.b.c"}, "post_logout_redirect_uri": {bye}},
		"an access token": {"id_token_hint": {access}, "post_logout_redirect_uri": {bye}},
		"changed":         {"id_token_hint": {idToken[:len(idToken)-8] + "AAAAAAAA"}, "post_logout_redirect_uri": {bye}},
	} {
		if a := end(q); a.StatusCode != 200 || a.Header.Get("Location") != "" {
			t.Errorf("%s: %s to %q", name, a.Status, a.Header.Get("Location"))
		}
	}
	s.lives(access)
	s.clock.Add(700) // a hint may have expired
	got := end(url.Values{"id_token_hint": {idToken}, "post_logout_redirect_uri": {bye}, "state": {"s t"}})
	if got.StatusCode != http.StatusSeeOther || got.Header.Get("Location") != bye+"?state=s+t" {
		t.Errorf("%s to %q", got.Status, got.Header.Get("Location"))
	}
	s.token(refreshOf("web", refreshed)).refused(t, 400, "invalid_grant")

	idToken, access, _ = in()
	if a := end(url.Values{"id_token_hint": {idToken}}); a.StatusCode != 200 || !strings.Contains(string(a.body), "signed out") {
		t.Errorf("%s %s", a.Status, a.body)
	}
	s.dead(access)
	idToken, access, _ = in()
	if a := s.post("/security/oauth/end-session", url.Values{"id_token_hint": {idToken}}.Encode(), ""); a.StatusCode != 200 {
		t.Errorf("by a form: %s", a.Status)
	}
	s.dead(access)
}

// TestIntrospection: of one's own tokens, or of all for a service; whatever one
// may not know is not active.
func TestIntrospection(t *testing.T) {
	s := start(t)
	ctx := context.Background()
	secret := map[string]string{"test": "secret", "client-ID": "client-secret"}
	for id, roles := range map[string][]string{"gateway": {oauth.RoleService}, "stranger": {oauth.RoleAgent}} {
		var err error
		if secret[id], err = s.AddApplication(ctx, oauth.Console(), oauth.Application{ID: id, Roles: roles}); err != nil {
			t.Fatal(err)
		}
	}
	ask := func(client, token string) map[string]any {
		t.Helper()
		a := s.post("/security/oauth/introspect", url.Values{"token": {token}}.Encode(), basic(client, secret[client]))
		var v map[string]any
		if err := json.Unmarshal(a.body, &v); err != nil || a.StatusCode != 200 || a.Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("%s %s %v", a.Status, a.body, err)
		}
		return v
	}
	active := func(what, client, token string, want bool) map[string]any {
		t.Helper()
		v := ask(client, token)
		if v["active"] != want || !want && len(v) != 1 {
			t.Errorf("%s: %v", what, v)
		}
		return v
	}
	v := s.token(grantType + "&client_id=test&client_secret=secret").token(t)
	own := active("one's own", "test", v.AccessToken, true)
	if own["sub"] != "test" || own["client_id"] != "test" || own["scope"] != "any" || own["jti"] != v.ID || own["token_type"] != "Bearer" ||
		own["iss"] != s.url || own["aud"] != s.url || own["exp"].(float64)-own["iat"].(float64) != 600 {
		t.Errorf("%v", own)
	}
	active("another's, by a service", "gateway", v.AccessToken, true)
	active("another's", "stranger", v.AccessToken, false)
	active("nonsense", "gateway", "nonsense", false)
	signedIn := s.token(exchange(s.code(s.authorizeURL(challenge)))).token(t)
	active("a person's", "gateway", signedIn.AccessToken, true)
	refreshing := active("a refresh token", "gateway", signedIn.RefreshToken, true)
	if refreshing["sub"] != "agent1" || refreshing["client_id"] != "guichet" {
		t.Errorf("%v", refreshing)
	}
	active("another's refresh token", "stranger", signedIn.RefreshToken, false)
	active("an id token", "gateway", signedIn.IDToken, false)
	next := s.token(refresh(signedIn.RefreshToken)).token(t)
	active("a used refresh token", "gateway", signedIn.RefreshToken, false)
	s.post("/security/oauth/revoke", "token="+v.AccessToken, basic("test", "secret"))
	active("a revoked one", "gateway", v.AccessToken, false)
	s.post("/security/oauth/revoke", "client_id=guichet&token="+next.RefreshToken, "")
	active("of a revoked session", "gateway", next.AccessToken, false)
	active("its refresh token", "gateway", next.RefreshToken, false)
	s.clock.Add(601)
	active("an expired one", "gateway", s.token(grantType+"&client_id=client-ID&client_secret=client-secret").token(t).AccessToken, true)
	s.clock.Add(601)
	active("an expired one", "gateway", signedIn.AccessToken, false)

	s.post("/security/oauth/introspect", "token=x&client_id=guichet", "").refused(t, 401, "invalid_client")
	s.post("/security/oauth/introspect", "token=x", "").refused(t, 401, "invalid_client")
	s.post("/security/oauth/introspect", "", basic("test", "secret")).refused(t, 400, "invalid_request")
	s.post("/security/oauth/introspect", "token=x&token=y", basic("test", "secret")).refused(t, 400, "invalid_request")
	s.post("/security/oauth/introspect?token=x", "token=x", basic("test", "secret")).refused(t, 400, "invalid_request")
}
