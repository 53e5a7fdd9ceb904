package idp

import (
	"context"
	"fmt"
	"net/url"

	"golang.org/x/oauth2"
)

// me is the address, below the base of the API, of what Genesys Cloud says of
// the owner of an access token.
const me = "/api/v2/users/me?expand=organization,authorization,groups"

// finishGenesys signs in through Genesys Cloud, whose flow has no id_token: the
// person is who the API says. Everybody who has an account at Genesys Cloud can
// get this far, so only people of the pinned organization pass.
func (c *Client) finishGenesys(ctx context.Context, p Provider, t Transit, answer url.Values) (Person, error) {
	login := c.genesysLogin(p.Region)
	code, err := readAnswer(answer, login, false)
	if err != nil {
		return Person{}, err
	}
	tokens, err := c.exchange(ctx, p, login+"/oauth/token", oauth2.AuthStyleInHeader, code, t.Verifier)
	if err != nil {
		return Person{}, err
	}
	var claims map[string]any
	if err := c.fetch(ctx, c.genesysAPI(p.Region)+me, tokens.AccessToken, &claims); err != nil {
		return Person{}, err
	}
	organization, _ := claims["organization"].(map[string]any)
	subject := text(claims, "id")
	switch {
	case text(organization, "id") == "":
		return Person{}, untrusted("Genesys Cloud does not say to which organization the person belongs")
	case text(organization, "id") != p.OrganizationID:
		return Person{}, fmt.Errorf("%w: %w", ErrUntrusted, ErrOrganization)
	case !validSubject(subject):
		return Person{}, untrusted("Genesys Cloud does not name a person")
	}
	return Person{Subject: subject, Name: display(text(claims, "name"), subject), Claims: flatten(claims)}, nil
}
