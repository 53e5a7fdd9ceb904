package oauth_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"guichet/platform/oauth"
)

func basic(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
}

const grantType = "grant_type=client_credentials"

func TestClientAuthentication(t *testing.T) {
	s := start(t)
	const path = "/security/oauth/token"
	s.post(path, grantType, basic("hgranger", "Cr00k$h@nk$")).token(t)
	s.post(path, grantType, basic("hgranger", url.QueryEscape("Cr00k$h@nk$"))).token(t)
	s.post(path, grantType+"&client_id=test", basic("test", "secret")).token(t)
	for name, a := range map[string]answer{
		"wrong secret":       s.token(grantType + "&client_id=test&client_secret=wrong"),
		"no secret":          s.token(grantType + "&client_id=test"),
		"unknown":            s.token(grantType + "&client_id=nobody&client_secret=secret"),
		"nobody":             s.token(grantType),
		"wrong Basic":        s.post(path, grantType, basic("test", "wrong")),
		"no Basic":           s.post(path, grantType, "Basic"),
		"no colon":           s.post(path, grantType, "Basic dGVzdA=="),
		"Bearer":             s.post(path, grantType, "Bearer x"),
		"public with secret": s.token("grant_type=refresh_token&refresh_token=x&client_id=guichet&client_secret=x"),
		"assertion":          s.token(grantType + "&client_id=test&client_secret=secret&client_assertion=x"),
		"other letters":      s.token(grantType + "&client_id=TEST&client_secret=secret"),
	} {
		if e := a.refused(t, 401, "invalid_client"); e.Description != "the client id or the secret is wrong" {
			t.Errorf("%s: %s", name, e.Description)
		}
		if !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Basic ") {
			t.Errorf("%s: no challenge", name)
		}
	}
	for _, a := range []answer{
		s.post(path, grantType+"&client_id=test&client_secret=secret", basic("test", "secret")),
		s.post(path, grantType+"&client_id=hgranger", basic("test", "secret")),
	} {
		a.refused(t, 400, "invalid_request")
	}
	s.token("grant_type=client_credentials&client_id=guichet").refused(t, 400, "unauthorized_client")
	s.token("grant_type=client_credentials&client_id=customer").refused(t, 400, "unauthorized_client")
	s.token("grant_type=implicit&client_id=test&client_secret=secret").refused(t, 400, "unsupported_grant_type")
	s.token("client_id=test&client_secret=secret").refused(t, 400, "invalid_request")
}

func TestTokenRequestForm(t *testing.T) {
	s := start(t)
	const path, good = "/security/oauth/token", grantType + "&client_id=test&client_secret=secret"
	for _, form := range []string{good + "&grant_type=client_credentials", good + "&client_id=test", good + "&scope=any&scope=any", good + "&x=1&x=2", good + "&%zz", good + ";x=1"} {
		s.token(form).refused(t, 400, "invalid_request")
	}
	s.token(good+"&x="+strings.Repeat("x", 64<<10)).refused(t, 413, "invalid_request")
	s.token(good + "&x=" + strings.Repeat("x", 60<<10)).token(t)

	r, err := http.Post(s.url+path, "application/json", strings.NewReader(good))
	read(t, r, err).refused(t, 415, "invalid_request")
	if a := s.get(path + "?" + good); a.StatusCode != 405 || a.Header.Get("Allow") != "OPTIONS, POST" {
		t.Errorf("GET: %s, Allow %q", a.Status, a.Header.Get("Allow"))
	}
	// The query counts only without a body, and for those that may.
	s.post(path+"?"+good, "", "").token(t)
	s.post(path+"?scope=any", good, "").refused(t, 400, "invalid_request")
	s.post(path+"?"+grantType+"&client_id=CLIENT_ID&client_secret=CLIENT_SECRET", "", "").refused(t, 400, "invalid_request")
	s.post(path+"?"+good+"&client_id=test", "", "").refused(t, 400, "invalid_request")

	q, err := http.NewRequest(http.MethodOptions, s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err = http.DefaultClient.Do(q)
	if a := read(t, r, err); a.StatusCode != 204 || a.Header.Get("Access-Control-Allow-Origin") != "*" || a.Header.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("OPTIONS: %s %v", a.Status, a.Header)
	}
}

