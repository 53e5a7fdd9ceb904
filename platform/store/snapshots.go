package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"guichet/platform/file"
	"guichet/platform/wire"
)

// AddSnapshot implements file.Snapshots.
func (s *Store) AddSnapshot(ctx context.Context, p file.Picture, n file.Note, max int) (woken []string, err error) {
	return s.tell(ctx, func(tx *sql.Tx) ([]tailRow, error) {
		var waiting int
		if err := tx.QueryRow(`SELECT count(*) FROM snapshots WHERE organization = ? AND conference = ? AND answered IS NULL AND closed = 0`,
			p.Key.Organization, p.Key.Conference).Scan(&waiting); err != nil {
			return nil, err
		}
		if waiting >= max {
			return nil, file.ErrTooMany
		}
		if _, err := tx.Exec(`INSERT INTO snapshots (id, organization, conference, interaction, application, type, user, endpoint, target_user, target_endpoint, state, created)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			p.ID, p.Key.Organization, p.Key.Conference, p.Interaction, p.Application, p.Kind, p.Asker.UserID, p.Asker.EndpointID,
			p.Target.UserID, p.Target.EndpointID, p.State, p.Created.UnixMilli()); err != nil {
			return nil, err
		}
		return tellMembers(tx, p.Key.Organization, n, p.Created)
	})
}

// tellMembers writes a note for those whom it is for.
func tellMembers(tx *sql.Tx, organization string, n file.Note, at time.Time) ([]tailRow, error) {
	var rows []tailRow
	for _, m := range n.To {
		row, err := tellEndpoint(tx, organization, m.EndpointID, m.UserID, n.Body, at)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row...)
	}
	return rows, nil
}

const snapshotColumns = `f.id, f.organization, f.conference, f.interaction, f.application, f.type, f.user, f.endpoint, f.target_user, f.target_endpoint, f.state, f.created,
	p.id, p.kind, p.size, p.sha256, p.user, p.endpoint`

const snapshotTables = `snapshots f LEFT JOIN files p ON p.snapshot = f.id AND p.snapshot <> ''`

func scanSnapshot(r row) (v file.Picture, err error) {
	var created int64
	var id, kind, user, endpoint sql.NullString
	var size sql.NullInt64
	var sum []byte
	err = r.Scan(&v.ID, &v.Key.Organization, &v.Key.Conference, &v.Interaction, &v.Application, &v.Kind, &v.Asker.UserID, &v.Asker.EndpointID,
		&v.Target.UserID, &v.Target.EndpointID, &v.State, &created, &id, &kind, &size, &sum, &user, &endpoint)
	v.Created = time.UnixMilli(created)
	if id.Valid {
		v.File = file.Record{ID: id.String, Key: v.Key, Snapshot: v.ID, Kind: kind.String, Size: size.Int64, Sender: file.Member{EndpointID: endpoint.String, UserID: user.String}}
		copy(v.File.SHA256[:], sum)
	}
	return v, err
}

// Snapshot implements file.Snapshots.
func (s *Store) Snapshot(ctx context.Context, organization, id string) (file.Picture, error) {
	return s.snapshot(ctx, file.ErrUnknownSnapshot, `f.organization = ? AND f.id = ?`, organization, id)
}

// AwaitedSnapshot implements file.Snapshots.
func (s *Store) AwaitedSnapshot(ctx context.Context, organization, targetEndpoint string, unanswered bool) (file.Picture, error) {
	return s.snapshot(ctx, file.ErrNotApproved, `f.organization = ? AND f.target_endpoint = ? AND f.closed = 0 AND (f.state = 'APPROVED' OR f.state = 'REQUESTED' AND ?)
		AND EXISTS (SELECT 1 FROM memberships m WHERE m.organization = f.organization AND m.conference = f.conference AND m.to_seq IS NULL AND m.endpoint = f.target_endpoint)
		ORDER BY f.state, f.answered DESC, f.created DESC, f.id LIMIT 1`, organization, targetEndpoint, unanswered)
}

func (s *Store) snapshot(ctx context.Context, missing error, where string, args ...any) (file.Picture, error) {
	v, err := scanSnapshot(s.read.QueryRowContext(ctx, `SELECT `+snapshotColumns+` FROM `+snapshotTables+` WHERE `+where, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return v, missing
	}
	if err != nil {
		return v, fmt.Errorf("read snapshot: %w", err)
	}
	return v, nil
}

// AnswerSnapshot implements file.Snapshots.
func (s *Store) AnswerSnapshot(ctx context.Context, id string, state wire.SnapshotState, n file.Note, at time.Time) (woken []string, err error) {
	return s.tell(ctx, func(tx *sql.Tx) ([]tailRow, error) {
		return answered(tx, `UPDATE snapshots SET state = ?, answered = ? WHERE id = ? AND answered IS NULL AND closed = 0 RETURNING organization`, n, at,
			state, at.UnixMilli(), id)
	})
}

// answered runs an update that returns the organization of what was answered,
// and tells of it.
func answered(tx *sql.Tx, update string, n file.Note, at time.Time, args ...any) ([]tailRow, error) {
	var organization string
	err := tx.QueryRow(update, args...).Scan(&organization)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, file.ErrAnswered
	}
	if err != nil {
		return nil, err
	}
	return tellMembers(tx, organization, n, at)
}

// AddPicture implements file.Snapshots.
func (s *Store) AddPicture(ctx context.Context, r file.Record, approval, acquired file.Note, asker string, l file.Limit) (woken []string, err error) {
	return s.tell(ctx, func(tx *sql.Tx) ([]tailRow, error) {
		approved, err := approvedByPicture(tx, r, approval)
		if err != nil {
			return nil, err
		}
		done, err := tx.Exec(`UPDATE snapshots SET state = 'ACQUIRED' WHERE id = ? AND state = 'APPROVED' AND closed = 0`, r.Snapshot)
		if err := orElse(done, err, file.ErrNotApproved); err != nil {
			return nil, err
		}
		if _, err := addFile(tx, r, l); err != nil {
			return nil, err
		}
		if err := addReader(tx, r.ID, asker); err != nil {
			return nil, err
		}
		rows, err := tellMembers(tx, r.Key.Organization, acquired, r.Created)
		return append(approved, rows...), err
	})
}

// approvedByPicture approves a snapshot that nobody answered, when the event of
// an approval comes with its picture, and tells of it.
func approvedByPicture(tx *sql.Tx, r file.Record, approval file.Note) ([]tailRow, error) {
	if approval.Body == nil {
		return nil, nil
	}
	rows, err := answered(tx, `UPDATE snapshots SET state = 'APPROVED', answered = ? WHERE id = ? AND answered IS NULL AND closed = 0 RETURNING organization`,
		approval, r.Created, r.Created.UnixMilli(), r.Snapshot)
	if errors.Is(err, file.ErrAnswered) { // meanwhile, by a call of its own
		return nil, nil
	}
	return rows, err
}

// SnapshotsOf implements file.Snapshots. Who asked may see what became of it;
// the others see it as long as they are in the conference, or when they were in
// it as the picture came.
func (s *Store) SnapshotsOf(ctx context.Context, q file.Query) ([]file.Picture, error) {
	return collect(ctx, s.read, "list snapshots", scanSnapshot, `SELECT `+snapshotColumns+` FROM `+snapshotTables+`
		WHERE `+belongs(q)+` AND ?3 = 0 AND (f.user = ?2
			OR EXISTS (SELECT 1 FROM file_readers r WHERE r.file = p.id AND r.user = ?2)
			OR f.closed = 0 AND `+presentQuery+`)
		ORDER BY f.created, f.id LIMIT ?6`, q.Organization, q.Reader.UserID, q.Reader.Customer, q.Conference, q.Interaction, q.Limit)
}

// AddCamera implements file.Snapshots. Requests that nobody answered for a day
// go with the next one.
func (s *Store) AddCamera(ctx context.Context, c file.Camera, n file.Note, max int) (woken []string, err error) {
	return s.tell(ctx, func(tx *sql.Tx) ([]tailRow, error) {
		if _, err := tx.Exec(`DELETE FROM camera_requests WHERE id IN (SELECT id FROM camera_requests WHERE created < ? LIMIT ?)`,
			c.Created.Add(-keepRow).UnixMilli(), sweepChunk); err != nil {
			return nil, err
		}
		var waiting int
		if err := tx.QueryRow(`SELECT count(*) FROM camera_requests WHERE organization = ? AND conference = ? AND answered IS NULL`,
			c.Key.Organization, c.Key.Conference).Scan(&waiting); err != nil {
			return nil, err
		}
		if waiting >= max {
			return nil, file.ErrTooMany
		}
		if _, err := tx.Exec(`INSERT INTO camera_requests (id, organization, conference, type, user, endpoint, target_user, target_endpoint, created)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			c.ID, c.Key.Organization, c.Key.Conference, c.Kind, c.Asker.UserID, c.Asker.EndpointID, c.Target.UserID, c.Target.EndpointID,
			c.Created.UnixMilli()); err != nil {
			return nil, err
		}
		return tellMembers(tx, c.Key.Organization, n, c.Created)
	})
}

