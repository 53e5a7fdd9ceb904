// Package oauth is the token service: who may call the platform, proven by
// access tokens that every other part verifies through it.
//
// It owns applications, users, their sign-in page, grants, tokens and signing
// keys; it knows nothing of conferences, and of tickets only that something
// redeems them. The protocol's requests and errors are those of zitadel/oidc;
// what that library lets pass and RFC 9700 does not is refused here, in front of
// it. Everything that outlives a request is in the store; in memory are caches
// and counters beside their mutexes, and one goroutine, ended by Close, sweeps and
// follows what other processes changed.
package oauth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"guichet/platform/limit"
	"guichet/platform/oauth/idp"
	"guichet/platform/oauth/keyring"
	"guichet/platform/oauth/vault"
)

// Lifetimes.
const (
	accessLife  = 10 * time.Minute
	codeLife    = time.Minute
	signInLife  = 10 * time.Minute    // of a sign-in page
	sessionLife = 12 * time.Hour      // of a user's or guest's grant, however often it is refreshed
	kioskLife   = 30 * 24 * time.Hour // of a kiosk's
	sweepEvery  = time.Minute
	keepExpired = time.Hour            // a swept grant has no living token left
	keepAudit   = 400 * 24 * time.Hour // a year, and the weeks in which somebody reads about it
)

// defaultOrganization is the one that the first migration makes.
const defaultOrganization = "default"

var (
	// ErrInvalidToken tells that an access token proves nothing; the reason is
	// for logs and not for callers of the API.
	ErrInvalidToken = errors.New("access token is not valid")
	// ErrExpiredToken comes with ErrInvalidToken where nothing else is wrong.
	ErrExpiredToken = errors.New("access token has expired")
	// ErrUnknown tells that there is no such application, user, code or token.
	ErrUnknown = errors.New("not known")
	// ErrTaken tells that an id belongs to an application or user already.
	ErrTaken = errors.New("id is taken")
	// ErrTooManyTries tells that an address guesses an application's secret.
	ErrTooManyTries = errors.New("too many wrong secrets")
	// ErrReused tells that a code or refresh token was used before, and that its
	// grant is revoked now.
	ErrReused = errors.New("used before")
)

// TicketGrant is what a redeemed ticket gives: a guest's place in a conference.
type TicketGrant struct {
	Organization, UserID, Conference, Ticket, Name string
	Expires                                        time.Time
}

// TicketError is a ticket that cannot be redeemed. Reason ends the sentence
// "Ticket abc-def …", as in "has expired".
type TicketError struct{ Reason string }

func (e *TicketError) Error() string { return "ticket " + e.Reason }

// Tickets redeems tickets. A refusal is a *TicketError.
type Tickets interface {
	Redeem(ctx context.Context, ticketID, browserKey string) (TicketGrant, error)
}

// Config is what a Service works with. Issuer, Store and Vault are required.
type Config struct {
	Issuer  string // public URL of the server, never taken from a request
	Store   Store
	Vault   *vault.Vault
	Tickets Tickets // nil: the ticket grant is refused
	Logger  *slog.Logger
	Now     func() time.Time
	// Stays tells whether the holder of a room token is in its room; nil: nobody is.
	Stays func(ctx context.Context, holder Identity) bool
	// RoomTokens is how many an organization may have at a time; 0: 100,000.
	RoomTokens int
	// Argon2 is the cost of a hashed password; zero means 19 MiB, two passes,
	// one thread.
	Argon2 Argon2
	// Algorithm of new signing keys: RS256 or ES256; empty: that of the newest, or
	// else RS256.
	Algorithm string
	// ProviderNetworks are private networks in which identity providers may live.
	ProviderNetworks []netip.Prefix
}

// Service is the token service. Its methods are safe for concurrent use.
type Service struct {
	config    Config
	https     bool // the issuer's scheme
	log       *slog.Logger
	keys      *keyring.Ring
	revoked   revocations
	cache     cache
	hasher    *hasher
	limits    *limit.Limiter[string]
	guesses   chan struct{} // places for secrets that are being compared
	providers *idp.Client
	landed    landed
	pages     *vault.Vault // seals what goes through browsers; it ends with the process
	dev       atomic.Bool
	page      *template.Template
	handler   http.Handler

	once  sync.Once
	done  chan struct{}
	ended sync.WaitGroup
}

