package oauth

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"

	"guichet/platform/limit"
	"guichet/platform/oauth/keyring"
)

// endSession implements OpenID Connect RP-Initiated Logout 1.0: the id token
// that an application gives as a hint names the session to end. Browsers keep no
// session with us, so without a hint there is nothing to end. The browser goes
// back to an address that the application has registered, or is told.
func (s *Service) endSession(w http.ResponseWriter, r *http.Request) {
	form, err := s.logoutForm(w, r)
	if err != nil {
		s.showError(w, r, err)
		return
	}
	c, known := s.hinted(form.Get("id_token_hint"))
	if known && form.Get("client_id") != "" && form.Get("client_id") != c.Audience {
		s.showError(w, r, invalidRequest("The program that asks is not the one that you signed in to."))
		return
	}
	var back string
	if known {
		if back, err = s.logOut(r, c, form.Get("post_logout_redirect_uri")); err != nil {
			s.showError(w, r, err)
			return
		}
	}
	if !known && form.Get("id_token_hint") != "" {
		s.show(w, r, http.StatusOK, "", page{Title: "You are not signed out", Note: "What the program showed us to end your session is too old, or not ours. Sign out in the program itself, or ask an administrator to sign you out."})
		return
	}
	if back == "" {
		s.show(w, r, http.StatusOK, "", page{Title: "You are signed out", Note: "You can close this window."})
		return
	}
	answer := url.Values{}
	if state := form.Get("state"); state != "" {
		answer.Set("state", state)
	}
	secure(w.Header(), back)
	if len(answer) > 0 {
		back = withParameters(back, answer)
	}
	http.Redirect(w, r, back, http.StatusSeeOther)
}

// logOut ends the session of an id token and returns where the browser shall go.
func (s *Service) logOut(r *http.Request, c idClaims, wanted string) (back string, err error) {
	ctx := r.Context()
	a, err := s.application(ctx, c.Audience)
	if err != nil {
		return "", invalidRequest("The program that asks is not known here.")
	}
	if wanted != "" && !slices.Contains(a.PostLogoutRedirectURIs, wanted) {
		return "", invalidRequest("The program that asks wants you to go on at an address that is not its own.")
	}
	ended, err := s.config.Store.RevokeGrant(ctx, c.Session, s.now())
	if err := s.followed(ctx, err); err != nil || !ended {
		return wanted, err
	}
	return wanted, s.record(ctx, AuditEntry{Organization: a.Organization, Event: EventSignOut, Client: a.ID, Subject: c.Subject, Address: limit.Network(r), Detail: "by the program"})
}

// hinted reads an id token of ours, which may have expired long ago.
func (s *Service) hinted(token string) (c idClaims, ok bool) {
	if token == "" || len(token) > maxAccessToken {
		return c, false
	}
	body, _, err := s.keys.Verify(keyring.IDToken, token)
	if err != nil || json.Unmarshal(body, &c) != nil {
		return c, false
	}
	return c, c.Issuer == s.config.Issuer && c.Session != ""
}

func (s *Service) logoutForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	if r.Method == http.MethodPost {
		return readForm(w, r)
	}
	if len(r.URL.RawQuery) > maxQuery {
		return nil, invalidRequest("The request is too long.")
	}
	return parseForm(r.URL.RawQuery)
}
