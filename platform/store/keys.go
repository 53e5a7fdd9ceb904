package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"guichet/platform/oauth"
	"guichet/platform/oauth/keyring"
)

// SigningKeys implements keyring.Store.
func (s *Store) SigningKeys(ctx context.Context) ([]keyring.Key, error) {
	return collect(ctx, s.read, "read signing keys", func(r row) (k keyring.Key, err error) {
		var created, signs, until int64
		err = r.Scan(&k.ID, &k.Algorithm, &k.Sealed, &created, &signs, &until)
		k.Created, k.Signs = time.UnixMilli(created), time.UnixMilli(signs)
		if until > 0 {
			k.Until = time.UnixMilli(until)
		}
		return k, err
	}, `SELECT id, algorithm, sealed, created, signs, until FROM signing_keys ORDER BY signs DESC, created DESC, id`)
}

// ReplaceSigningKeys implements keyring.Store.
func (s *Store) ReplaceSigningKeys(ctx context.Context, newest string, add *keyring.Key, remove []string, compromised bool) error {
	return s.update(ctx, func(tx *sql.Tx) error {
		var found string
		err := tx.QueryRow(`SELECT id FROM signing_keys ORDER BY signs DESC, created DESC, id LIMIT 1`).Scan(&found)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if found != newest {
			return keyring.ErrChanged
		}
		at := time.Now()
		if add != nil {
			at = add.Created
		}
		// Who follows the list must sign with the new key before anybody is cut,
		// and comes back, because of the old ones.
		if err := revoke(tx, oauth.Revocation{Kind: "keys", At: at}); err != nil {
			return err
		}
		for _, id := range remove {
			if _, err := tx.Exec(`DELETE FROM signing_keys WHERE id = ?`, id); err != nil {
				return err
			}
			if compromised {
				if err := revoke(tx, oauth.Revocation{Kind: oauth.RevokedKey, ID: id, At: at}); err != nil {
					return err
				}
			}
		}
		if add == nil {
			return nil
		}
		_, err = tx.Exec(`INSERT INTO signing_keys (id, algorithm, sealed, created, signs) VALUES (?, ?, ?, ?, ?)`,
			add.ID, add.Algorithm, add.Sealed, add.Created.UnixMilli(), add.Signs.UnixMilli())
		return err
	})
}

// KeepSigningKey implements keyring.Store.
func (s *Store) KeepSigningKey(ctx context.Context, id string, until, at time.Time) error {
	return s.update(ctx, func(tx *sql.Tx) error {
		r, err := tx.Exec(`UPDATE signing_keys SET until = max(until, ?) WHERE id = ?`, until.UnixMilli(), id)
		if err := orElse(r, err, keyring.ErrChanged); err != nil {
			return err
		}
		return revoke(tx, oauth.Revocation{Kind: "keys", At: at})
	})
}
