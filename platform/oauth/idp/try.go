package idp

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"guichet/platform/wire"

	"golang.org/x/oauth2"
)

// Try goes as far as one can without a person: every step in the order of a
// sign-in, with a sentence about it, up to the first that fails. It reads
// everything anew.
func (c *Client) Try(ctx context.Context, p Provider) wire.ProviderTrial {
	t := trial{}
	ctx, done, err := c.begin(ctx)
	if err != nil {
		t.failed("Settings", err)
		return t.result()
	}
	defer done()
	if err := c.Check(p); err != nil {
		t.failed("Settings", err)
		return t.result()
	}
	t.passed("Settings", "They are complete.")
	if p.isOIDC() {
		c.tryOIDC(ctx, p, &t)
	} else {
		c.tryGenesys(ctx, p, &t)
	}
	return t.result()
}

// trial collects steps.
type trial struct{ steps []wire.TrialStep }

func (t *trial) passed(name, detail string) {
	t.steps = append(t.steps, wire.TrialStep{Name: name, OK: true, Detail: detail})
}

// failed ends the trial: its caller does no further step.
func (t *trial) failed(name string, err error) {
	detail := err.Error()
	if p := (*problem)(nil); errors.As(err, &p) {
		detail = p.sentence
	}
	if first, _, _ := strings.Cut(detail, " "); !strings.ContainsAny(first, ".:") { // no name of a host
		detail = strings.ToUpper(detail[:1]) + detail[1:]
	}
	if !strings.HasSuffix(detail, ".") {
		detail += "."
	}
	t.steps = append(t.steps, wire.TrialStep{Name: name, Detail: detail})
}

func (t *trial) result() wire.ProviderTrial {
	return wire.ProviderTrial{OK: t.steps[len(t.steps)-1].OK, Steps: t.steps}
}

func (c *Client) tryOIDC(ctx context.Context, p Provider, t *trial) {
	if !c.tryAddress(ctx, "Address", p.Issuer, t) {
		return
	}
	c.sources.forget(p.Issuer)
	m, err := c.metadata(ctx, p.Issuer)
	var found *problem
	if errors.As(err, &found) && !found.connected {
		t.failed("Connection", err)
		return
	}
	t.passed("Connection", connected(p.Issuer))
	if err != nil {
		t.failed("Discovery", err)
		return
	}
	t.passed("Discovery", "The issuer publishes its settings, names itself exactly as entered here, and names all addresses that signing in takes.")
	if err := m.tryFlow(); err != nil {
		t.failed("Way of signing in", err)
		return
	}
	t.passed("Way of signing in", m.wayOfSigningIn())
	if !c.tryKeys(ctx, m, t) || !m.tryPKCE(p, t) {
		return
	}
	style, err := m.authStyle(p.ClientSecret != "")
	if err != nil {
		t.failed("Client", err)
		return
	}
	c.tryClient(ctx, p, m.TokenEndpoint, style, t)
}

func (c *Client) tryGenesys(ctx context.Context, p Provider, t *trial) {
	login, api := c.genesysLogin(p.Region), c.genesysAPI(p.Region)
	if !c.tryAddress(ctx, "Address of the sign-in", login, t) || !c.tryAddress(ctx, "Address of the API", api, t) {
		return
	}
	var claims map[string]any
	err := c.fetch(ctx, api+me, "", &claims) // refused, but by whom we want to talk with
	var found *problem
	if errors.As(err, &found) && !found.connected {
		t.failed("Connection to the API", err)
		return
	}
	t.passed("Connection to the API", connected(api))
	if c.tryClient(ctx, p, login+"/oauth/token", oauth2.AuthStyleInHeader, t) {
		t.passed("Organization", "Only people of the organization "+p.OrganizationID+" can sign in. That the id is right shows when the first of them does.")
	}
}

func connected(address string) string {
	host := hostOf(address)
	if strings.HasPrefix(address, "http:") {
		return host + " answers by http, which its network is allowed."
	}
	return host + " answers by https with a certificate that is valid for it."
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Host
}

