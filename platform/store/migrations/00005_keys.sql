-- +goose Up
CREATE TABLE signing_keys (
    id      TEXT PRIMARY KEY, -- RFC 7638 thumbprint
    private BLOB NOT NULL, -- PKCS #8
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE signing_keys;
