package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// How long things are kept that nobody needs any more.
const (
	keepRow        = 24 * time.Hour      // a journal row, whoever has not read it: a client that long away fetches the state
	keepEnded      = time.Hour           // the rows of a conference that ended and that all its members have read
	keepConference = 24 * time.Hour      // a conference that ended, to answer "gone" rather than "unknown"
	keepEmpty      = 31 * 24 * time.Hour // a conference that nobody is in; the longest ticket to it lives 30 days
)

// sweepChunk bounds how many rows one transaction deletes, so that a sweep does
// not hold up the writes of calls.
const sweepChunk = 500

// Sweep deletes journal rows, memberships and conferences that are past their
// time. The journal's goroutine runs it now and then.
func (j *Journal) Sweep(ctx context.Context) error {
	now := j.now()
	ago := func(d time.Duration) int64 { return now.Add(-d).UnixMilli() }
	for _, q := range []struct {
		what  string
		query string
		args  []any
	}{
		{"old journal rows", `DELETE FROM journal WHERE seq IN
			(SELECT seq FROM journal WHERE created < ?1 LIMIT ?2)`,
			[]any{ago(keepRow), sweepChunk}},
		{"journal rows of ended conferences", `DELETE FROM journal WHERE seq IN
			(SELECT j.seq FROM conferences c
				JOIN journal j ON j.organization = c.organization AND j.conference = c.id AND j.conference IS NOT NULL
			WHERE c.ended < ?1 AND NOT EXISTS
				(SELECT 1 FROM memberships m JOIN endpoints e ON e.id = m.endpoint
				WHERE m.organization = c.organization AND m.conference = c.id AND e.cursor < m.to_seq)
			LIMIT ?2)`,
			[]any{ago(keepEnded), sweepChunk}},
		{"memberships", `DELETE FROM memberships WHERE rowid IN
			(SELECT m.rowid FROM memberships m
			WHERE m.to_seq IS NOT NULL AND NOT EXISTS
				(SELECT 1 FROM endpoints e WHERE e.id = m.endpoint AND e.cursor < m.to_seq)
			LIMIT ?1)`,
			[]any{sweepChunk}},
		{"conferences", `DELETE FROM conferences WHERE rowid IN
			(SELECT c.rowid FROM conferences c
			WHERE (c.ended < ?1 OR c.ended IS NULL AND c.updated < ?2) AND NOT EXISTS
				(SELECT 1 FROM memberships m
				WHERE m.organization = c.organization AND m.conference = c.id AND m.to_seq IS NULL)
			LIMIT ?3)`,
			[]any{ago(keepConference), ago(keepEmpty), sweepChunk}},
	} {
		if err := j.store.sweep(ctx, q.what, q.query, q.args...); err != nil {
			return err
		}
	}
	return nil
}

// sweep runs a query that deletes up to sweepChunk rows until there are no more.
func (s *Store) sweep(ctx context.Context, what, query string, args ...any) error {
	for n := int64(sweepChunk); n == sweepChunk; {
		err := s.update(ctx, func(tx *sql.Tx) error {
			r, err := tx.Exec(query, args...)
			if err != nil {
				return err
			}
			n, err = r.RowsAffected()
			return err
		})
		if err != nil {
			return fmt.Errorf("sweep %s: %w", what, err)
		}
	}
	return nil
}
