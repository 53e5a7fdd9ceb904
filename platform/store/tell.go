package store

import (
	"database/sql"
	"time"

	"guichet/platform/broker"
)

// tellConference writes an event for everybody who is in the conference. It is
// one row, which memberships let them see.
func tellConference(tx *sql.Tx, organization, conference string, to []string, body []byte, at time.Time) ([]tailRow, error) {
	done, err := tx.Exec(`INSERT INTO journal (organization, conference, body, created) VALUES (?, ?, ?, ?)`, organization, conference, body, at.UnixMilli())
	if err != nil {
		return nil, err
	}
	seq, err := done.LastInsertId()
	if err != nil {
		return nil, err
	}
	return []tailRow{{broker.Entry{Seq: seq, Body: body}, to}}, nil
}

// tellEndpoint writes an event for one endpoint, if that still is its user's.
func tellEndpoint(tx *sql.Tx, organization, endpoint, user string, body []byte, at time.Time) ([]tailRow, error) {
	done, err := tx.Exec(`INSERT INTO journal (organization, endpoint, body, created)
		SELECT organization, id, ?, ? FROM endpoints WHERE id = ? AND organization = ? AND user_id = ?`,
		body, at.UnixMilli(), endpoint, organization, user)
	if err != nil {
		return nil, err
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return nil, err
	}
	seq, err := done.LastInsertId()
	if err != nil {
		return nil, err
	}
	return []tailRow{{broker.Entry{Seq: seq, Body: body}, []string{endpoint}}}, nil
}
