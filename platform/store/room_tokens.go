package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"guichet/platform/oauth"
)

const roomTokenColumns = `seq, organization, id, application, version, user, user_version, room, name, issued, expires`

func scanRoomToken(r row) (t oauth.IssuedRoomToken, err error) {
	var issued, expires int64
	err = r.Scan(&t.Seq, &t.Organization, &t.ID, &t.Application, &t.Version, &t.UserID, &t.UserVersion, &t.Room, &t.Name, &issued, &expires)
	t.Issued, t.Expires = time.UnixMilli(issued), time.UnixMilli(expires)
	return t, err
}

// AddRoomToken implements oauth.RoomTokenStore.
func (s *Store) AddRoomToken(ctx context.Context, t oauth.IssuedRoomToken, grant string, most int) (userVersion int64, err error) {
	err = s.update(ctx, func(tx *sql.Tx) error {
		var tokens int
		if err := tx.QueryRow(`SELECT coalesce(max(tokens), 0) FROM room_token_counts WHERE organization = ?`, t.Organization).Scan(&tokens); err != nil {
			return err
		}
		if tokens >= most {
			return oauth.ErrTooManyRoomTokens
		}
		if grant != "" {
			err := tx.QueryRow(`SELECT coalesce(max(u.version), 0) FROM grants g LEFT JOIN users u ON u.organization = g.organization AND u.id = g.user
				WHERE g.id = ? AND g.revoked IS NULL GROUP BY g.id`, grant).Scan(&userVersion)
			if errors.Is(err, sql.ErrNoRows) {
				return oauth.ErrUnknown
			}
			if err != nil {
				return err
			}
		}
		_, err := tx.Exec(`INSERT INTO room_tokens (organization, id, application, version, user, user_version, room, name, issued, expires, kept)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10) ON CONFLICT DO NOTHING`, t.Organization, t.ID, t.Application, t.Version, t.UserID, userVersion, t.Room, t.Name,
			t.Issued.UnixMilli(), t.Expires.UnixMilli())
		return err
	})
	return userVersion, err
}

// RoomToken implements oauth.RoomTokenStore.
func (s *Store) RoomToken(ctx context.Context, organization, id string) (oauth.IssuedRoomToken, error) {
	t, err := scanRoomToken(s.read.QueryRowContext(ctx, `SELECT `+roomTokenColumns+` FROM room_tokens WHERE organization = ? AND id = ?`, organization, id))
	if errors.Is(err, sql.ErrNoRows) {
		return t, oauth.ErrUnknown
	}
	if err != nil {
		return t, fmt.Errorf("read room token: %w", err)
	}
	return t, nil
}

// RoomTokens implements oauth.RoomTokenStore.
func (s *Store) RoomTokens(ctx context.Context, organization, room string, before int64, limit int) ([]oauth.IssuedRoomToken, error) {
	a := ask{}
	a.and("organization = ?", organization)
	a.when(room, "room = ?")
	if before > 0 {
		a.and("seq < ?", before)
	}
	return collect(ctx, s.read, "list room tokens", scanRoomToken, `SELECT `+roomTokenColumns+` FROM room_tokens`+a.rows("seq DESC", limit), a.args...)
}

// DropRoomTokens implements oauth.RoomTokenStore.
func (s *Store) DropRoomTokens(ctx context.Context) error {
	return s.sweep(ctx, "room tokens", `DELETE FROM room_tokens WHERE seq IN (SELECT seq FROM room_tokens LIMIT ?1)`, sweepChunk)
}

// revokeIssuer ends the room tokens that a user had made before a version. An
// organization that never had any has nothing to end.
func revokeIssuer(tx *sql.Tx, organization, id string, version int64, at time.Time) error {
	var last sql.NullInt64
	err := tx.QueryRow(`SELECT (SELECT max(expires) FROM room_tokens t WHERE t.organization = ?1 AND t.user = ?2)
		FROM room_token_counts WHERE organization = ?1`, organization, id).Scan(&last)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	until := at // a holder may be in a room past the end of a token that is not kept any more
	if expires := time.UnixMilli(last.Int64); last.Valid && expires.After(at) {
		until = expires
	}
	return revoke(tx, oauth.Revocation{Kind: oauth.RevokedIssuer, ID: oauth.IssuerID(organization, id), Version: version, At: at, Until: until.Add(oauth.KeepRoomToken)})
}
