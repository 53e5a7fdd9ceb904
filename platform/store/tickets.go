package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"guichet/platform/ticket"
)

// AddTicket implements ticket.Store.
func (s *Store) AddTicket(ctx context.Context, r ticket.Record) error {
	properties, err := json.Marshal(r.Properties)
	if err != nil {
		return fmt.Errorf("encode properties: %w", err)
	}
	return s.update(ctx, func(tx *sql.Tx) error {
		done, err := tx.Exec(`INSERT INTO tickets (id, organization, user, user_name, type, properties, created, not_before, expires, disabled, version)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
			r.ID, r.Owner.Organization, r.Owner.UserID, r.Owner.Name, r.Type, string(properties),
			r.Created.UnixMilli(), orNull(r.NotBefore), r.Expires.UnixMilli(), orNull(r.Disabled), r.Version)
		return orElse(done, err, ticket.ErrTaken)
	})
}

// orNull is a time that may be missing.
func orNull(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMilli(), Valid: !t.IsZero()}
}

func orZero(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return time.UnixMilli(n.Int64)
}

const ticketQuery = `SELECT t.id, t.organization, t.user, t.user_name, o.name, t.type, t.properties, t.created, t.not_before, t.expires, t.disabled, t.revoked, t.version
	FROM tickets t JOIN organizations o ON o.id = t.organization WHERE `

// Ticket implements ticket.Store.
func (s *Store) Ticket(ctx context.Context, id string) (ticket.Record, error) {
	r, err := scanTicket(s.read.QueryRowContext(ctx, ticketQuery+`t.id = ?`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return r, ticket.ErrUnknown
	}
	if err != nil {
		return r, fmt.Errorf("read ticket: %w", err)
	}
	return r, nil
}

// Tickets implements ticket.Store.
func (s *Store) Tickets(ctx context.Context, organization, userID string, before time.Time, limit int) ([]ticket.Record, error) {
	return collect(ctx, s.read, "list tickets", scanTicket, ticketQuery+`t.organization = ? AND (? = '' OR t.user = ?) AND t.created < ?
		ORDER BY t.created DESC, t.id LIMIT ?`, organization, userID, userID, before.UnixMilli(), limit)
}

func scanTicket(row row) (r ticket.Record, err error) {
	var properties string
	var created, expires int64
	var notBefore, disabled, revoked sql.NullInt64
	err = row.Scan(&r.ID, &r.Owner.Organization, &r.Owner.UserID, &r.Owner.Name, &r.OwnerTitle, &r.Type, &properties, &created, &notBefore,
		&expires, &disabled, &revoked, &r.Version)
	if err != nil {
		return r, err
	}
	r.Created, r.Expires = time.UnixMilli(created), time.UnixMilli(expires)
	r.NotBefore, r.Disabled, r.Revoked = orZero(notBefore), orZero(disabled), orZero(revoked)
	return r, json.Unmarshal([]byte(properties), &r.Properties)
}

// RevokeTicket implements ticket.Store.
func (s *Store) RevokeTicket(ctx context.Context, organization, id string, at time.Time) error {
	return s.update(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `UPDATE tickets SET version = version + (revoked IS NULL), revoked = coalesce(revoked, ?)
			WHERE id = ? AND organization = ?`, at.UnixMilli(), id, organization)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, ticket.ErrUnknown)
		}
		return nil
	})
}

// UseTicket implements ticket.Store. The one writing goroutine makes it atomic.
func (s *Store) UseTicket(ctx context.Context, id string, u ticket.Use, single bool) (userID string, err error) {
	err = s.update(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, "SELECT user FROM ticket_uses WHERE ticket = ? AND key = ?", id, u.Key[:]).Scan(&userID)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if single {
			var used bool
			if err := tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM ticket_uses WHERE ticket = ?)", id).Scan(&used); err != nil {
				return err
			}
			if used {
				return ticket.ErrUsed
			}
		}
		userID = u.UserID
		_, err = tx.ExecContext(ctx, "INSERT INTO ticket_uses (ticket, key, user, used) VALUES (?, ?, ?, ?)", id, u.Key[:], u.UserID, orNull(u.At))
		return err
	})
	return userID, err
}

// TicketUsed implements ticket.Store.
func (s *Store) TicketUsed(ctx context.Context, id string) (used bool, err error) {
	err = s.read.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM ticket_uses WHERE ticket = ?)", id).Scan(&used)
	return used, err
}
