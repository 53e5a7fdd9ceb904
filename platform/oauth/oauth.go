// Package oauth is the token service: who may call the platform, proven by
// access tokens that every other part verifies through it.
//
// It owns applications, users, their sign-in page, grants, tokens and signing
// keys; it knows nothing of conferences, and of tickets only that something
// redeems them. The protocol's requests and errors are those of zitadel/oidc;
// what that library lets pass and RFC 9700 does not is refused here, in front of
// it. Everything that outlives a request is in the store; in memory are caches
// and counters beside their mutexes, and one goroutine, ended by Close, sweeps.
package oauth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Roles, as they stand in the authorities of a token.
const (
	RoleUser       = "ROLE_USER"
	RoleAgent      = "ROLE_AGENT"
	RoleSupervisor = "ROLE_SUPERVISOR"
	RoleAdmin      = "ROLE_ADMIN"
	RoleCustomer   = "ROLE_CUSTOMER"
)

// Lifetimes.
const (
	accessLife  = 10 * time.Minute
	codeLife    = time.Minute
	signInLife  = 10 * time.Minute // of a sign-in page
	sessionLife = 12 * time.Hour   // of a user's or guest's grant, however often it is refreshed
	sweepEvery  = 10 * time.Minute
	keepExpired = time.Hour // a swept grant has no living token left
)

// defaultOrganization is the one that the first migration makes.
const defaultOrganization = "default"

var (
	// ErrInvalidToken tells that an access token proves nothing; the reason is
	// for logs and not for callers of the API.
	ErrInvalidToken = errors.New("access token is not valid")
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

// Config is what a Service works with. Issuer and Store are required.
type Config struct {
	Issuer  string // public URL of the server, never taken from a request
	Store   Store
	Tickets Tickets // nil: the ticket grant is refused
	Logger  *slog.Logger
	Now     func() time.Time
	// Argon2 is the cost of a hashed password; zero means 19 MiB, two passes,
	// one thread.
	Argon2 Argon2
}

// Service is the token service. Its methods are safe for concurrent use.
type Service struct {
	config  Config
	https   bool // the issuer's scheme
	log     *slog.Logger
	keys    keyring
	hasher  *hasher
	limits  *limiter
	guesses chan struct{} // places for secrets that are being compared
	sealKey []byte        // of sign-in pages; they end with the process
	dev     atomic.Bool
	page    *template.Template
	handler http.Handler

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
	if c.Store == nil {
		return nil, errors.New("oauth: Store is required")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Service{config: c, https: u.Scheme == "https", log: c.Logger,
		limits: newLimiter(c.Now), sealKey: make([]byte, 32), guesses: make(chan struct{}, runtime.GOMAXPROCS(0)), done: make(chan struct{})}
	if _, err := rand.Read(s.sealKey); err != nil {
		return nil, err
	}
	if s.hasher, err = newHasher(c.Argon2, c.Now); err != nil {
		return nil, err
	}
	if s.keys, err = loadKeys(ctx, c.Store, c.Now); err != nil {
		return nil, err
	}
	if s.page, err = template.New("page").Parse(signInPage); err != nil {
		return nil, fmt.Errorf("oauth: %w", err)
	}
	s.handler = s.routes()
	s.ended.Add(1)
	go s.sweep()
	return s, nil
}

// Close ends the sweeper.
func (s *Service) Close() error {
	s.once.Do(func() {
		close(s.done)
		s.ended.Wait()
	})
	return nil
}

func (s *Service) sweep() {
	defer s.ended.Done()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	t := time.NewTicker(sweepEvery)
	defer t.Stop()
	for {
		select {
		case <-s.done:
			return
		case <-t.C:
			if err := s.config.Store.SweepGrants(ctx, s.now().Add(-keepExpired)); err != nil {
				s.log.Error("grants are not swept", "err", err)
			}
		}
	}
}

func (s *Service) now() time.Time { return s.config.Now() }
