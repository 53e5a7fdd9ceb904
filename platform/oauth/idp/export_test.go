package idp

import (
	"context"
	"crypto/x509"
	"net"
	"net/netip"
)

// Fetch sends one request through the client's guard.
func (c *Client) Fetch(ctx context.Context, address string) error {
	var into map[string]any
	return c.fetch(ctx, address, "", &into)
}

// Resolve lets names be looked up elsewhere.
func (c *Client) Resolve(r *net.Resolver) { c.resolver = r }

// Trust adds certificates to those that the client trusts.
func (c *Client) Trust(pool *x509.CertPool) {
	secure := c.http.Transport.(*transport).secure
	secure.TLSClientConfig = secure.TLSClientConfig.Clone()
	secure.TLSClientConfig.RootCAs = pool
}

// Genesys moves Genesys Cloud of all regions.
func (c *Client) Genesys(login, api string) {
	c.genesysLogin = func(string) string { return login }
	c.genesysAPI = func(string) string { return api }
}

// Sources is how many issuers are remembered.
func (c *Client) Sources() int {
	c.sources.mu.Lock()
	defer c.sources.mu.Unlock()
	return len(c.sources.by)
}

// CheckAddress asks the guard about an address.
func CheckAddress(networks []netip.Prefix, a netip.Addr, plain bool) error {
	g, err := newGuard(networks)
	if err != nil {
		return err
	}
	return g.check(a, plain)
}

// Flatten flattens the claims in a JSON document.
func Flatten(body []byte) (map[string][]string, error) {
	var claims map[string]any
	if err := decode(body, &claims); err != nil {
		return nil, err
	}
	return flatten(claims), nil
}

// OneLine makes a name harmless.
func OneLine(s string) string { return oneLine(s) }

// The bounds that tests go beyond.
const (
	MaxAnswer      = maxAnswer
	MaxClaimValues = maxClaimValues
	MaxSources     = maxSources
)
