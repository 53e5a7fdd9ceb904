package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"guichet/platform/call"
)

// LoadCall implements call.Store.
func (s *Store) LoadCall(ctx context.Context, k call.Key) (call.Saved, error) {
	var v call.Saved
	err := s.read.QueryRowContext(ctx, `SELECT revision, state FROM calls WHERE organization = ? AND id = ?`,
		k.Organization, k.ID).Scan(&v.Revision, &v.State)
	if errors.Is(err, sql.ErrNoRows) {
		return call.Saved{}, nil
	}
	if err != nil {
		return call.Saved{}, fmt.Errorf("load call: %w", err)
	}
	return v, nil
}

// SaveCall implements call.Store. An event is one journal row for each endpoint
// that sees it.
func (s *Store) SaveCall(ctx context.Context, c call.Change) error {
	var last int64
	err := s.update(ctx, func(tx *sql.Tx) error {
		if err := saveCall(tx, c); err != nil {
			return err
		}
		if err := saveParties(tx, c); err != nil {
			return err
		}
		rows, err := saveCallEvents(tx, c)
		if err == nil && len(rows) > 0 {
			last = rows[len(rows)-1].entry.Seq
			s.tail.stage(rows)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("save call: %w", err)
	}
	s.tail.publish(last)
	return nil
}

func saveCall(tx *sql.Tx, c call.Change) error {
	var rings, ended any
	if !c.RingsUntil.IsZero() {
		rings = c.RingsUntil.UnixMilli()
	}
	if c.Ended {
		ended = c.At.UnixMilli()
	}
	if c.Was > 0 {
		r, err := tx.Exec(`UPDATE calls SET revision = revision + 1, state = ?, rings_until = ?, ended = ?
			WHERE organization = ? AND id = ? AND revision = ?`,
			c.State, rings, ended, c.Key.Organization, c.Key.ID, c.Was)
		return orElse(r, err, call.ErrStale)
	}
	for _, user := range []string{c.Caller, c.Callee} {
		var live int
		// In two, each with its own index.
		if err := tx.QueryRow(`SELECT (SELECT count(*) FROM calls WHERE organization = ?1 AND caller = ?2 AND ended IS NULL)
			+ (SELECT count(*) FROM calls WHERE organization = ?1 AND callee = ?2 AND caller <> ?2 AND ended IS NULL)`,
			c.Key.Organization, user).Scan(&live); err != nil {
			return err
		}
		if live >= c.MostLive {
			return call.ErrTooMany
		}
	}
	r, err := tx.Exec(`INSERT INTO calls (organization, id, caller, callee, revision, state, rings_until, ended)
		VALUES (?, ?, ?, ?, 1, ?, ?, ?) ON CONFLICT DO NOTHING`,
		c.Key.Organization, c.Key.ID, c.Caller, c.Callee, c.State, rings, ended)
	return orElse(r, err, call.ErrStale)
}

// saveParties brings up to date who is in.
func saveParties(tx *sql.Tx, c call.Change) error {
	for _, p := range c.Joins {
		if _, err := tx.Exec(`INSERT INTO call_parties (endpoint, organization, call)
			SELECT id, organization, ? FROM endpoints WHERE id = ? AND organization = ? AND user_id = ?`,
			c.Key.ID, p.Endpoint, c.Key.Organization, p.User); err != nil {
			return err
		}
	}
	for _, p := range c.Leaves {
		if _, err := tx.Exec(`DELETE FROM call_parties WHERE endpoint = ? AND organization = ? AND call = ?`,
			p.Endpoint, c.Key.Organization, c.Key.ID); err != nil {
			return err
		}
	}
	return nil
}

func saveCallEvents(tx *sql.Tx, c call.Change) ([]tailRow, error) {
	var rows []tailRow
	for _, e := range c.Entries {
		for _, p := range e.To {
			row, err := tellEndpoint(tx, c.Key.Organization, p.Endpoint, p.User, e.Body, c.At)
			if err != nil {
				return nil, err
			}
			rows = append(rows, row...)
		}
	}
	return rows, nil
}

// CallsOf implements call.Store.
func (s *Store) CallsOf(ctx context.Context, endpointID string) ([]call.Key, error) {
	return collect(ctx, s.read, "find calls", scanCallKey, `SELECT organization, call FROM call_parties WHERE endpoint = ?`, endpointID)
}

func scanCallKey(r row) (k call.Key, err error) {
	err = r.Scan(&k.Organization, &k.ID)
	return k, err
}

// OverdueCalls implements call.Store.
func (s *Store) OverdueCalls(ctx context.Context, now time.Time, limit int) (due []call.Key, next time.Time, err error) {
	due, err = collect(ctx, s.read, "find overdue calls", scanCallKey, `SELECT organization, id FROM calls
		WHERE rings_until IS NOT NULL AND rings_until <= ? ORDER BY rings_until LIMIT ?`, now.UnixMilli(), limit)
	if err != nil || len(due) > 0 {
		return due, time.Time{}, err
	}
	var at sql.NullInt64
	err = s.read.QueryRowContext(ctx, `SELECT min(rings_until) FROM calls WHERE rings_until IS NOT NULL`).Scan(&at)
	switch {
	case err != nil:
		return nil, time.Time{}, fmt.Errorf("find overdue calls: %w", err)
	case !at.Valid:
		return nil, time.Time{}, nil
	}
	return nil, time.UnixMilli(at.Int64), nil
}

// UserEndpoints returns a user's registered endpoints, the youngest first.
func (s *Store) UserEndpoints(ctx context.Context, organization, userID string) ([]string, error) {
	return collect(ctx, s.read, "find endpoints", func(r row) (id string, err error) {
		err = r.Scan(&id)
		return id, err
	}, `SELECT id FROM endpoints WHERE organization = ? AND user_id = ? ORDER BY created DESC, id`, organization, userID)
}

// SweepCalls implements call.Store. The rows of the journal that belong to one
// endpoint are those of calls and of views that were relayed; a row that its reader has not acknowledged stays
// for the journal's own sweep.
func (s *Store) SweepCalls(ctx context.Context, ended, written time.Time) error {
	for _, q := range []struct {
		what, query string
		before      time.Time
	}{
		{"calls", `DELETE FROM calls WHERE rowid IN (SELECT rowid FROM calls WHERE ended < ?1 AND ended IS NOT NULL LIMIT ?2)`, ended},
		{"events of calls", `DELETE FROM journal WHERE seq IN
			(SELECT j.seq FROM endpoints e CROSS JOIN journal j
			WHERE j.endpoint = e.id AND j.endpoint IS NOT NULL AND j.seq <= e.cursor AND j.created < ?1 LIMIT ?2)`, written},
	} {
		if err := s.sweep(ctx, q.what, q.query, q.before.UnixMilli(), sweepChunk); err != nil {
			return err
		}
	}
	return nil
}
