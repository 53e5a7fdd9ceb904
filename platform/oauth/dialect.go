package oauth

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"guichet/platform/wire"

	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// Paths of the token endpoint: one service, asked in the words of four vendors.
const (
	tokenPath           = "/security/oauth/token"
	tokenPathAudioCodes = "/oauth/token"
	tokenPathBandwidth  = "/api/v1/oauth2/token"
	tokenPathWebex      = "/v1/access_token"
)

// dialect is what a vendor's token endpoint does in its own way.
type dialect struct {
	path        string
	contentType string
	grants      []string // that this path takes; empty: all
	basicOnly   bool     // the client authenticates by Basic alone
	scope       string   // that must be asked for
	trims       bool     // white space around values does not count
	shape       func(t *attempt) any
}

func dialects() []dialect {
	return []dialect{
		{path: tokenPath, contentType: "application/json", shape: func(t *attempt) any { return t.token }},
		// The vendor's own example has a space before each "&".
		{path: tokenPathAudioCodes, contentType: "application/json;charset=UTF-8", trims: true, shape: func(t *attempt) any {
			t.token.TokenType = oidc.BearerToken
			return t.token
		}},
		{path: tokenPathBandwidth, contentType: "application/json", basicOnly: true, scope: scopeVoice,
			grants: []string{string(oidc.GrantTypeClientCredentials)}, shape: func(t *attempt) any {
				return wire.VoiceToken{AccessToken: t.token.AccessToken, ID: t.token.ID, TokenType: oidc.BearerToken, ExpiresIn: t.token.ExpiresIn}
			}},
		{path: tokenPathWebex, contentType: "application/json",
			grants: []string{string(oidc.GrantTypeCode), string(oidc.GrantTypeRefreshToken)}, shape: func(t *attempt) any {
				w := wire.CallingToken{AccessToken: t.token.AccessToken, TokenType: oidc.BearerToken, ExpiresIn: t.token.ExpiresIn,
					RefreshToken: t.token.RefreshToken, Scope: t.token.Scope}
				if w.RefreshToken != "" {
					w.RefreshExpiresIn = t.grant.Expires.Unix() - t.issued.Unix()
				}
				return w
			}},
	}
}

// check refuses what the vendor's endpoint does not know.
func (d dialect) check(header http.Header, form url.Values) error {
	switch grant := form.Get("grant_type"); {
	case d.basicOnly && header.Get("Authorization") == "":
		return badClient()
	case len(d.grants) > 0 && grant != "" && !slices.Contains(d.grants, grant):
		return &refusal{status: http.StatusBadRequest, code: string(oidc.UnsupportedGrantType), description: "this path takes " + strings.Join(d.grants, " and ")}
	case d.scope != "" && !slices.Contains(strings.Fields(form.Get("scope")), d.scope):
		return &refusal{status: http.StatusBadRequest, code: string(oidc.InvalidScope), description: "the scope " + d.scope + " must be asked for"}
	}
	return nil
}

// trim takes the white space from around the values of a form.
func trim(form url.Values) {
	for _, values := range form {
		for i := range values {
			values[i] = strings.TrimSpace(values[i])
		}
	}
}
