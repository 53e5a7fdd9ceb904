-- +goose Up
-- A chat is what was said in one conference, made with its first message.
CREATE TABLE chats (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    organization TEXT NOT NULL REFERENCES organizations (id),
    conference   TEXT NOT NULL,
    seq          INTEGER NOT NULL, -- of its last message
    closed       INTEGER -- when its conference was no more; the id may come again
) STRICT;
CREATE INDEX chats_by_conference ON chats (organization, conference, id);
CREATE UNIQUE INDEX chats_open ON chats (organization, conference) WHERE closed IS NULL;

CREATE TABLE messages (
    chat     INTEGER NOT NULL REFERENCES chats (id),
    seq      INTEGER NOT NULL,
    message  TEXT NOT NULL, -- the sender's own id of it
    user     TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    name     TEXT NOT NULL,
    text     TEXT NOT NULL,
    created  INTEGER NOT NULL,
    PRIMARY KEY (chat, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX messages_by_id ON messages (chat, message);

-- +goose StatementBegin
CREATE TRIGGER conference_gone_chat AFTER DELETE ON conferences BEGIN
    UPDATE chats SET closed = CAST(unixepoch('subsec') * 1000 AS INTEGER)
    WHERE organization = OLD.organization AND conference = OLD.id AND closed IS NULL;
END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER conference_gone_chat;
DROP TABLE messages;
DROP TABLE chats;
