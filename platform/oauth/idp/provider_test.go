package idp_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"guichet/platform/oauth/idp"
	"guichet/platform/wire"

	"github.com/google/go-cmp/cmp"
)

// startProvider runs the npm package oidc-provider and returns its issuer.
func startProvider(t *testing.T) string {
	t.Helper()
	assets, err := filepath.Abs("../../../assets")
	if err != nil {
		t.Fatal(err)
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("this test needs node: make test installs it")
	}
	if _, err := os.Stat(filepath.Join(assets, "node_modules", "oidc-provider")); err != nil {
		t.Fatal("this test needs assets/node_modules/oidc-provider: make test installs it")
	}
	settings, err := json.Marshal(map[string]any{"clientId": "guichet", "clientSecret": secret, "redirectUri": redirectURI,
		"account": map[string]any{"sub": "ann", "name": "Ann Lee", "groups": []string{"desk", "lead"}}})
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	guard, cancel := context.WithTimeout(context.Background(), 2*time.Minute) // t.Context ends before the cleanup
	t.Cleanup(cancel)
	command := exec.CommandContext(guard, node, filepath.Join("testdata", "provider.mjs"), assets, string(settings))
	command.Stderr = &said
	end, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = end.Close()
		if err := command.Wait(); err != nil {
			t.Errorf("the provider ended with %v: %s", err, said.String())
		}
	})
	var ready struct{ Issuer string }
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil || json.Unmarshal(line, &ready) != nil {
		t.Fatalf("the provider does not start: %v: %s", err, line)
	}
	return ready.Issuer
}

// visit does what a browser does at the provider, and returns the query with
// which it is sent back.
func visit(t *testing.T, address string) url.Values {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	connections := &http.Transport{}
	defer connections.CloseIdleConnections()
	browser := &http.Client{Transport: connections, Jar: jar, Timeout: time.Minute, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), redirectURI) || len(via) > 10 {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	answer, err := browser.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	to, err := answer.Location()
	if err != nil || !strings.HasPrefix(to.String(), redirectURI) {
		t.Fatalf("status %d does not send the browser back: %v", answer.StatusCode, err)
	}
	return to.Query()
}

// A provider that we did not write agrees with us about the whole way.
func TestPersonSignsInThroughAForeignProvider(t *testing.T) {
	p := idp.Provider{ID: "acme", Kind: wire.ProviderOIDC, Issuer: startProvider(t), ClientID: "guichet", ClientSecret: secret, PKCE: true, RedirectURI: redirectURI}
	c := newClient(t, func(config *idp.Config) { config.Now = nil })
	trial := c.Try(t.Context(), p)
	readable(t, trial)
	if !trial.OK || !strings.Contains(trial.Steps[len(trial.Steps)-1].Detail, "knows the client id and the secret") {
		t.Errorf("%+v", trial)
	}
	transit := idp.NewTransit()
	to, err := c.AuthorizeURL(t.Context(), p, state, transit)
	if err != nil {
		t.Fatal(err)
	}
	answer := visit(t, to)
	if answer.Get("state") != state || answer.Get("iss") != p.Issuer {
		t.Fatal("the answer lacks the state or the issuer")
	}
	person, err := finish(t, c, p, transit, answer, answer.Get("code"))
	if err != nil {
		t.Fatal(err)
	}
	if person.Subject != "ann" || person.Name != "Ann Lee" || !cmp.Equal(person.Claims["groups"], []string{"desk", "lead"}) {
		t.Errorf("%+v", person)
	}
	if roles := person.Roles([]string{"agent"}, []wire.RoleMapping{{Claim: "groups", Value: "lead", Role: "supervisor"}}); !cmp.Equal(roles, []string{"agent", "supervisor"}) {
		t.Errorf("roles %v", roles)
	}

	if _, err := finish(t, c, p, transit, answer, answer.Get("code")); !errors.Is(err, idp.ErrRefused) {
		t.Errorf("replay: %v", err)
	}
	wrong := p
	wrong.ClientSecret = "wrong"
	if trial := c.Try(t.Context(), wrong); trial.OK || trial.Steps[len(trial.Steps)-1].Name != "Client" {
		t.Errorf("wrong secret: %+v", trial)
	}
	denied := p
	denied.Parameters = map[string]string{"prompt": "none"}
	if to, err = c.AuthorizeURL(t.Context(), denied, state, transit); err != nil {
		t.Fatal(err)
	}
	var refused *idp.RefusedError
	if _, err := finish(t, c, denied, transit, visit(t, to), ""); !errors.As(err, &refused) || refused.Code != "login_required" {
		t.Errorf("without a session: %v", err)
	}
}
