-- +goose Up
-- Room tokens that were issued, without the tokens themselves: so that they can
-- be found and withdrawn, and are so many and no more.
CREATE TABLE room_tokens (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    organization TEXT NOT NULL REFERENCES organizations (id),
    id           TEXT NOT NULL UNIQUE, -- jti
    application  TEXT NOT NULL,
    version      INTEGER NOT NULL, -- of the application's settings by which it was issued
    user         TEXT NOT NULL, -- who had it made; empty: the application by itself
    user_version INTEGER NOT NULL,
    room         TEXT NOT NULL, -- name
    name         TEXT NOT NULL, -- of the holder
    issued       INTEGER NOT NULL,
    expires      INTEGER NOT NULL,
    kept         INTEGER NOT NULL -- until then: its end, or that of the memory that it was withdrawn
) STRICT;
CREATE INDEX room_tokens_of ON room_tokens (organization, room, seq);
CREATE INDEX room_tokens_by_application ON room_tokens (application, version);
CREATE INDEX room_tokens_by_user ON room_tokens (organization, user, user_version);
CREATE INDEX room_tokens_by_end ON room_tokens (kept);

CREATE TABLE room_token_counts (
    organization TEXT PRIMARY KEY,
    tokens       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- +goose StatementBegin
CREATE TRIGGER room_token_added AFTER INSERT ON room_tokens BEGIN
    INSERT INTO room_token_counts (organization, tokens) VALUES (NEW.organization, 1)
        ON CONFLICT (organization) DO UPDATE SET tokens = tokens + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER room_token_gone AFTER DELETE ON room_tokens BEGIN
    UPDATE room_token_counts SET tokens = tokens - 1 WHERE organization = OLD.organization;
END;
-- +goose StatementEnd

-- +goose Down
DROP TABLE room_tokens;
DROP TABLE room_token_counts;
