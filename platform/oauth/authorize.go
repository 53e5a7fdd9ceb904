package oauth

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// maxQuery bounds an authorization request, in bytes: it comes back sealed in
// the sign-in page.
const maxQuery = 8 << 10

// authorization is a checked authorization request.
type authorization struct {
	Application  string
	Version      int64 // of the application's settings
	Organization string
	Device       string // a user's code: who signs in decides about a device, and the rest is empty
	RedirectURI  string
	Challenge    string
	Nonce        string
	State        string
	Scopes       []string
}

// authorize answers an authorization request (RFC 6749, section 4.1.1) with the
// sign-in page.
func (s *Service) authorize(w http.ResponseWriter, r *http.Request) {
	q, err := s.checkAuthorization(r)
	var f *refusal
	switch {
	case err == nil:
		s.showSignIn(w, r, q)
	case q.RedirectURI != "" && errors.As(err, &f):
		s.respond(w, r, q, url.Values{"error": {f.code}, "error_description": {f.description}})
	default:
		s.showError(w, r, err)
	}
}

// checkAuthorization reads the request. RedirectURI stays empty until the
// application and the address are proven good: until then nobody is redirected
// (RFC 6749, section 4.1.2.1).
func (s *Service) checkAuthorization(r *http.Request) (authorization, error) {
	var q authorization
	form, err := authorizationForm(r)
	if err != nil || len(form["client_id"]) > 1 || len(form["redirect_uri"]) > 1 {
		return q, invalidRequest("The request is malformed.")
	}
	a, err := s.application(r.Context(), form.Get("client_id"))
	if errors.Is(err, ErrUnknown) {
		return q, invalidRequest("The program that asks is not known here.")
	}
	if err != nil {
		return q, err
	}
	if !allowedRedirect(a.RedirectURIs, form.Get("redirect_uri")) {
		return q, invalidRequest("The program that asks wants the answer at an address that is not its own.")
	}
	q.Application, q.Version, q.Organization, q.RedirectURI = a.ID, a.Version, a.Organization, form.Get("redirect_uri")
	if len(form["state"]) == 1 {
		q.State = form.Get("state")
	}
	return q, checkParameters(&q, a, form)
}

// authorizationForm reads the request from the query or, of POST, from the body
// (OpenID Connect Core, section 3.1.2.1).
func authorizationForm(r *http.Request) (url.Values, error) {
	text := r.URL.RawQuery
	if r.Method == http.MethodPost {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxQuery+1))
		if err != nil || text != "" {
			return nil, errors.Join(err, errors.New("parameters in two places"))
		}
		text = string(body)
	}
	if len(text) > maxQuery {
		return nil, errors.New("too long")
	}
	return url.ParseQuery(text)
}

// checkParameters checks what may be told to the application itself.
func checkParameters(q *authorization, a StoredApplication, form url.Values) error {
	for _, values := range form {
		if len(values) > 1 {
			return invalidRequest("a parameter is repeated")
		}
	}
	fail := func(code, description string) error {
		return &refusal{status: http.StatusBadRequest, code: code, description: description}
	}
	challenge, method := form.Get("code_challenge"), form.Get("code_challenge_method")
	without := challenge == "" && method == "" && a.PKCEOptional
	granted, ok := scopes(form.Get("scope"), a.Scopes)
	switch {
	case form.Has("request"):
		return fail(string(oidc.RequestNotSupported), "request objects are not supported")
	case form.Has("request_uri"):
		return fail("request_uri_not_supported", "request objects are not supported")
	case form.Get("response_type") != string(oidc.ResponseTypeCode):
		return fail("unsupported_response_type", "response_type must be code")
	case form.Has("response_mode") && form.Get("response_mode") != string(oidc.ResponseModeQuery):
		return invalidRequest("response_mode must be query")
	case !slices.Contains(a.Grants, string(oidc.GrantTypeCode)):
		return fail(string(oidc.UnauthorizedClient), "the application signs nobody in")
	case !without && (method != string(oidc.CodeChallengeMethodS256) || !isChallenge(challenge)):
		return invalidRequest("a code_challenge with code_challenge_method S256 is required")
	case !ok:
		return fail(string(oidc.InvalidScope), "the application may not ask for this scope")
	case slices.Contains(strings.Fields(form.Get("prompt")), oidc.PromptNone):
		return fail(string(oidc.LoginRequired), "nobody is signed in")
	}
	q.Challenge, q.Nonce, q.Scopes = challenge, form.Get("nonce"), granted
	return nil
}

// isChallenge tells whether s is the base64url form of a SHA-256 digest.
func isChallenge(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return len(s) == 43
}

// respond redirects to the application with an answer, its state and the issuer
// (RFC 9207). 303 makes the browser drop the password that it has just posted
// (RFC 9700, section 4.12).
func (s *Service) respond(w http.ResponseWriter, r *http.Request, q authorization, answer url.Values) {
	if q.State != "" {
		answer.Set("state", q.State)
	}
	answer.Set("iss", s.config.Issuer)
	secure(w.Header(), q.RedirectURI)
	http.Redirect(w, r, withParameters(q.RedirectURI, answer), http.StatusSeeOther)
}
