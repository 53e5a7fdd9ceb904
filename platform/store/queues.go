package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"guichet/platform/broker"
	"guichet/platform/queue"
)

// Organizations implements queue.Store.
func (s *Store) Organizations(ctx context.Context) ([]string, error) {
	return collect(ctx, s.read, "find halls", scanText, `SELECT organization FROM halls ORDER BY organization`)
}

func scanText(r row) (v string, err error) {
	err = r.Scan(&v)
	return v, err
}

func scanBody(r row) (v []byte, err error) {
	err = r.Scan(&v)
	return v, err
}

// LoadHall implements queue.Store. All is read in one transaction.
func (s *Store) LoadHall(ctx context.Context, organization string, since time.Time, samples int) (v queue.SavedHall, err error) {
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return v, fmt.Errorf("load hall: %w", err)
	}
	defer func() { err = errors.Join(err, ignoreDone(tx.Rollback())) }()
	err = tx.QueryRowContext(ctx, `SELECT revision, words FROM halls WHERE organization = ?`, organization).Scan(&v.Revision, &v.Words)
	if errors.Is(err, sql.ErrNoRows) {
		return queue.SavedHall{}, nil
	}
	if err != nil {
		return v, fmt.Errorf("load hall: %w", err)
	}
	for _, part := range []struct {
		into  *[][]byte
		query string
	}{
		{&v.Queues, `SELECT body FROM queues WHERE organization = ? ORDER BY id`},
		{&v.Agents, `SELECT body FROM agents WHERE organization = ? ORDER BY user`},
		{&v.Visits, `SELECT body FROM visits WHERE organization = ? AND ended IS NULL ORDER BY came, id`},
	} {
		if *part.into, err = collect(ctx, tx, "load hall", scanBody, part.query, organization); err != nil {
			return v, err
		}
	}
	v.Samples, err = collect(ctx, tx, "load samples", scanSample, `SELECT queue, at, took FROM
			(SELECT id, queue, at, took, row_number() OVER (PARTITION BY queue ORDER BY id DESC) AS n FROM queue_samples WHERE organization = ?1 AND at > ?2)
		WHERE n <= ?3 ORDER BY id`, organization, since.UnixMilli(), samples)
	return v, err
}

func scanSample(r row) (v queue.SavedSample, err error) {
	var at, took int64
	err = r.Scan(&v.Queue, &at, &took)
	v.At, v.Took = time.UnixMilli(at), time.Duration(took)*time.Millisecond
	return v, err
}

