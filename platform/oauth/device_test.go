package oauth_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"guichet/platform/oauth"
)

const deviceGrant = "grant_type=urn:ietf:params:oauth:grant-type:device_code"

type deviceAnswer struct {
	DeviceCode string `json:"device_code"`
	UserCode   string `json:"user_code"`
	URI        string `json:"verification_uri"`
	Complete   string `json:"verification_uri_complete"`
	ExpiresIn  int    `json:"expires_in"`
	Interval   int    `json:"interval"`
}

// device asks to be signed in.
func (s *service) device(client string) deviceAnswer {
	s.t.Helper()
	a := s.post("/security/oauth/device", "client_id="+client, "")
	var d deviceAnswer
	if err := json.Unmarshal(a.body, &d); err != nil || a.StatusCode != 200 || a.Header.Get("Cache-Control") != "no-store" {
		s.t.Fatalf("%s %s %v", a.Status, a.body, err)
	}
	return d
}

func (s *service) poll(client string, d deviceAnswer) answer {
	s.clock.Add(int64(d.Interval))
	return s.token(deviceGrant + "&client_id=" + client + "&device_code=" + d.DeviceCode)
}

func (s *service) postForm(b *http.Client, path string, form url.Values) answer {
	s.t.Helper()
	r, err := b.PostForm(s.url+path, form)
	return read(s.t, r, err)
}

func fieldOf(t testing.TB, a answer) string {
	t.Helper()
	m := hidden.FindSubmatch(a.body)
	if m == nil {
		t.Fatalf("no form: %s %s", a.Status, a.body)
	}
	return string(m[1])
}

// approving types the code, signs in and stops before the decision.
func (s *service) approving(b *http.Client, d deviceAnswer, user string) answer {
	s.t.Helper()
	a := s.postForm(b, "/device", url.Values{"user_code": {d.UserCode}})
	return s.signIn(b, fieldOf(s.t, a), user, s.users[user])
}

// deviceApplication may use the device grant for whoever signs in.
func (s *service) deviceApplication() {
	s.t.Helper()
	a := oauth.Application{ID: "tv", Name: "The television", Public: true, Grants: []string{"urn:ietf:params:oauth:grant-type:device_code", "refresh_token"}, Scopes: []string{"any", "openid"}}
	if _, err := s.AddApplication(context.Background(), oauth.Console(), a); err != nil {
		s.t.Fatal(err)
	}
}

func TestDeviceGrant(t *testing.T) {
	s := start(t)
	s.deviceApplication()
	d := s.device("tv")
	if !regexp.MustCompile(`^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$`).MatchString(d.UserCode) || d.ExpiresIn != 600 || d.Interval != 5 ||
		d.URI != s.url+"/device" || d.Complete != d.URI+"?user_code="+d.UserCode {
		t.Fatalf("%+v", d)
	}
	s.poll("tv", d).refused(t, 400, "authorization_pending")
	// Sooner than it may: slower from then on.
	s.token(deviceGrant+"&client_id=tv&device_code="+d.DeviceCode).refused(t, 400, "slow_down")
	s.poll("tv", d).refused(t, 400, "slow_down")
	s.clock.Add(15)
	s.poll("tv", d).refused(t, 400, "authorization_pending")

	b := browser()
	defer b.CloseIdleConnections()
	lower := d
	lower.UserCode = strings.ToLower(strings.ReplaceAll(d.UserCode, "-", " "))
	page := s.approving(b, lower, "agent1")
	for _, want := range []string{d.UserCode, "The television", "Agent 1", "127.0.0.1"} {
		if !strings.Contains(string(page.body), want) {
			t.Errorf("the confirmation lacks %q: %s", want, page.body)
		}
	}
	s.clock.Add(60)
	s.poll("tv", d).refused(t, 400, "authorization_pending") // signing in decides nothing
	done := s.postForm(b, "/device/decide", url.Values{"request": {fieldOf(t, page)}, "decision": {"yes"}})
	if done.StatusCode != 200 || !strings.Contains(string(done.body), "signed in") {
		t.Fatalf("%s %s", done.Status, done.body)
	}
	s.clock.Add(60)
	v := s.poll("tv", d).token(t)
	id, err := s.Verify(v.AccessToken)
	if err != nil || id.UserID != "agent1" || id.ClientID != "tv" || !id.May(oauth.ScopeTicketsWrite) || v.RefreshToken == "" || v.IDToken == "" {
		t.Errorf("%+v, %v, %+v", id, err, v)
	}
	s.clock.Add(60)
	s.poll("tv", d).refused(t, 400, "invalid_grant") // once
	s.token(refreshOf("tv", v.RefreshToken)).token(t)
	// The decision cannot be sent again.
	if a := s.postForm(b, "/device/decide", url.Values{"request": {fieldOf(t, page)}, "decision": {"yes"}}); a.StatusCode != http.StatusGone {
		t.Errorf("a second decision: %s", a.Status)
	}
}

