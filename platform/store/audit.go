package store

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"guichet/platform/oauth"
)

// AddAudit implements oauth.AuditStore.
func (s *Store) AddAudit(ctx context.Context, e oauth.AuditEntry) error {
	return s.update(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`INSERT INTO audit (at, organization, event, refused, actor, client, subject, token, address, detail)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			e.Time.UnixMilli(), e.Organization, e.Event, e.Refused, e.Actor, e.Client, e.Subject, e.TokenID, e.Address, e.Detail)
		return err
	})
}

// Audit implements oauth.AuditStore.
func (s *Store) Audit(ctx context.Context, f oauth.AuditFilter) ([]oauth.AuditEntry, error) {
	query := strings.Builder{}
	query.WriteString(`SELECT seq, at, organization, event, refused, actor, client, subject, token, address, detail FROM audit WHERE organization = ?`)
	args := []any{f.Organization}
	where := func(condition string, use bool, values ...any) {
		if use {
			query.WriteString(" AND " + condition)
			args = append(args, values...)
		}
	}
	where("seq < ?", f.Before > 0, f.Before)
	where("at >= ?", !f.From.IsZero(), f.From.UnixMilli())
	where("at < ?", !f.To.IsZero(), f.To.UnixMilli())
	where("event = ?", f.Event != "", f.Event)
	where("refused", f.Refused)
	where("actor = ?", f.Actor != "", f.Actor)
	where("client = ?", f.Client != "", f.Client)
	where("subject = ?", f.Subject != "", f.Subject)
	if f.Text != "" {
		pattern := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(f.Text) + "%"
		where(`(actor LIKE ? ESCAPE '\' OR client LIKE ? ESCAPE '\' OR subject LIKE ? ESCAPE '\' OR token LIKE ? ESCAPE '\'
			OR address LIKE ? ESCAPE '\' OR detail LIKE ? ESCAPE '\')`, true, pattern, pattern, pattern, pattern, pattern, pattern)
	}
	query.WriteString(` ORDER BY seq DESC LIMIT ?`)
	return collect(ctx, s.read, "read audit log", func(r row) (e oauth.AuditEntry, err error) {
		var at int64
		err = r.Scan(&e.Seq, &at, &e.Organization, &e.Event, &e.Refused, &e.Actor, &e.Client, &e.Subject, &e.TokenID, &e.Address, &e.Detail)
		e.Time = time.UnixMilli(at)
		return e, err
	}, query.String(), append(args, f.Limit)...)
}

// SweepAudit implements oauth.AuditStore.
func (s *Store) SweepAudit(ctx context.Context, before time.Time) error {
	return s.sweep(ctx, "audit log", `DELETE FROM audit WHERE seq IN (SELECT seq FROM audit WHERE at < ?1 LIMIT ?2)`, before.UnixMilli(), sweepChunk)
}
