package api

import (
	"errors"
	"net/http"
	"strings"

	"guichet/platform/conference"
	"guichet/platform/oauth"
	"guichet/platform/wire"
)

// need is what a call asks of its token: the scope, or any token at all when it
// is empty.
type need struct {
	scope string
	staff bool // guests with a ticket may not, whatever their token permits
}

var (
	anyone      = need{}
	ticketsRead = need{scope: oauth.ScopeTicketsRead}
	ticketsMake = need{scope: oauth.ScopeTicketsWrite}
	callsRead   = need{scope: oauth.ScopeConferencesRead}
	callsWrite  = need{scope: oauth.ScopeConferencesWrite}
	callsRule   = need{scope: oauth.ScopeConferencesWrite, staff: true} // make and end
	endpoints   = need{scope: oauth.ScopeEndpointsWrite}
	reportsRead = need{scope: oauth.ScopeReportsRead, staff: true}
	settings    = need{scope: oauth.ScopeApplicationAdmin}
	queuesRead  = need{scope: oauth.ScopeQueuesRead}
	queuesStaff = need{scope: oauth.ScopeQueuesRead, staff: true}
	queuesRule  = need{scope: oauth.ScopeQueuesWrite, staff: true}
)

// handler answers a call of a known identity. An error becomes the answer.
type handler func(w http.ResponseWriter, r *http.Request, id oauth.Identity) error

// guard lets calls with a good token that permits them through; where the
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
		case errors.Is(err, oauth.ErrExpiredToken):
			challenge(w, `, error="invalid_token", error_description="The access token expired"`)
			err = &wire.Error{Code: wire.CodeUnauthorized, Message: "the access token has expired"}
		case errors.Is(err, oauth.ErrInvalidToken):
			challenge(w, `, error="invalid_token", error_description="The access token is not valid"`)
			err = &wire.Error{Code: wire.CodeUnauthorized, Message: "the access token is not valid"}
		case err == nil && !n.met(id):
			w.Header().Set("WWW-Authenticate", `Bearer realm="guichet", error="insufficient_scope", error_description="The access token does not allow this", scope="`+n.scope+`"`)
			err = &wire.Error{Code: wire.CodeForbidden, Message: "the access token does not allow this"}
		case err == nil:
			if r, err = a.hold(r, &id); err == nil {
				err = h(w, r, id)
			}
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
		return a.Verify(token)
	case token != "" && strings.EqualFold(scheme, "Basic"):
		return a.VerifyBasic(r)
	}
	return oauth.Identity{}, errNoCredentials
}

func (n need) met(id oauth.Identity) bool {
	return (n.scope == "" || id.May(n.scope)) && !(n.staff && id.IsCustomer())
}

// conferenceCaller is the identity in the words of the conference package.
func conferenceCaller(id oauth.Identity) conference.Caller {
	return conference.Caller{Organization: id.Organization, UserID: id.UserID, Name: id.Name,
		Conference: id.Conference, Customer: id.IsCustomer(), MayCreate: callsRule.met(id), MayEnd: callsRule.met(id),
		Application: id.ClientID, Ticket: id.Ticket, Kiosk: id.Has(oauth.RoleKiosk)}
}
