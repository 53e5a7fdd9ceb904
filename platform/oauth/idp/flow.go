package idp

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"golang.org/x/oauth2"
)

const (
	maxCode      = 4096 // bytes of an authorization code
	maxErrorCode = 64   // bytes of an error code that is kept
)

// authorizeURL adds the request of RFC 6749 section 4.1.1 to an endpoint. Ours
// come last, so that neither the endpoint's own query nor a setting replaces one.
func authorizeURL(endpoint string, p Provider, state string, t Transit) (string, error) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return "", nonsense("the authorization endpoint is no web address")
	}
	q := u.Query()
	for name, value := range p.Parameters {
		q.Set(name, value)
	}
	q.Set("response_type", "code")
	q.Set("client_id", p.ClientID)
	q.Set("redirect_uri", p.RedirectURI)
	q.Set("state", state)
	if scope := p.scope(); scope != "" {
		q.Set("scope", scope)
	}
	if p.isOIDC() {
		q.Set("nonce", t.Nonce)
	}
	if p.PKCE {
		q.Set("code_challenge", oauth2.S256ChallengeFromVerifier(t.Verifier))
		q.Set("code_challenge_method", "S256")
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// readAnswer returns the code of an answer after the checks that belong to it:
// each parameter once, and the issuer of RFC 9207, which is looked at before
// anything else, because an answer of another provider says nothing to us.
func readAnswer(answer url.Values, issuer string, issuerRequired bool) (string, error) {
	for _, name := range []string{"iss", "error", "code", "state"} {
		if len(answer[name]) > 1 {
			return "", untrusted("the answer repeats a parameter")
		}
	}
	switch iss, told := answer["iss"]; {
	case told && iss[0] != issuer:
		return "", untrusted("the answer is of another issuer")
	case !told && issuerRequired:
		return "", untrusted("the answer does not name its issuer, although this provider does so")
	}
	code := answer.Get("code")
	switch {
	case answer.Get("error") != "":
		return "", &RefusedError{errorCode(answer.Get("error"))}
	case code == "" || len(code) > maxCode:
		return "", untrusted("the answer has no code")
	}
	return code, nil
}

// exchange turns a code into tokens, RFC 6749 section 4.1.3.
func (c *Client) exchange(ctx context.Context, p Provider, endpoint string, style oauth2.AuthStyle, code, verifier string) (*oauth2.Token, error) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return nil, nonsense("the token endpoint is no web address")
	}
	client := oauth2.Config{ClientID: p.ClientID, ClientSecret: p.ClientSecret, RedirectURL: p.RedirectURI,
		Endpoint: oauth2.Endpoint{TokenURL: endpoint, AuthStyle: style}}
	var options []oauth2.AuthCodeOption
	if p.PKCE {
		options = append(options, oauth2.VerifierOption(verifier))
	}
	tokens, err := client.Exchange(context.WithValue(ctx, oauth2.HTTPClient, c.http), code, options...)
	if err != nil {
		return nil, exchangeError(ctx, u, err)
	}
	if tokens.TokenType != "" && !strings.EqualFold(tokens.TokenType, "bearer") {
		return nil, untrusted("the provider gives access tokens of a type that is not known")
	}
	return tokens, nil
}

// exchangeError words what the library says, whose own text holds the answer's
// body.
func exchangeError(ctx context.Context, u *url.URL, err error) error {
	var (
		refused *oauth2.RetrieveError
		request *url.Error
	)
	switch {
	case errors.As(err, &refused) && refused.ErrorCode != "" && refused.Response.StatusCode < 500:
		return &RefusedError{errorCode(refused.ErrorCode)}
	case errors.As(err, &refused):
		return strange(u, refused.Response.StatusCode)
	case errors.As(err, &request):
		return broken(u, request.Err)
	case ctx.Err() != nil:
		return broken(u, ctx.Err())
	}
	return nonsense("%s%s answers without a token", u.Host, u.Path)
}

// errorCode returns an error code that is safe to log and to show: it comes from
// a browser or a provider, and may hold anything.
func errorCode(s string) string {
	if s == "" || len(s) > maxErrorCode || strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") != "" {
		return "unknown"
	}
	return s
}
