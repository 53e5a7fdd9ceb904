package api

import (
	"errors"
	"net/http"
	"strings"

	"guichet/platform/conference"
	"guichet/platform/oauth"
	"guichet/platform/wire"
)

// need is what a call asks of its token: one of the roles, or any token at all
// when there are none.
type need []string

var (
	anyone = need{}
	caller = need{oauth.RoleAgent, oauth.RoleSupervisor, oauth.RoleCustomer}
	staff  = need{oauth.RoleAgent, oauth.RoleSupervisor}
)

// handler answers a call of a known identity. An error becomes the answer.
type handler func(w http.ResponseWriter, r *http.Request, id oauth.Identity) error

// guard lets calls with a good token and the needed role through; where the
// application allows it, HTTP Basic stands for a token. The others get 401 or
// 403 with the challenges of RFC 6750, section 3, and RFC 7617; a call without
// any credentials is told no error code (section 3.1).
func (a *API) guard(n need, h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		id, err := a.identify(r)
		switch {
		case errors.Is(err, errNoCredentials):
			challenge(w, "")
			err = &wire.Error{Code: wire.CodeUnauthorized, Message: "an access token is needed: Authorization: Bearer …"}
		case errors.Is(err, oauth.ErrInvalidToken):
			challenge(w, `, error="invalid_token", error_description="the access token is not valid or has expired"`)
			err = &wire.Error{Code: wire.CodeUnauthorized, Message: "the access token is not valid or has expired"}
		case err == nil && !n.met(id):
			w.Header().Set("WWW-Authenticate", `Bearer realm="guichet", error="insufficient_scope", error_description="the access token does not allow this"`)
			err = &wire.Error{Code: wire.CodeForbidden, Message: "the access token does not allow this"}
		case err == nil:
			err = h(w, r, id)
		}
		if err != nil {
			a.fail(w, r, err)
		}
	}
}

var errNoCredentials = errors.New("no credentials")

func challenge(w http.ResponseWriter, bearer string) {
	w.Header().Add("WWW-Authenticate", `Bearer realm="guichet"`+bearer)
	w.Header().Add("WWW-Authenticate", `Basic realm="guichet", charset="UTF-8"`)
}

func (a *API) identify(r *http.Request) (oauth.Identity, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	switch {
	case token != "" && strings.EqualFold(scheme, "Bearer"):
		return a.Verify(r.Context(), token)
	case token != "" && strings.EqualFold(scheme, "Basic"):
		return a.VerifyBasic(r)
	}
	return oauth.Identity{}, errNoCredentials
}

func (n need) met(id oauth.Identity) bool {
	for _, role := range n {
		if id.Has(role) {
			return true
		}
	}
	return len(n) == 0
}

// conferenceCaller is the identity in the words of the conference package.
func conferenceCaller(id oauth.Identity) conference.Caller {
	agent := staff.met(id)
	return conference.Caller{Organization: id.Organization, UserID: id.UserID, Name: id.Name,
		Conference: id.Conference, Customer: id.IsCustomer(), MayCreate: agent, MayEnd: agent}
}
