package idp_test

import (
	"errors"
	"strings"
	"testing"

	"guichet/platform/oauth/idp"
	"guichet/platform/wire"
)

func TestSettingsThatCannotWork(t *testing.T) {
	oidc := idp.Provider{Kind: wire.ProviderOIDC, Issuer: "https://login.example.com", ClientID: "guichet", ClientSecret: secret, PKCE: true, RedirectURI: redirectURI}
	genesys := idp.Provider{Kind: wire.ProviderGenesys, Region: "mypurecloud.de", OrganizationID: organization, ClientID: "guichet", ClientSecret: secret, RedirectURI: redirectURI}
	c := newClient(t)
	strict := newClient(t, func(config *idp.Config) { config.Networks = nil })
	type test struct {
		name   string
		c      *idp.Client
		from   idp.Provider
		change func(*idp.Provider)
		field  string // empty: the settings work
	}
	tests := []test{
		{"oidc", c, oidc, func(*idp.Provider) {}, ""},
		{"genesys", c, genesys, func(*idp.Provider) {}, ""},
		{"public with PKCE", c, oidc, func(p *idp.Provider) { p.ClientSecret = "" }, ""},
		{"public without PKCE", c, oidc, func(p *idp.Provider) { p.ClientSecret, p.PKCE = "", false }, "pkce"},
		{"slash at the end", c, oidc, func(p *idp.Provider) { p.Issuer += "/" }, ""},
		{"path and port", c, oidc, func(p *idp.Provider) { p.Issuer += ":8443/realms/a" }, ""},
		{"http where networks are named", c, oidc, func(p *idp.Provider) { p.Issuer = "http://keycloak.lan" }, ""},
		{"http where none are", strict, oidc, func(p *idp.Provider) { p.Issuer = "http://login.example.com" }, "issuer"},
		{"no kind", c, oidc, func(p *idp.Provider) { p.Kind = "" }, "kind"},
		{"other kind", c, oidc, func(p *idp.Provider) { p.Kind = "saml" }, "kind"},
		{"no client", c, oidc, func(p *idp.Provider) { p.ClientID = "" }, "clientId"},
		{"client with line break", c, oidc, func(p *idp.Provider) { p.ClientID = "a\nb" }, "clientId"},
		{"secret with line break", c, oidc, func(p *idp.Provider) { p.ClientSecret = secret + "\n" }, "clientSecret"},
		{"no redirect", c, oidc, func(p *idp.Provider) { p.RedirectURI = "" }, "redirectUri"},
		{"redirect to a script", c, oidc, func(p *idp.Provider) { p.RedirectURI = "javascript:x" }, "redirectUri"},
		{"scope of words", c, oidc, func(p *idp.Provider) { p.Scope = " openid  profile groups" }, ""},
		{"scope without openid", c, oidc, func(p *idp.Provider) { p.Scope = "profile openid2" }, "scope"},
		{"scope with quotes", c, oidc, func(p *idp.Provider) { p.Scope = `openid "` }, "scope"},
		{"parameter", c, oidc, func(p *idp.Provider) { p.Parameters = map[string]string{"domain_hint": "acme.example"} }, ""},
		{"age in seconds", c, oidc, func(p *idp.Provider) { p.Parameters = map[string]string{"max_age": "0"} }, ""},
		{"age in hours", c, oidc, func(p *idp.Provider) { p.Parameters = map[string]string{"max_age": "1h"} }, "parameters"},
		{"age below zero", c, oidc, func(p *idp.Provider) { p.Parameters = map[string]string{"max_age": "-1"} }, "parameters"},
		{"google of everybody", c, oidc, func(p *idp.Provider) { p.Issuer = "https://accounts.google.com" }, "parameters"},
		{"google of all domains", c, oidc, func(p *idp.Provider) {
			p.Issuer, p.Parameters = "https://accounts.google.com", map[string]string{"hd": "*"}
		}, "parameters"},
		{"google of a domain", c, oidc, func(p *idp.Provider) {
			p.Issuer, p.Parameters = "https://accounts.google.com", map[string]string{"hd": "acme.example"}
		}, ""},
		{"parameter without name", c, oidc, func(p *idp.Provider) { p.Parameters = map[string]string{"": "x"} }, "parameters"},
		{"parameter with odd name", c, oidc, func(p *idp.Provider) { p.Parameters = map[string]string{"a&b": "x"} }, "parameters"},
		{"parameter with line break", c, oidc, func(p *idp.Provider) { p.Parameters = map[string]string{"a": "x\r\ny"} }, "parameters"},
		{"genesys without organization", c, genesys, func(p *idp.Provider) { p.OrganizationID = "" }, "organizationId"},
		{"organization with a slash", c, genesys, func(p *idp.Provider) { p.OrganizationID = "a/b" }, "organizationId"},
		{"genesys without secret", c, genesys, func(p *idp.Provider) { p.ClientSecret = "" }, "clientSecret"},
		{"parameters without end", c, oidc, func(p *idp.Provider) {
			p.Parameters = map[string]string{}
			for i := range 21 {
				p.Parameters[strings.Repeat("a", i+1)] = "x"
			}
		}, "parameters"},
	}
	for _, issuer := range []string{"", "login.example.com", "https://", "https:///path", "https://:443", "ftp://login.example.com", "https://a:b@login.example.com",
		"https://login.example.com?x", "https://login.example.com#x", "https://login.example.com/.well-known/openid-configuration", "https://login.example.com:99999",
		"https://login.example.com:0", "https://login.example.com:", "https://login. example.com", "https://lögin.example.com", "https://10.0.0.1", "https://[::1]",
		"https://[::ffff:10.0.0.1]", "https://169.254.169.254", "http://93.184.215.14", "https://login.example.com/\n", strings.Repeat("https://", 300)} {
		tests = append(tests, test{"issuer " + issuer, c, oidc, func(p *idp.Provider) { p.Issuer = issuer }, "issuer"})
	}
	for _, region := range []string{"", "evil.com/", "evil.com#", "evil.com?", "evil.com:443", "a@evil.com", "evil.com\\", "https://evil.com", "evil", "evil..com", ".evil.com",
		"evil.com.", "-evil.com", "evil-.com", "Evil.com", "evil.com\n", "evil com.de", "10.0.0.1", "ev%2fil.com", strings.Repeat("a", 64) + ".com", strings.Repeat("a.", 100) + "com"} {
		tests = append(tests, test{"region " + region, c, genesys, func(p *idp.Provider) { p.Region = region }, "region"})
	}
	for _, name := range []string{"client_id", "redirect_uri", "state", "nonce", "scope", "response_type", "response_mode", "code_challenge", "code_challenge_method",
		"request", "request_uri", "Client_ID", "REDIRECT_URI", "client_secret"} {
		tests = append(tests, test{"parameter " + name, c, oidc, func(p *idp.Provider) { p.Parameters = map[string]string{name: "evil"} }, "parameters"})
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			p := tc.from
			tc.change(&p)
			err := tc.c.Check(p)
			var found *idp.SettingsError
			switch {
			case tc.field == "":
				if err != nil {
					t.Errorf("%v", err)
				}
			case !errors.As(err, &found) || !errors.Is(err, idp.ErrSettings) || found.Field != tc.field || !strings.HasSuffix(found.Sentence, "."):
				t.Errorf("%#v, not about %s", err, tc.field)
			default:
				if _, err := tc.c.AuthorizeURL(t.Context(), p, state, idp.NewTransit()); !errors.Is(err, idp.ErrSettings) {
					t.Errorf("they are used: %v", err)
				}
				if trial := tc.c.Try(t.Context(), p); trial.OK || len(trial.Steps) != 1 || trial.Steps[0].Detail != found.Sentence {
					t.Errorf("%+v", trial)
				}
			}
		})
	}
}
