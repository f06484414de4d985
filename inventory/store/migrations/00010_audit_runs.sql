-- Runs of the audit. What a run found, account by account, is in its event; the
-- scope is a hash by which runs over the same accounts are found.

-- +goose Up
CREATE TABLE audit_runs (
    id    TEXT PRIMARY KEY,
    event BIGINT NOT NULL UNIQUE,
    at    TEXT NOT NULL,
    actor TEXT NOT NULL,
    scope TEXT NOT NULL,
    head  TEXT NOT NULL
);
CREATE INDEX audit_runs_scope ON audit_runs (scope, event);
