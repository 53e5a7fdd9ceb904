package signin

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"guichet/platform/wire"
)

func TestSignInRefreshAndSignOut(t *testing.T) {
	i := newIssuer(t)
	folder := t.TempDir()
	b := newBrowser(i, nil)
	a, logged := accounts(t, OpenVault(nil, folder, nil), b.open)
	var shown string
	n, err := a.SignIn(t.Context(), i.URL, func(u string) { shown = u })
	if err != nil {
		t.Fatal(err)
	}
	if page := <-b.pages; !strings.HasPrefix(page, "200 default-src 'none'") || !strings.Contains(page, "You are signed in.") || !strings.Contains(page, "close this window") {
		t.Errorf("the browser shows %s", page)
	}
	if !strings.HasPrefix(shown, i.URL+"/authorize?") {
		t.Errorf("the address shown is %s", shown)
	}
	if p := n.Person(); p.ID != "agent1" || p.Name != "Anna" || len(p.Roles) != 1 {
		t.Errorf("signed in as %+v", p)
	}
	first, err := n.Token(t.Context())
	if err != nil || first != accessToken(1) {
		t.Errorf("token %q, %v", first, err)
	}
	n.Refused("another")
	if again, _ := n.Token(t.Context()); again != first {
		t.Error("a token of somebody else's refused ours")
	}
	n.Refused(first)
	if second, err := n.Token(t.Context()); err != nil || second != accessToken(2) {
		t.Errorf("after a refusal: %q, %v", second, err)
	}
	n.Close()

	// The rotated token was kept: the next start has it.
	a2, _ := accounts(t, OpenVault(nil, folder, nil), b.open)
	n, err = a2.Restore(t.Context(), i.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	if err := n.SignOut(t.Context()); err != nil {
		t.Error(err)
	}
	if len(i.revoked) != 1 || i.revoked[0] != "refresh-3" {
		t.Errorf("revoked %v", i.revoked)
	}
	if _, err := n.Token(t.Context()); !errors.Is(err, ErrSignedOut) {
		t.Errorf("a token after sign-out: %v", err)
	}
	if _, err := a2.Restore(t.Context(), i.URL); !errors.Is(err, ErrNoAccount) {
		t.Errorf("restored after sign-out: %v", err)
	}
	if s := logged.String(); strings.Contains(s, "refresh-") || strings.Contains(s, first) || strings.Contains(s, "the-code") {
		t.Errorf("a secret is logged: %s", s)
	}
}

// TestAttacksOnTheAnswer: whoever else sends the browser to our port gains
// nothing.
func TestAttacksOnTheAnswer(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(url.Values)
		want   string
	}{
		"issuer of another server":  {func(q url.Values) { q.Set("iss", "https://evil.example.org") }, "another server"},
		"no issuer though promised": {func(q url.Values) { q.Del("iss") }, "another server"},
		"two issuers":               {func(q url.Values) { q.Add("iss", "https://evil.example.org") }, "another server"},
		"refused":                   {func(q url.Values) { q.Del("code"); q.Set("error", "access_denied") }, "refused"},
		"error with a text in it":   {func(q url.Values) { q.Set("error", "server_error<b>") }, "(server_error)"},
		"no code":                   {func(q url.Values) { q.Del("code") }, "without an answer"},
		"two codes":                 {func(q url.Values) { q.Add("code", "x") }, "without an answer"},
		"wrong code":                {func(q url.Values) { q.Set("code", "x") }, "no longer valid"},
	} {
		t.Run(name, func(t *testing.T) {
			i := newIssuer(t)
			b := newBrowser(i, tc.change)
			a, _ := accounts(t, OpenVault(nil, t.TempDir(), nil), b.open)
			_, err := a.SignIn(t.Context(), i.URL, func(string) {})
			if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "secret-in-the-answer") {
				t.Errorf("got %v, want %q", err, tc.want)
			}
			if page := <-b.pages; !strings.HasPrefix(page, "400") || !strings.Contains(page, "You are not signed in.") {
				t.Errorf("the browser shows %s", page)
			}
		})
	}
}

