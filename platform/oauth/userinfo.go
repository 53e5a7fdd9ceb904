package oauth

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"guichet/platform/wire"
)

// userInfo implements OpenID Connect Core, section 5.3, with the token in the
// header alone and the challenges of RFC 6750, section 3.
func (s *Service) userInfo(w http.ResponseWriter, r *http.Request) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	id, err := s.Verify(token)
	fail := func(status int, code, challenge string) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="guichet"`+challenge)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		// An error here means that the caller has gone.
		_ = json.NewEncoder(w).Encode(wire.TokenError{Code: code})
	}
	switch {
	case token == "" || !strings.EqualFold(scheme, "Bearer"):
		fail(http.StatusUnauthorized, "invalid_request", "")
	case errors.Is(err, ErrExpiredToken):
		fail(http.StatusUnauthorized, "invalid_token", `, error="invalid_token", error_description="The access token expired"`)
	case err != nil, id.Room != nil:
		fail(http.StatusUnauthorized, "invalid_token", `, error="invalid_token", error_description="The access token is not valid"`)
	case !slices.Contains(id.Scopes, scopeOpenID):
		fail(http.StatusForbidden, "insufficient_scope", `, error="insufficient_scope", scope="openid"`)
	default:
		info := map[string]any{"sub": id.UserID}
		if slices.Contains(id.Scopes, scopeProfile) {
			info["name"], info["preferred_username"] = id.Name, id.UserID
		}
		w.Header().Set("Content-Type", "application/json")
		// An error here means that the caller has gone.
		_ = json.NewEncoder(w).Encode(info)
	}
}
