package idp

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"
)

// metadataLife is how long metadata is used before it is read again.
const metadataLife = 5 * time.Minute

// metadata is what we use of OpenID Connect Discovery section 3 and RFC 9207
// section 3.
type metadata struct {
	Issuer                string   `json:"issuer"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	UserinfoEndpoint      string   `json:"userinfo_endpoint"`
	JWKSURI               string   `json:"jwks_uri"`
	ResponseTypes         []string `json:"response_types_supported"`
	Algorithms            []string `json:"id_token_signing_alg_values_supported"`
	AuthMethods           []string `json:"token_endpoint_auth_methods_supported"`
	ChallengeMethods      []string `json:"code_challenge_methods_supported"`
	AnswerNamesIssuer     bool     `json:"authorization_response_iss_parameter_supported"`
	PushedOnly            bool     `json:"require_pushed_authorization_requests"`
}

// metadata returns what the issuer publishes about itself, read at most once in
// metadataLife while it can be read.
func (c *Client) metadata(ctx context.Context, issuer string) (metadata, error) {
	s := c.sources.of(issuer, c.now())
	if err := s.acquire(ctx, issuer); err != nil {
		return metadata{}, err
	}
	defer s.release()
	now := c.now()
	if s.metadata != nil && now.Sub(s.read) < metadataLife {
		return *s.metadata, nil
	}
	var m metadata
	if err := c.fetch(ctx, wellKnown(issuer), "", &m); err != nil {
		return metadata{}, err
	}
	if err := m.checkIssuer(issuer); err != nil {
		return metadata{}, err
	}
	if err := m.checkEndpoints(); err != nil {
		return metadata{}, err
	}
	s.metadata, s.read = &m, now
	return m, nil
}

// wellKnown is where an issuer publishes its metadata, section 4 of Discovery.
func wellKnown(issuer string) string {
	return strings.TrimSuffix(issuer, "/") + "/.well-known/openid-configuration"
}

// checkIssuer refuses metadata of another issuer, section 4.3 of Discovery: the
// texts must be equal, down to the slash at the end.
func (m metadata) checkIssuer(issuer string) error {
	switch m.Issuer {
	case issuer:
		return nil
	case "":
		return untrusted("%s does not say whose metadata it is", wellKnown(issuer))
	}
	return untrusted("%s is the metadata of another issuer: both texts must be equal, down to a slash at the end", wellKnown(issuer))
}

// checkEndpoints refuses metadata that lack what signing in takes, or send
// people and secrets over a connection that anybody can read. Where the issuer
// itself is reached by http, which the guard grants to named networks alone, its
// endpoints may be too.
func (m metadata) checkEndpoints() error {
	secure := strings.HasPrefix(m.Issuer, "https:")
	for _, e := range []struct {
		name, address string
		optional      bool
	}{
		{"authorization_endpoint", m.AuthorizationEndpoint, false},
		{"token_endpoint", m.TokenEndpoint, false},
		{"jwks_uri", m.JWKSURI, false},
		{"userinfo_endpoint", m.UserinfoEndpoint, true},
	} {
		if e.address == "" && e.optional {
			continue
		}
		u, err := url.Parse(e.address)
		switch {
		case e.address == "":
			return nonsense("the provider's metadata name no %s", e.name)
		case err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http":
			return nonsense("the provider's metadata name a %s that is no web address", e.name)
		case secure && u.Scheme != "https":
			return untrusted("the provider's metadata name a %s without https", e.name)
		}
	}
	return nil
}

// supports tells whether a list of the metadata has a word. A list that is left
// out stands for its default.
func supports(list []string, word string, without bool) bool {
	if len(list) == 0 {
		return without
	}
	return slices.Contains(list, word)
}
