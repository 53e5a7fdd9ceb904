-- +goose Up
-- Lists are words separated by one space. secret is a hash in its own notation,
-- or empty for a public application. A fixture works in --dev only.
CREATE TABLE applications (
    id            TEXT PRIMARY KEY,
    organization  TEXT NOT NULL REFERENCES organizations (id),
    secret        TEXT NOT NULL,
    roles         TEXT NOT NULL,
    scopes        TEXT NOT NULL,
    grants        TEXT NOT NULL,
    redirects     TEXT NOT NULL,
    public        INTEGER NOT NULL,
    allow_query   INTEGER NOT NULL,
    allow_basic   INTEGER NOT NULL,
    pkce_optional INTEGER NOT NULL,
    fixture       INTEGER NOT NULL,
    created       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE applications;
