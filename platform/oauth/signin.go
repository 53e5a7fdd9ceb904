package oauth

import (
	"bytes"
	"cmp"
	"crypto/rand"
	_ "embed"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"guichet/platform/limit"
	"guichet/platform/wire"
)

//go:embed signin.html
var signInPage string

//go:embed signin.css
var signInStyle []byte

// page is what the template shows: a title, and what is not empty of the rest.
type page struct {
	Title string
	Error string
	Note  string

	Request   string // sealed: the sign-in form
	Name      string
	Providers []providerButton

	CodeForm bool // where a device's code is typed
	Code     string

	Decision                 string // sealed: the form about a device
	Program, Address, Person string
	Kiosk                    bool
}

// providerButton leads to an identity provider.
type providerButton struct{ ID, Name string }

// showSignIn sends the page with the request in it, sealed for this browser
// alone: the field is at once the request and the proof that the page was ours,
// and nothing is kept for those who never answer.
func (s *Service) showSignIn(w http.ResponseWriter, r *http.Request, q authorization) {
	browser := s.browser(r)
	if browser == "" {
		browser = rand.Text()
		c := &http.Cookie{Name: s.cookieName(), Value: browser, Path: "/", HttpOnly: true, Secure: s.https,
			SameSite: http.SameSiteLaxMode, MaxAge: int(24 * time.Hour / time.Second)}
		http.SetCookie(w, c)
	}
	field, err := s.seal(browser, sealedSignIn, q, signInLife)
	if err != nil {
		s.showError(w, r, err)
		return
	}
	s.showForm(w, r, http.StatusOK, q, page{Request: field})
}

// showForm sends the sign-in form.
func (s *Service) showForm(w http.ResponseWriter, r *http.Request, status int, q authorization, p page) {
	buttons, err := s.buttons(r.Context(), q.Organization)
	if err != nil {
		s.showError(w, r, err)
		return
	}
	p.Title, p.Providers = "Sign in to Guichet", buttons
	s.show(w, r, status, q.RedirectURI, p)
}

// ownForm reads a form that one of our own pages has posted.
func (s *Service) ownForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	if !sameOrigin(r) {
		return nil, invalidRequest("This form was sent from another site.")
	}
	form, err := readForm(w, r)
	if f := new(refusal); errors.As(err, &f) {
		f.description = "This form cannot be read."
	}
	return form, err
}

// signInPosted answers the page's form: with a code, or the page once more.
func (s *Service) signInPosted(w http.ResponseWriter, r *http.Request) {
	form, err := s.ownForm(w, r)
	if err != nil {
		s.showError(w, r, err)
		return
	}
	var q authorization
	if !s.unseal(s.browser(r), sealedSignIn, form.Get("request"), &q) {
		s.showError(w, r, invalidRequest("This page is too old, or was opened in another browser."))
		return
	}
	name := strings.TrimSpace(form.Get("username"))
	again := page{Request: form.Get("request"), Name: name}
	u, err := s.limitedSignIn(r, q.Organization, name, form.Get("password"))
	var f *refusal
	switch {
	case errors.As(err, &f):
		again.Error = "There were too many wrong passwords. Wait a minute, then try again."
		w.Header().Set("Retry-After", retryAfter(f.wait))
		s.showForm(w, r, http.StatusTooManyRequests, q, again)
	case errors.Is(err, ErrUnknown):
		e := AuditEntry{Organization: q.Organization, Event: EventSignIn, Refused: true, Client: q.Application, Subject: u.ID,
			Address: limit.Network(r), Detail: "wrong password"}
		if u.ID == "" {
			e.Detail = "unknown name" // which may be a password in the wrong place, and is not kept
		}
		if err := s.record(r.Context(), e); err != nil {
			s.showError(w, r, err)
			return
		}
		again.Error = "The name or the password is not right. Check both, then try again."
		s.showForm(w, r, http.StatusForbidden, q, again)
	case err != nil:
		s.showError(w, r, err)
	default:
		s.signedIn(w, r, q, u, "password")
	}
}

