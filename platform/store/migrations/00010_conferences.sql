-- +goose Up
-- Ids of endpoints are unique across organizations, since the topic
-- users/endpoints/{id} names no organization; ids of conferences are unique
-- within theirs. cursor is the sequence number of the last journal row that the
-- endpoint has acknowledged.
CREATE TABLE endpoints (
    id           TEXT PRIMARY KEY,
    organization TEXT NOT NULL REFERENCES organizations (id),
    user_id      TEXT NOT NULL,
    keep_alive   INTEGER NOT NULL, -- seconds
    remind       INTEGER NOT NULL,
    cursor       INTEGER NOT NULL,
    created      INTEGER NOT NULL
) STRICT;

-- state is the conference package's own JSON; version is that of the next event.
CREATE TABLE conferences (
    organization TEXT NOT NULL REFERENCES organizations (id),
    id           TEXT NOT NULL,
    version      INTEGER NOT NULL,
    state        BLOB NOT NULL,
    ended        INTEGER, -- when, or null while it lives
    updated      INTEGER NOT NULL,
    PRIMARY KEY (organization, id)
) STRICT;

-- One row per event, of a conference or for one endpoint. AUTOINCREMENT: a
-- number that was swept is never given again, so cursors stay meaningful.
CREATE TABLE journal (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    organization TEXT NOT NULL,
    conference   TEXT,
    endpoint     TEXT,
    body         BLOB NOT NULL,
    created      INTEGER NOT NULL,
    CHECK ((conference IS NULL) <> (endpoint IS NULL))
) STRICT;
CREATE INDEX journal_conference ON journal (organization, conference, seq) WHERE conference IS NOT NULL;
CREATE INDEX journal_endpoint ON journal (endpoint, seq) WHERE endpoint IS NOT NULL;
CREATE INDEX journal_created ON journal (created);

-- Which rows of a conference an endpoint may see: from its own joined event to
-- its own left event or the end, both included.
CREATE TABLE memberships (
    endpoint     TEXT NOT NULL,
    organization TEXT NOT NULL,
    conference   TEXT NOT NULL,
    from_seq     INTEGER NOT NULL,
    to_seq       INTEGER, -- null while it is in
    PRIMARY KEY (endpoint, from_seq)
) STRICT;
CREATE INDEX memberships_open ON memberships (organization, conference) WHERE to_seq IS NULL;

-- +goose Down
DROP TABLE memberships;
DROP TABLE journal;
DROP TABLE conferences;
DROP TABLE endpoints;
