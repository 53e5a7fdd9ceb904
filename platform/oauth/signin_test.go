package oauth_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"guichet/platform/oauth"
)

func serve(h http.Handler, r *http.Request) answer {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	body, _ := io.ReadAll(w.Result().Body) // from memory
	return answer{w.Result(), body}
}

// refusedAuthorization returns the parameters of the redirect with an error.
func (s *service) refusedAuthorization(change ...func(url.Values)) url.Values {
	s.t.Helper()
	b := browser()
	defer b.CloseIdleConnections()
	r, err := b.Get(s.authorizeURL(challenge, change...))
	a := read(s.t, r, err)
	at, err := a.Location()
	if err != nil || a.StatusCode != http.StatusSeeOther || !strings.HasPrefix(at.String(), redirect+"?") {
		s.t.Errorf("no redirect with an error: %s %s", a.Status, a.body)
		return nil
	}
	q := at.Query()
	if q.Get("state") != "st" || q.Get("iss") != s.url || q.Has("code") {
		s.t.Errorf("redirect with %v", q)
	}
	return q
}

func TestAuthorizationErrors(t *testing.T) {
	s := start(t)
	for want, change := range map[string][]func(url.Values){
		"unsupported_response_type": {set("response_type", "token")},
		"invalid_request":           {set("response_mode", "fragment")},
		"invalid_scope":             {set("scope", "openid admin")},
		"login_required":            {set("prompt", "none")},
		"request_not_supported":     {set("request", "x")},
		"request_uri_not_supported": {set("request_uri", "https://evil.example")},
	} {
		if got := s.refusedAuthorization(change...).Get("error"); got != want {
			t.Errorf("got %q, want %s", got, want)
		}
	}
	repeated := s.refusedAuthorization(func(q url.Values) { q.Add("scope", "any") })
	if repeated.Get("error") != "invalid_request" {
		t.Errorf("repeated parameter: %v", repeated)
	}
}

// TestNoOpenRedirect: until the application and its address are proven, an
// error is a page.
func TestNoOpenRedirect(t *testing.T) {
	s := start(t)
	b := browser()
	defer b.CloseIdleConnections()
	for name, change := range map[string]func(url.Values){
		"unknown application":   set("client_id", "nobody"),
		"no application":        del("client_id"),
		"application with HTML": set("client_id", "<script>alert(1)</script>"),
		"no redirect":           del("redirect_uri"),
		"another redirect":      set("redirect_uri", "https://evil.example/callback"),
		"application's, not in": set("client_id", "test"),
		"two redirects":         func(q url.Values) { q.Add("redirect_uri", "https://evil.example/callback") },
		"two applications":      func(q url.Values) { q.Add("client_id", "guichet") },
		"long":                  set("state", strings.Repeat("x", 9000)),
	} {
		r, err := b.Get(s.authorizeURL(challenge, change))
		a := read(t, r, err)
		if a.StatusCode != 400 || a.Header.Get("Location") != "" || strings.Contains(string(a.body), "<script") || strings.Contains(string(a.body), "<form") {
			t.Errorf("%s: %s %s", name, a.Status, a.body)
		}
	}
}

func TestSignInPageHeaders(t *testing.T) {
	s := start(t)
	b := browser()
	defer b.CloseIdleConnections()
	r, err := b.Get(s.authorizeURL(challenge))
	a := read(t, r, err)
	wrong := s.signIn(b, string(hidden.FindSubmatch(a.body)[1]), "agent1", "x")
	bad, err := b.Get(s.authorizeURL(challenge, set("client_id", "x")))
	for name, a := range map[string]answer{"page": a, "wrong password": wrong, "error": read(t, bad, err)} {
		h, policy := a.Header, a.Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") || !strings.Contains(policy, "form-action 'self'") ||
			h.Get("X-Frame-Options") != "DENY" || h.Get("Referrer-Policy") != "no-referrer" || h.Get("Cache-Control") != "no-store" ||
			h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %v", name, h)
		}
		if strings.Contains(string(a.body), "<script") {
			t.Errorf("%s has a script", name)
		}
	}
	if !strings.HasSuffix(a.Header.Get("Content-Security-Policy"), "form-action 'self' http://127.0.0.1:43210") {
		t.Errorf("policy %s", a.Header.Get("Content-Security-Policy"))
	}
	c := a.Cookies()
	if len(c) != 1 || !c[0].HttpOnly || c[0].SameSite != http.SameSiteLaxMode || c[0].Domain != "" || c[0].Path != "/" {
		t.Errorf("cookies %v", c)
	}
	if st := s.get("/sign-in/style.css"); st.StatusCode != 200 || st.Header.Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("style: %s", st.Status)
	}
}

func TestCookieOverHTTPS(t *testing.T) {
	s := start(t, func(c *oauth.Config) { c.Issuer = "https://calls.example.org" })
	a := s.get(strings.TrimPrefix(s.authorizeURL(challenge), s.url))
	if c := a.Cookies(); len(c) != 1 || !c[0].Secure || !strings.HasPrefix(c[0].Name, "__Host-") {
		t.Errorf("cookies %v", c)
	}
}