// signedIn goes on with what somebody signed in for.
func (s *Service) signedIn(w http.ResponseWriter, r *http.Request, q authorization, u StoredUser, how string) {
	err := s.record(r.Context(), AuditEntry{Organization: u.Organization, Event: EventSignIn, Client: q.Application, Subject: u.ID,
		Address: limit.Network(r), Detail: how})
	switch {
	case err != nil:
		s.showError(w, r, err)
	case q.Device != "":
		s.confirmDevice(w, r, q, u)
	default:
		s.giveCode(w, r, q, u)
	}
}

// limitedSignIn is signIn with failures limited by address, and by address and
// name.
func (s *Service) limitedSignIn(r *http.Request, organization, name, password string) (StoredUser, error) {
	address := limit.Network(r)
	keys := []string{limitKey("address", address, ""), limitKey("user", address, strings.ToLower(name))}
	for i, a := range []limit.Rate{addressFailures(), signInFailures()} {
		if wait, ok := s.limits.Take(keys[i], a); !ok {
			if i == 1 {
				s.limits.GiveBack(keys[0])
			}
			return StoredUser{}, tooMany(wait)
		}
	}
	u, err := s.signIn(r.Context(), organization, name, password)
	if !errors.Is(err, ErrUnknown) {
		for _, k := range keys {
			s.limits.GiveBack(k)
		}
	}
	return u, err
}

func (s *Service) giveCode(w http.ResponseWriter, r *http.Request, q authorization, u StoredUser) {
	now := s.now()
	code, d := newToken()
	g := Grant{ID: wire.NewID(), Application: q.Application, Organization: u.Organization, UserID: u.ID, Name: u.DisplayName,
		Scopes: q.Scopes, Started: now, Expires: now.Add(sessionLife)}
	c := Code{Digest: d, RedirectURI: q.RedirectURI, Challenge: q.Challenge, Nonce: q.Nonce, Expires: now.Add(codeLife)}
	err := s.config.Store.AddGrant(r.Context(), g, c)
	if err == nil {
		err = s.orEnd(r.Context(), g, cmp.Or(s.sameUser(r.Context(), u), s.fits(r.Context(), q.Application, ofVersion(q.Version))))
	}
	if err != nil {
		s.showError(w, r, err)
		return
	}
	s.respond(w, r, q, url.Values{"code": {code}})
}

// show sends the page. target is the redirect URI that its form may lead to.
func (s *Service) show(w http.ResponseWriter, r *http.Request, status int, target string, p page) {
	var b bytes.Buffer
	secure(w.Header(), target)
	if err := s.page.Execute(&b, p); err != nil {
		s.log.Error("page is not shown", "path", r.URL.Path, "err", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	// An error here means that the browser has gone.
	_, _ = b.WriteTo(w)
}

// showError sends a page that says what is wrong and what to do.
func (s *Service) showError(w http.ResponseWriter, r *http.Request, err error) {
	p, status := page{Title: "You cannot sign in here", Error: "Something went wrong on our side. Try again in a minute."}, http.StatusInternalServerError
	var f *refusal
	if errors.As(err, &f) {
		status, p.Error = f.status, f.description+" Go back to the program, then sign in from there again."
	} else if r.Context().Err() == nil {
		s.log.Error("sign-in failed", "path", r.URL.Path, "err", err)
	}
	s.show(w, r, status, "", p)
}

// secure sets the headers of all pages. Browsers hold form-action against the
// redirect that follows a form as well, so it names the redirect's origin.
func secure(h http.Header, target string) {
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"+formTarget(target))
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
}

func style(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	// An error here means that the browser has gone.
	_, _ = w.Write(signInStyle)
}

// sameOrigin refuses forms of other sites. A page without referrers sends the
// origin "null" even to its own server; where the browser tells no more than
// that, the sealed field decides.
func sameOrigin(r *http.Request) bool {
	if r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "null" {
		return true
	}
	return http.NewCrossOriginProtection().Check(r) == nil
}

// cookieName has the prefix that binds a cookie to this very host, where the
// server can be reached in a way that allows it.
func (s *Service) cookieName() string {
	if s.https {
		return "__Host-guichet-browser"
	}
	return "guichet-browser"
}

// browser is the value of the browser's cookie, if it is one of ours.
func (s *Service) browser(r *http.Request) string {
	c, err := r.Cookie(s.cookieName())
	if err != nil || len(c.Value) != len(rand.Text()) {
		return ""
	}
	return c.Value
}
