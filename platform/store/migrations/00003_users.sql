-- +goose Up
-- id is the name in lower case: what a person types, and the subject of tokens.
CREATE TABLE users (
    organization TEXT NOT NULL REFERENCES organizations (id),
    id           TEXT NOT NULL,
    display_name TEXT NOT NULL,
    roles        TEXT NOT NULL,
    password     TEXT NOT NULL, -- a hash in its own notation
    fixture      INTEGER NOT NULL,
    created      INTEGER NOT NULL,
    PRIMARY KEY (organization, id)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE users;
