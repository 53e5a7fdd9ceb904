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

const grantColumns = `g.id, g.application, g.organization, g.user, g.name, g.scopes, g.conference, g.ticket, g.started, g.expires, g.revoked IS NOT NULL`

// AddGrant implements oauth.GrantStore.
func (s *Store) AddGrant(ctx context.Context, g oauth.Grant, c oauth.Code) error {
	return s.update(ctx, func(tx *sql.Tx) error {
		if err := addGrant(tx, g); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO codes (hash, grant_id, redirect, challenge, nonce, expires, used) VALUES (?, ?, ?, ?, ?, ?, 0)`,
			c.Digest[:], g.ID, c.RedirectURI, c.Challenge, c.Nonce, c.Expires.UnixMilli())
		return err
	})
}

// AddRefreshedGrant implements oauth.GrantStore.
func (s *Store) AddRefreshedGrant(ctx context.Context, g oauth.Grant, first oauth.Digest) error {
	return s.update(ctx, func(tx *sql.Tx) error {
		if err := addGrant(tx, g); err != nil {
			return err
		}
		return addRefresh(tx, g.ID, first)
	})
}

func addGrant(tx *sql.Tx, g oauth.Grant) error {
	_, err := tx.Exec(`INSERT INTO grants (id, application, organization, user, name, scopes, conference, ticket, started, expires)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		g.ID, g.Application, g.Organization, g.UserID, g.Name, words(g.Scopes), g.Conference, g.Ticket, g.Started.UnixMilli(), g.Expires.UnixMilli())
	return err
}

// addRefresh adds a refresh token to a grant that is not revoked.
func addRefresh(tx *sql.Tx, grant string, token oauth.Digest) error {
	r, err := tx.Exec(`INSERT INTO refresh_tokens (hash, grant_id, used)
		SELECT ?, id, 0 FROM grants WHERE id = ? AND revoked IS NULL`, token[:], grant)
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, oauth.ErrUnknown)
	}
	return nil
}

// TakeCode implements oauth.GrantStore.
func (s *Store) TakeCode(ctx context.Context, code oauth.Digest, application string, at time.Time) (c oauth.Code, g oauth.Grant, err error) {
	var reused bool
	err = s.update(ctx, func(tx *sql.Tx) error {
		var expires int64
		c.Digest = code
		g, err = scanGrant(tx.QueryRow(`SELECT `+grantColumns+`, c.redirect, c.challenge, c.nonce, c.expires, c.used
			FROM codes c JOIN grants g ON g.id = c.grant_id WHERE c.hash = ? AND g.application = ?`, code[:], application),
			&c.RedirectURI, &c.Challenge, &c.Nonce, &expires, &reused)
		if err != nil {
			return err
		}
		c.Expires = time.UnixMilli(expires)
		if reused {
			return revokeGrant(tx, g.ID, at)
		}
		_, err = tx.Exec(`UPDATE codes SET used = 1 WHERE hash = ?`, code[:])
		return err
	})
	if err == nil && reused {
		err = oauth.ErrReused
	}
	return c, g, err
}

// AddRefresh implements oauth.GrantStore.
func (s *Store) AddRefresh(ctx context.Context, grant string, first oauth.Digest) error {
	return s.update(ctx, func(tx *sql.Tx) error { return addRefresh(tx, grant, first) })
}

// Refreshed implements oauth.GrantStore.
func (s *Store) Refreshed(ctx context.Context, token oauth.Digest) (oauth.Grant, error) {
	return scanGrant(s.read.QueryRowContext(ctx, `SELECT `+grantColumns+`
		FROM refresh_tokens r JOIN grants g ON g.id = r.grant_id WHERE r.hash = ?`, token[:]))
}

