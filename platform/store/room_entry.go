package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"guichet/platform/room"
)

// EnterRoom implements room.Store. Writes come one after the other, so that of
// several callers the first makes what the others find.
func (s *Store) EnterRoom(ctx context.Context, e room.Entry) (r room.Stored, session string, made bool, err error) {
	// Nearly everybody finds what is there.
	if r, session, err = findSession(ctx, s.read, e.Organization, e.Name); err == nil {
		return r, session, false, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return r, "", false, fmt.Errorf("enter room: %w", err)
	}
	err = s.update(ctx, func(tx *sql.Tx) error {
		var err error
		if r, session, err = findSession(ctx, tx, e.Organization, e.Name); !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		session = e.Session
		r, made, err = findRoom(tx, e)
		if err != nil {
			return err
		}
		return beginSession(tx, e, r)
	})
	return r, session, made && err == nil, err
}

// findRoom returns the room that is entered, and makes it if need be.
func findRoom(tx *sql.Tx, e room.Entry) (r room.Stored, made bool, err error) {
	r, err = scanRoom(tx.QueryRow(`SELECT `+roomColumns+` FROM rooms r WHERE organization = ? AND name = ?`, e.Organization, e.Name))
	if !errors.Is(err, sql.ErrNoRows) {
		return r, false, err
	}
	if e.Fresh == nil {
		return r, false, room.ErrUnknown
	}
	return *e.Fresh, true, addRoom(tx, *e.Fresh, e.Most)
}

// beginSession begins a session in a room if that may be.
func beginSession(tx *sql.Tx, e room.Entry, r room.Stored) error {
	if err := e.May(r.Settings); err != nil {
		return err
	}
	settings, err := json.Marshal(r.Settings)
	if err != nil {
		return fmt.Errorf("encode room: %w", err)
	}
	if _, err := tx.Exec(`UPDATE rooms SET used = ? WHERE id = ?`, e.At.UnixMilli(), r.ID); err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO room_sessions (organization, id, room, name, project, settings, made) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		e.Organization, e.Session, r.ID, e.Name, e.Project, string(settings), e.At.UnixMilli())
	return err
}

type oneRow interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// findSession returns the room of a name and the session that goes on in it, or
// fails with sql.ErrNoRows.
func findSession(ctx context.Context, db oneRow, organization, name string) (r room.Stored, session string, err error) {
	r, err = scanRoom(db.QueryRowContext(ctx, `SELECT `+roomColumns+`, s.id FROM rooms r
		JOIN room_sessions s ON s.organization = r.organization AND s.room = r.id AND s.ended IS NULL AND s.room <> ''
		WHERE r.organization = ? AND r.name = ?`, organization, name), &session)
	return r, session, err
}

// CurrentSession implements room.Store.
func (s *Store) CurrentSession(ctx context.Context, organization, name string) (id string, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT s.id FROM rooms r
		JOIN room_sessions s ON s.organization = r.organization AND s.room = r.id AND s.ended IS NULL AND s.room <> ''
		WHERE r.organization = ? AND r.name = ?`, organization, name).Scan(&id)
	return id, orNoRoom(err, room.ErrNoSession)
}

// nobodyIn is the condition of rooms r without a session that goes on.
const nobodyIn = `NOT EXISTS (SELECT 1 FROM room_sessions s WHERE s.organization = r.organization AND s.room = r.id AND s.ended IS NULL)`

// keepMost removes an automatic room when a new one is one too many.
func keepMost(tx *sql.Tx, fresh room.Stored, most int) error {
	var rooms int
	if err := tx.QueryRow(`SELECT count(*) FROM rooms WHERE organization = ?`, fresh.Organization).Scan(&rooms); err != nil || rooms <= most {
		return err
	}
	done, err := tx.Exec(`DELETE FROM rooms WHERE id = (SELECT id FROM rooms r WHERE organization = ? AND automatic AND id <> ? AND `+nobodyIn+`
		ORDER BY used LIMIT 1)`, fresh.Organization, fresh.ID)
	return orElse(done, err, room.ErrTooMany)
}

// TidyRooms implements room.Store.
func (s *Store) TidyRooms(ctx context.Context, before time.Time) error {
	if err := s.sweep(ctx, "sessions that never began", `UPDATE room_sessions SET ended = made WHERE (organization, id) IN
		(SELECT organization, id FROM room_sessions WHERE ended IS NULL AND started IS NULL AND made < ?1 LIMIT ?2)`, before.UnixMilli(), sweepChunk); err != nil {
		return err
	}
	return s.sweep(ctx, "automatic rooms", `DELETE FROM rooms WHERE id IN (SELECT id FROM rooms r WHERE automatic AND used < ?1 AND `+nobodyIn+` LIMIT ?2)`,
		before.UnixMilli(), sweepChunk)
}
