package signin

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"guichet/platform/wire"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// Application is the built-in public application of the desktop program.
const Application = "guichet"

// CustomerApplication is the public application that customers use: its secret
// is empty.
const CustomerApplication = "customer"

var (
	// ErrNoAccount is returned by Restore when nobody is remembered.
	ErrNoAccount = errors.New("nobody is signed in")
	// ErrSignedOut tells that only signing in again helps.
	ErrSignedOut = errors.New("the sign-in is no longer valid")
	// ErrTimeout tells that nobody signed in in time.
	ErrTimeout = errors.New("nobody signed in within five minutes")
)

// Config is what Accounts is made of.
type Config struct {
	HTTP  *http.Client // nil for an own one
	Vault Vault
	// Opener opens a page in the person's browser. Its failure is not fatal: the
	// address is shown too.
	Opener func(url string) error
	// ClientID and ClientSecret, when given, sign in an application in place of a
	// person (RFC 6749, section 4.4), for tests and unattended machines.
	ClientID, ClientSecret string
	Logger                 *slog.Logger
	Now                    func() time.Time
}

// Accounts signs in at any server.
type Accounts struct{ cfg Config }

// New checks the configuration.
func New(cfg Config) (*Accounts, error) {
	if cfg.Vault == nil || cfg.Opener == nil {
		return nil, errors.New("signin: Vault and Opener are needed")
	}
	if cfg.HTTP == nil {
		cfg.HTTP = &http.Client{Timeout: requestTimeout, Transport: http.DefaultTransport.(*http.Transport).Clone()}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Accounts{cfg}, nil
}

// HTTP returns the client that requests are made with.
func (a *Accounts) HTTP() *http.Client { return a.cfg.HTTP }

// Restore signs in with the refresh token of the last time, or with the
// application's secret. ErrNoAccount means that there is neither.
func (a *Accounts) Restore(ctx context.Context, server string) (*Account, error) {
	if a.cfg.ClientID != "" {
		return a.application(ctx, server)
	}
	secret, err := a.cfg.Vault.Load(server)
	if err != nil || secret == "" {
		return nil, ErrNoAccount
	}
	p, err := a.discover(ctx, server)
	if err != nil {
		return nil, err
	}
	n := a.newAccount(server, a.refresher(p.config("")))
	n.keep, n.revocation = a.cfg.Vault, p.Revocation
	n.token = &oauth2.Token{RefreshToken: secret}
	if _, err := n.Token(ctx); err != nil {
		n.Close()
		if errors.Is(err, ErrSignedOut) {
			return nil, ErrNoAccount // it has run out: sign in anew
		}
		return nil, err
	}
	return n, nil
}

// application signs in with a secret of its own.
func (a *Accounts) application(ctx context.Context, server string) (*Account, error) {
	p, err := a.discover(ctx, server)
	if err != nil {
		return nil, err
	}
	cfg := clientcredentials.Config{ClientID: a.cfg.ClientID, ClientSecret: a.cfg.ClientSecret, TokenURL: p.Token, AuthStyle: oauth2.AuthStyleInHeader}
	n := a.newAccount(server, func(ctx context.Context, _ *oauth2.Token) (*oauth2.Token, error) {
		return cfg.Token(context.WithValue(ctx, oauth2.HTTPClient, a.cfg.HTTP))
	})
	if _, err := n.Token(ctx); err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

// browserKeyName is under what the vault keeps the key that binds tickets of
// single use to this installation.
const browserKeyName = "ticket-key"

// BrowserKey returns the secret that binds tickets of single use to this
// installation; it is made once.
func (a *Accounts) BrowserKey() (string, error) {
	key, err := a.cfg.Vault.Load(browserKeyName)
	if err == nil && key != "" {
		return key, nil
	}
	key = rand.Text()
	if err := a.cfg.Vault.Save(browserKeyName, key); err != nil {
		return "", fmt.Errorf("keep the link's key: %w", err)
	}
	return key, nil
}

// Customer signs in with the token that a ticket became. It is not kept: the
// link does that.
func (a *Accounts) Customer(server string, t wire.Token) *Account {
	cfg := oauth2.Config{ClientID: CustomerApplication,
		Endpoint: oauth2.Endpoint{TokenURL: server + "/security/oauth/token", AuthStyle: oauth2.AuthStyleInHeader}}
	n := a.newAccount(server, a.refresher(cfg))
	n.take(&oauth2.Token{AccessToken: t.AccessToken, RefreshToken: t.RefreshToken, ExpiresIn: t.ExpiresIn,
		Expiry: a.cfg.Now().Add(time.Duration(t.ExpiresIn) * time.Second)})
	n.person.ID, n.person.Conference = t.Subject, t.ConferenceID
	return n
}

// Holder signs in with a room token, which the server takes as it is. It is not
// kept, and there is no other when it ends.
func (a *Accounts) Holder(server, room, token string) *Account {
	n := a.newAccount(server, func(context.Context, *oauth2.Token) (*oauth2.Token, error) { return nil, ErrSignedOut })
	n.person.Conference, n.person.Room = room, true
	n.take(&oauth2.Token{AccessToken: token})
	return n
}

// refresher returns the renewal by a refresh token (RFC 6749, section 6).
func (a *Accounts) refresher(cfg oauth2.Config) renewal {
	return func(ctx context.Context, old *oauth2.Token) (*oauth2.Token, error) {
		if old.RefreshToken == "" {
			return nil, ErrSignedOut
		}
		ctx = context.WithValue(ctx, oauth2.HTTPClient, a.cfg.HTTP)
		return cfg.TokenSource(ctx, &oauth2.Token{RefreshToken: old.RefreshToken}).Token()
	}
}
