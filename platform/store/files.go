package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"guichet/platform/file"
)

// membersQuery finds who is in a conference: those whose membership is open.
const membersQuery = `SELECT e.id, e.user_id FROM memberships m JOIN endpoints e ON e.id = m.endpoint
	WHERE m.organization = ? AND m.conference = ? AND m.to_seq IS NULL`

// readableQuery tells whether user ?2, a customer if ?3, may read the file f: by
// having been there when it came, or by being there now.
const readableQuery = `(EXISTS (SELECT 1 FROM file_readers r WHERE r.file = f.id AND r.user = ?2)
	OR f.closed = 0 AND (?3 = 0 OR f.staff = 1 AND f.target IN ('', ?2)) AND ` + presentQuery + `)`

// presentQuery tells whether user ?2 is in the conference of f, a file or
// snapshot.
const presentQuery = `EXISTS (SELECT 1 FROM memberships m JOIN endpoints e ON e.id = m.endpoint
	WHERE m.organization = f.organization AND m.conference = f.conference AND m.to_seq IS NULL AND e.user_id = ?2)`

const fileColumns = `f.id, f.organization, f.conference, f.interaction, f.application, f.user, f.endpoint, f.target, f.snapshot, f.upload, f.name, f.kind, f.size, f.sha256, f.created, f.staff`

// Place implements file.Files. The interaction stands in the conference's state.
func (s *Store) Place(ctx context.Context, k file.Key) (p file.Place, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT ended IS NOT NULL, coalesce(CAST(state AS TEXT) ->> '$.interaction', '')
		FROM conferences WHERE organization = ? AND id = ?`, k.Organization, k.Conference).Scan(&p.Ended, &p.Interaction)
	if errors.Is(err, sql.ErrNoRows) {
		return p, nil
	}
	if err != nil {
		return p, fmt.Errorf("read conference: %w", err)
	}
	p.Known = true
	p.Members, err = collect(ctx, s.read, "read members", scanMember, membersQuery, k.Organization, k.Conference)
	return p, err
}

func scanMember(r row) (m file.Member, err error) {
	err = r.Scan(&m.EndpointID, &m.UserID)
	return m, err
}

// AddFile implements file.Files.
func (s *Store) AddFile(ctx context.Context, r file.Record, event []byte, l file.Limit) (earlier file.Record, woken []string, err error) {
	woken, err = s.tell(ctx, func(tx *sql.Tx) ([]tailRow, error) {
		if r.Transaction != "" {
			var err error
			earlier, err = scanFile(tx.QueryRow(`SELECT `+fileColumns+` FROM files f WHERE organization = ? AND user = ? AND upload = ?`,
				r.Key.Organization, r.Sender.UserID, r.Transaction))
			if err == nil {
				return nil, file.ErrTransaction
			}
			if !errors.Is(err, sql.ErrNoRows) {
				return nil, err
			}
		}
		members, err := addFile(tx, r, l)
		if err != nil {
			return nil, err
		}
		to := make([]string, len(members))
		for i, m := range members {
			to[i] = m.EndpointID
		}
		return tellConference(tx, r.Key.Organization, r.Key.Conference, to, event, r.Created)
	})
	return earlier, woken, err
}

// tell runs a change that writes events, and returns the endpoints that see
// them.
func (s *Store) tell(ctx context.Context, change func(*sql.Tx) ([]tailRow, error)) (woken []string, err error) {
	var rows []tailRow
	err = s.update(ctx, func(tx *sql.Tx) error {
		rows, err = change(tx)
		if err == nil {
			s.tail.stage(rows)
		}
		return err
	})
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	s.tail.publish(rows[len(rows)-1].entry.Seq)
	for _, r := range rows {
		woken = append(woken, r.to...)
	}
	return woken, nil
}

// addFile writes a file, with those who are in the conference as its readers,
// and returns them.
func addFile(tx *sql.Tx, r file.Record, l file.Limit) ([]file.Member, error) {
	members, err := fileMembers(tx, r.Key)
	if err != nil {
		return nil, err
	}
	in := false
	for _, m := range members {
		in = in || m == r.Sender
	}
	if !in {
		return nil, file.ErrNotMember
	}
	var n int
	var bytes int64
	if err := tx.QueryRow(`SELECT count(*), coalesce(sum(size), 0) FROM files WHERE organization = ? AND conference = ? AND closed = 0`,
		r.Key.Organization, r.Key.Conference).Scan(&n, &bytes); err != nil {
		return nil, err
	}
	if n >= l.Files || bytes+r.Size > l.Bytes {
		return nil, file.ErrTooMany
	}
	if _, err := tx.Exec(`INSERT INTO files (id, organization, conference, interaction, application, user, endpoint, target, snapshot, upload, name, kind, size, sha256, created, staff)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		r.ID, r.Key.Organization, r.Key.Conference, r.Interaction, r.Application, r.Sender.UserID, r.Sender.EndpointID, r.Target, r.Snapshot, r.Transaction,
		r.Name, r.Kind, r.Size, r.SHA256[:], r.Created.UnixMilli(), r.Staff); err != nil {
		return nil, err
	}
	for _, m := range members {
		if err := addReader(tx, r.ID, m.UserID); err != nil {
			return nil, err
		}
	}
	return members, nil
}

