package oauth

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"guichet/platform/oauth/keyring"
)

func TestRedirectConfusion(t *testing.T) {
	registered := []string{"http://127.0.0.1/callback", "http://[::1]/callback", "https://app.example.org/cb?a=1", "org.example.app:/cb"}
	for _, good := range []string{
		"http://127.0.0.1/callback", "http://127.0.0.1:1/callback", "http://127.0.0.1:65535/callback", "http://[::1]:8080/callback",
		"https://app.example.org/cb?a=1", "org.example.app:/cb",
	} {
		if !allowedRedirect(registered, good) {
			t.Errorf("%s is refused", good)
		}
	}
	for _, bad := range []string{
		"", "/callback", "//127.0.0.1/callback", "http:127.0.0.1/callback", "HTTP://127.0.0.1:80/callback",
		"https://127.0.0.1:80/callback", "http://localhost/callback", "http://localhost:80/callback", "http://127.0.0.1.evil.example/callback",
		"http://127.0.0.2:80/callback", "http://127.1:80/callback", "http://2130706433/callback", "http://0x7f.0.0.1/callback",
		"http://127.0.0.1:0/callback", "http://127.0.0.1:65536/callback", "http://127.0.0.1:080/callback", "http://127.0.0.1:+80/callback",
		"http://127.0.0.1:/callback", "http://127.0.0.1:80@evil.example/callback", "http://127.0.0.1@evil.example/callback",
		"http://user@127.0.0.1:80/callback", "http://127.0.0.1:80/callback/", "http://127.0.0.1:80/callback/../x", "http://127.0.0.1:80/Callback",
		"http://127.0.0.1:80//callback", "http://127.0.0.1:80/callback?x=1", "http://127.0.0.1:80/callback#x", "http://127.0.0.1:80/callback%00",
		"http://127.0.0.1:80\\@evil.example/callback", "http://127.0.0.1:80#@evil.example/callback", "http://127.0.0.1:80/x/callback",
		"http://127.0.0.1:80%2f@evil.example/callback", "http://[::1]evil/callback", "http://[0:0:0:0:0:0:0:1]:80/callback", "http://[::ffff:127.0.0.1]:80/callback",
		"https://app.example.org/cb", "https://app.example.org/cb?a=1&b=2", "https://app.example.org:443/cb?a=1", "https://app.example.org/cb?a=1#x",
		"https://app.example.org./cb?a=1", "https://APP.example.org/cb?a=1", "https://app.example.org/cb%3Fa=1", " http://127.0.0.1/callback",
		"http://127.0.0.1/callback\n", "javascript:alert(1)", "data:text/html,x", "org.example.app:/cb2", "org.example.app.evil:/cb",
	} {
		if allowedRedirect(registered, bad) {
			t.Errorf("%q is allowed", bad)
		}
	}
}

func TestRegisteredRedirects(t *testing.T) {
	for _, good := range []string{"https://a.example/cb", "https://a.example:8443/cb?x=1", "http://127.0.0.1/cb", "http://[::1]:99/cb", "org.example.app:/cb"} {
		if err := checkRedirect(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "cb", "http://a.example/cb", "http://localhost/cb", "https://u@a.example/cb", "https://a.example/cb#x", "https://*/cb",
		"https://a.example/c b", "https://a.example/;x", "javascript:alert(1)", "myapp:/cb", "https:///cb", "https://a.example/\"x", "http://10.0.0.1/cb",
	} {
		if checkRedirect(bad) == nil {
			t.Errorf("%q may be registered", bad)
		}
	}
}

func TestFormTarget(t *testing.T) {
	for redirect, want := range map[string]string{
		"": "", "http://127.0.0.1:80/cb": " http://127.0.0.1:80", "http://[::1]:80/cb": " http:",
		"https://a.example/cb?x": " https://a.example", "org.example.app:/cb": " org.example.app:",
	} {
		if got := formTarget(redirect); got != want {
			t.Errorf("%s: %q, want %q", redirect, got, want)
		}
	}
}

// FuzzRedirect: whatever matches a loopback address is one, read by another
// parser.
func FuzzRedirect(f *testing.F) {
	for _, s := range []string{"http://127.0.0.1:80/callback", "http://127.0.0.1:80@evil/callback", "http://[::1]:1/callback"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, asked string) {
		if !allowedRedirect([]string{"http://127.0.0.1/callback", "http://[::1]/callback"}, asked) {
			return
		}
		u, err := url.Parse(asked)
		if err != nil || u.Scheme != "http" || u.User != nil || u.Path != "/callback" || u.RawQuery != "" || u.Fragment != "" ||
			u.Hostname() != "127.0.0.1" && u.Hostname() != "::1" {
			t.Errorf("%q is allowed: %+v, %v", asked, u, err)
		}
	})
}

// FuzzForm: what is read from a form has each parameter once, and says the same
// when it is written and read again.
func FuzzForm(f *testing.F) {
	for _, s := range []string{"grant_type=client_credentials&client_id=test&client_secret=secret", "a=1&a=2", "client_id=CLIENT_ID &x=+%20", "%", "a;b=c", "=&=", "\x00=\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		form, err := parseForm(body)
		if err != nil {
			return
		}
		for name, values := range form {
			if len(values) != 1 {
				t.Errorf("%q: %q has %d values", body, name, len(values))
			}
		}
		again, err := parseForm(form.Encode())
		if err != nil || !maps.EqualFunc(form, again, slices.Equal) {
			t.Errorf("%q: %v, then %v, %v", body, form, again, err)
		}
		trim(form)
		for name, values := range form {
			if values[0] != strings.TrimSpace(again.Get(name)) {
				t.Errorf("%q: %q is trimmed to %q", body, again.Get(name), values[0])
			}
		}
	})
}

func FuzzBasic(f *testing.F) {
	for _, s := range []string{"Basic dGVzdDpzZWNyZXQ=", "basic dGVzdA==", "Basic ", "Basic %%%", "Basic JTpi"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		found, ok := basic(header)
		if ok != (len(found) > 0) {
			t.Errorf("%q: %v %v", header, found, ok)
		}
		for _, c := range found {
			if c.id == "" {
				t.Errorf("%q names nobody", header)
			}
		}
	})
}

func FuzzToken(f *testing.F) {
	shared, err := NewSigning()
	if err != nil {
		f.Fatal(err)
	}
	shared.Key.Signs = testTime
	keys, err := keyring.Open(f.Context(), keyring.Config{Store: oneKey{shared.Key}, Vault: shared.Vault, Algorithm: keyring.RS256, Now: nowForTests, Life: accessLife})
	if err != nil {
		f.Fatal(err)
	}
	s := &Service{keys: keys, config: Config{Issuer: "http://a", Now: nowForTests}}
	var made attempt
	if err := s.answer(&made, StoredApplication{Application: Application{ID: "a"}}, Grant{Application: "a", Organization: "o", UserID: "u"}, nil, nil, ""); err != nil {
		f.Fatal(err)
	}
	good := made.token.AccessToken
	for _, s := range []string{good, "", "a.b.c", strings.Repeat(".", 10), "eyJhbGciOiJub25lIn0.e30."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, token string) {
		c, _, err := s.parse(token)
		if err == nil && (c.UserID != "u" || c.Organization != "o" || !sameText(token, good)) {
			t.Errorf("%q is good: %+v", token, c)
		}
	})
}
