-- +goose Up
-- Queues, who serves them and who waits. The bodies are the queue package's own
-- JSON; columns are what is looked for. revision is raised by every write to an
-- organization's hall.
CREATE TABLE halls (
    organization TEXT PRIMARY KEY REFERENCES organizations (id),
    revision     INTEGER NOT NULL,
    words        TEXT NOT NULL -- reasons, outcomes, who watches
) STRICT, WITHOUT ROWID;

CREATE TABLE queues (
    organization TEXT NOT NULL REFERENCES organizations (id),
    id           TEXT NOT NULL,
    name         TEXT NOT NULL,
    body         TEXT NOT NULL,
    PRIMARY KEY (organization, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE agents (
    organization TEXT NOT NULL REFERENCES organizations (id),
    user         TEXT NOT NULL,
    body         TEXT NOT NULL,
    PRIMARY KEY (organization, user)
) STRICT, WITHOUT ROWID;

CREATE TABLE visits (
    organization TEXT NOT NULL REFERENCES organizations (id),
    id           TEXT NOT NULL,
    queue        TEXT NOT NULL,
    user         TEXT NOT NULL, -- who came
    came         INTEGER NOT NULL,
    ended        INTEGER, -- null: something is left to do
    body         TEXT NOT NULL, -- with the offer that rings
    PRIMARY KEY (organization, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX visits_open ON visits (organization) WHERE ended IS NULL;
CREATE INDEX visits_past ON visits (organization, ended) WHERE ended IS NOT NULL;
CREATE INDEX visits_of ON visits (organization, user, ended) WHERE ended IS NOT NULL;
CREATE INDEX visits_by_end ON visits (ended) WHERE ended IS NOT NULL;

-- Agents who had a part in a visit.
CREATE TABLE visit_agents (
    organization TEXT NOT NULL,
    visit        TEXT NOT NULL,
    agent        TEXT NOT NULL,
    came         INTEGER NOT NULL,
    PRIMARY KEY (organization, visit, agent),
    FOREIGN KEY (organization, visit) REFERENCES visits (organization, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX visit_agents_of ON visit_agents (organization, agent, came);

-- How long callers kept their agents of late, for the expected wait.
CREATE TABLE queue_samples (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    organization TEXT NOT NULL,
    queue        TEXT NOT NULL,
    at           INTEGER NOT NULL,
    took         INTEGER NOT NULL -- milliseconds
) STRICT;
CREATE INDEX queue_samples_of ON queue_samples (organization, queue, at);
CREATE INDEX queue_samples_at ON queue_samples (at);

-- +goose Down
DROP TABLE queue_samples;
DROP TABLE visit_agents;
DROP TABLE visits;
DROP TABLE agents;
DROP TABLE queues;
DROP TABLE halls;