func refreshOf(client, token string) string {
	return "grant_type=refresh_token&client_id=" + client + "&refresh_token=" + token
}

func TestDeniedAndExpiredDevices(t *testing.T) {
	s := start(t)
	s.deviceApplication()
	b := browser()
	defer b.CloseIdleConnections()
	d := s.device("tv")
	page := s.approving(b, d, "agent1")
	s.postForm(b, "/device/decide", url.Values{"request": {fieldOf(t, page)}, "decision": {"no"}})
	s.poll("tv", d).refused(t, 400, "access_denied")

	d = s.device("tv")
	page = s.approving(b, d, "agent1")
	s.clock.Add(601)
	s.poll("tv", d).refused(t, 400, "expired_token")
	if a := s.postForm(b, "/device/decide", url.Values{"request": {fieldOf(t, page)}, "decision": {"yes"}}); a.StatusCode == 200 {
		t.Errorf("an old page decides: %s", a.body)
	}
	if a := s.postForm(b, "/device", url.Values{"user_code": {d.UserCode}}); a.StatusCode != http.StatusForbidden {
		t.Errorf("an old code: %s", a.Status)
	}
}

// TestDeviceCodeOfAnotherClient: a device's code is worth nothing to others, and
// their try does not burn it.
func TestDeviceCodeOfAnotherClient(t *testing.T) {
	s := start(t)
	s.deviceApplication()
	d := s.device("tv")
	s.poll("guichet-kiosk", d).refused(t, 400, "invalid_grant")
	s.poll("test&client_secret=secret", d).refused(t, 400, "unauthorized_client")
	s.poll("tv", d).refused(t, 400, "authorization_pending")
	s.post("/security/oauth/device", "client_id=guichet", "").refused(t, 400, "unauthorized_client")
	s.post("/security/oauth/device", "client_id=tv&scope=video", "").refused(t, 400, "invalid_scope")
	s.post("/security/oauth/device", "client_id=nobody", "").refused(t, 401, "invalid_client")
}

