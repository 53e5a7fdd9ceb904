package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"guichet/platform/broker"
)

// How often cursors are written, and old rows looked for.
const (
	flushEvery = time.Second
	sweepEvery = 10 * time.Minute
)

// Journal reads the events for their endpoints, the newest from memory and the
// rest from the database, and remembers how far each has got. Cursors are kept in memory and written together by one goroutine: one
// that is lost in a crash only repeats events.
type Journal struct {
	store *Store
	now   func() time.Time
	log   *slog.Logger

	mu      sync.Mutex
	ahead   map[string]int64 // cursors that are not written yet
	writing map[string]int64 // those on their way
	due     chan struct{}

	once  sync.Once
	done  chan struct{}
	ended sync.WaitGroup
}

// NewJournal starts the journal's goroutine, which writes cursors and sweeps
// old rows. Close it before the store.
func NewJournal(s *Store, now func() time.Time, log *slog.Logger) *Journal {
	j := &Journal{store: s, now: now, log: log, ahead: map[string]int64{}, due: make(chan struct{}, 1), done: make(chan struct{})}
	j.ended.Add(1)
	go j.run()
	return j
}

// Close writes the cursors that are left and returns when the goroutine ended.
func (j *Journal) Close() error {
	var err error
	j.once.Do(func() {
		close(j.done)
		j.ended.Wait()
		err = j.flush()
	})
	return err
}

// afterQuery finds the rows of ?2's endpoint ?1 past ?3, at most ?4.
const afterQuery = `
	SELECT j.seq, j.body FROM memberships m CROSS JOIN journal j
	WHERE m.endpoint = ?1 AND m.organization = ?2 AND (m.to_seq IS NULL OR m.to_seq > ?3)
		AND j.organization = m.organization AND j.conference = m.conference AND j.conference IS NOT NULL
		AND j.seq > ?3 AND j.seq >= m.from_seq AND (m.to_seq IS NULL OR j.seq <= m.to_seq)
	UNION ALL
	SELECT seq, body FROM journal WHERE endpoint = ?1 AND endpoint IS NOT NULL AND organization = ?2 AND seq > ?3
	ORDER BY 1 LIMIT ?4`

// After implements broker.Journal: the rows past the cursor that the endpoint
// may see, in order.
func (j *Journal) After(ctx context.Context, organization, endpointID string, cursor int64, limit int) ([]broker.Entry, error) {
	if list, ok := j.store.tail.after(endpointID, cursor, limit); ok {
		return list, nil
	}
	rows, err := j.store.read.QueryContext(ctx, afterQuery, endpointID, organization, cursor, limit)
	if err != nil {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	list, err := scanEntries(rows)
	if err != nil {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	return list, nil
}

func scanEntries(rows *sql.Rows) ([]broker.Entry, error) {
	defer rows.Close()
	var list []broker.Entry
	for rows.Next() {
		var e broker.Entry
		if err := rows.Scan(&e.Seq, &e.Body); err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, rows.Err()
}

// Cursor implements broker.Journal.
func (j *Journal) Cursor(ctx context.Context, endpointID string) (int64, error) {
	j.mu.Lock()
	seq := max(j.ahead[endpointID], j.writing[endpointID])
	j.mu.Unlock()
	if seq > 0 {
		return seq, nil
	}
	err := j.store.read.QueryRowContext(ctx, `SELECT cursor FROM endpoints WHERE id = ?`, endpointID).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read cursor: %w", err)
	}
	return seq, nil
}

// Advance implements broker.Journal. It does not wait for the write.
func (j *Journal) Advance(_ context.Context, endpointID string, seq int64) error {
	j.mu.Lock()
	if seq > j.ahead[endpointID] {
		j.ahead[endpointID] = seq
	}
	j.mu.Unlock()
	j.store.tail.acknowledged(endpointID, seq)
	select {
	case j.due <- struct{}{}:
	default:
	}
	return nil
}

// Tell writes a row for one endpoint alone, to be delivered like the events of
// its conferences.
func (j *Journal) Tell(ctx context.Context, organization, endpointID string, body []byte) error {
	var seq int64
	err := j.store.update(ctx, func(tx *sql.Tx) error {
		r, err := tx.Exec(`INSERT INTO journal (organization, endpoint, body, created) VALUES (?, ?, ?, ?)`,
			organization, endpointID, body, j.now().UnixMilli())
		if err != nil {
			return err
		}
		if seq, err = r.LastInsertId(); err == nil {
			j.store.tail.stage([]tailRow{{broker.Entry{Seq: seq, Body: body}, []string{endpointID}}})
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	j.store.tail.publish(seq)
	return nil
}

func (j *Journal) run() {
	defer j.ended.Done()
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
	for {
		select {
		case <-j.due:
		case <-sweep.C:
			if err := j.Sweep(context.Background()); err != nil {
				j.log.Error("journal is not swept", "err", err)
			}
			continue
		case <-j.done:
			return
		}
		gather := time.NewTimer(flushEvery)
		select {
		case <-gather.C:
		case <-j.done:
			gather.Stop()
			return
		}
		if err := j.flush(); err != nil {
			j.log.Error("cursors are not written", "err", err)
		}
	}
}

// flush writes the cursors that moved. One that fails stays for the next time.
func (j *Journal) flush() error {
	j.mu.Lock()
	batch := j.ahead
	j.ahead, j.writing = map[string]int64{}, batch
	j.mu.Unlock()
	if len(batch) == 0 {
		return nil
	}
	err := j.store.update(context.Background(), func(tx *sql.Tx) error {
		stmt, err := tx.Prepare(`UPDATE endpoints SET cursor = ?1 WHERE id = ?2 AND cursor < ?1`)
		if err != nil {
			return err
		}
		defer stmt.Close()
		for id, seq := range batch {
			if _, err := stmt.Exec(seq, id); err != nil {
				return err
			}
		}
		return nil
	})
	j.mu.Lock()
	defer j.mu.Unlock()
	j.writing = nil
	if err != nil {
		for id, seq := range batch {
			j.ahead[id] = max(j.ahead[id], seq)
		}
		return fmt.Errorf("write cursors: %w", err)
	}
	return nil
}