// Rotate implements oauth.GrantStore.
func (s *Store) Rotate(ctx context.Context, token, next oauth.Digest, at time.Time) error {
	var used bool
	err := s.update(ctx, func(tx *sql.Tx) error {
		var grant string
		err := tx.QueryRow(`SELECT grant_id, used FROM refresh_tokens WHERE hash = ?`, token[:]).Scan(&grant, &used)
		if errors.Is(err, sql.ErrNoRows) {
			return oauth.ErrUnknown
		}
		if err != nil {
			return err
		}
		if used {
			return revokeGrant(tx, grant, at)
		}
		if _, err := tx.Exec(`UPDATE refresh_tokens SET used = 1 WHERE hash = ?`, token[:]); err != nil {
			return err
		}
		return addRefresh(tx, grant, next)
	})
	if err == nil && used {
		return oauth.ErrReused
	}
	return err
}

// RevokeGrant implements oauth.GrantStore.
func (s *Store) RevokeGrant(ctx context.Context, id string, at time.Time) error {
	return s.update(ctx, func(tx *sql.Tx) error { return revokeGrant(tx, id, at) })
}

func revokeGrant(tx *sql.Tx, id string, at time.Time) error {
	_, err := tx.Exec(`UPDATE grants SET revoked = ? WHERE id = ? AND revoked IS NULL`, at.UnixMilli(), id)
	return err
}

// RevokeToken implements oauth.GrantStore.
func (s *Store) RevokeToken(ctx context.Context, id string, expires time.Time) error {
	return s.update(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`INSERT INTO revoked_tokens (id, expires) VALUES (?, ?) ON CONFLICT DO NOTHING`, id, expires.UnixMilli())
		return err
	})
}

// Revoked implements oauth.GrantStore.
func (s *Store) Revoked(ctx context.Context, token, grant string) (bool, error) {
	var revoked bool
	err := s.read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM revoked_tokens WHERE id = ?1)
		OR ?2 <> '' AND NOT EXISTS (SELECT 1 FROM grants WHERE id = ?2 AND revoked IS NULL)`, token, grant).Scan(&revoked)
	if err != nil {
		return false, fmt.Errorf("read revocations: %w", err)
	}
	return revoked, nil
}

// SweepGrants implements oauth.GrantStore. Codes and refresh tokens go with
// their grants.
func (s *Store) SweepGrants(ctx context.Context, before time.Time) error {
	for _, q := range []string{
		`DELETE FROM grants WHERE id IN (SELECT id FROM grants WHERE expires < ? LIMIT ?)`,
		// A code nobody exchanged: its grant has no refresh token and never will.
		`DELETE FROM grants WHERE id IN (SELECT c.grant_id FROM codes c WHERE c.used = 0 AND c.expires < ? LIMIT ?)`,
		`DELETE FROM revoked_tokens WHERE id IN (SELECT id FROM revoked_tokens WHERE expires < ? LIMIT ?)`,
	} {
		for n := int64(sweepChunk); n == sweepChunk; {
			err := s.update(ctx, func(tx *sql.Tx) error {
				r, err := tx.Exec(q, before.UnixMilli(), sweepChunk)
				if err != nil {
					return err
				}
				n, err = r.RowsAffected()
				return err
			})
			if err != nil {
				return fmt.Errorf("sweep grants: %w", err)
			}
		}
	}
	return nil
}

// scanGrant reads grantColumns and what follows them.
func scanGrant(row *sql.Row, more ...any) (oauth.Grant, error) {
	var g oauth.Grant
	var scopes string
	var started, expires int64
	err := row.Scan(append([]any{&g.ID, &g.Application, &g.Organization, &g.UserID, &g.Name, &scopes, &g.Conference, &g.Ticket,
		&started, &expires, &g.Revoked}, more...)...)
	if errors.Is(err, sql.ErrNoRows) {
		return g, oauth.ErrUnknown
	}
	if err != nil {
		return g, fmt.Errorf("read grant: %w", err)
	}
	g.Scopes, g.Started, g.Expires = strings.Fields(scopes), time.UnixMilli(started), time.UnixMilli(expires)
	return g, nil
}
