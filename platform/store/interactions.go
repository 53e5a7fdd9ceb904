package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"guichet/platform/interaction"
)

// AddInteraction implements interaction.Store.
func (s *Store) AddInteraction(ctx context.Context, r interaction.Record) error {
	return s.update(ctx, func(tx *sql.Tx) error {
		done, err := tx.Exec(`INSERT INTO interactions (organization, id, type, data, created_by, created, version)
			VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			r.CreatedBy.Organization, r.ID, r.Type, r.Data, r.CreatedBy.UserID, r.Created.UnixMilli(), r.Version)
		return orElse(done, err, interaction.ErrTaken)
	})
}

// Interaction implements interaction.Store.
func (s *Store) Interaction(ctx context.Context, organization, id string) (interaction.Record, error) {
	r := interaction.Record{ID: id, CreatedBy: interaction.Owner{Organization: organization}}
	var created int64
	err := s.read.QueryRowContext(ctx, `SELECT type, data, created_by, created, version FROM interactions WHERE organization = ? AND id = ?`,
		organization, id).Scan(&r.Type, &r.Data, &r.CreatedBy.UserID, &created, &r.Version)
	if errors.Is(err, sql.ErrNoRows) {
		return r, interaction.ErrUnknown
	}
	if err != nil {
		return r, fmt.Errorf("read interaction: %w", err)
	}
	r.Created = time.UnixMilli(created)
	return r, nil
}

// ChangeInteraction implements interaction.Store.
func (s *Store) ChangeInteraction(ctx context.Context, organization, id string, was int64, kind string, data []byte) error {
	return s.update(ctx, func(tx *sql.Tx) error {
		var version int64
		err := tx.QueryRow(`SELECT version FROM interactions WHERE organization = ? AND id = ?`, organization, id).Scan(&version)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return interaction.ErrUnknown
		case err != nil:
			return err
		case version != was:
			return interaction.ErrChanged
		}
		_, err = tx.Exec(`UPDATE interactions SET type = ?, data = ?, version = version + 1 WHERE organization = ? AND id = ?`,
			kind, data, organization, id)
		return err
	})
}
