-- +goose Up
-- Times are Unix milliseconds everywhere. The first organization is made here,
-- since a single-tenant installation never asks for one.
CREATE TABLE organizations (
    id   TEXT PRIMARY KEY,
    name TEXT NOT NULL
) STRICT;

INSERT INTO organizations (id, name) VALUES ('default', 'Guichet');

-- +goose Down
DROP TABLE organizations;