// SaveHall implements queue.Store. An event is one journal row for each endpoint
// that sees it.
func (s *Store) SaveHall(ctx context.Context, c queue.Change) error {
	var last int64
	err := s.update(ctx, func(tx *sql.Tx) error {
		if err := saveHall(tx, c); err != nil {
			return err
		}
		rows, err := saveHallEvents(tx, c)
		if err == nil && len(rows) > 0 {
			last = rows[len(rows)-1].entry.Seq
			s.tail.stage(rows)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("save hall: %w", err)
	}
	s.tail.publish(last)
	return nil
}

func saveHall(tx *sql.Tx, c queue.Change) error {
	if c.Was == 0 {
		words := string(c.Words)
		if c.Words == nil {
			words = "{}"
		}
		r, err := tx.Exec(`INSERT INTO halls (organization, revision, words) VALUES (?, 1, ?) ON CONFLICT DO NOTHING`, c.Organization, words)
		if err := orElse(r, err, queue.ErrStale); err != nil {
			return err
		}
	} else {
		var words sql.NullString
		if c.Words != nil {
			words = sql.NullString{String: string(c.Words), Valid: true}
		}
		r, err := tx.Exec(`UPDATE halls SET revision = revision + 1, words = coalesce(?, words) WHERE organization = ? AND revision = ?`,
			words, c.Organization, c.Was)
		if err := orElse(r, err, queue.ErrStale); err != nil {
			return err
		}
	}
	for _, q := range c.Queues {
		if err := saveQueue(tx, c.Organization, q); err != nil {
			return err
		}
	}
	for _, a := range c.Agents {
		if _, err := tx.Exec(`INSERT INTO agents (organization, user, body) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body`,
			c.Organization, a.User, string(a.Body)); err != nil {
			return err
		}
	}
	for _, v := range c.Visits {
		if err := saveVisit(tx, c.Organization, v); err != nil {
			return err
		}
	}
	for _, q := range c.Samples {
		if _, err := tx.Exec(`INSERT INTO queue_samples (organization, queue, at, took) VALUES (?, ?, ?, ?)`,
			c.Organization, q.Queue, q.At.UnixMilli(), q.Took.Milliseconds()); err != nil {
			return err
		}
	}
	return nil
}

func saveQueue(tx *sql.Tx, organization string, q queue.SavedQueue) error {
	if q.Body == nil {
		_, err := tx.Exec(`DELETE FROM queues WHERE organization = ? AND id = ?`, organization, q.ID)
		return err
	}
	_, err := tx.Exec(`INSERT INTO queues (organization, id, name, body) VALUES (?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET name = excluded.name, body = excluded.body`, organization, q.ID, q.Name, string(q.Body))
	return err
}

func saveVisit(tx *sql.Tx, organization string, v queue.SavedVisit) error {
	if _, err := tx.Exec(`INSERT INTO visits (organization, id, queue, user, came, ended, body) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET queue = excluded.queue, ended = excluded.ended, body = excluded.body`,
		organization, v.ID, v.Queue, v.User, v.Came.UnixMilli(), orNull(v.Ended), string(v.Body)); err != nil {
		return err
	}
	for _, agent := range v.Agents {
		if _, err := tx.Exec(`INSERT INTO visit_agents (organization, visit, agent, came) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			organization, v.ID, agent, v.Came.UnixMilli()); err != nil {
			return err
		}
	}
	return nil
}

func saveHallEvents(tx *sql.Tx, c queue.Change) ([]tailRow, error) {
	if len(c.Entries) == 0 {
		return nil, nil
	}
	insert, err := tx.Prepare(`INSERT INTO journal (organization, endpoint, body, created)
		SELECT organization, id, ?, ? FROM endpoints WHERE id = ? AND organization = ? AND user_id = ?`)
	if err != nil {
		return nil, err
	}
	defer insert.Close()
	var rows []tailRow
	for _, e := range c.Entries {
		for _, p := range e.To {
			r, err := insert.Exec(e.Body, c.At.UnixMilli(), p.Endpoint, c.Organization, p.User)
			if err != nil {
				return nil, err
			}
			if n, err := r.RowsAffected(); err != nil {
				return nil, err
			} else if n == 0 {
				continue
			}
			seq, err := r.LastInsertId()
			if err != nil {
				return nil, err
			}
			rows = append(rows, tailRow{broker.Entry{Seq: seq, Body: e.Body}, []string{p.Endpoint}})
		}
	}
	return rows, nil
}

// Visit implements queue.Store.
func (s *Store) Visit(ctx context.Context, organization, id string) (body []byte, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT body FROM visits WHERE organization = ? AND id = ?`, organization, id).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read visit: %w", err)
	}
	return body, nil
}

// PastVisits implements queue.Store.
func (s *Store) PastVisits(ctx context.Context, q queue.PastQuery) ([][]byte, error) {
	before := q.Before.UnixMilli()
	if q.Before.IsZero() {
		before = 1 << 62
	}
	switch {
	case q.Agent != "":
		return collect(ctx, s.read, "list visits", scanBody, `SELECT v.body FROM visit_agents a
			JOIN visits v ON v.organization = a.organization AND v.id = a.visit
			WHERE a.organization = ?1 AND a.agent = ?2 AND a.came < ?3 AND v.ended IS NOT NULL AND (?4 = '' OR v.queue = ?4)
			ORDER BY a.came DESC, v.id LIMIT ?5`, q.Organization, q.Agent, before, q.Queue, q.Limit)
	case q.User != "":
		return collect(ctx, s.read, "list visits", scanBody, `SELECT body FROM visits
			WHERE organization = ?1 AND user = ?2 AND ended IS NOT NULL AND came < ?3 AND (?4 = '' OR queue = ?4)
			ORDER BY ended DESC, id LIMIT ?5`, q.Organization, q.User, before, q.Queue, q.Limit)
	}
	return collect(ctx, s.read, "list visits", scanBody, `SELECT body FROM visits
		WHERE organization = ?1 AND ended IS NOT NULL AND came < ?2 AND (?3 = '' OR queue = ?3)
		ORDER BY ended DESC, id LIMIT ?4`, q.Organization, before, q.Queue, q.Limit)
}

// SweepHalls implements queue.Store.
func (s *Store) SweepHalls(ctx context.Context, visits, samples time.Time) error {
	for _, q := range []struct {
		what, query string
		before      time.Time
	}{
		{"visits", `DELETE FROM visits WHERE (organization, id) IN (SELECT organization, id FROM visits WHERE ended < ?1 AND ended IS NOT NULL LIMIT ?2)`, visits},
		{"samples", `DELETE FROM queue_samples WHERE id IN (SELECT id FROM queue_samples WHERE at < ?1 LIMIT ?2)`, samples},
	} {
		if err := s.sweep(ctx, q.what, q.query, q.before.UnixMilli(), sweepChunk); err != nil {
			return err
		}
	}
	return nil
}