func TestLoginCSRF(t *testing.T) {
	s := start(t)
	attacker, victim := browser(), browser()
	defer attacker.CloseIdleConnections()
	defer victim.CloseIdleConnections()
	address := s.authorizeURL(challenge)
	field := s.page(attacker, address)
	password := s.users["agent1"]
	if a := s.signIn(victim, field, "agent1", password); a.StatusCode != 400 || a.Header.Get("Location") != "" {
		t.Errorf("a browser that never saw the page: %s", a.Status)
	}
	own := s.page(victim, address)
	if a := s.signIn(victim, field, "agent1", password); a.StatusCode != 400 {
		t.Errorf("a browser with a page of its own: %s", a.Status)
	}
	for name, forged := range map[string]string{
		"none":    "",
		"cut":     own[:len(own)-1],
		"half":    own[:len(own)/2],
		"changed": own[:40] + string(own[40]^1) + own[41:],
	} {
		if a := s.signIn(victim, forged, "agent1", password); a.StatusCode != 400 {
			t.Errorf("field %s: %s", name, a.Status)
		}
	}
	for name, header := range map[string][2]string{
		"origin":     {"Origin", "https://evil.example"},
		"cross-site": {"Sec-Fetch-Site", "cross-site"},
		"same-site":  {"Sec-Fetch-Site", "same-site"},
	} {
		form := url.Values{"request": {own}, "username": {"agent1"}, "password": {password}}
		q, err := http.NewRequest(http.MethodPost, s.url+"/sign-in", strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		q.Header.Set(header[0], header[1])
		r, err := victim.Do(q)
		if a := read(t, r, err); a.StatusCode != 400 || a.Header.Get("Location") != "" {
			t.Errorf("%s: %s", name, a.Status)
		}
	}
	s.clock.Store(601)
	if a := s.signIn(victim, own, "agent1", password); a.StatusCode != 400 {
		t.Errorf("an old page: %s", a.Status)
	}
	s.clock.Store(0)
	if a := s.signIn(victim, own, "agent1", password); a.StatusCode != http.StatusSeeOther {
		t.Errorf("the page itself: %s", a.Status)
	}
}

func TestWrongPasswords(t *testing.T) {
	s := start(t)
	b := browser()
	defer b.CloseIdleConnections()
	field := s.page(b, s.authorizeURL(challenge))
	const text = "The name or the password is not right. Check both, then try again."
	for _, name := range []string{"agent1", "nobody", "", "guichet", strings.Repeat("x", 5000), "a\x00b", `"><script>`} {
		a := s.signIn(b, field, name, "wrong")
		if a.StatusCode != 403 || !strings.Contains(string(a.body), text) || strings.Contains(string(a.body), "<script") {
			t.Errorf("%.20q: %s %s", name, a.Status, a.body)
		}
	}
	if a := s.signIn(b, field, " Agent1 ", s.users["agent1"]); a.StatusCode != http.StatusSeeOther {
		t.Errorf("a name with a capital and spaces: %s", a.Status)
	}
	var a answer
	for range 10 {
		a = s.signIn(b, field, "agent2", "wrong")
	}
	if a.StatusCode != 403 {
		t.Errorf("the tenth: %s", a.Status)
	}
	a = s.signIn(b, field, "agent2", s.users["agent2"])
	if a.StatusCode != 429 || a.Header.Get("Retry-After") == "" || !strings.Contains(string(a.body), "too many") {
		t.Errorf("the eleventh: %s", a.Status)
	}
	if a = s.signIn(b, field, "agent1", s.users["agent1"]); a.StatusCode != http.StatusSeeOther {
		t.Errorf("another person at the same address: %s", a.Status)
	}
	s.clock.Store(11)
	if a = s.signIn(b, field, "agent2", s.users["agent2"]); a.StatusCode != http.StatusSeeOther {
		t.Errorf("after a while: %s", a.Status)
	}
}

func TestPasswordSprayingIsLimited(t *testing.T) {
	s := start(t)
	b := browser()
	defer b.CloseIdleConnections()
	field := s.page(b, s.authorizeURL(challenge))
	last := 0
	for i := range 51 {
		last = s.signIn(b, field, "person"+strings.Repeat("x", i), "spring2027").StatusCode
	}
	if last != 429 {
		t.Errorf("the 51st name: %d", last)
	}
}

func TestNothingSecretIsLogged(t *testing.T) {
	s := start(t)
	code := s.code(s.authorizeURL(challenge))
	v := s.token(exchange(code)).token(t)
	w := s.token(refresh(v.RefreshToken)).token(t)
	s.token(refresh(v.RefreshToken)).refused(t, 400, "invalid_grant")
	s.token(exchange(code)).refused(t, 400, "invalid_grant")
	s.token(grantType+"&client_id=test&client_secret=wr0ng").refused(t, 401, "invalid_client")
	s.token("grant_type=password&username=nwi-ssh&password=br0wser&client_id=customer").refused(t, 400, "invalid_grant")
	b := browser()
	defer b.CloseIdleConnections()
	s.signIn(b, s.page(b, s.authorizeURL(challenge)), "mistyped", "passw0rd")
	entries, err := s.Audit(context.Background(), oauth.AuditFilter{Organization: "default"})
	if err != nil {
		t.Fatal(err)
	}
	log := s.log.String() + fmt.Sprint(entries)
	for _, secret := range []string{code, v.AccessToken, v.RefreshToken, w.AccessToken, w.RefreshToken, v.IDToken, verifier, "wr0ng",
		"nwi-ssh", "br0wser", "mistyped", "passw0rd", s.users["agent1"]} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	for _, event := range []string{"signin false", "signin true", "token false", "token true", "reuse true"} {
		if !strings.Contains(log, event) {
			t.Errorf("the audit log lacks %q: %v", event, entries)
		}
	}
}

func TestMetadata(t *testing.T) {
	s := start(t)
	a, b := s.get("/.well-known/openid-configuration"), s.get("/.well-known/oauth-authorization-server")
	if a.StatusCode != 200 || string(a.body) != string(b.body) {
		t.Errorf("%s %s", a.Status, b.Status)
	}
	for _, want := range []string{`"issuer":"` + s.url + `"`, `"authorization_response_iss_parameter_supported":true`, `"code_challenge_methods_supported":["S256"]`} {
		if !strings.Contains(string(a.body), want) {
			t.Errorf("no %s in %s", want, a.body)
		}
	}
	q := httptest.NewRequest(http.MethodGet, "http://evil.example/.well-known/openid-configuration", nil)
	q.Header.Set("X-Forwarded-Host", "evil.example")
	if c := serve(s.Handler(), q); string(c.body) != string(a.body) {
		t.Errorf("another host changes it: %s", c.body)
	}
}

func TestUserInfo(t *testing.T) {
	s := start(t)
	ask := func(path, token string) answer {
		q, err := http.NewRequest(http.MethodGet, s.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			q.Header.Set("Authorization", "Bearer "+token)
		}
		r, err := http.DefaultClient.Do(q)
		return read(t, r, err)
	}
	const path = "/security/oauth/userinfo"
	v := s.token(exchange(s.code(s.authorizeURL(challenge)))).token(t)
	if a := ask(path, v.AccessToken); a.StatusCode != 200 || !strings.Contains(string(a.body), `"sub":"agent1"`) || !strings.Contains(string(a.body), `"name":"Agent 1"`) {
		t.Errorf("%s %s", a.Status, a.body)
	}
	for name, a := range map[string]answer{"none": ask(path, ""), "nonsense": ask(path, "x"), "id token": ask(path, v.IDToken), "in the query": ask(path+"?access_token="+v.AccessToken, "")} {
		if a.StatusCode != 401 || !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%s: %s", name, a.Status)
		}
	}
	app := s.token(grantType + "&client_id=test&client_secret=secret").token(t)
	if a := ask(path, app.AccessToken); a.StatusCode != 403 {
		t.Errorf("without openid: %s", a.Status)
	}
}

