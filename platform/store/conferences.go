package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"guichet/platform/broker"
	"guichet/platform/conference"
)

// LoadConference implements conference.Store.
func (s *Store) LoadConference(ctx context.Context, k conference.Key) (conference.Saved, error) {
	var v conference.Saved
	err := s.read.QueryRowContext(ctx, `SELECT version, state FROM conferences WHERE organization = ? AND id = ?`,
		k.Organization, k.ID).Scan(&v.Version, &v.State)
	if errors.Is(err, sql.ErrNoRows) {
		return conference.Saved{}, nil
	}
	if err != nil {
		return conference.Saved{}, fmt.Errorf("load conference: %w", err)
	}
	return v, nil
}

// SaveConference implements conference.Store.
func (s *Store) SaveConference(ctx context.Context, c conference.Change) error {
	var last int64
	err := s.update(ctx, func(tx *sql.Tx) error {
		rows, err := saveConference(tx, c)
		if err == nil && len(rows) > 0 {
			last = rows[len(rows)-1].entry.Seq
			s.tail.stage(rows)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("save conference: %w", err)
	}
	s.tail.publish(last)
	return nil
}

func saveConference(tx *sql.Tx, c conference.Change) ([]tailRow, error) {
	at := c.At.UnixMilli()
	var ended any
	if c.Ended {
		ended = at
	}
	var r sql.Result
	var err error
	if c.Was == 0 {
		r, err = tx.Exec(`INSERT INTO conferences (organization, id, version, state, ended, updated)
			VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			c.Key.Organization, c.Key.ID, c.Version, c.State, ended, at)
	} else {
		r, err = tx.Exec(`UPDATE conferences SET version = ?, state = ?, ended = ?, updated = ?
			WHERE organization = ? AND id = ? AND version = ?`,
			c.Version, c.State, ended, at, c.Key.Organization, c.Key.ID, c.Was)
	}
	if err != nil {
		return nil, err
	}
	if n, err := r.RowsAffected(); err != nil {
		return nil, err
	} else if n == 0 {
		return nil, conference.ErrStale
	}
	ofRoom, err := keepSession(tx, c, at)
	if err != nil {
		return nil, fmt.Errorf("keep session of a room: %w", err)
	}
	rows := make([]tailRow, 0, len(c.Entries))
	for _, e := range c.Entries {
		seq, err := saveEntry(tx, c.Key, at, e)
		if err != nil {
			return nil, err
		}
		if err := keepHistory(tx, c, at, e); err != nil {
			return nil, fmt.Errorf("keep history: %w", err)
		}
		if ofRoom && !e.Alone {
			if err := keepRoomEvent(tx, c.Key, at, e); err != nil {
				return nil, fmt.Errorf("keep event of a room: %w", err)
			}
		}
		rows = append(rows, tailRow{broker.Entry{Seq: seq, Body: e.Body}, e.To})
	}
	return rows, nil
}

// saveEntry writes one journal row and what it does to memberships.
func saveEntry(tx *sql.Tx, k conference.Key, at int64, e conference.Entry) (seq int64, err error) {
	var r sql.Result
	if e.Alone {
		r, err = tx.Exec(`INSERT INTO journal (organization, endpoint, body, created) VALUES (?, ?, ?, ?)`, k.Organization, e.To[0], e.Body, at)
	} else {
		r, err = tx.Exec(`INSERT INTO journal (organization, conference, body, created) VALUES (?, ?, ?, ?)`, k.Organization, k.ID, e.Body, at)
	}
	if err != nil {
		return 0, err
	}
	if seq, err = r.LastInsertId(); err != nil {
		return 0, err
	}
	switch {
	case e.Joins != "":
		_, err = tx.Exec(`INSERT INTO memberships (endpoint, organization, conference, from_seq) VALUES (?, ?, ?, ?)`,
			e.Joins, k.Organization, k.ID, seq)
	case e.Leaves != "":
		_, err = tx.Exec(`UPDATE memberships SET to_seq = ?
			WHERE endpoint = ? AND organization = ? AND conference = ? AND to_seq IS NULL`,
			seq, e.Leaves, k.Organization, k.ID)
	case e.Ends:
		_, err = tx.Exec(`UPDATE memberships SET to_seq = ? WHERE organization = ? AND conference = ? AND to_seq IS NULL`,
			seq, k.Organization, k.ID)
	}
	return seq, err
}

// Conferences implements conference.Store.
func (s *Store) Conferences(ctx context.Context, organization, id string, limit int) ([]conference.Saved, error) {
	return collect(ctx, s.read, "list conferences", func(r row) (c conference.Saved, err error) {
		var at int64
		err = r.Scan(&c.Version, &c.State, &at)
		c.At = time.UnixMilli(at)
		return c, err
	}, `SELECT version, state, updated FROM conferences
		WHERE organization = ?1 AND ended IS NULL AND (?2 = '' OR id = ?2) ORDER BY updated DESC, id LIMIT ?3`, organization, id, limit)
}

// OpenConferences implements conference.Store.
func (s *Store) OpenConferences(ctx context.Context) ([]conference.Key, error) {
	return s.conferenceKeys(ctx, `SELECT DISTINCT organization, conference FROM memberships WHERE to_seq IS NULL`)
}

// ConferencesOf implements conference.Store.
func (s *Store) ConferencesOf(ctx context.Context, endpointID string) ([]conference.Key, error) {
	return s.conferenceKeys(ctx, `SELECT DISTINCT organization, conference FROM memberships
		WHERE endpoint = ? AND to_seq IS NULL`, endpointID)
}

func (s *Store) conferenceKeys(ctx context.Context, query string, args ...any) ([]conference.Key, error) {
	rows, err := s.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("find conferences: %w", err)
	}
	defer rows.Close()
	var keys []conference.Key
	for rows.Next() {
		var k conference.Key
		if err := rows.Scan(&k.Organization, &k.ID); err != nil {
			return nil, fmt.Errorf("find conferences: %w", err)
		}
		keys = append(keys, k)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("find conferences: %w", err)
	}
	return keys, nil
}
