package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"guichet/platform/oauth"
)

const userColumns = `organization, id, display_name, roles, password, provider, subject, provider_roles, disabled, fixture, created, version`

// User implements oauth.UserStore.
func (s *Store) User(ctx context.Context, organization, id string) (oauth.StoredUser, error) {
	return oneUser(s.read.QueryRowContext(ctx, `SELECT `+userColumns+` FROM users WHERE organization = ? AND id = ?`, organization, id))
}

// UserOf implements oauth.UserStore.
func (s *Store) UserOf(ctx context.Context, organization, provider, subject string) (oauth.StoredUser, error) {
	return oneUser(s.read.QueryRowContext(ctx, `SELECT `+userColumns+` FROM users
		WHERE organization = ? AND provider = ? AND subject = ? AND provider <> ''`, organization, provider, subject))
}

// Users implements oauth.UserStore.
func (s *Store) Users(ctx context.Context, organization string) ([]oauth.StoredUser, error) {
	return collect(ctx, s.read, "read users", scanUser, `SELECT `+userColumns+` FROM users WHERE organization = ? ORDER BY lower(display_name), id`, organization)
}

func oneUser(r row) (oauth.StoredUser, error) {
	u, err := scanUser(r)
	if errors.Is(err, sql.ErrNoRows) {
		return u, oauth.ErrUnknown
	}
	if err != nil {
		return u, fmt.Errorf("read user: %w", err)
	}
	return u, nil
}

func scanUser(r row) (u oauth.StoredUser, err error) {
	var roles, providerRoles string
	var created int64
	err = r.Scan(&u.Organization, &u.ID, &u.DisplayName, &roles, &u.PasswordHash, &u.Provider, &u.Subject, &providerRoles,
		&u.Disabled, &u.Fixture, &created, &u.Version)
	u.Name, u.Roles, u.ProviderRoles, u.Created = u.ID, strings.Fields(roles), strings.Fields(providerRoles), time.UnixMilli(created)
	return u, err
}

// AddUser implements oauth.UserStore.
func (s *Store) AddUser(ctx context.Context, u oauth.StoredUser) error {
	return s.update(ctx, func(tx *sql.Tx) error {
		if taken, err := exists(tx, `SELECT 1 FROM applications WHERE organization = ? AND lower(id) = ?`, u.Organization, u.ID); err != nil || taken {
			return errors.Join(err, oauth.ErrTaken)
		}
		if _, err := tx.Exec(`DELETE FROM users WHERE organization = ? AND id = ? AND fixture`, u.Organization, u.ID); err != nil {
			return err
		}
		// Who comes in the place of another must not begin at a version of which all
		// room tokens ended.
		r, err := tx.Exec(`INSERT INTO users (`+userColumns+`)
			SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, max(?12, coalesce((SELECT max(version) FROM revocations WHERE kind = ?13 AND id = ?14), 0))
			WHERE true ON CONFLICT DO NOTHING`,
			u.Organization, u.ID, u.DisplayName, words(u.Roles), u.PasswordHash, u.Provider, u.Subject, words(u.ProviderRoles),
			u.Disabled, u.Fixture, u.Created.UnixMilli(), u.Version, oauth.RevokedIssuer, oauth.IssuerID(u.Organization, u.ID))
		return orElse(r, err, oauth.ErrTaken)
	})
}

// ChangeUser implements oauth.UserStore.
func (s *Store) ChangeUser(ctx context.Context, u oauth.StoredUser, revoke bool, at time.Time) error {
	return s.update(ctx, func(tx *sql.Tx) error {
		r, err := tx.Exec(`UPDATE users SET display_name = ?, roles = ?, password = ?, provider_roles = ?, disabled = ?, version = version + 1
			WHERE organization = ? AND id = ? AND version = ?`,
			u.DisplayName, words(u.Roles), u.PasswordHash, words(u.ProviderRoles), u.Disabled, u.Organization, u.ID, u.Version)
		if err := orElse(r, err, oauth.ErrChanged); err != nil || !revoke {
			return err
		}
		return errors.Join(revokeUser(tx, u.Organization, u.ID, at), revokeIssuer(tx, u.Organization, u.ID, u.Version+1, at))
	})
}

// RevokeUser implements oauth.UserStore.
func (s *Store) RevokeUser(ctx context.Context, organization, id string, at time.Time) error {
	return s.update(ctx, func(tx *sql.Tx) error { return revokeUser(tx, organization, id, at) })
}

// RemoveUser implements oauth.UserStore.
func (s *Store) RemoveUser(ctx context.Context, organization, id string, at time.Time) error {
	return s.update(ctx, func(tx *sql.Tx) error {
		var version int64
		err := tx.QueryRow(`DELETE FROM users WHERE organization = ? AND id = ? RETURNING version`, organization, id).Scan(&version)
		if errors.Is(err, sql.ErrNoRows) {
			return oauth.ErrUnknown
		}
		if err != nil {
			return err
		}
		return errors.Join(revokeUser(tx, organization, id, at), revokeIssuer(tx, organization, id, version+1, at))
	})
}
