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

// Application implements oauth.ApplicationStore.
func (s *Store) Application(ctx context.Context, id string) (oauth.StoredApplication, error) {
	var a oauth.StoredApplication
	var roles, scopes, grants, redirects string
	var created int64
	err := s.read.QueryRowContext(ctx, `SELECT id, organization, secret, roles, scopes, grants, redirects,
		public, allow_query, allow_basic, pkce_optional, fixture, created FROM applications WHERE id = ?`, id).
		Scan(&a.ID, &a.Organization, &a.SecretHash, &roles, &scopes, &grants, &redirects,
			&a.Public, &a.AllowQuery, &a.AllowBasic, &a.PKCEOptional, &a.Fixture, &created)
	if errors.Is(err, sql.ErrNoRows) {
		return a, oauth.ErrUnknown
	}
	if err != nil {
		return a, fmt.Errorf("read application: %w", err)
	}
	a.Roles, a.Scopes, a.Grants, a.RedirectURIs = strings.Fields(roles), strings.Fields(scopes), strings.Fields(grants), strings.Fields(redirects)
	a.Created = time.UnixMilli(created)
	return a, nil
}

// SaveApplication implements oauth.ApplicationStore.
func (s *Store) SaveApplication(ctx context.Context, a oauth.StoredApplication) error {
	return s.update(ctx, func(tx *sql.Tx) error {
		if taken, err := exists(tx, `SELECT 1 FROM users WHERE organization = ? AND id = ?`, a.Organization, strings.ToLower(a.ID)); err != nil || taken {
			return errors.Join(err, oauth.ErrTaken)
		}
		r, err := tx.Exec(`INSERT INTO applications (id, organization, secret, roles, scopes, grants, redirects,
			public, allow_query, allow_basic, pkce_optional, fixture, created)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET organization = excluded.organization, secret = excluded.secret, roles = excluded.roles,
				scopes = excluded.scopes, grants = excluded.grants, redirects = excluded.redirects, public = excluded.public,
				allow_query = excluded.allow_query, allow_basic = excluded.allow_basic, pkce_optional = excluded.pkce_optional, fixture = excluded.fixture,
				created = excluded.created
			WHERE fixture`,
			a.ID, a.Organization, a.SecretHash, words(a.Roles), words(a.Scopes), words(a.Grants), words(a.RedirectURIs),
			a.Public, a.AllowQuery, a.AllowBasic, a.PKCEOptional, a.Fixture, a.Created.UnixMilli())
		return orTaken(r, err)
	})
}

// words joins a list of words without spaces.
func words(list []string) string { return strings.Join(list, " ") }

func exists(tx *sql.Tx, query string, args ...any) (bool, error) {
	var found bool
	err := tx.QueryRow("SELECT EXISTS ("+query+")", args...).Scan(&found)
	return found, err
}

// orTaken is the result of an insertion that leaves an existing row alone.
func orTaken(r sql.Result, err error) error {
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, oauth.ErrTaken)
	}
	return nil
}