func TestGuessedSecretsAreLimited(t *testing.T) {
	s := start(t)
	made, err := s.AddApplication(context.Background(), oauth.Console(), oauth.Application{ID: "robot"})
	if err != nil {
		t.Fatal(err)
	}
	s.token(grantType + "&client_id=test&client_secret=secret").token(t)
	for _, id := range []string{"test", "robot", "nobody"} {
		wrong := grantType + "&client_id=" + id + "&client_secret=wrong"
		for range 20 {
			s.token(wrong).refused(t, 401, "invalid_client")
		}
		a := s.token(wrong)
		a.refused(t, 429, "slow_down")
		if a.Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	}
	// Who knows the secret is not locked out by who guesses.
	s.token(grantType + "&client_id=test&client_secret=secret").token(t)
	s.token(grantType + "&client_id=robot&client_secret=" + made).token(t)
	s.token(grantType + "&client_id=CLIENT_ID&client_secret=CLIENT_SECRET").token(t)
	s.clock.Store(10)
	s.token(grantType+"&client_id=test&client_secret=wrong").refused(t, 401, "invalid_client")
}

// TestManyAtOnce: requests that start together must not use up the failures
// that are allowed before the first of them has succeeded.
func TestManyAtOnce(t *testing.T) {
	s := start(t)
	var wg sync.WaitGroup
	for range 60 {
		wg.Go(func() {
			if a := s.token(grantType + "&client_id=test&client_secret=secret"); a.StatusCode != 200 {
				t.Errorf("%s %s", a.Status, a.body)
			}
		})
	}
	wg.Wait()
}

func TestGuessedTicketsAreLimited(t *testing.T) {
	s := start(t)
	var a answer
	for range 21 {
		a = s.token("grant_type=password&username=zzz-zzz&client_id=customer")
	}
	a.refused(t, 429, "slow_down")
	s.clock.Store(10)
	s.token("grant_type=password&username=abc-def&client_id=customer").token(t)
}

// brokenTickets cannot decide.
type brokenTickets struct{}

func (brokenTickets) Redeem(context.Context, string, string) (oauth.TicketGrant, error) {
	return oauth.TicketGrant{}, errors.New("the disk is full")
}

func TestFaultIsNoGuessAtTickets(t *testing.T) {
	s := start(t, func(c *oauth.Config) { c.Tickets = brokenTickets{} })
	for range 30 { // more than wrong guesses may be
		s.token("grant_type=password&username=abc-def&client_id=customer").refused(t, http.StatusInternalServerError, "server_error")
	}
	if !strings.Contains(s.log.String(), "the disk is full") {
		t.Error("the fault is not in the log")
	}
}

func TestRedemptionsAreLimited(t *testing.T) {
	s := start(t)
	const form = "grant_type=password&username=abc-def&client_id=customer"
	var last answer
	for range 200 {
		if last = s.token(form); last.StatusCode != http.StatusOK {
			break
		}
	}
	last.refused(t, http.StatusTooManyRequests, "slow_down")
	s.clock.Store(2)
	s.token(form).token(t)
}

// TestUnknownCostsAsMuchAsWrong compares the work, not the words.
func TestUnknownCostsAsMuchAsWrong(t *testing.T) {
	s := start(t, func(c *oauth.Config) { c.Argon2 = oauth.Argon2{Memory: 4096, Passes: 4, Threads: 1} })
	quickest := func(id string) time.Duration {
		best := time.Hour
		for range 4 {
			from := time.Now()
			s.token(grantType+"&client_id="+id+"&client_secret=wrong").refused(t, 401, "invalid_client")
			best = min(best, time.Since(from))
		}
		return best
	}
	known, unknown := quickest("test"), quickest("nobody")
	if unknown < known/2 || known < unknown/2 {
		t.Errorf("known %v, unknown %v", known, unknown)
	}
}

func TestFixturesNeedDevelopment(t *testing.T) {
	s := start(t)
	shared, err := signing()
	if err != nil {
		t.Fatal(err)
	}
	plain, err := oauth.New(context.Background(), oauth.Config{Issuer: s.url, Store: s.store, Vault: shared.Vault, Argon2: oauth.Argon2{Memory: 8, Passes: 1, Threads: 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	r, err := http.NewRequest(http.MethodPost, "/security/oauth/token", strings.NewReader(grantType+"&client_id=test&client_secret=secret"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if w := serve(plain.Handler(), r); w.StatusCode != 401 {
		t.Errorf("a fixture got %s %s", w.Status, w.body)
	}
}
