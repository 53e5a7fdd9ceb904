// Package store keeps the platform's state in SQLite: one file in the data
// folder, write-ahead log, synchronous=FULL, so that what was acknowledged
// survives a crash and a power cut.
//
// It implements the small interfaces that the domain packages declare, one file
// per domain, and knows their types but none of their rules. All writes run in
// one goroutine, which puts what waits into one transaction (group commit);
// reads run beside it on their own connections.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// ErrClosed tells that the store was closed before the write ran.
var ErrClosed = errors.New("store is closed")

// maxGroup bounds how many writes share one transaction, and so how long the
// first of them waits for the others.
const maxGroup = 128

//go:embed migrations/*.sql
var migrations embed.FS

// Store is an open database. Its methods are safe for concurrent use.
type Store struct {
	read  *sql.DB
	write *sql.DB // one connection, used by the writer goroutine alone
	queue chan *write
	done  chan struct{} // closed by Close
	ended sync.WaitGroup
	once  sync.Once
	tail  tail
}

// write is one caller's change, waiting for the writer.
type write struct {
	ctx    context.Context
	change func(*sql.Tx) error
	result chan error
}

// Open opens the database guichet.db in the folder dir, makes both if they are
// missing, and brings the schema up to date.
func Open(ctx context.Context, dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	name := filepath.Join(dir, "guichet.db")
	if f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return nil, fmt.Errorf("database: %w", err)
	} else if err := f.Close(); err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	w, err := sql.Open("sqlite", dsn(name, "immediate"))
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	w.SetMaxOpenConns(1)
	if err := migrate(ctx, w); err != nil {
		return nil, errors.Join(fmt.Errorf("database %s: %w", name, err), w.Close())
	}
	r, err := sql.Open("sqlite", dsn(name, "deferred")+"&_pragma=query_only(1)")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("database: %w", err), w.Close())
	}
	r.SetMaxOpenConns(4)
	r.SetMaxIdleConns(4)
	s := &Store{read: r, write: w, queue: make(chan *write, maxGroup), done: make(chan struct{})}
	s.ended.Add(1)
	go s.run()
	return s, nil
}

func dsn(name, lock string) string {
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: name}).EscapedPath()}).String() +
		"?_txlock=" + lock +
		"&_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)"
}

func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		return err
	}
	_, err = p.Up(ctx)
	return err
}

// Close waits for the writes that have begun, refuses those that wait, and
// closes the database.
func (s *Store) Close() error {
	var err error
	s.once.Do(func() {
		close(s.done)
		s.ended.Wait()
		err = errors.Join(s.read.Close(), s.write.Close())
	})
	return err
}

// update runs change in a transaction and returns when it is durable, or the
// error of change, in which case nothing of it remains. change may share its
// transaction with others, runs in the writer's goroutine and must not wait for
// anything but the database.
func (s *Store) update(ctx context.Context, change func(*sql.Tx) error) error {
	w := &write{ctx: ctx, change: change, result: make(chan error, 1)}
	select {
	case s.queue <- w:
	case <-s.done:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-w.result:
		return err
	case <-s.done:
		// The writer answers what it had begun before it ends.
		s.ended.Wait()
		select {
		case err := <-w.result:
			return err
		default:
			return ErrClosed
		}
	}
}

func (s *Store) run() {
	defer s.ended.Done()
	for {
		select {
		case <-s.done:
			return
		case w := <-s.queue:
			s.commit(s.gather(w))
		}
	}
}

// gather returns first and what else waits already, up to maxGroup.
func (s *Store) gather(first *write) []*write {
	group := []*write{first}
	for len(group) < maxGroup {
		select {
		case w := <-s.queue:
			group = append(group, w)
		default:
			return group
		}
	}
	return group
}

// commit runs a group in one transaction, each write in a savepoint of its own
// so that one that fails leaves the others whole.
func (s *Store) commit(group []*write) {
	tx, err := s.write.Begin()
	if err != nil {
		answer(group, fmt.Errorf("begin transaction: %w", err))
		return
	}
	begun := group[:0]
	for _, w := range group {
		if err := w.ctx.Err(); err != nil {
			w.result <- err
			continue
		}
		if err := savepoint(tx, w.change); err != nil {
			w.result <- err
			continue
		}
		begun = append(begun, w)
	}
	if err := tx.Commit(); err != nil {
		err = errors.Join(fmt.Errorf("commit: %w", err), ignoreDone(tx.Rollback()))
		answer(begun, err)
		return
	}
	answer(begun, nil)
}

func savepoint(tx *sql.Tx, change func(*sql.Tx) error) error {
	if _, err := tx.Exec("SAVEPOINT one"); err != nil {
		return err
	}
	err := change(tx)
	if err != nil {
		if _, e := tx.Exec("ROLLBACK TO one"); e != nil {
			err = errors.Join(err, e)
		}
	}
	if _, e := tx.Exec("RELEASE one"); e != nil {
		err = errors.Join(err, e)
	}
	return err
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

func answer(group []*write, err error) {
	for _, w := range group {
		w.result <- err
	}
}
