package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"guichet/platform/conference"
	"guichet/platform/quality"
)

// keepHistory writes what an event of a conference means for the reports: in
// the transaction of the event, so that neither is there without the other.
func keepHistory(tx *sql.Tx, c conference.Change, at int64, e conference.Entry) error {
	switch {
	case e.Joins != "":
		return keepJoin(tx, c, at, e)
	case e.Leaves != "":
		return keepLeave(tx, c.Key, at, e)
	case e.Ends:
		return keepEnd(tx, c.Key, at, e)
	}
	return nil
}

func keepJoin(tx *sql.Tx, c conference.Change, at int64, e conference.Entry) error {
	if _, err := tx.Exec(`INSERT INTO meetings (organization, conference, interaction, started) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		c.Key.Organization, c.Key.ID, c.Interaction, at); err != nil {
		return err
	}
	w := e.Who
	_, err := tx.Exec(`INSERT INTO attendances (meeting, organization, conference, interaction, user, name, role, application, ticket, endpoint, joined)
		SELECT id, organization, conference, interaction, ?3, ?4, ?5, ?6, replace(?7, '-', ''), ?8, ?9 FROM meetings
		WHERE organization = ?1 AND conference = ?2 AND ended IS NULL`,
		c.Key.Organization, c.Key.ID, w.UserID, w.Name, w.Role, w.Application, w.Ticket, e.Joins, at)
	return err
}

func keepLeave(tx *sql.Tx, k conference.Key, at int64, e conference.Entry) error {
	if _, err := tx.Exec(`UPDATE attendances SET left = max(joined, ?1), reason = ?2
		WHERE endpoint = ?3 AND organization = ?4 AND conference = ?5 AND left IS NULL`, at, e.Reason, e.Leaves, k.Organization, k.ID); err != nil {
		return err
	}
	_, err := tx.Exec(`UPDATE meetings SET ended = max(started, ?1), reason = ?2
		WHERE organization = ?3 AND conference = ?4 AND ended IS NULL
		AND NOT EXISTS (SELECT 1 FROM attendances a WHERE a.meeting = meetings.id AND a.left IS NULL)`, at, e.Reason, k.Organization, k.ID)
	return err
}

func keepEnd(tx *sql.Tx, k conference.Key, at int64, e conference.Entry) error {
	if _, err := tx.Exec(`UPDATE attendances SET left = max(joined, ?1), reason = ?2
		WHERE left IS NULL AND meeting = (SELECT id FROM meetings WHERE organization = ?3 AND conference = ?4 AND ended IS NULL)`,
		at, e.Reason, k.Organization, k.ID); err != nil {
		return err
	}
	_, err := tx.Exec(`UPDATE meetings SET ended = max(started, ?1), reason = ?2 WHERE organization = ?3 AND conference = ?4 AND ended IS NULL`,
		at, e.Reason, k.Organization, k.ID)
	return err
}

// AddQuality implements quality's record: what an endpoint's network was like is
// added to its attendance at that time.
func (s *Store) AddQuality(ctx context.Context, sums []quality.Sum) error {
	err := s.update(ctx, func(tx *sql.Tx) error {
		stmt, err := tx.Prepare(`UPDATE attendances SET samples = samples + ?1, quality = quality + ?2,
			worst = CASE samples WHEN 0 THEN ?3 ELSE min(worst, ?3) END, jitter = jitter + ?4, rtt = rtt + ?5,
			optimal = optimal + ?6, suboptimal = suboptimal + ?7, bad = bad + ?8
			WHERE id = (SELECT id FROM attendances WHERE endpoint = ?9 AND organization = ?10 AND conference = ?11 AND joined <= ?12
				ORDER BY joined DESC, id DESC LIMIT 1)`)
		if err != nil {
			return err
		}
		defer stmt.Close()
		for _, q := range sums {
			if _, err := stmt.Exec(q.Samples, q.Quality, q.Worst, q.Jitter, q.RTT, q.Optimal.Milliseconds(), q.Suboptimal.Milliseconds(),
				q.Bad.Milliseconds(), q.Endpoint, q.Organization, q.Conference, q.Since.UnixMilli()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("add quality: %w", err)
	}
	return nil
}

// SweepHistory implements report.Store: it deletes the meetings that ended
// before a time, with who was in them, and the tickets that expired then.
func (s *Store) SweepHistory(ctx context.Context, before time.Time) error {
	at := before.UnixMilli()
	if err := s.sweep(ctx, "history", `DELETE FROM meetings WHERE id IN
		(SELECT id FROM meetings WHERE ended IS NOT NULL AND ended < ?1 LIMIT ?2)`, at, sweepChunk); err != nil {
		return err
	}
	if err := s.sweep(ctx, "sessions of rooms", `DELETE FROM room_sessions WHERE (organization, id) IN
		(SELECT organization, id FROM room_sessions WHERE ended IS NOT NULL AND ended < ?1 LIMIT ?2)`, at, sweepChunk); err != nil {
		return err
	}
	return s.sweep(ctx, "tickets", `DELETE FROM tickets WHERE id IN (SELECT id FROM tickets WHERE expires < ?1 LIMIT ?2)`, at, sweepChunk)
}
