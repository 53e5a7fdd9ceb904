package signin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"golang.org/x/oauth2"
)

// ErrNoServer tells that an address is not that of a server like ours.
var ErrNoServer = errors.New("there is no Guichet server at this address")

// maxMetadata bounds the server's description of itself, in bytes.
const maxMetadata = 256 << 10

// provider is what a server says about its sign-in (OpenID Connect Discovery
// 1.0, section 3; RFC 8414).
type provider struct {
	Issuer         string   `json:"issuer"`
	Authorization  string   `json:"authorization_endpoint"`
	Token          string   `json:"token_endpoint"`
	Revocation     string   `json:"revocation_endpoint"`
	Scopes         []string `json:"scopes_supported"`
	NamesIssuer    bool     `json:"authorization_response_iss_parameter_supported"` // RFC 9207
	ChallengeKinds []string `json:"code_challenge_methods_supported"`
}

// discover asks a server for its description. The issuer must be the very
// address that was asked (section 4.3), or another server could pose as this.
func (a *Accounts) discover(ctx context.Context, server string) (provider, error) {
	var p provider
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server+"/.well-known/openid-configuration", nil)
	if err != nil {
		return p, err
	}
	answer, err := a.cfg.HTTP.Do(r)
	if err != nil {
		return p, err
	}
	defer answer.Body.Close()
	if answer.StatusCode >= 500 {
		return p, fmt.Errorf("the server has a problem just now (%s)", answer.Status)
	}
	if answer.StatusCode != http.StatusOK {
		return p, ErrNoServer
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxMetadata)).Decode(&p); err != nil || p.Token == "" || p.Authorization == "" {
		return p, ErrNoServer
	}
	if p.Issuer != server {
		return p, fmt.Errorf("the server calls itself %s: use that address", p.Issuer)
	}
	return p, nil
}

// config returns what golang.org/x/oauth2 needs to know.
func (p provider) config(redirect string) oauth2.Config {
	c := oauth2.Config{ClientID: Application, RedirectURL: redirect,
		Endpoint: oauth2.Endpoint{AuthURL: p.Authorization, TokenURL: p.Token, AuthStyle: oauth2.AuthStyleInParams}}
	// "any" is all that the person's roles permit.
	for _, scope := range []string{"openid", "profile", "offline_access", "any"} {
		if len(p.Scopes) == 0 || slices.Contains(p.Scopes, scope) {
			c.Scopes = append(c.Scopes, scope)
		}
	}
	return c
}
