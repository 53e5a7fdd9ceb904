-- +goose Up
DROP INDEX snapshots_by_target;
CREATE INDEX snapshots_by_target ON snapshots (target_endpoint, state); -- also those that nobody answered

-- +goose Down
DROP INDEX snapshots_by_target;
CREATE INDEX snapshots_by_target ON snapshots (target_endpoint, answered) WHERE state = 'APPROVED';
