-- +goose Up
ALTER TABLE applications ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE applications ADD COLUMN post_logout TEXT NOT NULL DEFAULT ''; -- words
ALTER TABLE applications ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE applications ADD COLUMN version INTEGER NOT NULL DEFAULT 1;

-- A person of an identity provider is known by provider and subject, and has no
-- password. provider_roles came with the last sign-in.
ALTER TABLE users ADD COLUMN provider TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN subject TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN provider_roles TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
CREATE UNIQUE INDEX users_by_subject ON users (organization, provider, subject) WHERE provider <> '';

-- Roles that a grant carries by itself: of a ticket's guest, or of a kiosk.
-- Empty: the user's own of today.
ALTER TABLE grants ADD COLUMN roles TEXT NOT NULL DEFAULT '';
UPDATE grants SET roles = 'ROLE_CUSTOMER' WHERE ticket <> '';
CREATE INDEX grants_by_application ON grants (application) WHERE revoked IS NULL;
CREATE INDEX grants_by_user ON grants (organization, user) WHERE revoked IS NULL;

-- What every process must hear of: tokens that ended before their time, and that
-- the signing keys changed. AUTOINCREMENT: each follows the numbers it has seen.
CREATE TABLE revocations (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    kind    TEXT NOT NULL, -- token, grant, application, key, keys or settings
    id      TEXT NOT NULL,
    version INTEGER NOT NULL, -- of an application: tokens of earlier ones ended
    at      INTEGER NOT NULL
) STRICT;
CREATE INDEX revocations_at ON revocations (at);
INSERT INTO revocations (kind, id, version, at) SELECT 'token', id, 0, expires FROM revoked_tokens;
INSERT INTO revocations (kind, id, version, at) SELECT 'grant', id, 0, revoked FROM grants WHERE revoked IS NOT NULL;
DROP TABLE revoked_tokens;

-- Keys are sealed with the key file now; those of before lay open and end here,
-- with tokens that lived for ten minutes.
DROP TABLE signing_keys;
CREATE TABLE signing_keys (
    id        TEXT PRIMARY KEY, -- RFC 7638 thumbprint
    algorithm TEXT NOT NULL,
    sealed    BLOB NOT NULL,
    created   INTEGER NOT NULL,
    signs     INTEGER NOT NULL -- from when
) STRICT, WITHOUT ROWID;

-- Device authorizations, RFC 8628. The device's code is kept as SHA-256 only.
CREATE TABLE devices (
    hash         BLOB PRIMARY KEY,
    user_code    TEXT NOT NULL UNIQUE,
    application  TEXT NOT NULL,
    organization TEXT NOT NULL,
    scopes       TEXT NOT NULL,
    address      TEXT NOT NULL, -- of the device
    state        TEXT NOT NULL, -- waiting, approved, denied or used
    grant_id     TEXT NOT NULL, -- of an approved one
    polled       INTEGER NOT NULL,
    pace         INTEGER NOT NULL, -- seconds between polls
    created      INTEGER NOT NULL,
    expires      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX devices_expires ON devices (expires);

CREATE TABLE providers (
    id              TEXT PRIMARY KEY,
    organization    TEXT NOT NULL REFERENCES organizations (id),
    name            TEXT NOT NULL,
    kind            TEXT NOT NULL,
    enabled         INTEGER NOT NULL,
    issuer          TEXT NOT NULL,
    region          TEXT NOT NULL,
    organization_id TEXT NOT NULL, -- the provider's own word for the organization
    client_id       TEXT NOT NULL,
    secret          BLOB NOT NULL, -- sealed; empty: none
    scope           TEXT NOT NULL,
    parameters      TEXT NOT NULL, -- JSON object of strings
    pkce            INTEGER NOT NULL,
    roles           TEXT NOT NULL,
    mappings        TEXT NOT NULL, -- JSON list
    created         INTEGER NOT NULL,
    version         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX providers_by_organization ON providers (organization, name);

CREATE TABLE audit (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    at           INTEGER NOT NULL,
    organization TEXT NOT NULL,
    event        TEXT NOT NULL,
    refused      INTEGER NOT NULL,
    actor        TEXT NOT NULL,
    client       TEXT NOT NULL,
    subject      TEXT NOT NULL,
    token        TEXT NOT NULL,
    address      TEXT NOT NULL,
    detail       TEXT NOT NULL
) STRICT;
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_event ON audit (organization, event, seq);
CREATE INDEX audit_client ON audit (organization, client, seq);
CREATE INDEX audit_subject ON audit (organization, subject, seq);

-- +goose Down
DROP TABLE audit;
DROP TABLE providers;
DROP TABLE devices;
DROP TABLE signing_keys;
CREATE TABLE signing_keys (id TEXT PRIMARY KEY, private BLOB NOT NULL, created INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE revoked_tokens (id TEXT PRIMARY KEY, expires INTEGER NOT NULL) STRICT, WITHOUT ROWID;
DROP TABLE revocations;
DROP INDEX grants_by_user;
DROP INDEX grants_by_application;
ALTER TABLE grants DROP COLUMN roles;
DROP INDEX users_by_subject;
ALTER TABLE users DROP COLUMN version;
ALTER TABLE users DROP COLUMN disabled;
ALTER TABLE users DROP COLUMN provider_roles;
ALTER TABLE users DROP COLUMN subject;
ALTER TABLE users DROP COLUMN provider;
ALTER TABLE applications DROP COLUMN version;
ALTER TABLE applications DROP COLUMN disabled;
ALTER TABLE applications DROP COLUMN post_logout;
ALTER TABLE applications DROP COLUMN name;
