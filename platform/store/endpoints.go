package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"guichet/platform/endpoint"
)

var errInConference = errors.New("endpoint is still in a conference")

// Endpoints implements endpoint.Store.
func (s *Store) Endpoints(ctx context.Context) ([]endpoint.Endpoint, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT id, organization, user_id, keep_alive, remind, created FROM endpoints`)
	if err != nil {
		return nil, fmt.Errorf("list endpoints: %w", err)
	}
	defer rows.Close()
	var list []endpoint.Endpoint
	for rows.Next() {
		var e endpoint.Endpoint
		var created int64
		if err := rows.Scan(&e.ID, &e.Owner.Organization, &e.Owner.UserID, &e.KeepAliveSeconds, &e.RemindOn, &created); err != nil {
			return nil, fmt.Errorf("list endpoints: %w", err)
		}
		e.Created = time.UnixMilli(created)
		list = append(list, e)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list endpoints: %w", err)
	}
	return list, nil
}

// SaveEndpoint implements endpoint.Store. A new endpoint's cursor starts at the
// end of the journal: nothing that happened before concerns it.
func (s *Store) SaveEndpoint(ctx context.Context, e endpoint.Endpoint) error {
	err := s.update(ctx, func(tx *sql.Tx) error {
		r, err := tx.Exec(`INSERT INTO endpoints (id, organization, user_id, keep_alive, remind, created, cursor)
			VALUES (?, ?, ?, ?, ?, ?, (SELECT coalesce(max(seq), 0) FROM journal))
			ON CONFLICT (id) DO UPDATE SET keep_alive = excluded.keep_alive, remind = excluded.remind
			WHERE organization = excluded.organization AND user_id = excluded.user_id`,
			e.ID, e.Owner.Organization, e.Owner.UserID, e.KeepAliveSeconds, e.RemindOn, e.Created.UnixMilli())
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return endpoint.ErrNotYours
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("save endpoint: %w", err)
	}
	return nil
}

// DeleteEndpoint implements endpoint.Store. What only this endpoint could read
// goes with it, so that who takes the id next finds nothing; for the same reason
// an endpoint that is still in a conference is not deleted.
func (s *Store) DeleteEndpoint(ctx context.Context, id string) error {
	err := s.update(ctx, func(tx *sql.Tx) error {
		var in bool
		if err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM memberships WHERE endpoint = ? AND to_seq IS NULL)`,
			id).Scan(&in); err != nil {
			return err
		}
		if in {
			return errInConference
		}
		for _, q := range []string{
			`DELETE FROM endpoints WHERE id = ?`,
			`DELETE FROM memberships WHERE endpoint = ?`,
			`DELETE FROM journal WHERE endpoint = ?`,
		} {
			if _, err := tx.Exec(q, id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("delete endpoint: %w", err)
	}
	s.tail.forget(id)
	return nil
}
