-- +goose Up
-- Rooms that a join made by itself go when nobody needs them any more.
ALTER TABLE rooms ADD COLUMN automatic INTEGER NOT NULL DEFAULT 0; -- nobody has changed it since
ALTER TABLE rooms ADD COLUMN used INTEGER NOT NULL DEFAULT 0; -- a session began or ended
CREATE INDEX rooms_idle ON rooms (used) WHERE automatic;
CREATE INDEX rooms_idle_of ON rooms (organization, used) WHERE automatic;
CREATE INDEX room_sessions_unbegun ON room_sessions (made) WHERE ended IS NULL AND started IS NULL;

-- +goose StatementBegin
CREATE TRIGGER room_gone AFTER DELETE ON rooms BEGIN
    UPDATE room_sessions SET room = '' WHERE organization = OLD.organization AND room = OLD.id;
END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER room_gone;
DROP INDEX room_sessions_unbegun;
DROP INDEX rooms_idle_of;
DROP INDEX rooms_idle;
ALTER TABLE rooms DROP COLUMN used;
ALTER TABLE rooms DROP COLUMN automatic;
