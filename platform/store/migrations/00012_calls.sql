-- +goose Up
-- One-to-one calls. state is the call package's own JSON, without SDP; revision
-- is raised by every write.
CREATE TABLE calls (
    organization TEXT NOT NULL REFERENCES organizations (id),
    id           TEXT NOT NULL,
    caller       TEXT NOT NULL, -- user
    callee       TEXT NOT NULL, -- user
    revision     INTEGER NOT NULL,
    state        BLOB NOT NULL,
    rings_until  INTEGER, -- null unless it rings
    ended        INTEGER, -- when, or null while it lives
    PRIMARY KEY (organization, id)
) STRICT;
CREATE INDEX calls_ringing ON calls (rings_until) WHERE rings_until IS NOT NULL;
CREATE INDEX calls_caller ON calls (organization, caller) WHERE ended IS NULL;
CREATE INDEX calls_callee ON calls (organization, callee) WHERE ended IS NULL;
CREATE INDEX calls_ended ON calls (ended) WHERE ended IS NOT NULL;

-- Who is in a call. While an endpoint is, its registration cannot be deleted.
CREATE TABLE call_parties (
    endpoint     TEXT NOT NULL REFERENCES endpoints (id),
    organization TEXT NOT NULL,
    call         TEXT NOT NULL,
    PRIMARY KEY (endpoint, organization, call)
) STRICT, WITHOUT ROWID;

-- Who is called is looked for by name.
CREATE INDEX endpoints_user ON endpoints (organization, user_id);

-- +goose Down
DROP INDEX endpoints_user;
DROP TABLE call_parties;
DROP TABLE calls;
