-- +goose Up
-- Room tokens live for as long as they were asked to: the keys that signed them
-- stay, and what revokes them is remembered as long.
ALTER TABLE signing_keys ADD COLUMN until INTEGER NOT NULL DEFAULT 0; -- the last of them expires
ALTER TABLE revocations ADD COLUMN until INTEGER NOT NULL DEFAULT 0; -- of a token: its end
CREATE INDEX revocations_by_id ON revocations (kind, id);

-- +goose Down
DROP INDEX revocations_by_id;
ALTER TABLE revocations DROP COLUMN until;
ALTER TABLE signing_keys DROP COLUMN until;
