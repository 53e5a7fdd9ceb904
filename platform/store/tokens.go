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

const grantColumns = `g.id, g.application, g.organization, g.user, g.name, g.scopes, g.roles, g.conference, g.ticket, g.started, g.expires, g.revoked IS NOT NULL`

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
	_, err := tx.Exec(`INSERT INTO grants (id, application, organization, user, name, scopes, roles, conference, ticket, started, expires)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		g.ID, g.Application, g.Organization, g.UserID, g.Name, words(g.Scopes), words(g.Roles), g.Conference, g.Ticket, g.Started.UnixMilli(), g.Expires.UnixMilli())
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
			_, err := revokeGrant(tx, g.ID, at)
			return err
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

// Refreshing implements oauth.GrantStore.
func (s *Store) Refreshing(ctx context.Context, token oauth.Digest) (g oauth.Grant, live bool, err error) {
	var used bool
	g, err = scanGrant(s.read.QueryRowContext(ctx, `SELECT `+grantColumns+`, r.used
		FROM refresh_tokens r JOIN grants g ON g.id = r.grant_id WHERE r.hash = ?`, token[:]), &used)
	return g, !used, err
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
			_, err := revokeGrant(tx, grant, at)
			return err
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

// SweepGrants implements oauth.GrantStore. Codes and refresh tokens go with
// their grants.
func (s *Store) SweepGrants(ctx context.Context, before time.Time) error {
	for _, q := range []struct{ what, query string }{
		{"grants", `DELETE FROM grants WHERE id IN (SELECT id FROM grants WHERE expires < ?1 LIMIT ?2)`},
		// A code nobody exchanged: its grant has no refresh token and never will.
		{"codes", `DELETE FROM grants WHERE id IN (SELECT c.grant_id FROM codes c WHERE c.used = 0 AND c.expires < ?1 LIMIT ?2)`},
		{"devices", `DELETE FROM devices WHERE hash IN (SELECT hash FROM devices WHERE expires < ?1 LIMIT ?2)`},
		{"room tokens", `DELETE FROM room_tokens WHERE seq IN (SELECT seq FROM room_tokens WHERE kept < ?1 LIMIT ?2)`},
		{"room tokens of applications", `DELETE FROM room_tokens WHERE ?1 > 0 AND seq IN (SELECT t.seq FROM revocations r
			JOIN room_tokens t ON t.application = r.id AND t.version < r.version WHERE r.kind = 'application' LIMIT ?2)`},
		{"room tokens of users", `DELETE FROM room_tokens WHERE ?1 > 0 AND seq IN (SELECT t.seq FROM revocations r
			JOIN room_tokens t ON t.organization = substr(r.id, 1, instr(r.id, '/') - 1) AND t.user = substr(r.id, instr(r.id, '/') + 1)
				AND t.user_version < r.version WHERE r.kind = 'issuer' LIMIT ?2)`},
		// Room tokens live long: of an application the last stays, of a token what has not expired.
		{"revocations", `DELETE FROM revocations WHERE seq IN (SELECT seq FROM revocations r WHERE at < ?1 AND until < ?1
			AND (kind <> 'application' OR EXISTS (SELECT 1 FROM revocations n WHERE n.kind = r.kind AND n.id = r.id AND n.seq > r.seq)) LIMIT ?2)`},
	} {
		if err := s.sweep(ctx, q.what, q.query, before.UnixMilli(), sweepChunk); err != nil {
			return err
		}
	}
	return nil
}

// scanGrant reads grantColumns and what follows them.
func scanGrant(r row, more ...any) (oauth.Grant, error) {
	var g oauth.Grant
	var scopes, roles string
	var started, expires int64
	err := r.Scan(append([]any{&g.ID, &g.Application, &g.Organization, &g.UserID, &g.Name, &scopes, &roles, &g.Conference, &g.Ticket,
		&started, &expires, &g.Revoked}, more...)...)
	if errors.Is(err, sql.ErrNoRows) {
		return g, oauth.ErrUnknown
	}
	if err != nil {
		return g, fmt.Errorf("read grant: %w", err)
	}
	g.Scopes, g.Started, g.Expires = strings.Fields(scopes), time.UnixMilli(started), time.UnixMilli(expires)
	if roles != "" {
		g.Roles = strings.Fields(roles)
	}
	return g, nil
}
