package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"guichet/platform/conference"
	"guichet/platform/room"
	"guichet/platform/wire"
)

// maxRoomEvents bounds the events that are kept of one session: the first ones,
// and the joins, leaves and the end whatever their number.
const maxRoomEvents = 1000

// keepSession writes what a change of a conference means for the room whose
// session it is, if it is one, in the transaction of the change.
func keepSession(tx *sql.Tx, c conference.Change, at int64) (ofRoom bool, err error) {
	var started, ended any
	if c.Was == 0 {
		started = at
	}
	if c.Ended {
		ended = at
	}
	var found int
	err = tx.QueryRow(`SELECT 1 FROM room_sessions WHERE organization = ? AND id = ?`, c.Key.Organization, c.Key.ID).Scan(&found)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil || started == nil && ended == nil {
		return err == nil, err
	}
	_, err = tx.Exec(`UPDATE room_sessions SET started = coalesce(started, ?3, ?4), ended = coalesce(ended, max(?4, coalesce(started, ?4)))
		WHERE organization = ?1 AND id = ?2`, c.Key.Organization, c.Key.ID, started, ended)
	if err == nil && ended != nil {
		_, err = tx.Exec(`UPDATE rooms SET used = max(used, ?3) WHERE automatic AND id = (SELECT room FROM room_sessions WHERE organization = ?1 AND id = ?2)`,
			c.Key.Organization, c.Key.ID, ended)
	}
	if err != nil || started == nil {
		return true, err
	}
	return true, addRoomEvent(tx, c.Key, at, roomEvent{id: wire.NewID(), name: "room.started", payload: "{}"})
}

type roomEvent struct {
	id, name, participant, payload string
	always                         bool
}

// keepRoomEvent adds an event of the conference to those of the room's session.
func keepRoomEvent(tx *sql.Tx, k conference.Key, at int64, e conference.Entry) error {
	var body wire.Event
	if err := json.Unmarshal(e.Body, &body); err != nil {
		return err
	}
	v := roomEvent{id: body.ID, participant: body.UserEndpointID, payload: string(e.Body)}
	switch body.Type {
	case wire.EventJoined:
		v.name, v.always = "member.joined", true
	case wire.EventLeft:
		v.name, v.always = "member.left", true
	case wire.EventEnded:
		v.name, v.always = "room.ended", true
	case wire.EventStreamPublished:
		v.name = "stream.published"
	case wire.EventStreamUnpublished:
		v.name = "stream.unpublished"
	case wire.EventMetadataUpdated:
		endpoint, member := strings.CutPrefix(body.Key, wire.MemberPrefix)
		switch {
		case body.Operation != wire.OperationSet:
			return nil
		case member:
			v.name, v.participant = "member.updated", endpoint
		case body.Key == wire.MetadataRoom:
			v.name = "room.updated"
			if _, err := tx.Exec(`UPDATE room_sessions SET state = ? WHERE organization = ? AND id = ?`, body.Value, k.Organization, k.ID); err != nil {
				return err
			}
		default:
			return nil
		}
	default:
		return nil
	}
	return addRoomEvent(tx, k, at, v)
}

func addRoomEvent(tx *sql.Tx, k conference.Key, at int64, v roomEvent) error {
	r, err := tx.Exec(`UPDATE room_sessions SET events = events + 1 WHERE organization = ? AND id = ? AND (events < ? OR ?)`,
		k.Organization, k.ID, maxRoomEvents, v.always)
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return err
	}
	_, err = tx.Exec(`INSERT INTO room_events (organization, session, id, name, participant, payload, created) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		k.Organization, k.ID, v.id, v.name, v.participant, v.payload, at)
	return err
}

// RoomEvents implements room.Store.
func (s *Store) RoomEvents(ctx context.Context, organization, session string, p room.Page) ([]room.Row[wire.VideoEvent], error) {
	a := ask{}
	a.and("e.organization = ?", organization)
	a.and("e.session = ?", session)
	order := a.page(p, "e.created", "e.seq", digits)
	list, err := collect(ctx, s.read, "list events of a room", func(r row) (e room.Row[wire.VideoEvent], err error) {
		var seq, created int64
		var in string
		v := &e.Of
		err = r.Scan(&seq, &v.ID, &v.Name, &v.RoomParticipantID, (*[]byte)(&v.Payload), &created, &v.ProjectID, &in)
		e.Place = room.Place{At: created, ID: fmt.Sprint(seq)}
		if in != "" {
			v.RoomID = &in
		}
		v.Level, v.RoomSessionID, v.CreatedAt = "info", session, moment(created)
		return e, err
	}, `SELECT e.seq, e.id, e.name, e.participant, e.payload, e.created, s.project, s.room
		FROM room_events e JOIN room_sessions s ON s.organization = e.organization AND s.id = e.session`+a.rows(order, p.Limit), a.args...)
	return room.InOrder(p, list), err
}
