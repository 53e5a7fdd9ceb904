package oauth

import (
	"context"
	"crypto/sha256"
	"time"

	"guichet/platform/oauth/idp"
	"guichet/platform/oauth/keyring"
	"guichet/platform/wire"
)

// Digest is the SHA-256 of a code or refresh token; the store never sees more.
type Digest [sha256.Size]byte

// StoredApplication is an application as it is kept: Secret is empty, its hash
// stands beside.
type StoredApplication struct {
	Application
	SecretHash string
	Disabled   bool
	Fixture    bool // works in --dev only
	Created    time.Time
	Version    int64 // counts changes, from 1
}

// StoredUser is a user as it is kept. ID is the name in lower case, or made up
// for a person of an identity provider.
type StoredUser struct {
	User
	ID            string
	PasswordHash  string // empty: signs in through Provider only
	Provider      string
	Subject       string   // the provider's own id for the person
	ProviderRoles []string // came with the last sign-in
	Disabled      bool
	Fixture       bool // works in --dev only
	Created       time.Time
	Version       int64
}

// Grant is what one sign-in or one redeemed ticket gave to an application.
type Grant struct {
	ID           string
	Application  string
	Organization string
	UserID       string
	Name         string
	Scopes       []string
	Roles        []string // of a guest or a kiosk; empty: those that the user has
	Conference   string   // of a ticket's grant
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

// ApplicationStore keeps applications.
type ApplicationStore interface {
	// Application fails with ErrUnknown.
	Application(ctx context.Context, id string) (StoredApplication, error)
	// Applications returns those of an organization by id.
	Applications(ctx context.Context, organization string) ([]StoredApplication, error)
	// AddApplication fails with ErrTaken when the id is a user's of the same
	// organization, or an application's that is no fixture; a fixture is replaced.
	AddApplication(ctx context.Context, a StoredApplication) error
	// ChangeApplication replaces an application of a.Version, and fails with
	// ErrChanged when it has another by now. With revoke all its tokens end.
	ChangeApplication(ctx context.Context, a StoredApplication, revoke bool, at time.Time) error
	// RemoveApplication removes one with all its grants and tokens.
	RemoveApplication(ctx context.Context, id string, at time.Time) error
}

// UserStore keeps users.
type UserStore interface {
	// User fails with ErrUnknown.
	User(ctx context.Context, organization, id string) (StoredUser, error)
	// UserOf returns the person whom a provider knows by subject, or fails with
	// ErrUnknown.
	UserOf(ctx context.Context, organization, provider, subject string) (StoredUser, error)
	// Users returns those of an organization by id.
	Users(ctx context.Context, organization string) ([]StoredUser, error)
	// AddUser fails with ErrTaken when the id is an application's of the same
	// organization, or a user's who is no fixture; a fixture is replaced. It fails
	// with ErrTaken as well for a second user of one provider's subject.
	AddUser(ctx context.Context, u StoredUser) error
	// ChangeUser replaces a user of u.Version, and fails with ErrChanged when
	// there is another by now. With revoke all their tokens end.
	ChangeUser(ctx context.Context, u StoredUser, revoke bool, at time.Time) error
	// RevokeUser ends all grants and tokens of a user.
	RevokeUser(ctx context.Context, organization, id string, at time.Time) error
	// RemoveUser removes one with all grants and tokens.
	RemoveUser(ctx context.Context, organization, id string, at time.Time) error
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
	// Refreshing is Refreshed, and tells whether the token can still be used.
	Refreshing(ctx context.Context, token Digest) (g Grant, live bool, err error)
	// Rotate puts next in the place of token. A used token revokes its grant and
	// fails with ErrReused; a revoked grant fails with ErrUnknown.
	Rotate(ctx context.Context, token, next Digest, at time.Time) error
	// RevokeGrant ends a grant and with it all its tokens; ended is false when it
	// had ended before.
	RevokeGrant(ctx context.Context, id string, at time.Time) (ended bool, err error)
	// RevokeToken ends one access or room token. Until is when it would have expired.
	RevokeToken(ctx context.Context, id string, at, until time.Time) error
	// Revocations returns what was revoked after a number, in order. Every change
	// that revokes adds to this list in the same transaction; so does every
	// change of the signing keys.
	Revocations(ctx context.Context, after int64, limit int) ([]Revocation, error)
	// SweepGrants forgets what expired, and revocations that were made, before a
	// time; of room tokens also those of applications and users that ended.
	SweepGrants(ctx context.Context, before time.Time) error
}

// Device is a device that asks to be signed in (RFC 8628).
type Device struct {
	Digest       Digest // of the device's code
	UserCode     string // what a person types, without dashes
	Application  string
	Organization string
	Scopes       []string
	Address      string // where it asked from
	Approved     bool
	Denied       bool
	Created      time.Time
	Expires      time.Time
}

// DeviceStore keeps devices that wait.
type DeviceStore interface {
	// AddDevice fails with ErrTaken when the user's code is another's.
	AddDevice(ctx context.Context, d Device, pace time.Duration) error
	// WaitingDevice returns the device of a user's code that nobody decided about
	// yet, or fails with ErrUnknown.
	WaitingDevice(ctx context.Context, userCode string, at time.Time) (Device, error)
	// DecideDevice approves a waiting device with a grant, or denies it without,
	// or fails with ErrUnknown.
	DecideDevice(ctx context.Context, userCode string, g *Grant, at time.Time) error
	// PollDevice returns a device to the application that it belongs to, else
	// ErrUnknown. Polls that come sooner than the device's pace fail with
	// ErrTooFast and slow it down by slower. The grant of an approved device is
	// given out once, with its first refresh token.
	PollDevice(ctx context.Context, code Digest, application string, first Digest, slower time.Duration, at time.Time) (Device, Grant, error)
}

// StoredProvider is an identity provider as it is kept.
type StoredProvider struct {
	idp.Provider
	Organization string
	Name         string
	Enabled      bool
	SealedSecret []byte   // ClientSecret is empty
	Roles        []string // short words, of everybody who comes through it
	Mappings     []wire.RoleMapping
	Created      time.Time
	Version      int64
}

// ProviderStore keeps identity providers.
type ProviderStore interface {
	// Provider fails with ErrUnknown.
	Provider(ctx context.Context, organization, id string) (StoredProvider, error)
	// Providers returns those of an organization by name.
	Providers(ctx context.Context, organization string) ([]StoredProvider, error)
	AddProvider(ctx context.Context, p StoredProvider) error
	// ChangeProvider replaces one of p.Version, or fails with ErrChanged.
	ChangeProvider(ctx context.Context, p StoredProvider) error
	// RemoveProvider fails with ErrUnknown.
	RemoveProvider(ctx context.Context, organization, id string) error
}

// Store is all that the service keeps.
type Store interface {
	ApplicationStore
	UserStore
	GrantStore
	DeviceStore
	ProviderStore
	RoomTokenStore
	AuditStore
	keyring.Store
}
