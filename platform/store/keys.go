package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"guichet/platform/oauth"
)

// SigningKeys implements oauth.KeyStore.
func (s *Store) SigningKeys(ctx context.Context) ([]oauth.Key, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT id, private, created FROM signing_keys ORDER BY created DESC, id`)
	if err != nil {
		return nil, fmt.Errorf("read signing keys: %w", err)
	}
	defer rows.Close()
	var list []oauth.Key
	for rows.Next() {
		var k oauth.Key
		var created int64
		if err := rows.Scan(&k.ID, &k.Private, &created); err != nil {
			return nil, fmt.Errorf("read signing keys: %w", err)
		}
		k.Created = time.UnixMilli(created)
		list = append(list, k)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read signing keys: %w", err)
	}
	return list, nil
}

// AddFirstKey implements oauth.KeyStore.
func (s *Store) AddFirstKey(ctx context.Context, k oauth.Key) error {
	return s.update(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`INSERT INTO signing_keys (id, private, created)
			SELECT ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM signing_keys)`, k.ID, k.Private, k.Created.UnixMilli())
		return err
	})
}
