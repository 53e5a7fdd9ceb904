-- +goose Up
CREATE TABLE interactions (
    organization TEXT NOT NULL REFERENCES organizations (id),
    id           TEXT NOT NULL,
    type         TEXT NOT NULL,
    data         BLOB NOT NULL, -- a JSON object
    created_by   TEXT NOT NULL,
    created      INTEGER NOT NULL,
    version      INTEGER NOT NULL,
    PRIMARY KEY (organization, id)
) STRICT, WITHOUT ROWID;

-- What lies in the folder of files. Empty text: none.
CREATE TABLE files (
    id           TEXT PRIMARY KEY,
    organization TEXT NOT NULL REFERENCES organizations (id),
    conference   TEXT NOT NULL,
    interaction  TEXT NOT NULL,
    application  TEXT NOT NULL,
    user         TEXT NOT NULL, -- the sender
    endpoint     TEXT NOT NULL,
    target       TEXT NOT NULL, -- user
    snapshot     TEXT NOT NULL, -- that it is the picture of
    upload       TEXT NOT NULL, -- the sender's own id of it
    name         TEXT NOT NULL,
    kind         TEXT NOT NULL,
    size         INTEGER NOT NULL,
    sha256       BLOB NOT NULL,
    created      INTEGER NOT NULL,
    staff        INTEGER NOT NULL, -- the sender was staff
    closed       INTEGER NOT NULL DEFAULT 0 -- its conference is no more; the id may come again
) STRICT, WITHOUT ROWID;
CREATE INDEX files_by_conference ON files (organization, conference, created);
CREATE INDEX files_by_interaction ON files (organization, interaction, created) WHERE interaction <> '';
CREATE UNIQUE INDEX files_by_upload ON files (organization, user, upload) WHERE upload <> '';
CREATE UNIQUE INDEX files_by_snapshot ON files (snapshot) WHERE snapshot <> '';

-- Who was in the conference when the file came, and may read it ever after.
CREATE TABLE file_readers (
    file TEXT NOT NULL REFERENCES files (id) ON DELETE CASCADE,
    user TEXT NOT NULL,
    PRIMARY KEY (file, user)
) STRICT, WITHOUT ROWID;

CREATE TABLE snapshots (
    id              TEXT PRIMARY KEY,
    organization    TEXT NOT NULL REFERENCES organizations (id),
    conference      TEXT NOT NULL,
    interaction     TEXT NOT NULL,
    application     TEXT NOT NULL,
    type            TEXT NOT NULL,
    user            TEXT NOT NULL, -- who asked
    endpoint        TEXT NOT NULL,
    target_user     TEXT NOT NULL,
    target_endpoint TEXT NOT NULL,
    state           TEXT NOT NULL,
    created         INTEGER NOT NULL,
    answered        INTEGER, -- null: not yet
    closed          INTEGER NOT NULL DEFAULT 0 -- as in files
) STRICT, WITHOUT ROWID;
CREATE INDEX snapshots_by_conference ON snapshots (organization, conference, created);
CREATE INDEX snapshots_by_interaction ON snapshots (organization, interaction, created) WHERE interaction <> '';
CREATE INDEX snapshots_by_target ON snapshots (target_endpoint, answered) WHERE state = 'APPROVED';

CREATE TABLE camera_requests (
    id              TEXT PRIMARY KEY,
    organization    TEXT NOT NULL REFERENCES organizations (id),
    conference      TEXT NOT NULL,
    type            TEXT NOT NULL,
    user            TEXT NOT NULL, -- who asked
    endpoint        TEXT NOT NULL,
    target_user     TEXT NOT NULL,
    target_endpoint TEXT NOT NULL,
    created         INTEGER NOT NULL,
    answered        INTEGER -- null: not yet
) STRICT, WITHOUT ROWID;
CREATE INDEX camera_requests_by_conference ON camera_requests (organization, conference);
CREATE INDEX camera_requests_created ON camera_requests (created);

-- Who is in a later conference of the same id has no business with what was
-- left by those in the earlier one.
-- +goose StatementBegin
CREATE TRIGGER conference_gone AFTER DELETE ON conferences BEGIN
    UPDATE files SET closed = 1 WHERE organization = OLD.organization AND conference = OLD.id;
    UPDATE snapshots SET closed = 1 WHERE organization = OLD.organization AND conference = OLD.id;
    DELETE FROM camera_requests WHERE organization = OLD.organization AND conference = OLD.id;
END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER conference_gone;
DROP TABLE camera_requests;
DROP TABLE snapshots;
DROP TABLE file_readers;
DROP TABLE files;
DROP TABLE interactions;
