package idp_test

import (
	"net/http"
	"strings"
	"testing"

	"guichet/platform/oauth/idp"
	"guichet/platform/wire"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
)

func names(trial wire.ProviderTrial) []string {
	var out []string
	for _, s := range trial.Steps {
		out = append(out, s.Name)
	}
	return out
}

// readable fails when a trial does not read as sentences, or tells a secret.
func readable(t *testing.T, trial wire.ProviderTrial) {
	t.Helper()
	for i, s := range trial.Steps {
		discreet(t, "trial", s.Detail)
		first, _, _ := strings.Cut(s.Detail, " ")
		if !strings.HasSuffix(s.Detail, ".") || strings.ToUpper(first[:1]) != first[:1] && !strings.ContainsAny(first, ".:") {
			t.Errorf("no sentence: %q", s.Detail)
		}
		if last := i == len(trial.Steps)-1; s.OK != (!last || trial.OK) {
			t.Errorf("step %d of %+v", i, trial)
		}
	}
}

func TestTrialOfAGoodProvider(t *testing.T) {
	f := newFake(t)
	trial := newClient(t).Try(t.Context(), f.provider())
	readable(t, trial)
	want := []string{"Settings", "Address", "Connection", "Discovery", "Way of signing in", "Keys", "PKCE", "Client"}
	if !trial.OK || !cmp.Equal(names(trial), want) {
		t.Errorf("%+v", trial)
	}
	if last := trial.Steps[7].Detail; !strings.Contains(last, "knows the client id and the secret.") {
		t.Error(last)
	}
}

func TestTrialsThatFail(t *testing.T) {
	for name, tc := range map[string]struct {
		arrange func(f *fake, p *idp.Provider)
		step    string
		says    string
	}{
		"name that nobody knows": {func(_ *fake, p *idp.Provider) { p.Issuer = "https://nobody.test" }, "Address", "nobody.test"},
		"nobody listens":         {func(f *fake, _ *idp.Provider) { f.Server.Close() }, "Connection", "refuses connections"},
		"no TLS":                 {func(f *fake, p *idp.Provider) { p.Issuer = strings.Replace(f.URL, "http", "https", 1) }, "Connection", "TLS"},
		"not found":              {func(_ *fake, p *idp.Provider) { p.Issuer += "/elsewhere" }, "Discovery", "status 404"},
		"slash too much":         {func(_ *fake, p *idp.Provider) { p.Issuer += "/" }, "Discovery", "slash"},
		"page": {func(f *fake, _ *idp.Provider) {
			f.override["/.well-known/openid-configuration"] = func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }
		}, "Discovery", "JSON"},
		"redirect": {func(f *fake, _ *idp.Provider) {
			f.override["/.well-known/openid-configuration"] = func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/x", http.StatusFound) }
		}, "Discovery", "redirects"},
		"no endpoint":   {func(f *fake, _ *idp.Provider) { f.metadata["jwks_uri"] = nil }, "Discovery", "jwks_uri"},
		"implicit only": {func(f *fake, _ *idp.Provider) { f.metadata["response_types_supported"] = []string{"id_token"} }, "Way of signing in", "code flow"},
		"pushed only":   {func(f *fake, _ *idp.Provider) { f.metadata["require_pushed_authorization_requests"] = true }, "Way of signing in", "RFC 9126"},
		"HMAC only": {func(f *fake, _ *idp.Provider) {
			f.metadata["id_token_signing_alg_values_supported"] = []string{"HS256", "none"}
		}, "Keys", "ES256"},
		"no keys":     {func(f *fake, _ *idp.Provider) { f.jwks = nil }, "Keys", "2048"},
		"secret keys": {func(f *fake, _ *idp.Provider) { f.jwks = []jose.JSONWebKey{{Key: []byte("k"), KeyID: "k"}} }, "Keys", "2048"},
		"keys inside": {func(f *fake, _ *idp.Provider) { f.metadata["jwks_uri"] = "http://127.0.0.2:1/" }, "Keys", "http is not allowed"},
		"plain PKCE": {func(f *fake, p *idp.Provider) {
			f.metadata["code_challenge_methods_supported"] = []string{"plain"}
			p.ClientSecret = ""
		}, "PKCE", "S256"},
		"secret by key": {func(f *fake, _ *idp.Provider) {
			f.metadata["token_endpoint_auth_methods_supported"] = []string{"private_key_jwt"}
		}, "Client", "client_secret_basic"},
		"wrong secret": {func(_ *fake, p *idp.Provider) { p.ClientSecret = "wrong" }, "Client", "invalid_client"},
		"token inside": {func(f *fake, _ *idp.Provider) { f.metadata["token_endpoint"] = "http://127.0.0.2:1/" }, "Client", "http is not allowed"},
		"client not let in": {func(f *fake, _ *idp.Provider) {
			f.override["/token"] = func(w http.ResponseWriter, _ *http.Request) {
				respond(w, 400, map[string]any{"error": "unauthorized_client"})
			}
		}, "Client", "unauthorized_client"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			p := f.provider()
			tc.arrange(f, &p)
			c := newClient(t)
			c.Resolve(newDNS(t))
			trial := c.Try(t.Context(), p)
			readable(t, trial)
			if last := trial.Steps[len(trial.Steps)-1]; trial.OK || last.Name != tc.step || !strings.Contains(last.Detail, tc.says) {
				t.Errorf("%+v", trial)
			}
		})
	}
}

