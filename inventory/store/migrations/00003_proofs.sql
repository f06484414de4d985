-- The last time each key proved to be itself: a projection of the journal.

-- +goose Up
CREATE TABLE proofs (
    key_id TEXT PRIMARY KEY REFERENCES keys (id),
    event  BIGINT NOT NULL REFERENCES events (seq),
    at     TEXT NOT NULL,
    method TEXT NOT NULL
);
