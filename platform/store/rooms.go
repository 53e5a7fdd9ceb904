package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"guichet/platform/report"
	"guichet/platform/room"
	"guichet/platform/wire"
)

const roomColumns = `r.organization, r.id, r.settings, r.created, r.updated`

func scanRoom(r row, more ...any) (v room.Stored, err error) {
	var settings []byte
	var created, updated int64
	if err = r.Scan(append([]any{&v.Organization, &v.ID, &settings, &created, &updated}, more...)...); err != nil {
		return v, err
	}
	v.Created, v.Updated = time.UnixMilli(created), time.UnixMilli(updated)
	return v, decodeStored("settings of a room", settings, &v.Settings)
}

func decodeStored(what string, text []byte, v any) error {
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// Room implements room.Store.
func (s *Store) Room(ctx context.Context, organization, idOrName string, withSession bool) (room.Stored, error) {
	v, err := scanRoom(s.read.QueryRowContext(ctx, `SELECT `+roomColumns+` FROM rooms r WHERE organization = ?1 AND (id = ?2 OR name = ?2)
		ORDER BY id <> ?2 LIMIT 1`, organization, idOrName))
	if err == nil && withSession {
		err = s.addSession(ctx, &v)
	}
	return v, orNoRoom(err, room.ErrUnknown)
}

func orNoRoom(err, none error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return none
	}
	if err != nil {
		return fmt.Errorf("read room: %w", err)
	}
	return nil
}

// Rooms implements room.Store.
func (s *Store) Rooms(ctx context.Context, organization string, withSession bool, p room.Page) ([]room.Stored, error) {
	a := ask{}
	a.and("r.organization = ?", organization)
	order := a.page(p, "r.created", "r.id", text)
	list, err := collect(ctx, s.read, "list rooms", func(r row) (room.Stored, error) { return scanRoom(r) },
		`SELECT `+roomColumns+` FROM rooms r`+a.rows(order, p.Limit), a.args...)
	if err != nil || !withSession {
		return room.InOrder(p, list), err
	}
	for i := range list {
		if err := s.addSession(ctx, &list[i]); err != nil {
			return nil, err
		}
	}
	return room.InOrder(p, list), nil
}

// page adds what a page begins after, or ends before, and returns the order in
// which its rows are read: away from there.
func (a *ask) page(p room.Page, at, id string, key func(string) any) (order string) {
	switch {
	case p.Before != nil:
		a.and("("+at+", "+id+") > (?, ?)", p.Before.At, key(p.Before.ID))
		return at + ", " + id
	case p.After != nil:
		a.and("("+at+", "+id+") < (?, ?)", p.After.At, key(p.After.ID))
	}
	return at + " DESC, " + id + " DESC"
}

// text is the key of rows whose ids are text.
func text(id string) any { return id }

// digits is the key of rows whose ids are numbers; what is none is before all.
func digits(id string) any { return rowID(report.Place{ID: id}) }

// addSession fills in the session that goes on in a room.
func (s *Store) addSession(ctx context.Context, r *room.Stored) error {
	v, err := scanSession(s.read.QueryRowContext(ctx, `SELECT `+sessionColumns+` FROM room_sessions s
		WHERE organization = ? AND room = ? AND ended IS NULL AND started IS NOT NULL`, r.Organization, r.ID))
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("session of a room: %w", err)
	}
	r.Session = &v
	return nil
}

// AddRoom implements room.Store.
func (s *Store) AddRoom(ctx context.Context, r room.Stored, most int) error {
	return s.update(ctx, func(tx *sql.Tx) error { return addRoom(tx, r, most) })
}

func addRoom(tx *sql.Tx, r room.Stored, most int) error {
	settings, err := json.Marshal(r.Settings)
	if err != nil {
		return fmt.Errorf("encode room: %w", err)
	}
	done, err := tx.Exec(`INSERT INTO rooms (id, organization, name, settings, created, updated, automatic, used) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO NOTHING`, r.ID, r.Organization, r.Settings.Name, string(settings), r.Created.UnixMilli(), r.Updated.UnixMilli(),
		r.Automatic, r.Created.UnixMilli())
	if err := orElse(done, err, room.ErrTaken); err != nil {
		return err
	}
	return keepMost(tx, r, most)
}

// ChangeRoom implements room.Store.
func (s *Store) ChangeRoom(ctx context.Context, r room.Stored, was time.Time) error {
	settings, err := json.Marshal(r.Settings)
	if err != nil {
		return fmt.Errorf("encode room: %w", err)
	}
	return s.update(ctx, func(tx *sql.Tx) error {
		var other, updated, used sql.NullInt64
		err := tx.QueryRow(`SELECT (SELECT updated FROM rooms WHERE organization = ?1 AND id = ?2),
			(SELECT 1 FROM rooms WHERE organization = ?1 AND name = ?3 AND id <> ?2),
			(SELECT 1 FROM rooms r JOIN room_sessions s ON s.organization = r.organization AND s.room = r.id AND s.ended IS NULL
				WHERE r.organization = ?1 AND r.id = ?2 AND r.name <> ?3)`, r.Organization, r.ID, r.Settings.Name).Scan(&updated, &other, &used)
		switch {
		case err != nil:
			return err
		case !updated.Valid:
			return room.ErrUnknown
		case other.Valid:
			return room.ErrTaken
		case updated.Int64 != was.UnixMilli():
			return room.ErrChanged
		case used.Valid:
			return room.ErrInUse
		}
		_, err = tx.Exec(`UPDATE rooms SET name = ?, settings = ?, updated = ?, automatic = 0 WHERE id = ?`, r.Settings.Name, string(settings), r.Updated.UnixMilli(), r.ID)
		return err
	})
}

