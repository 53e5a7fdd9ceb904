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

// User implements oauth.UserStore.
func (s *Store) User(ctx context.Context, organization, id string) (oauth.StoredUser, error) {
	u := oauth.StoredUser{ID: id, User: oauth.User{Organization: organization, Name: id}}
	var roles string
	var created int64
	err := s.read.QueryRowContext(ctx, `SELECT display_name, roles, password, fixture, created FROM users
		WHERE organization = ? AND id = ?`, organization, id).
		Scan(&u.DisplayName, &roles, &u.PasswordHash, &u.Fixture, &created)
	if errors.Is(err, sql.ErrNoRows) {
		return u, oauth.ErrUnknown
	}
	if err != nil {
		return u, fmt.Errorf("read user: %w", err)
	}
	u.Roles, u.Created = strings.Fields(roles), time.UnixMilli(created)
	return u, nil
}

// SaveUser implements oauth.UserStore.
func (s *Store) SaveUser(ctx context.Context, u oauth.StoredUser) error {
	return s.update(ctx, func(tx *sql.Tx) error {
		if taken, err := exists(tx, `SELECT 1 FROM applications WHERE organization = ? AND lower(id) = ?`, u.Organization, u.ID); err != nil || taken {
			return errors.Join(err, oauth.ErrTaken)
		}
		r, err := tx.Exec(`INSERT INTO users (organization, id, display_name, roles, password, fixture, created)
			VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (organization, id) DO UPDATE SET display_name = excluded.display_name, roles = excluded.roles,
				password = excluded.password, fixture = excluded.fixture, created = excluded.created
			WHERE fixture`,
			u.Organization, u.ID, u.DisplayName, words(u.Roles), u.PasswordHash, u.Fixture, u.Created.UnixMilli())
		return orTaken(r, err)
	})
}
