-- +goose Up
CREATE TABLE tickets (
    id           TEXT PRIMARY KEY, -- without dashes
    organization TEXT NOT NULL REFERENCES organizations (id),
    user         TEXT NOT NULL,
    user_name    TEXT NOT NULL,
    type         TEXT NOT NULL,
    properties   TEXT NOT NULL, -- JSON object of strings
    created      INTEGER NOT NULL,
    expires      INTEGER NOT NULL,
    revoked      INTEGER, -- null: not revoked
    version      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX tickets_by_owner ON tickets (organization, created);

-- One row for each browser that used a ticket.
CREATE TABLE ticket_uses (
    ticket TEXT NOT NULL REFERENCES tickets (id) ON DELETE CASCADE,
    key    BLOB NOT NULL, -- SHA-256 of ticket and browser key
    user   TEXT NOT NULL, -- the guest that it became
    PRIMARY KEY (ticket, key)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE ticket_uses;
DROP TABLE tickets;