// RemoveRoom implements room.Store.
func (s *Store) RemoveRoom(ctx context.Context, organization, id string) (session string, err error) {
	err = s.update(ctx, func(tx *sql.Tx) error {
		session = ""
		err := tx.QueryRow(`SELECT id FROM room_sessions WHERE organization = ? AND room = ? AND ended IS NULL`, organization, id).Scan(&session)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		done, err := tx.Exec(`DELETE FROM rooms WHERE organization = ? AND id = ?`, organization, id)
		return orElse(done, err, room.ErrUnknown)
	})
	return session, err
}

const sessionColumns = `s.organization, s.id, s.room, s.project, s.settings, s.state, s.started, s.ended`

func scanSession(r row) (v room.Session, err error) {
	var settings, state []byte
	var started int64
	var ended sql.NullInt64
	if err = r.Scan(&v.Organization, &v.ID, &v.Room, &v.Project, &settings, &state, &started, &ended); err != nil {
		return v, err
	}
	v.Started = time.UnixMilli(started)
	if ended.Valid {
		v.Ended = time.UnixMilli(ended.Int64)
	}
	return v, errors.Join(decodeStored("settings of a session", settings, &v.Settings), decodeStored("state of a session", state, &v.State))
}

// RoomSession implements room.Store.
func (s *Store) RoomSession(ctx context.Context, organization, id string) (room.Session, error) {
	v, err := scanSession(s.read.QueryRowContext(ctx, `SELECT `+sessionColumns+` FROM room_sessions s
		WHERE organization = ? AND id = ? AND started IS NOT NULL`, organization, id))
	return v, orNoRoom(err, room.ErrUnknownSession)
}

// RoomSessions implements room.Store.
func (s *Store) RoomSessions(ctx context.Context, organization string, f room.Filter, p room.Page) ([]room.Session, error) {
	a := ask{}
	a.and("s.organization = ?", organization)
	a.and("s.started IS NOT NULL")
	a.when(f.RoomID, "s.room = ?")
	a.when(f.RoomName, "s.name = ?")
	switch f.Status {
	case wire.SessionInProgress:
		a.and("s.ended IS NULL")
	case wire.SessionCompleted:
		a.and("s.ended IS NOT NULL")
	}
	order := a.page(p, "s.started", "s.id", text)
	list, err := collect(ctx, s.read, "list sessions", scanSession, `SELECT `+sessionColumns+` FROM room_sessions s`+a.rows(order, p.Limit), a.args...)
	return room.InOrder(p, list), err
}

// EmptySessions implements room.Store. Nobody is in a conference without an open
// attendance; of one that nobody ever was in, its beginning counts.
func (s *Store) EmptySessions(ctx context.Context, before time.Time, limit int) ([]room.Session, error) {
	return collect(ctx, s.read, "list empty sessions", scanSession, `SELECT `+sessionColumns+` FROM room_sessions s
		WHERE s.ended IS NULL AND s.started < ?1
		AND NOT EXISTS (SELECT 1 FROM meetings m WHERE m.organization = s.organization AND m.conference = s.id AND (m.ended IS NULL OR m.ended >= ?1))
		LIMIT ?2`, before.UnixMilli(), limit)
}

// RoomMembers implements room.Store: they are the attendances that the
// conference's own changes wrote.
func (s *Store) RoomMembers(ctx context.Context, organization, session string, now time.Time, p room.Page) ([]room.Row[wire.VideoMember], error) {
	a := ask{}
	a.and("a.meeting IN (SELECT id FROM meetings WHERE organization = ? AND conference = ?)", organization, session)
	order := a.page(p, "a.joined", "a.id", digits)
	list, err := collect(ctx, s.read, "list members", func(r row) (m room.Row[wire.VideoMember], err error) {
		var id, joined int64
		var left sql.NullInt64
		v := &m.Of
		err = r.Scan(&id, &v.ID, &v.Name, &joined, &left)
		m.Place = room.Place{At: joined, ID: fmt.Sprint(id)}
		v.RoomSessionID, v.JoinTime, v.LeaveTime, v.Duration = session, moment(joined), orNoMoment(left), seconds(joined, left, now)
		return m, err
	}, `SELECT a.id, a.endpoint, a.name, a.joined, a.left FROM attendances a`+a.rows(order, p.Limit), a.args...)
	return room.InOrder(p, list), err
}
