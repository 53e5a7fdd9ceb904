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

const applicationColumns = `id, name, organization, secret, roles, scopes, grants, redirects, post_logout,
	public, allow_query, allow_basic, pkce_optional, disabled, fixture, created, version`

// Application implements oauth.ApplicationStore.
func (s *Store) Application(ctx context.Context, id string) (oauth.StoredApplication, error) {
	a, err := scanApplication(s.read.QueryRowContext(ctx, `SELECT `+applicationColumns+` FROM applications WHERE id = ?`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return a, oauth.ErrUnknown
	}
	if err != nil {
		return a, fmt.Errorf("read application: %w", err)
	}
	return a, nil
}

// Applications implements oauth.ApplicationStore.
func (s *Store) Applications(ctx context.Context, organization string) ([]oauth.StoredApplication, error) {
	return collect(ctx, s.read, "read applications", scanApplication,
		`SELECT `+applicationColumns+` FROM applications WHERE organization = ? ORDER BY lower(id), id`, organization)
}

// row is a *sql.Row or *sql.Rows.
type row interface{ Scan(into ...any) error }

// querier is a *sql.DB or *sql.Tx.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// collect reads all rows of a query.
func collect[T any](ctx context.Context, db querier, what string, scan func(row) (T, error), query string, args ...any) ([]T, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	defer rows.Close()
	var list []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		list = append(list, v)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return list, nil
}

func scanApplication(r row) (a oauth.StoredApplication, err error) {
	var roles, scopes, grants, redirects, postLogout string
	var created int64
	err = r.Scan(&a.ID, &a.Name, &a.Organization, &a.SecretHash, &roles, &scopes, &grants, &redirects, &postLogout,
		&a.Public, &a.AllowQuery, &a.AllowBasic, &a.PKCEOptional, &a.Disabled, &a.Fixture, &created, &a.Version)
	a.Roles, a.Scopes, a.Grants = strings.Fields(roles), strings.Fields(scopes), strings.Fields(grants)
	a.RedirectURIs, a.PostLogoutRedirectURIs = strings.Fields(redirects), strings.Fields(postLogout)
	a.Created = time.UnixMilli(created)
	return a, err
}

// AddApplication implements oauth.ApplicationStore.
func (s *Store) AddApplication(ctx context.Context, a oauth.StoredApplication) error {
	return s.update(ctx, func(tx *sql.Tx) error {
		if taken, err := exists(tx, `SELECT 1 FROM users WHERE organization = ? AND id = ?`, a.Organization, strings.ToLower(a.ID)); err != nil || taken {
			return errors.Join(err, oauth.ErrTaken)
		}
		if _, err := tx.Exec(`DELETE FROM applications WHERE id = ? AND fixture`, a.ID); err != nil {
			return err
		}
		// One that comes in the place of another must not begin at a version of
		// which all tokens ended.
		r, err := tx.Exec(`INSERT INTO applications (`+applicationColumns+`)
			SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,
				max(?17, coalesce((SELECT max(version) FROM revocations WHERE kind = 'application' AND id = ?1), 0))
			WHERE true ON CONFLICT (id) DO NOTHING`,
			a.ID, a.Name, a.Organization, a.SecretHash, words(a.Roles), words(a.Scopes), words(a.Grants), words(a.RedirectURIs), words(a.PostLogoutRedirectURIs),
			a.Public, a.AllowQuery, a.AllowBasic, a.PKCEOptional, a.Disabled, a.Fixture, a.Created.UnixMilli(), a.Version)
		if err := orElse(r, err, oauth.ErrTaken); err != nil {
			return err
		}
		return changed(tx, a.Created)
	})
}

// ChangeApplication implements oauth.ApplicationStore.
func (s *Store) ChangeApplication(ctx context.Context, a oauth.StoredApplication, revoke bool, at time.Time) error {
	return s.update(ctx, func(tx *sql.Tx) error {
		r, err := tx.Exec(`UPDATE applications SET name = ?, secret = ?, roles = ?, scopes = ?, grants = ?, redirects = ?, post_logout = ?,
			allow_query = ?, allow_basic = ?, pkce_optional = ?, disabled = ?, version = version + 1 WHERE id = ? AND version = ?`,
			a.Name, a.SecretHash, words(a.Roles), words(a.Scopes), words(a.Grants), words(a.RedirectURIs), words(a.PostLogoutRedirectURIs),
			a.AllowQuery, a.AllowBasic, a.PKCEOptional, a.Disabled, a.ID, a.Version)
		if err := orElse(r, err, oauth.ErrChanged); err != nil {
			return err
		}
		if revoke {
			if err := revokeApplication(tx, a.ID, a.Version+1, at); err != nil {
				return err
			}
		}
		return changed(tx, at)
	})
}

// RemoveApplication implements oauth.ApplicationStore.
func (s *Store) RemoveApplication(ctx context.Context, id string, at time.Time) error {
	return s.update(ctx, func(tx *sql.Tx) error {
		var version int64
		err := tx.QueryRow(`DELETE FROM applications WHERE id = ? RETURNING version`, id).Scan(&version)
		if errors.Is(err, sql.ErrNoRows) {
			return oauth.ErrUnknown
		}
		if err != nil {
			return err
		}
		if err := revokeApplication(tx, id, version+1, at); err != nil {
			return err
		}
		return changed(tx, at)
	})
}

// changed tells every process to read applications anew.
func changed(tx *sql.Tx, at time.Time) error {
	return revoke(tx, oauth.Revocation{Kind: oauth.ChangedSettings, At: at})
}

// words joins a list of words without spaces.
func words(list []string) string { return strings.Join(list, " ") }

func exists(tx *sql.Tx, query string, args ...any) (bool, error) {
	var found bool
	err := tx.QueryRow("SELECT EXISTS ("+query+")", args...).Scan(&found)
	return found, err
}

// orElse is the result of a statement that must concern a row.
func orElse(r sql.Result, err error, none error) error {
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, none)
	}
	return nil
}
