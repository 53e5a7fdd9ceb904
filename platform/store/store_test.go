package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T) *Store {
	t.Helper()
	s, err := Open(context.Background(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func addOrganization(id string) func(*sql.Tx) error {
	return func(tx *sql.Tx) error {
		_, err := tx.Exec("INSERT INTO organizations (id, name) VALUES (?, ?)", id, id)
		return err
	}
}

func organizations(t *testing.T, s *Store) (n int) {
	t.Helper()
	if err := s.read.QueryRow("SELECT count(*) FROM organizations").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWritesOfOneGroupFailAlone(t *testing.T) {
	s := open(t)
	before := organizations(t, s)
	broken := errors.New("broken")
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			err := s.update(context.Background(), func(tx *sql.Tx) error {
				if err := addOrganization(fmt.Sprintf("o%d", i))(tx); err != nil {
					return err
				}
				if i%2 == 1 {
					return broken
				}
				return nil
			})
			if i%2 == 1 != errors.Is(err, broken) {
				t.Errorf("write %d: %v", i, err)
			}
		}()
	}
	wg.Wait()
	if got := organizations(t, s) - before; got != 50 {
		t.Errorf("%d rows stayed, want 50", got)
	}
}

func TestReopenKeepsWhatWasWritten(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.update(context.Background(), addOrganization("kept")); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.update(context.Background(), addOrganization("late")); !errors.Is(err, ErrClosed) {
		t.Errorf("write after Close: %v, want ErrClosed", err)
	}
	s, err = Open(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := organizations(t, s); got != 2 {
		t.Errorf("%d organizations, want the default and the kept one", got)
	}
}

func BenchmarkUpdate(b *testing.B) {
	s, err := Open(context.Background(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			err := s.update(context.Background(), func(tx *sql.Tx) error {
				_, err := tx.Exec("UPDATE organizations SET name = 'x' WHERE id = 'default'")
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}