// TestDevicePhishing: a link with a code decides nothing by being opened, by
// signing in, or by a form that another site posts; the page says what to look at.
func TestDevicePhishing(t *testing.T) {
	s := start(t)
	s.deviceApplication()
	d := s.device("tv")
	victim, attacker := browser(), browser()
	defer victim.CloseIdleConnections()
	defer attacker.CloseIdleConnections()
	r, err := victim.Get(d.Complete)
	opened := read(t, r, err)
	if opened.StatusCode != 200 || !strings.Contains(string(opened.body), d.UserCode) || opened.Header.Get("Content-Security-Policy") == "" || opened.Header.Get("X-Frame-Options") != "DENY" {
		t.Errorf("%s %v", opened.Status, opened.Header)
	}
	page := s.approving(victim, d, "agent1")
	decide := url.Values{"request": {fieldOf(t, page)}, "decision": {"yes"}}
	if a := s.postForm(attacker, "/device/decide", decide); a.StatusCode != 400 {
		t.Errorf("another browser decides: %s", a.Status)
	}
	for name, header := range map[string][2]string{"origin": {"Origin", "https://evil.example"}, "site": {"Sec-Fetch-Site", "cross-site"}} {
		q, err := http.NewRequest(http.MethodPost, s.url+"/device/decide", strings.NewReader(decide.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		q.Header.Set(header[0], header[1])
		r, err := victim.Do(q)
		if a := read(t, r, err); a.StatusCode != 400 {
			t.Errorf("%s: %s", name, a.Status)
		}
	}
	// A sign-in page's field is no decision.
	a := s.postForm(victim, "/device", url.Values{"user_code": {d.UserCode}})
	if a := s.postForm(victim, "/device/decide", url.Values{"request": {fieldOf(t, a)}, "decision": {"yes"}}); a.StatusCode != 400 {
		t.Errorf("a sign-in field decides: %s", a.Status)
	}
	s.poll("tv", d).refused(t, 400, "authorization_pending")
}

func TestGuessedUserCodes(t *testing.T) {
	s := start(t)
	s.deviceApplication()
	d := s.device("tv")
	b := browser()
	defer b.CloseIdleConnections()
	limited := 0
	for range 40 {
		switch a := s.postForm(b, "/device", url.Values{"user_code": {"BBBB-BBBB"}}); a.StatusCode {
		case http.StatusTooManyRequests:
			limited++
			if a.Header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
		case http.StatusForbidden:
		default:
			t.Fatalf("%s", a.Status)
		}
	}
	if limited < 25 {
		t.Errorf("%d of 40 guesses were limited", limited)
	}
	s.clock.Add(60)
	if a := s.postForm(b, "/device", url.Values{"user_code": {d.UserCode}}); a.StatusCode != 200 {
		t.Errorf("after a minute: %s", a.Status)
	}
	for _, wrong := range []string{"", "AAAA-AAAA", "BBBB-BBB", strings.Repeat("B", 4000), "бббб-бббб", "BBBB-BBB\x00"} {
		if a := s.postForm(b, "/device", url.Values{"user_code": {wrong}}); a.StatusCode != http.StatusForbidden && a.StatusCode != http.StatusTooManyRequests {
			t.Errorf("%q: %s", wrong, a.Status)
		}
	}
}

// TestKioskEnrolment: a kiosk becomes one by a supervisor's word alone, under a
// name of its own and with a kiosk's role, for thirty days.
func TestKioskEnrolment(t *testing.T) {
	s := start(t)
	d := s.device("guichet-kiosk")
	b := browser()
	defer b.CloseIdleConnections()
	if a := s.approving(b, d, "agent1"); a.StatusCode != http.StatusForbidden {
		t.Errorf("an agent enrols a kiosk: %s", a.Status)
	}
	page := s.approving(b, d, "supervisor1")
	field := fieldOf(t, page)
	if a := s.postForm(b, "/device/decide", url.Values{"request": {field}, "decision": {"yes"}, "name": {" "}}); a.StatusCode != 400 {
		t.Errorf("without a name: %s", a.Status)
	}
	s.postForm(b, "/device/decide", url.Values{"request": {field}, "decision": {"yes"}, "name": {"Branch 12, left"}})
	v := s.poll("guichet-kiosk", d).token(t)
	id, err := s.Verify(v.AccessToken)
	if err != nil || !strings.HasPrefix(id.UserID, "kiosk-") || id.Name != "Branch 12, left" || len(id.Roles) != 1 || !id.Has(oauth.RoleKiosk) ||
		!id.May(oauth.ScopeConferencesWrite) || id.May(oauth.ScopeTicketsWrite) {
		t.Errorf("%+v, %v", id, err)
	}
	for range 29 {
		s.clock.Add(24 * 3600)
		v = s.token(refreshOf("guichet-kiosk", v.RefreshToken)).token(t)
	}
	s.clock.Add(2 * 24 * 3600)
	s.token(refreshOf("guichet-kiosk", v.RefreshToken)).refused(t, 400, "invalid_grant")
}

func TestApprovedDeviceHasOneWinner(t *testing.T) {
	s := start(t)
	s.deviceApplication()
	d := s.device("tv")
	b := browser()
	defer b.CloseIdleConnections()
	page := s.approving(b, d, "agent1")
	s.postForm(b, "/device/decide", url.Values{"request": {fieldOf(t, page)}, "decision": {"yes"}})
	s.clock.Add(10)
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for range 20 {
		wg.Go(func() {
			r, err := http.Post(s.url+"/security/oauth/token", "application/x-www-form-urlencoded", strings.NewReader(deviceGrant+"&client_id=tv&device_code="+d.DeviceCode))
			if err != nil {
				t.Error(err)
				return
			}
			defer r.Body.Close()
			io.Copy(io.Discard, r.Body)
			mu.Lock()
			defer mu.Unlock()
			if r.StatusCode == 200 {
				won++
			}
		})
	}
	wg.Wait()
	if won != 1 {
		t.Errorf("%d polls got a token", won)
	}
}