// tryAddress resolves the name in an address. Whether a request may go there is
// judged again when it does.
func (c *Client) tryAddress(ctx context.Context, step, address string, t *trial) bool {
	u, err := url.Parse(address)
	if err != nil {
		t.failed(step, nonsense("this is no web address"))
		return false
	}
	found, err := c.resolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil {
		t.failed(step, broken(u, err))
		return false
	}
	var texts []string
	for _, a := range found {
		texts = append(texts, a.Unmap().String())
	}
	if !slices.ContainsFunc(found, func(a netip.Addr) bool { return c.guard.check(a, u.Scheme == "http") == nil }) {
		t.failed(step, &problem{ErrForbiddenAddress, fmt.Sprintf("%s has the address %s, which the settings of the server do not allow: "+
			"use the provider's public name and https, or let the server's settings name its network", u.Hostname(), strings.Join(texts, ", ")), false})
		return false
	}
	t.passed(step, u.Hostname()+" has the address "+strings.Join(texts, ", ")+".")
	return true
}

// tryFlow refuses a provider that asks for what is not supported.
func (m metadata) tryFlow() error {
	switch {
	case !supports(m.ResponseTypes, "code", true):
		return nonsense("the provider does not offer the authorization code flow (response type code)")
	case m.PushedOnly:
		return nonsense("the provider wants requests to be pushed to it first (RFC 9126), which is not supported: turn that off for this application")
	}
	return nil
}

func (m metadata) wayOfSigningIn() string {
	if m.AnswerNamesIssuer {
		return "The provider offers the authorization code flow, and names itself in its answers (RFC 9207)."
	}
	return "The provider offers the authorization code flow."
}

func (c *Client) tryKeys(ctx context.Context, m metadata, t *trial) bool {
	var names []string
	for _, a := range algorithms() {
		names = append(names, string(a))
	}
	if len(m.Algorithms) > 0 && !slices.ContainsFunc(m.Algorithms, func(a string) bool { return slices.Contains(names, a) }) {
		t.failed("Keys", nonsense("the provider signs in no way that is accepted: choose one of %s there", strings.Join(names, ", ")))
		return false
	}
	count, err := c.countKeys(ctx, m)
	switch {
	case err != nil:
		t.failed("Keys", err)
		return false
	case count == 0:
		t.failed("Keys", nonsense("the provider publishes no key that can be used: a public RSA key of %d bits or more, an EC key or an Ed25519 key, for signatures", minRSABits))
		return false
	}
	t.passed("Keys", fmt.Sprintf("Usable keys that the provider publishes: %d.", count))
	return true
}

// tryPKCE tells what comes of the setting at this provider.
func (m metadata) tryPKCE(p Provider, t *trial) bool {
	const step = "PKCE"
	switch supported := slices.Contains(m.ChallengeMethods, "S256"); {
	case !p.PKCE && supported:
		t.passed(step, "It is off, although the provider supports it: turn it on.")
	case !p.PKCE:
		t.passed(step, "It is off. The client secret and the nonce protect the code.")
	case supported:
		t.passed(step, "The provider supports S256.")
	case p.ClientSecret == "" && len(m.ChallengeMethods) > 0:
		t.failed(step, nonsense("the provider does not support S256, which an application without a secret needs: enter a client secret"))
		return false
	default:
		t.passed(step, "The provider does not say that it supports S256. It is sent nevertheless; the nonce protects the code as well.")
	}
	return true
}

// tryClient redeems a code that cannot exist: how the provider refuses it tells
// whether it knows the client.
func (c *Client) tryClient(ctx context.Context, p Provider, endpoint string, style oauth2.AuthStyle, t *trial) bool {
	const step = "Client"
	transit := NewTransit()
	_, err := c.exchange(ctx, p, endpoint, style, transit.Nonce, transit.Verifier)
	var (
		refused *RefusedError
		found   *problem
	)
	switch {
	case errors.As(err, &refused) && (refused.Code == "invalid_client" || refused.Code == "unauthorized_client"):
		t.failed(step, fmt.Errorf("the provider does not know this client id with this secret, or does not let it use codes (%s)", refused.Code))
		return false
	case errors.As(err, &refused) && refused.Code == "invalid_grant":
		t.passed(step, "The provider knows the client id and the secret.")
	case errors.As(err, &found) && !found.connected:
		t.failed(step, err)
		return false
	default:
		t.passed(step, hostOf(endpoint)+" answers, but whether it knows the client id and the secret shows only when somebody signs in.")
	}
	return true
}
