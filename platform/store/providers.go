package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"guichet/platform/oauth"
)

const providerColumns = `id, organization, name, kind, enabled, issuer, region, organization_id, client_id, secret, scope, parameters,
	pkce, roles, mappings, created, version`

// Provider implements oauth.ProviderStore.
func (s *Store) Provider(ctx context.Context, organization, id string) (oauth.StoredProvider, error) {
	p, err := scanProvider(s.read.QueryRowContext(ctx, `SELECT `+providerColumns+` FROM providers WHERE organization = ? AND id = ?`, organization, id))
	if errors.Is(err, sql.ErrNoRows) {
		return p, oauth.ErrUnknown
	}
	if err != nil {
		return p, fmt.Errorf("read provider: %w", err)
	}
	return p, nil
}

// Providers implements oauth.ProviderStore.
func (s *Store) Providers(ctx context.Context, organization string) ([]oauth.StoredProvider, error) {
	return collect(ctx, s.read, "read providers", scanProvider,
		`SELECT `+providerColumns+` FROM providers WHERE organization = ? ORDER BY lower(name), id`, organization)
}

func scanProvider(r row) (p oauth.StoredProvider, err error) {
	var parameters, roles, mappings string
	var created int64
	err = r.Scan(&p.ID, &p.Organization, &p.Name, &p.Kind, &p.Enabled, &p.Issuer, &p.Region, &p.OrganizationID, &p.ClientID, &p.SealedSecret,
		&p.Scope, &parameters, &p.PKCE, &roles, &mappings, &created, &p.Version)
	if err != nil {
		return p, err
	}
	p.Roles, p.Created = strings.Fields(roles), time.UnixMilli(created)
	return p, errors.Join(json.Unmarshal([]byte(parameters), &p.Parameters), json.Unmarshal([]byte(mappings), &p.Mappings))
}

// values are the columns after id and organization, but for the time and the
// version.
func values(p oauth.StoredProvider) ([]any, error) {
	parameters, err := json.Marshal(p.Parameters)
	if err != nil {
		return nil, err
	}
	mappings, err := json.Marshal(p.Mappings)
	if err != nil {
		return nil, err
	}
	secret := p.SealedSecret
	if secret == nil {
		secret = []byte{}
	}
	return []any{p.Name, p.Kind, p.Enabled, p.Issuer, p.Region, p.OrganizationID, p.ClientID, secret, p.Scope, string(parameters),
		p.PKCE, words(p.Roles), string(mappings)}, nil
}

// AddProvider implements oauth.ProviderStore.
func (s *Store) AddProvider(ctx context.Context, p oauth.StoredProvider) error {
	v, err := values(p)
	if err != nil {
		return fmt.Errorf("add provider: %w", err)
	}
	return s.update(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`INSERT INTO providers (`+providerColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			append(append([]any{p.ID, p.Organization}, v...), p.Created.UnixMilli(), p.Version)...)
		return err
	})
}

// ChangeProvider implements oauth.ProviderStore.
func (s *Store) ChangeProvider(ctx context.Context, p oauth.StoredProvider) error {
	v, err := values(p)
	if err != nil {
		return fmt.Errorf("change provider: %w", err)
	}
	return s.update(ctx, func(tx *sql.Tx) error {
		r, err := tx.Exec(`UPDATE providers SET name = ?, kind = ?, enabled = ?, issuer = ?, region = ?, organization_id = ?, client_id = ?,
			secret = ?, scope = ?, parameters = ?, pkce = ?, roles = ?, mappings = ?, version = version + 1
			WHERE organization = ? AND id = ? AND version = ?`, append(v, p.Organization, p.ID, p.Version)...)
		return orElse(r, err, oauth.ErrChanged)
	})
}

// RemoveProvider implements oauth.ProviderStore.
func (s *Store) RemoveProvider(ctx context.Context, organization, id string) error {
	return s.update(ctx, func(tx *sql.Tx) error {
		r, err := tx.Exec(`DELETE FROM providers WHERE organization = ? AND id = ?`, organization, id)
		return orElse(r, err, oauth.ErrUnknown)
	})
}