func addReader(tx *sql.Tx, id, user string) error {
	_, err := tx.Exec(`INSERT INTO file_readers (file, user) VALUES (?, ?) ON CONFLICT DO NOTHING`, id, user)
	return err
}

func fileMembers(tx *sql.Tx, k file.Key) ([]file.Member, error) {
	rows, err := tx.Query(membersQuery, k.Organization, k.Conference)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []file.Member
	for rows.Next() {
		m, err := scanMember(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, rows.Err()
}

func scanFile(r row) (f file.Record, err error) {
	var sum []byte
	var created int64
	err = r.Scan(&f.ID, &f.Key.Organization, &f.Key.Conference, &f.Interaction, &f.Application, &f.Sender.UserID, &f.Sender.EndpointID, &f.Target,
		&f.Snapshot, &f.Transaction, &f.Name, &f.Kind, &f.Size, &sum, &created, &f.Staff)
	copy(f.SHA256[:], sum)
	f.Created = time.UnixMilli(created)
	return f, err
}

// File implements file.Files.
func (s *Store) File(ctx context.Context, organization, id string, by file.Reader) (r file.Record, readable bool, err error) {
	r, err = scanFile(s.read.QueryRowContext(ctx, `SELECT `+fileColumns+` FROM files f WHERE id = ? AND (organization = ?2 OR ?2 = '')`, id, organization))
	if err == nil {
		err = s.read.QueryRowContext(ctx, `SELECT `+readableQuery+` FROM files f WHERE id = ?1`, id, by.UserID, by.Customer).Scan(&readable)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return r, false, file.ErrUnknown
	}
	if err != nil {
		return r, false, fmt.Errorf("read file: %w", err)
	}
	return r, readable, nil
}

// FilesOf implements file.Files.
func (s *Store) FilesOf(ctx context.Context, q file.Query) ([]file.Record, error) {
	return collect(ctx, s.read, "list files", scanFile, `SELECT `+fileColumns+` FROM files f
		WHERE `+belongs(q)+` AND f.snapshot = '' AND (?6 = '' OR f.conference = ?6) AND (?7 = 0 OR f.user = ?2 OR f.target IN ('', ?2)) AND `+readableQuery+`
		ORDER BY f.created, f.id LIMIT ?8`, q.Organization, q.Reader.UserID, q.Reader.Customer, q.Conference, q.Interaction, q.Only, q.Addressed, q.Limit)
}

// belongs is the condition of a query for files or snapshots f, in a form that
// their indexes serve: organization ?1, conference ?4, interaction ?5.
func belongs(q file.Query) string {
	if q.Conference == "" {
		return `f.organization = ?1 AND ?4 = '' AND f.interaction = ?5 AND f.interaction <> ''`
	}
	return `f.organization = ?1 AND f.conference = ?4 AND (?5 = '' OR f.interaction = ?5)`
}

// KeptFiles implements file.Files.
func (s *Store) KeptFiles(ctx context.Context) (map[string]int64, error) {
	type kept struct {
		id   string
		size int64
	}
	list, err := collect(ctx, s.read, "list files", func(r row) (k kept, err error) {
		err = r.Scan(&k.id, &k.size)
		return k, err
	}, `SELECT id, size FROM files`)
	if err != nil {
		return nil, err
	}
	sizes := make(map[string]int64, len(list))
	for _, k := range list {
		sizes[k.id] = k.size
	}
	return sizes, nil
}