// TestStrangersAreIgnored: requests that do not know the state neither end nor
// spoil the sign-in.
func TestStrangersAreIgnored(t *testing.T) {
	i := newIssuer(t)
	b := newBrowser(i, nil)
	a, _ := accounts(t, OpenVault(nil, t.TempDir(), nil), func(page string) error {
		u, err := url.Parse(page)
		if err != nil {
			return err
		}
		back := u.Query().Get("redirect_uri")
		hc := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		for _, tc := range []struct {
			method, path, host string
			want               int
		}{
			{"GET", "?code=the-code&state=guess&iss=" + url.QueryEscape(i.URL), "", 400},
			{"GET", "?code=the-code", "", 400},
			{"GET", "?state=" + u.Query().Get("state") + "&state=x", "", 400},
			{"POST", "?state=" + u.Query().Get("state"), "", 405},
			{"GET", "/../favicon.ico", "", 404},
			{"GET", "?state=" + u.Query().Get("state"), "evil.example.org", 404},
		} {
			r, err := http.NewRequest(tc.method, back+tc.path, nil)
			if err != nil {
				return err
			}
			r.Host = tc.host
			answer, err := hc.Do(r)
			if err != nil {
				return err
			}
			answer.Body.Close()
			if answer.StatusCode != tc.want {
				t.Errorf("%s %s for %q: %d, want %d", tc.method, tc.path, tc.host, answer.StatusCode, tc.want)
			}
		}
		return b.open(page)
	})
	n, err := a.SignIn(t.Context(), i.URL, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	<-b.pages
	n.Close()
}

func TestSignInCanBeGivenUp(t *testing.T) {
	i := newIssuer(t)
	ctx, cancel := context.WithCancel(t.Context())
	a, _ := accounts(t, OpenVault(nil, t.TempDir(), nil), func(string) error { return errors.New("no browser") })
	if _, err := a.SignIn(ctx, i.URL, func(string) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestDiscoveryIsStrict(t *testing.T) {
	i := newIssuer(t)
	a, _ := accounts(t, OpenVault(nil, t.TempDir(), nil), func(string) error { return nil })
	i.claimed = "https://evil.example.org"
	if _, err := a.SignIn(t.Context(), i.URL, func(string) {}); err == nil || !strings.Contains(err.Error(), "calls itself") {
		t.Errorf("a server that poses as another: %v", err)
	}
	if _, err := a.SignIn(t.Context(), i.URL+"/elsewhere", func(string) {}); !errors.Is(err, ErrNoServer) {
		t.Errorf("no server there: %v", err)
	}
}

// TestOneRefreshForAll: many who need a token at once cause one request, and it
// is finished though nobody waits for it any more.
func TestOneRefreshForAll(t *testing.T) {
	i := newIssuer(t)
	i.hold = make(chan struct{})
	v := OpenVault(nil, t.TempDir(), nil)
	a, _ := accounts(t, v, func(string) error { return nil })
	p, err := a.discover(t.Context(), i.URL)
	if err != nil {
		t.Fatal(err)
	}
	n := a.newAccount(i.URL, a.refresher(p.config("")))
	n.keep = v
	n.token.RefreshToken = "refresh-0"
	ctx, cancel := context.WithCancel(t.Context())
	var waiting sync.WaitGroup
	for range 20 {
		waiting.Go(func() {
			if _, err := n.Token(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("a wait that was given up: %v", err)
			}
		})
	}
	<-i.waiting
	cancel()
	waiting.Wait()
	close(i.hold)
	token, err := n.Token(t.Context())
	if err != nil || token != accessToken(1) || i.made != 1 {
		t.Errorf("got %q, %v after %d requests", token, err, i.made)
	}
	n.Close()
	if kept, err := v.Load(i.URL); err != nil || kept != "refresh-1" {
		t.Errorf("kept %q, %v", kept, err)
	}
}

func TestRefreshAheadOfTheEnd(t *testing.T) {
	i := newIssuer(t)
	now := time.Now()
	a, _ := accounts(t, OpenVault(nil, t.TempDir(), nil), func(string) error { return nil })
	a.cfg.Now = func() time.Time { return now }
	p, err := a.discover(t.Context(), i.URL)
	if err != nil {
		t.Fatal(err)
	}
	n := a.newAccount(i.URL, a.refresher(p.config("")))
	defer n.Close()
	n.token.RefreshToken = "refresh-0"
	for _, step := range []struct {
		later time.Duration
		made  int
	}{{0, 1}, {8 * time.Minute, 1}, {90 * time.Second, 2}} {
		now = now.Add(step.later)
		if _, err := n.Token(t.Context()); err != nil || i.made != step.made {
			t.Errorf("%v later: %d tokens, want %d, %v", step.later, i.made, step.made, err)
		}
	}
}

// TestRefusedRefreshEndsTheSignIn, and a server in trouble does not.
func TestRefusedRefreshEndsTheSignIn(t *testing.T) {
	i := newIssuer(t)
	v := OpenVault(nil, t.TempDir(), nil)
	if err := v.Save(i.URL, "refresh-0"); err != nil {
		t.Fatal(err)
	}
	a, _ := accounts(t, v, func(string) error { return nil })
	n, err := a.Restore(t.Context(), i.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	for _, tc := range []struct {
		refusal string
		out     bool
	}{{"temporarily_unavailable", false}, {"invalid_grant", true}} {
		i.mu.Lock()
		i.refusal = tc.refusal
		i.mu.Unlock()
		n.Refused(n.token.AccessToken)
		_, err := n.Token(t.Context())
		if err == nil || errors.Is(err, ErrSignedOut) != tc.out || strings.Contains(err.Error(), "secret-in-the-answer") {
			t.Errorf("%s: %v", tc.refusal, err)
		}
		if kept, _ := v.Load(i.URL); (kept == "") != tc.out {
			t.Errorf("%s: kept %q", tc.refusal, kept)
		}
	}
}

func TestVaultPlaces(t *testing.T) {
	t.Run("keyring", func(t *testing.T) {
		folder, k := t.TempDir(), &fakeKeyring{by: map[string]string{}}
		v := OpenVault(k, folder, nil)
		if err := v.Save("s", "secret"); err != nil || k.by["s"] != "secret" {
			t.Errorf("not in the keyring: %v", err)
		}
		if _, err := os.Stat(filepath.Join(folder, fileName)); err == nil {
			t.Error("a file was written, too")
		}
		if got, _ := OpenVault(k, folder, nil).Load("s"); got != "secret" {
			t.Errorf("loaded %q", got)
		}
	})
	t.Run("file", func(t *testing.T) {
		folder, k := t.TempDir(), &fakeKeyring{err: errors.New("no bus")}
		if err := OpenVault(k, folder, nil).Save("s", "top-secret"); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(folder, fileName)
		raw, err := os.ReadFile(path)
		if err != nil || strings.Contains(string(raw), "top-secret") {
			t.Fatalf("file %s, %v", raw, err)
		}
		if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v", info.Mode())
		}
		if got, _ := OpenVault(k, folder, nil).Load("s"); got != "top-secret" {
			t.Errorf("loaded %q", got)
		}
		stranger := &file{path: path, machine: []byte("another machine")}
		if got, err := stranger.load("s"); err == nil {
			t.Errorf("another machine reads %q", got)
		}
		if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		v := OpenVault(k, folder, nil)
		if _, err := v.Load("s"); err == nil {
			t.Error("a damaged file reads as one")
		}
		if err := v.Save("s", "new"); err != nil {
			t.Errorf("a damaged file is never mended: %v", err)
		}
		if err := v.Delete("s"); err != nil {
			t.Error(err)
		}
		if got, _ := OpenVault(k, folder, nil).Load("s"); got != "" {
			t.Errorf("loaded %q after Delete", got)
		}
	})
	t.Run("memory", func(t *testing.T) {
		v := &vault{logger: OpenVault(nil, t.TempDir(), nil).(*vault).logger, memory: map[string]string{}}
		if err := v.Save("s", "secret"); err != nil {
			t.Error(err)
		}
		if got, _ := v.Load("s"); got != "secret" {
			t.Errorf("loaded %q", got)
		}
	})
	t.Run("from file to keyring", func(t *testing.T) {
		folder, k := t.TempDir(), &fakeKeyring{err: errors.New("no bus"), by: map[string]string{}}
		v := OpenVault(k, folder, nil)
		if err := v.Save("s", "old"); err != nil {
			t.Fatal(err)
		}
		k.err = nil
		if err := v.Save("s", "new"); err != nil {
			t.Fatal(err)
		}
		if got, _ := OpenVault(nil, folder, nil).Load("s"); got != "" {
			t.Errorf("the file still holds %q", got)
		}
	})
}

func TestCustomer(t *testing.T) {
	i := newIssuer(t)
	a, _ := accounts(t, OpenVault(nil, t.TempDir(), nil), func(string) error { return nil })
	n := a.Customer(i.URL, wire.Token{AccessToken: accessToken(9), ExpiresIn: 600, Subject: "guest-1", ConferenceID: "c1"})
	defer n.Close()
	if p := n.Person(); p.ID != "guest-1" || p.Conference != "c1" {
		t.Errorf("customer %+v", p)
	}
	if got, err := n.Token(t.Context()); err != nil || got != accessToken(9) {
		t.Errorf("token %q, %v", got, err)
	}
	one, err := a.BrowserKey()
	if err != nil || len(one) < 20 {
		t.Errorf("key %q, %v", one, err)
	}
	if two, _ := a.BrowserKey(); two != one {
		t.Error("another key the second time")
	}
}

func FuzzClaims(f *testing.F) {
	f.Add(accessToken(1))
	f.Add("a.b.c")
	f.Add("..")
	f.Fuzz(func(_ *testing.T, token string) { claims(tokenOf(token)) })
}
