package store

import (
	"context"
	"database/sql"
	"time"

	"guichet/platform/oauth"
)

// revoke adds to the list that every process follows.
func revoke(tx *sql.Tx, kind, organization, id string, at time.Time) error {
	_, err := tx.Exec(`INSERT INTO revocations (kind, organization, id, at) VALUES (?, ?, ?, ?)`, kind, organization, id, at.UnixMilli())
	return err
}

func revokeGrant(tx *sql.Tx, id string, at time.Time) error {
	r, err := tx.Exec(`UPDATE grants SET revoked = ? WHERE id = ? AND revoked IS NULL`, at.UnixMilli(), id)
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return err // it was revoked before, or has expired
	}
	return revoke(tx, oauth.RevokedGrant, "", id, at)
}

func revokeApplication(tx *sql.Tx, id string, at time.Time) error {
	if _, err := tx.Exec(`UPDATE grants SET revoked = ? WHERE application = ? AND revoked IS NULL`, at.UnixMilli(), id); err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM devices WHERE application = ?`, id); err != nil {
		return err
	}
	return revoke(tx, oauth.RevokedApplication, "", id, at)
}

func revokeUser(tx *sql.Tx, organization, id string, at time.Time) error {
	if _, err := tx.Exec(`UPDATE grants SET revoked = ? WHERE organization = ? AND user = ? AND revoked IS NULL`, at.UnixMilli(), organization, id); err != nil {
		return err
	}
	return revoke(tx, oauth.RevokedUser, organization, id, at)
}

// RevokeToken implements oauth.GrantStore.
func (s *Store) RevokeToken(ctx context.Context, id string, at time.Time) error {
	return s.update(ctx, func(tx *sql.Tx) error { return revoke(tx, oauth.RevokedToken, "", id, at) })
}

// RevokeGrant implements oauth.GrantStore.
func (s *Store) RevokeGrant(ctx context.Context, id string, at time.Time) error {
	return s.update(ctx, func(tx *sql.Tx) error { return revokeGrant(tx, id, at) })
}

// Revocations implements oauth.GrantStore.
func (s *Store) Revocations(ctx context.Context, after int64, limit int) ([]oauth.Revocation, error) {
	return collect(ctx, s.read, "read revocations", func(r row) (v oauth.Revocation, err error) {
		var at int64
		err = r.Scan(&v.Seq, &v.Kind, &v.Organization, &v.ID, &at)
		v.At = time.UnixMilli(at)
		return v, err
	}, `SELECT seq, kind, organization, id, at FROM revocations WHERE seq > ? ORDER BY seq LIMIT ?`, after, limit)
}
