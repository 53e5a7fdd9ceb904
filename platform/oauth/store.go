package oauth

import (
	"context"
	"crypto/sha256"
	"time"
)

// Digest is the SHA-256 of a code or refresh token; the store never sees more.
type Digest [sha256.Size]byte

// StoredApplication is an application as it is kept: Secret is empty, its hash
// stands beside.
type StoredApplication struct {
	Application
	SecretHash string
	Fixture    bool // works in --dev only
	Created    time.Time
}

// StoredUser is a user as it is kept. ID is the name in lower case.
type StoredUser struct {
	User
	ID           string
	PasswordHash string
	Fixture      bool // works in --dev only
	Created      time.Time
}

// Grant is what one sign-in or one redeemed ticket gave to an application.
type Grant struct {
	ID           string
	Application  string
	Organization string
	UserID       string
	Name         string
	Scopes       []string
	Conference   string // of a ticket's grant
	Ticket       string
	Started      time.Time
	Expires      time.Time // no token outlives it
	Revoked      bool
}

// Code is an authorization code that waits for its exchange.
type Code struct {
	Digest      Digest
	RedirectURI string
	Challenge   string // S256; empty only where the application may go without
	Nonce       string
	Expires     time.Time
}

// Key is a private signing key.
type Key struct {
	ID      string // RFC 7638 thumbprint
	Private []byte // PKCS #8
	Created time.Time
}

// ApplicationStore keeps applications.
type ApplicationStore interface {
	// Application fails with ErrUnknown.
	Application(ctx context.Context, id string) (StoredApplication, error)
	// SaveApplication fails with ErrTaken when the id is a user's of the same
	// organization, or an application's that is no fixture; a fixture is replaced.
	SaveApplication(ctx context.Context, a StoredApplication) error
}

// UserStore keeps users.
type UserStore interface {
	// User fails with ErrUnknown.
	User(ctx context.Context, organization, id string) (StoredUser, error)
	// SaveUser fails with ErrTaken when the id is an application's of the same
	// organization, or a user's who is no fixture; a fixture is replaced.
	SaveUser(ctx context.Context, u StoredUser) error
}

// GrantStore keeps grants with their codes and refresh tokens.
type GrantStore interface {
	// AddGrant adds a grant with the code that leads to it.
	AddGrant(ctx context.Context, g Grant, c Code) error
	// AddRefreshedGrant adds a grant with its first refresh token.
	AddRefreshedGrant(ctx context.Context, g Grant, first Digest) error
	// TakeCode marks an application's code as used and returns it, or fails with
	// ErrUnknown. A used code revokes its grant and fails with ErrReused. It is
	// atomic: of several callers one gets the code.
	TakeCode(ctx context.Context, code Digest, application string, at time.Time) (Code, Grant, error)
	// AddRefresh adds the first refresh token of a grant that is not revoked,
	// or fails with ErrUnknown.
	AddRefresh(ctx context.Context, grant string, first Digest) error
	// Refreshed returns the grant of a refresh token, used or not, or fails
	// with ErrUnknown.
	Refreshed(ctx context.Context, token Digest) (Grant, error)
	// Rotate puts next in the place of token. A used token revokes its grant and
	// fails with ErrReused; a revoked grant fails with ErrUnknown.
	Rotate(ctx context.Context, token, next Digest, at time.Time) error
	// RevokeGrant ends a grant and with it all its tokens.
	RevokeGrant(ctx context.Context, id string, at time.Time) error
	// RevokeToken ends one access token, of which nobody asks after expires.
	RevokeToken(ctx context.Context, id string, expires time.Time) error
	// Revoked tells whether an access token or its grant was revoked; a grant
	// that is not there counts as revoked.
	Revoked(ctx context.Context, token, grant string) (bool, error)
	// SweepGrants forgets what expired before a time.
	SweepGrants(ctx context.Context, before time.Time) error
}

// KeyStore keeps signing keys.
type KeyStore interface {
	// SigningKeys returns all keys, the newest first.
	SigningKeys(ctx context.Context) ([]Key, error)
	// AddFirstKey adds a key if there is none.
	AddFirstKey(ctx context.Context, k Key) error
}

// Store is all that the service keeps.
type Store interface {
	ApplicationStore
	UserStore
	GrantStore
	KeyStore
}
