-- +goose Up
-- What reports tell, kept when the conferences themselves have long been swept.
-- A meeting is the time from the first who joins an empty conference to the last
-- who leaves it; an attendance is one endpoint's time in it.
CREATE TABLE meetings (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    organization TEXT NOT NULL REFERENCES organizations (id),
    conference   TEXT NOT NULL,
    interaction  TEXT NOT NULL, -- empty: none
    started      INTEGER NOT NULL,
    ended        INTEGER, -- null: it goes on
    reason       TEXT NOT NULL DEFAULT '' -- of its end
) STRICT;
CREATE INDEX meetings_by_start ON meetings (organization, started);
CREATE INDEX meetings_by_conference ON meetings (organization, conference, started);
CREATE INDEX meetings_by_interaction ON meetings (organization, interaction, started) WHERE interaction <> '';
CREATE UNIQUE INDEX meetings_open ON meetings (organization, conference) WHERE ended IS NULL;
CREATE INDEX meetings_by_end ON meetings (ended) WHERE ended IS NOT NULL;

CREATE TABLE attendances (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    meeting      INTEGER NOT NULL REFERENCES meetings (id) ON DELETE CASCADE,
    organization TEXT NOT NULL,
    conference   TEXT NOT NULL,
    interaction  TEXT NOT NULL, -- of the meeting
    user         TEXT NOT NULL,
    name         TEXT NOT NULL, -- as people saw it
    role         TEXT NOT NULL, -- AGENT, CUSTOMER or KIOSK
    application  TEXT NOT NULL,
    ticket       TEXT NOT NULL, -- as in tickets; empty: came without one
    endpoint     TEXT NOT NULL,
    joined       INTEGER NOT NULL,
    left         INTEGER, -- null: is in
    reason       TEXT NOT NULL DEFAULT '', -- for leaving
    -- Of the network, sums over all samples.
    samples      INTEGER NOT NULL DEFAULT 0,
    quality      REAL NOT NULL DEFAULT 0,
    worst        REAL NOT NULL DEFAULT 0,
    jitter       REAL NOT NULL DEFAULT 0, -- milliseconds
    rtt          REAL NOT NULL DEFAULT 0, -- milliseconds
    optimal      INTEGER NOT NULL DEFAULT 0, -- milliseconds in each grade
    suboptimal   INTEGER NOT NULL DEFAULT 0,
    bad          INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX attendances_of ON attendances (meeting);
CREATE INDEX attendances_by_user ON attendances (organization, user, joined);
CREATE INDEX attendances_of_agents ON attendances (organization, user, joined) WHERE role = 'AGENT';
CREATE INDEX attendances_by_endpoint ON attendances (endpoint, joined);
CREATE INDEX attendances_measured ON attendances (organization, joined) WHERE samples > 0;

ALTER TABLE ticket_uses ADD COLUMN used INTEGER; -- when; null: before it was kept
CREATE INDEX tickets_by_user ON tickets (organization, user, created);
CREATE INDEX tickets_by_conference ON tickets (organization, json_extract(properties, '$.conference_id'), created);

-- +goose Down
DROP INDEX tickets_by_conference;
DROP INDEX tickets_by_user;
ALTER TABLE ticket_uses DROP COLUMN used;
DROP TABLE attendances;
DROP TABLE meetings;
