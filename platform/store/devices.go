package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"guichet/platform/oauth"
)

const deviceColumns = `hash, user_code, application, organization, scopes, address, state, created, expires`

// AddDevice implements oauth.DeviceStore.
func (s *Store) AddDevice(ctx context.Context, d oauth.Device, pace time.Duration) error {
	return s.update(ctx, func(tx *sql.Tx) error {
		r, err := tx.Exec(`INSERT INTO devices (`+deviceColumns+`, grant_id, polled, pace)
			VALUES (?, ?, ?, ?, ?, ?, 'waiting', ?, ?, '', 0, ?) ON CONFLICT DO NOTHING`,
			d.Digest[:], d.UserCode, d.Application, d.Organization, words(d.Scopes), d.Address, d.Created.UnixMilli(), d.Expires.UnixMilli(),
			int64(pace/time.Second))
		return orElse(r, err, oauth.ErrTaken)
	})
}

// WaitingDevice implements oauth.DeviceStore.
func (s *Store) WaitingDevice(ctx context.Context, userCode string, at time.Time) (oauth.Device, error) {
	d, _, err := scanDevice(s.read.QueryRowContext(ctx, `SELECT `+deviceColumns+` FROM devices
		WHERE user_code = ? AND state = 'waiting' AND expires > ?`, userCode, at.UnixMilli()))
	return d, err
}

// DecideDevice implements oauth.DeviceStore.
func (s *Store) DecideDevice(ctx context.Context, userCode string, g *oauth.Grant, at time.Time) error {
	return s.update(ctx, func(tx *sql.Tx) error {
		state, grant := "denied", ""
		if g != nil {
			state, grant = "approved", g.ID
		}
		r, err := tx.Exec(`UPDATE devices SET state = ?, grant_id = ? WHERE user_code = ? AND state = 'waiting' AND expires > ?`,
			state, grant, userCode, at.UnixMilli())
		if err := orElse(r, err, oauth.ErrUnknown); err != nil || g == nil {
			return err
		}
		return addGrant(tx, *g)
	})
}

// PollDevice implements oauth.DeviceStore.
func (s *Store) PollDevice(ctx context.Context, code oauth.Digest, application string, first oauth.Digest, slower time.Duration, at time.Time) (d oauth.Device, g oauth.Grant, err error) {
	var fast bool
	err = s.update(ctx, func(tx *sql.Tx) error {
		var grant string
		var polled, pace int64
		var state string
		d, state, err = scanDevice(tx.QueryRow(`SELECT `+deviceColumns+`, grant_id, polled, pace FROM devices WHERE hash = ? AND application = ?`,
			code[:], application), &grant, &polled, &pace)
		if err == nil && state == "used" {
			return oauth.ErrUnknown
		}
		if err != nil {
			return err
		}
		if fast = at.UnixMilli() < polled+pace*1000; fast {
			pace += int64(slower / time.Second)
		}
		if _, err := tx.Exec(`UPDATE devices SET polled = ?, pace = ? WHERE hash = ?`, at.UnixMilli(), pace, code[:]); err != nil {
			return err
		}
		if fast || state != "approved" || !at.Before(d.Expires) {
			return nil
		}
		if g, err = scanGrant(tx.QueryRow(`SELECT `+grantColumns+` FROM grants g WHERE g.id = ?`, grant)); err != nil {
			return err
		}
		if _, err := tx.Exec(`UPDATE devices SET state = 'used' WHERE hash = ?`, code[:]); err != nil {
			return err
		}
		if first == (oauth.Digest{}) || g.Revoked {
			return nil
		}
		return addRefresh(tx, g.ID, first)
	})
	if err == nil && fast {
		err = oauth.ErrTooFast
	}
	return d, g, err
}

func scanDevice(r row, more ...any) (d oauth.Device, state string, err error) {
	var hash []byte
	var scopes string
	var created, expires int64
	err = r.Scan(append([]any{&hash, &d.UserCode, &d.Application, &d.Organization, &scopes, &d.Address, &state, &created, &expires}, more...)...)
	if errors.Is(err, sql.ErrNoRows) {
		return d, "", oauth.ErrUnknown
	}
	if err != nil {
		return d, "", fmt.Errorf("read device: %w", err)
	}
	copy(d.Digest[:], hash)
	d.Scopes, d.Created, d.Expires = strings.Fields(scopes), time.UnixMilli(created), time.UnixMilli(expires)
	d.Approved, d.Denied = state == "approved", state == "denied"
	return d, state, nil
}
