-- +goose Up
-- A grant is what one sign-in or one redeemed ticket gave to an application. All
-- its tokens carry the id, so that revoking it ends them together.
CREATE TABLE grants (
    id           TEXT PRIMARY KEY,
    application  TEXT NOT NULL, -- no reference: built-in ones have no row
    organization TEXT NOT NULL REFERENCES organizations (id),
    user         TEXT NOT NULL,
    name         TEXT NOT NULL,
    scopes       TEXT NOT NULL,
    conference   TEXT NOT NULL, -- of a ticket's grant, else empty
    ticket       TEXT NOT NULL,
    started      INTEGER NOT NULL,
    expires      INTEGER NOT NULL,
    revoked      INTEGER -- null: not revoked
) STRICT, WITHOUT ROWID;
CREATE INDEX grants_expires ON grants (expires);

-- Codes and refresh tokens are kept as SHA-256 only. A used one stays until it
-- expires, so that a second use is seen.
CREATE TABLE codes (
    hash      BLOB PRIMARY KEY,
    grant_id  TEXT NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    redirect  TEXT NOT NULL,
    challenge TEXT NOT NULL, -- S256, or empty
    nonce     TEXT NOT NULL,
    expires   INTEGER NOT NULL,
    used      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX codes_grant ON codes (grant_id);

CREATE TABLE refresh_tokens (
    hash     BLOB PRIMARY KEY,
    grant_id TEXT NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    used     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX refresh_tokens_grant ON refresh_tokens (grant_id);

-- Access tokens that were revoked one by one.
CREATE TABLE revoked_tokens (
    id      TEXT PRIMARY KEY,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE revoked_tokens;
DROP TABLE refresh_tokens;
DROP TABLE codes;
DROP TABLE grants;
