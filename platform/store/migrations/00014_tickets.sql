-- +goose Up
ALTER TABLE tickets ADD COLUMN not_before INTEGER; -- null: from its creation on
ALTER TABLE tickets ADD COLUMN disabled INTEGER; -- when; null: it is not
CREATE INDEX tickets_expires ON tickets (expires);
CREATE INDEX conferences_open ON conferences (organization, updated) WHERE ended IS NULL;

-- +goose Down
DROP INDEX conferences_open;
DROP INDEX tickets_expires;
ALTER TABLE tickets DROP COLUMN disabled;
ALTER TABLE tickets DROP COLUMN not_before;
