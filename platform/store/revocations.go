package store

import (
	"context"
	"database/sql"
	"time"

	"guichet/platform/oauth"
)

// revoke adds to the list that every process follows.
func revoke(tx *sql.Tx, r oauth.Revocation) error {
	until := int64(0)
	if !r.Until.IsZero() {
		until = r.Until.UnixMilli()
	}
	_, err := tx.Exec(`INSERT INTO revocations (kind, id, version, at, until) VALUES (?, ?, ?, ?, ?)`, r.Kind, r.ID, r.Version, r.At.UnixMilli(), until)
	return err
}

func revokeGrant(tx *sql.Tx, id string, at time.Time) (ended bool, err error) {
	r, err := tx.Exec(`UPDATE grants SET revoked = ? WHERE id = ? AND revoked IS NULL`, at.UnixMilli(), id)
	if err != nil {
		return false, err
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return false, err // it was revoked before, or has expired
	}
	return true, revoke(tx, oauth.Revocation{Kind: oauth.RevokedGrant, ID: id, At: at})
}

// revokeApplication ends what an application had before a version.
func revokeApplication(tx *sql.Tx, id string, version int64, at time.Time) error {
	if _, err := tx.Exec(`UPDATE grants SET revoked = ? WHERE application = ? AND revoked IS NULL`, at.UnixMilli(), id); err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM devices WHERE application = ?`, id); err != nil {
		return err
	}
	return revoke(tx, oauth.Revocation{Kind: oauth.RevokedApplication, ID: id, Version: version, At: at})
}

// revokeUser ends all sessions of a user; every token of theirs belongs to one.
func revokeUser(tx *sql.Tx, organization, id string, at time.Time) error {
	rows, err := tx.Query(`UPDATE grants SET revoked = ? WHERE organization = ? AND user = ? AND revoked IS NULL RETURNING id`, at.UnixMilli(), organization, id)
	if err != nil {
		return err
	}
	defer rows.Close()
	var ended []string
	for rows.Next() {
		var grant string
		if err := rows.Scan(&grant); err != nil {
			return err
		}
		ended = append(ended, grant)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, grant := range ended {
		if err := revoke(tx, oauth.Revocation{Kind: oauth.RevokedGrant, ID: grant, At: at}); err != nil {
			return err
		}
	}
	return nil
}

// RevokeToken implements oauth.GrantStore.
func (s *Store) RevokeToken(ctx context.Context, id string, at, until time.Time) error {
	return s.update(ctx, func(tx *sql.Tx) error {
		if !until.IsZero() { // a room token: what is remembered counts against its organization
			if _, err := tx.Exec(`UPDATE room_tokens SET kept = max(kept, ?) WHERE id = ?`, until.UnixMilli(), id); err != nil {
				return err
			}
		}
		return revoke(tx, oauth.Revocation{Kind: oauth.RevokedToken, ID: id, At: at, Until: until})
	})
}

// RevokeGrant implements oauth.GrantStore.
func (s *Store) RevokeGrant(ctx context.Context, id string, at time.Time) (ended bool, err error) {
	err = s.update(ctx, func(tx *sql.Tx) error {
		ended, err = revokeGrant(tx, id, at)
		return err
	})
	return ended && err == nil, err
}

// Revocations implements oauth.GrantStore.
func (s *Store) Revocations(ctx context.Context, after int64, limit int) ([]oauth.Revocation, error) {
	return collect(ctx, s.read, "read revocations", func(r row) (v oauth.Revocation, err error) {
		var at, until int64
		err = r.Scan(&v.Seq, &v.Kind, &v.ID, &v.Version, &at, &until)
		v.At = time.UnixMilli(at)
		if until > 0 {
			v.Until = time.UnixMilli(until)
		}
		return v, err
	}, `SELECT seq, kind, id, version, at, until FROM revocations WHERE seq > ? ORDER BY seq LIMIT ?`, after, limit)
}
