-- The FIDO Alliance's metadata that keys are judged with: one signed BLOB.

-- +goose Up
CREATE TABLE metadata (
    name        TEXT PRIMARY KEY,
    no          BIGINT NOT NULL,
    next_update TEXT NOT NULL,
    sha256      TEXT NOT NULL,
    jwt         TEXT NOT NULL,
    at          TEXT NOT NULL,
    actor       TEXT NOT NULL
);