func TestNamesAreTakenOnce(t *testing.T) {
	s := start(t)
	ctx := context.Background()
	if _, err := s.AddUser(ctx, oauth.Console(), oauth.User{Name: "Anna", Roles: []string{oauth.RoleAgent}}, "correct horse"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddApplication(ctx, oauth.Console(), oauth.Application{ID: "robot"}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"anna", "ANNA", "robot", "Robot", "guichet", "customer", "guest-1", "", "a b", "a/b"} {
		if _, err := s.AddUser(ctx, oauth.Console(), oauth.User{Name: name}, ""); err == nil {
			t.Errorf("user %q was added", name)
		}
	}
	for _, id := range []string{"anna", "Anna", "robot", "guichet", "Guest-1", ""} {
		if _, err := s.AddApplication(ctx, oauth.Console(), oauth.Application{ID: id}); err == nil {
			t.Errorf("application %q was added", id)
		}
	}
	for _, a := range []oauth.Application{
		{ID: "x", Roles: []string{oauth.RoleCustomer}}, {ID: "x", Roles: []string{"root"}}, {ID: "x", Scopes: []string{"a b"}},
		{ID: "x", Public: true, Secret: "s"}, {ID: "x", Public: true, Grants: []string{"client_credentials"}}, {ID: "x", Grants: []string{"implicit"}},
		{ID: "x", RedirectURIs: []string{"http://localhost/callback"}},
	} {
		if _, err := s.AddApplication(ctx, oauth.Console(), a); err == nil {
			t.Errorf("%+v was added", a)
		}
	}
	if _, err := s.AddUser(ctx, oauth.Console(), oauth.User{Name: "x", Roles: []string{oauth.RoleCustomer}}, ""); err == nil {
		t.Error("a user became a customer")
	}
	// The seed may run again, and takes no one's place.
	if _, err := oauth.SeedDev(ctx, s.Service); err != nil {
		t.Error(err)
	}
}