// New checks the configuration, makes a signing key if the store has none, and
// starts the sweeper.
func New(ctx context.Context, c Config) (*Service, error) {
	u, err := url.Parse(c.Issuer)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, fmt.Errorf("oauth: issuer %q is not the address of a server without a path", c.Issuer)
	}
	if c.Store == nil || c.Vault == nil {
		return nil, errors.New("oauth: Store and Vault are required")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Service{config: c, https: u.Scheme == "https", log: c.Logger,
		limits: limit.New[string](maxLimited, c.Now), revoked: revocations{by: map[revocationKey]Revocation{}}, cache: cache{by: map[string]StoredApplication{}}, guesses: make(chan struct{}, runtime.GOMAXPROCS(0)), done: make(chan struct{})}
	var key [32]byte
	rand.Read(key[:])
	if s.pages, err = vault.New(key[:]); err != nil {
		return nil, err
	}
	if s.hasher, err = newHasher(c.Argon2, c.Now); err != nil {
		return nil, err
	}
	s.keys, err = keyring.Open(ctx, keyring.Config{Store: c.Store, Vault: c.Vault, Algorithm: c.Algorithm, Now: c.Now, Life: accessLife + clockSkew})
	if err != nil {
		return nil, err
	}
	if err := s.follow(ctx); err != nil {
		return nil, err
	}
	if s.page, err = template.New("page").Parse(signInPage); err != nil {
		return nil, fmt.Errorf("oauth: %w", err)
	}
	s.handler = s.routes()
	s.landed.by = map[string]time.Time{}
	if s.providers, err = idp.New(idp.Config{Networks: c.ProviderNetworks, Now: c.Now, Logger: c.Logger}); err != nil {
		return nil, fmt.Errorf("oauth: %w", err)
	}
	s.ended.Add(1)
	go s.tend()
	return s, nil
}

// Close ends the service's goroutine.
func (s *Service) Close() error {
	s.once.Do(func() {
		close(s.done)
		s.ended.Wait()
		s.providers.Close()
	})
	return nil
}

// tend follows the revocations and, now and then, the clock.
func (s *Service) tend() {
	defer s.ended.Done()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	news, clock := time.NewTicker(followEvery), time.NewTicker(sweepEvery)
	defer news.Stop()
	defer clock.Stop()
	for {
		var err error
		select {
		case <-s.done:
			return
		case <-news.C:
			err = s.follow(ctx)
		case <-clock.C:
			err = s.sweep(ctx)
		}
		if err != nil {
			s.log.Error("token service is not tended", "err", err)
		}
	}
}

// sweep forgets what is over and lets the signing keys age.
func (s *Service) sweep(ctx context.Context) error {
	now := s.now()
	s.revoked.forget(now.Add(-keepExpired))
	return errors.Join(s.config.Store.SweepGrants(ctx, now.Add(-keepExpired)), s.config.Store.SweepAudit(ctx, now.Add(-keepAudit)),
		s.tendKeys(ctx))
}

// tendKeys lets keys be made and removed as their time comes.
func (s *Service) tendKeys(ctx context.Context) error {
	before := s.keys.Keys()
	if err := s.keys.Tend(ctx); err != nil {
		return err
	}
	return s.recordKeys(ctx, AuditEntry{Actor: "schedule"}, before)
}

// recordKeys tells the audit log which keys came and went.
func (s *Service) recordKeys(ctx context.Context, e AuditEntry, before []keyring.Status) error {
	e.Event = EventKey
	var err error
	for _, change := range []struct {
		detail   string
		in, than []keyring.Status
	}{{"added", s.keys.Keys(), before}, {"removed", before, s.keys.Keys()}} {
		for _, k := range change.in {
			if !slices.ContainsFunc(change.than, func(o keyring.Status) bool { return o.ID == k.ID }) {
				e.Subject, e.Detail = k.ID, change.detail+", "+k.Algorithm
				err = errors.Join(err, s.record(ctx, e))
			}
		}
	}
	return err
}

func (s *Service) now() time.Time { return s.config.Now() }
