-- Who may open a place, what has to be kept apart from keys, and decisions to
-- live without Level 2 for a time.

-- +goose Up
CREATE TABLE place_access (
    place_id  TEXT NOT NULL REFERENCES places (id),
    person_id TEXT NOT NULL REFERENCES people (id),
    at        TEXT NOT NULL,
    actor     TEXT NOT NULL,
    PRIMARY KEY (place_id, person_id)
);
CREATE INDEX place_access_person ON place_access (person_id);

CREATE TABLE artifacts (
    id         TEXT PRIMARY KEY,
    kind       TEXT NOT NULL,
    label      TEXT NOT NULL,
    key_id     TEXT REFERENCES keys (id),
    place_id   TEXT REFERENCES places (id),
    seal       TEXT,
    replica_of TEXT REFERENCES artifacts (id),
    retired_at TEXT
);

CREATE TABLE artifact_accounts (
    artifact_id TEXT NOT NULL REFERENCES artifacts (id),
    account_id  TEXT NOT NULL REFERENCES accounts (id),
    PRIMARY KEY (artifact_id, account_id)
);

CREATE TABLE artifact_openers (
    artifact_id TEXT NOT NULL REFERENCES artifacts (id),
    person_id   TEXT NOT NULL REFERENCES people (id),
    PRIMARY KEY (artifact_id, person_id)
);

CREATE TABLE exceptions (
    account_id  TEXT PRIMARY KEY REFERENCES accounts (id),
    owner_id    TEXT NOT NULL REFERENCES people (id),
    approver_id TEXT NOT NULL REFERENCES people (id),
    reason      TEXT NOT NULL,
    control     TEXT NOT NULL,
    expires     TEXT NOT NULL,
    at          TEXT NOT NULL,
    actor       TEXT NOT NULL
);
