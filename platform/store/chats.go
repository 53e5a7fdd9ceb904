package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"guichet/platform/chat"
)

// currentChat finds the chat that a conference ?1, ?2 has or, when it is no
// more, had last.
const currentChat = `(SELECT id FROM chats WHERE organization = ?1 AND conference = ?2
	AND (closed IS NULL OR NOT EXISTS (SELECT 1 FROM conferences WHERE organization = ?1 AND id = ?2))
	ORDER BY id DESC LIMIT 1)`

// Seat implements chat.Store. What the endpoint joined with stands in the
// conference's state.
func (s *Store) Seat(ctx context.Context, k chat.Key, m chat.Member) (seat chat.Seat, err error) {
	var metadata sql.NullString
	err = s.read.QueryRowContext(ctx, `SELECT ended IS NOT NULL,
		EXISTS (SELECT 1 FROM memberships m JOIN endpoints e ON e.id = m.endpoint
			WHERE m.organization = ?1 AND m.conference = ?2 AND m.to_seq IS NULL AND e.user_id = ?3 AND ?4 IN ('', e.id)),
		(SELECT value -> '$.metadata' FROM json_each(CAST(state AS TEXT), '$.members') WHERE value ->> '$.endpoint' = ?4)
		FROM conferences WHERE organization = ?1 AND id = ?2`, k.Organization, k.Conference, m.UserID, m.EndpointID).Scan(&seat.Ended, &seat.In, &metadata)
	if errors.Is(err, sql.ErrNoRows) {
		return seat, nil
	}
	if err != nil {
		return seat, fmt.Errorf("read seat: %w", err)
	}
	seat.Known, seat.Metadata = true, []byte(metadata.String)
	return seat, nil
}

// AddMessage implements chat.Store.
func (s *Store) AddMessage(ctx context.Context, m chat.Message, max int64, stamp func(*chat.Message) ([]byte, error)) (kept chat.Message, woken []string, err error) {
	woken, err = s.tell(ctx, func(tx *sql.Tx) ([]tailRow, error) {
		id, seq, err := openChat(tx, m.Key)
		if err != nil {
			return nil, err
		}
		kept, err = scanMessage(m.Key)(tx.QueryRow(`SELECT `+messageColumns+` FROM messages WHERE chat = ? AND message = ?`, id, m.ID))
		if err == nil && (kept.Sender.UserID != m.Sender.UserID || kept.Text != m.Text) {
			err = chat.ErrTaken
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return nil, err
		}
		if seq >= max {
			return nil, chat.ErrFull
		}
		kept = m
		kept.Seq = seq + 1
		return addMessage(tx, id, &kept, stamp)
	})
	return kept, woken, err
}

// openChat returns the chat of a conference and the number of its last message.
// It makes the chat, which stays only with its first message.
func openChat(tx *sql.Tx, k chat.Key) (id, seq int64, err error) {
	err = tx.QueryRow(`INSERT INTO chats (organization, conference, seq) VALUES (?, ?, 0)
		ON CONFLICT (organization, conference) WHERE closed IS NULL DO UPDATE SET seq = seq RETURNING id, seq`,
		k.Organization, k.Conference).Scan(&id, &seq)
	return id, seq, err
}

// addMessage writes a message of somebody who is in the conference, and its
// event for everybody there.
func addMessage(tx *sql.Tx, id int64, m *chat.Message, stamp func(*chat.Message) ([]byte, error)) ([]tailRow, error) {
	to, in, err := chatMembers(tx, m.Key, m.Sender)
	if err != nil {
		return nil, err
	}
	if !in {
		return nil, chat.ErrNotMember
	}
	body, err := stamp(m)
	if err != nil {
		return nil, err
	}
	if _, err := tx.Exec(`UPDATE chats SET seq = ? WHERE id = ?`, m.Seq, id); err != nil {
		return nil, err
	}
	if _, err := tx.Exec(`INSERT INTO messages (chat, seq, message, user, endpoint, name, text, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		id, m.Seq, m.ID, m.Sender.UserID, m.Sender.EndpointID, m.Name, m.Text, m.Created.UnixMilli()); err != nil {
		return nil, err
	}
	return tellConference(tx, m.Key.Organization, m.Key.Conference, to, body, m.Created)
}

// chatMembers returns the endpoints in a conference and whether a member is
// among them.
func chatMembers(tx *sql.Tx, k chat.Key, sender chat.Member) (to []string, in bool, err error) {
	rows, err := tx.Query(membersQuery, k.Organization, k.Conference)
	if err != nil {
		return nil, false, err
	}
	defer rows.Close()
	for rows.Next() {
		var m chat.Member
		if err := rows.Scan(&m.EndpointID, &m.UserID); err != nil {
			return nil, false, err
		}
		to, in = append(to, m.EndpointID), in || m == sender
	}
	return to, in, rows.Err()
}

const messageColumns = `message, seq, user, endpoint, name, text, created`

func scanMessage(k chat.Key) func(row) (chat.Message, error) {
	return func(r row) (m chat.Message, err error) {
		var created int64
		err = r.Scan(&m.ID, &m.Seq, &m.Sender.UserID, &m.Sender.EndpointID, &m.Name, &m.Text, &created)
		m.Key, m.Created = k, time.UnixMilli(created)
		return m, err
	}
}

// Messages implements chat.Store.
func (s *Store) Messages(ctx context.Context, k chat.Key, after int64, limit int) ([]chat.Message, error) {
	return collect(ctx, s.read, "list messages", scanMessage(k), `SELECT `+messageColumns+` FROM messages
		WHERE chat = `+currentChat+` AND seq > ?3 ORDER BY seq LIMIT ?4`, k.Organization, k.Conference, after, limit)
}

// Notes implements chat.Store: files that were sent to everybody, and the
// pictures of snapshots. Those of an earlier conference came before its chat was
// closed.
func (s *Store) Notes(ctx context.Context, k chat.Key) ([]chat.Note, error) {
	return collect(ctx, s.read, "list notes", func(r row) (n chat.Note, err error) {
		var created int64
		err = r.Scan(&n.Kind, &n.ID, &n.Sender.UserID, &n.Sender.EndpointID, &n.Name, &n.Text, &created)
		n.Created = time.UnixMilli(created)
		return n, err
	}, `SELECT iif(f.snapshot = '', 'FILE', 'SNAPSHOT'), iif(f.snapshot = '', f.id, f.snapshot), f.user, f.endpoint,
			coalesce((SELECT name FROM messages m WHERE m.chat = `+currentChat+` AND m.user = f.user ORDER BY m.seq LIMIT 1), ''),
			iif(f.snapshot = '', f.name, (SELECT type FROM snapshots s WHERE s.id = f.snapshot)), f.created
		FROM files f WHERE f.organization = ?1 AND f.conference = ?2 AND f.target = ''
			AND f.closed = NOT EXISTS (SELECT 1 FROM conferences WHERE organization = ?1 AND id = ?2)
			AND f.created > coalesce((SELECT max(closed) FROM chats WHERE organization = ?1 AND conference = ?2 AND id IS NOT `+currentChat+`), 0)
		ORDER BY f.created, f.id`, k.Organization, k.Conference)
}
