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

// guard lets calls with a good token and the needed role through. The others
// get 401 or 403 with the challenge of RFC 6750, section 3; a call without any
// credentials is told no error code (section 3.1).
func (a *API) guard(n need, h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		token = strings.TrimSpace(token)
		if !strings.EqualFold(scheme, "Bearer") || token == "" {
			w.Header().Set("WWW-Authenticate", `Bearer realm="guichet"`)
			a.fail(w, r, &wire.Error{Code: wire.CodeUnauthorized, Message: "an access token is needed: Authorization: Bearer …"})
			return
		}
		id, err := a.Verify(r.Context(), token)
		if errors.Is(err, oauth.ErrInvalidToken) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="guichet", error="invalid_token", error_description="the access token is not valid or has expired"`)
			a.fail(w, r, &wire.Error{Code: wire.CodeUnauthorized, Message: "the access token is not valid or has expired"})
			return
		}
		if err != nil {
			a.fail(w, r, err)
			return
		}
		if !n.met(id) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="guichet", error="insufficient_scope", error_description="the access token does not allow this"`)
			a.fail(w, r, &wire.Error{Code: wire.CodeForbidden, Message: "the access token does not allow this"})
			return
		}
		if err := h(w, r, id); err != nil {
			a.fail(w, r, err)
		}
	}
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
