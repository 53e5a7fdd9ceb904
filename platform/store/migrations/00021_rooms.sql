-- +goose Up
CREATE TABLE rooms (
    id           TEXT PRIMARY KEY,
    organization TEXT NOT NULL REFERENCES organizations (id),
    name         TEXT NOT NULL,
    settings     TEXT NOT NULL, -- JSON
    created      INTEGER NOT NULL,
    updated      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX rooms_by_name ON rooms (organization, name);
CREATE INDEX rooms_by_time ON rooms (organization, created, id);

-- A session of a room is a conference: started, ended and state are written with
-- the conference's own changes.
CREATE TABLE room_sessions (
    organization TEXT NOT NULL,
    id           TEXT NOT NULL, -- the conference's
    room         TEXT NOT NULL, -- empty: the room is no more
    name         TEXT NOT NULL, -- of the room
    project      TEXT NOT NULL, -- the application whose token made it
    settings     TEXT NOT NULL, -- JSON, of the room when it began
    state        TEXT NOT NULL DEFAULT '{}', -- JSON, as the conference has it
    made         INTEGER NOT NULL,
    started      INTEGER, -- null: its conference is not made yet
    ended        INTEGER, -- null: it goes on
    events       INTEGER NOT NULL DEFAULT 0, -- how many are kept
    PRIMARY KEY (organization, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX room_sessions_open ON room_sessions (organization, room) WHERE ended IS NULL AND room <> '';
CREATE INDEX room_sessions_by_start ON room_sessions (organization, started, id);
CREATE INDEX room_sessions_by_room ON room_sessions (organization, room, started, id);
CREATE INDEX room_sessions_by_name ON room_sessions (organization, name, started, id);
CREATE INDEX room_sessions_running ON room_sessions (started) WHERE ended IS NULL;
CREATE INDEX room_sessions_by_end ON room_sessions (ended) WHERE ended IS NOT NULL;

CREATE TABLE room_events (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    organization TEXT NOT NULL,
    session      TEXT NOT NULL,
    id           TEXT NOT NULL, -- of the conference's event
    name         TEXT NOT NULL,
    participant  TEXT NOT NULL, -- endpoint; empty: about nobody
    payload      TEXT NOT NULL, -- the event
    created      INTEGER NOT NULL,
    FOREIGN KEY (organization, session) REFERENCES room_sessions (organization, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX room_events_of ON room_events (organization, session, created, seq);

-- +goose StatementBegin
CREATE TRIGGER conference_gone_session AFTER DELETE ON conferences BEGIN
    UPDATE room_sessions SET ended = OLD.updated WHERE organization = OLD.organization AND id = OLD.id AND ended IS NULL;
END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER conference_gone_session;
DROP TABLE room_events;
DROP TABLE room_sessions;
DROP TABLE rooms;