// What cannot be told before somebody signs in stops no trial.
func TestTrialsWithDoubts(t *testing.T) {
	for name, tc := range map[string]struct {
		arrange func(f *fake, p *idp.Provider)
		says    string
	}{
		"PKCE off":               {func(_ *fake, p *idp.Provider) { p.PKCE = false }, "turn it on"},
		"PKCE off and unknown":   {func(f *fake, p *idp.Provider) { p.PKCE = false; f.metadata["code_challenge_methods_supported"] = nil }, "the nonce protect"},
		"PKCE unknown":           {func(f *fake, _ *idp.Provider) { f.metadata["code_challenge_methods_supported"] = nil }, "does not say"},
		"answers without issuer": {func(f *fake, _ *idp.Provider) { f.metadata["authorization_response_iss_parameter_supported"] = nil }, "code flow."},
		"token endpoint is silent": {func(f *fake, _ *idp.Provider) {
			f.override["/token"] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }
		}, "only when somebody signs in"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			p := f.provider()
			tc.arrange(f, &p)
			trial := newClient(t).Try(t.Context(), p)
			readable(t, trial)
			said := false
			for _, s := range trial.Steps {
				said = said || strings.Contains(s.Detail, tc.says)
			}
			if !trial.OK || !said {
				t.Errorf("%+v", trial)
			}
		})
	}
}

// A trial after a change shows the change.
func TestTrialReadsAnew(t *testing.T) {
	f := newFake(t)
	c := newClient(t)
	if trial := c.Try(t.Context(), f.provider()); !trial.OK {
		t.Fatalf("%+v", trial)
	}
	f.change(func() { f.jwks = nil })
	if trial := c.Try(t.Context(), f.provider()); trial.OK {
		t.Error("the old keys are still there")
	}
}

func TestTrialOfGenesys(t *testing.T) {
	f, c, p := newGenesys(t, nil)
	trial := c.Try(t.Context(), p)
	readable(t, trial)
	want := []string{"Settings", "Address of the sign-in", "Address of the API", "Connection to the API", "Client", "Organization"}
	if !trial.OK || !cmp.Equal(names(trial), want) {
		t.Errorf("%+v", trial)
	}
	p.ClientSecret = "wrong"
	if trial = c.Try(t.Context(), p); trial.OK || !cmp.Equal(names(trial), want[:5]) {
		t.Errorf("%+v", trial)
	}
	f.Server.Close()
	trial = c.Try(t.Context(), p)
	readable(t, trial)
	if trial.OK || !cmp.Equal(names(trial), want[:4]) {
		t.Errorf("%+v", trial)
	}
	inside := newClient(t, func(config *idp.Config) { config.Networks = nil })
	inside.Resolve(newDNS(t, "10.0.0.7"))
	trial = inside.Try(t.Context(), p)
	readable(t, trial)
	if trial.OK || !cmp.Equal(names(trial), want[:2]) || !strings.Contains(trial.Steps[1].Detail, "login.mypurecloud.de has the address 10.0.0.7") {
		t.Errorf("%+v", trial)
	}
}
