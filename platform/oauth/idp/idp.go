// Package idp signs staff in through their organization's OpenID provider or
// through Genesys Cloud: the relying party's side of the authorization code
// flow, and the trial that tells an administrator what is wrong with it.
//
// It owns what is known of providers (metadata and keys, kept for minutes) and
// every request to them, all of which pass one guard against forged addresses.
// It must not know users, sessions, pages or stores: what lives between the two
// halves of a sign-in is the caller's to keep. It starts no goroutine; a Client
// may be used by any.
package idp

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"guichet/platform/wire"

	"golang.org/x/oauth2"
)

// What a sign-in fails with. None of these errors holds a code, a token, a
// secret or the value of a claim.
var (
	// ErrRefused tells that the person or the provider said no: see RefusedError.
	ErrRefused = errors.New("the identity provider refused")
	// ErrUnreachable tells that the provider does not answer, or not with sense.
	ErrUnreachable = errors.New("the identity provider cannot be reached")
	// ErrUntrusted tells that an answer is forged, stale or of somebody else.
	ErrUntrusted = errors.New("the identity provider's answer cannot be trusted")
	// ErrOrganization tells, beside ErrUntrusted, that a person has an account at
	// the provider but belongs to another organization than the settings name.
	ErrOrganization = errors.New("the person belongs to another organization")
	// ErrForbiddenAddress tells that a request would have left for an address
	// where no provider may live.
	ErrForbiddenAddress = errors.New("the identity provider's address is forbidden")
	// ErrSettings tells that the provider's settings cannot work: see SettingsError.
	ErrSettings = errors.New("the identity provider's settings cannot work")
	// ErrClosed tells that the client was closed.
	ErrClosed = errors.New("the client of identity providers is closed")
)

// RefusedError is an ErrRefused with the error code of RFC 6749 section 4.1.2.1
// or 5.2 that the provider gave.
type RefusedError struct{ Code string }

// Error implements error.
func (e *RefusedError) Error() string { return ErrRefused.Error() + ": " + e.Code }

// Is makes the error an ErrRefused.
func (e *RefusedError) Is(target error) bool { return target == ErrRefused }

// Provider is what is needed to sign somebody in through it. Its secret is
// plain here.
type Provider struct {
	ID, Kind               string // Kind is wire.ProviderOIDC or wire.ProviderGenesys
	Issuer                 string // of OpenID providers
	Region, OrganizationID string // of Genesys Cloud
	ClientID, ClientSecret string
	Scope                  string // words separated by spaces; empty means the least that works
	Parameters             map[string]string
	PKCE                   bool
	RedirectURI            string
}

// Config is what a Client needs. Only Networks has no useful zero value where
// providers live in the organization's own network.
type Config struct {
	Networks []netip.Prefix   // private networks in which providers may live, by http too
	Now      func() time.Time // time.Now when nil
	Logger   *slog.Logger     // nothing is logged when nil
	Timeout  time.Duration    // of one operation with all its requests; 10 s when zero
}

// Client talks with identity providers.
type Client struct {
	now     func() time.Time
	log     *slog.Logger
	timeout time.Duration
	guard   guard
	http    *http.Client
	sources sources

	resolver                 *net.Resolver
	genesysLogin, genesysAPI func(region string) string // base addresses, without a slash at the end

	life    context.Context // ends with Close
	end     context.CancelFunc
	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup
}

// New returns a client.
func New(config Config) (*Client, error) {
	g, err := newGuard(config.Networks)
	if err != nil {
		return nil, err
	}
	c := &Client{
		now: config.Now, log: config.Logger, timeout: config.Timeout, guard: g,
		resolver:     net.DefaultResolver,
		genesysLogin: func(region string) string { return "https://login." + region },
		genesysAPI:   func(region string) string { return "https://api." + region },
		sources:      sources{by: map[string]*source{}},
	}
	switch {
	case config.Timeout < 0:
		return nil, fmt.Errorf("idp: timeout %v is negative", config.Timeout)
	case config.Timeout == 0:
		c.timeout = 10 * time.Second
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	c.life, c.end = context.WithCancel(context.Background())
	c.http = &http.Client{
		Transport:     newTransport(g, func() *net.Resolver { return c.resolver }),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

// Close ends what is under way, waits for it and closes the connections.
func (c *Client) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.end()
	c.running.Wait()
	c.http.CloseIdleConnections()
}

// begin bounds one operation by the timeout and by Close. The caller calls what
// it returns when the operation is over.
func (c *Client) begin(ctx context.Context) (context.Context, func(), error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, nil, ErrClosed
	}
	c.running.Add(1)
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	stop := context.AfterFunc(c.life, cancel)
	return ctx, func() { stop(); cancel(); c.running.Done() }, nil
}

// Transit is what the caller keeps, sealed to the browser, between the two
// halves of a sign-in.
type Transit struct {
	Nonce    string // comes back in the id_token
	Verifier string // RFC 7636 section 4.1
}

// NewTransit returns a Transit that nobody can guess.
func NewTransit() Transit {
	var nonce [32]byte
	rand.Read(nonce[:])
	return Transit{Nonce: base64.RawURLEncoding.EncodeToString(nonce[:]), Verifier: oauth2.GenerateVerifier()}
}

// AuthorizeURL returns where the browser is sent to sign in. The state is the
// caller's: it must come back with the answer.
func (c *Client) AuthorizeURL(ctx context.Context, p Provider, state string, t Transit) (string, error) {
	if err := c.Check(p); err != nil {
		return "", err
	}
	if state == "" || t.Nonce == "" || t.Verifier == "" {
		return "", errors.New("idp: authorization without state or transit")
	}
	ctx, done, err := c.begin(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	if p.Kind == wire.ProviderGenesys {
		return authorizeURL(c.genesysLogin(p.Region)+"/oauth/authorize", p, state, t)
	}
	m, err := c.metadata(ctx, p.Issuer)
	if err != nil {
		return "", err
	}
	return authorizeURL(m.AuthorizationEndpoint, p, state, t)
}

// Finish turns the answer, which is the query of the callback, into a person.
// The caller has checked the state and used it up.
func (c *Client) Finish(ctx context.Context, p Provider, t Transit, answer url.Values) (Person, error) {
	if err := c.Check(p); err != nil {
		return Person{}, err
	}
	if t.Nonce == "" || t.Verifier == "" {
		return Person{}, fmt.Errorf("%w: there is no transit", ErrUntrusted)
	}
	ctx, done, err := c.begin(ctx)
	if err != nil {
		return Person{}, err
	}
	defer done()
	if p.Kind == wire.ProviderGenesys {
		return c.finishGenesys(ctx, p, t, answer)
	}
	return c.finishOIDC(ctx, p, t, answer)
}