// Camera implements file.Snapshots.
func (s *Store) Camera(ctx context.Context, organization, id string) (c file.Camera, err error) {
	var created int64
	err = s.read.QueryRowContext(ctx, `SELECT id, organization, conference, type, user, endpoint, target_user, target_endpoint, created
		FROM camera_requests WHERE organization = ? AND id = ?`, organization, id).
		Scan(&c.ID, &c.Key.Organization, &c.Key.Conference, &c.Kind, &c.Asker.UserID, &c.Asker.EndpointID, &c.Target.UserID, &c.Target.EndpointID, &created)
	c.Created = time.UnixMilli(created)
	if errors.Is(err, sql.ErrNoRows) {
		return c, file.ErrUnknownCamera
	}
	if err != nil {
		return c, fmt.Errorf("read camera request: %w", err)
	}
	return c, nil
}

// AnswerCamera implements file.Snapshots.
func (s *Store) AnswerCamera(ctx context.Context, id string, n file.Note, at time.Time) (woken []string, err error) {
	return s.tell(ctx, func(tx *sql.Tx) ([]tailRow, error) {
		return answered(tx, `UPDATE camera_requests SET answered = ? WHERE id = ? AND answered IS NULL RETURNING organization`, n, at,
			at.UnixMilli(), id)
	})
}
