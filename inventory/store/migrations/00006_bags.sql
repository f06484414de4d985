-- Sealed bags, parcels, what waits for a second person, and why a key is where it is.

-- +goose Up
CREATE TABLE bags (
    number    TEXT PRIMARY KEY,
    state     TEXT NOT NULL,
    sealed_at TEXT NOT NULL,
    sealed_by TEXT NOT NULL,
    ended_at  TEXT,
    ended_by  TEXT,
    reason    TEXT
);

CREATE TABLE shipments (
    id       TEXT PRIMARY KEY,
    place_id TEXT NOT NULL REFERENCES places (id),
    carrier  TEXT NOT NULL,
    tracking TEXT NOT NULL,
    due      TEXT NOT NULL,
    at       TEXT NOT NULL,
    sent_by  TEXT NOT NULL
);

CREATE TABLE requests (
    id       TEXT PRIMARY KEY,
    event    BIGINT NOT NULL,
    at       TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    moves    TEXT NOT NULL
);

ALTER TABLE keys ADD COLUMN reason TEXT;
ALTER TABLE keys ADD COLUMN ticket TEXT;
CREATE INDEX keys_due ON keys (due);
