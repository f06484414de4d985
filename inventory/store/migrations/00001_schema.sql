-- One schema for every database: only TEXT and BIGINT. Times are UTC text of
-- fixed width, hashes and other bytes are lower-case hexadecimal, evidence is
-- JSON kept as the text it was hashed as. NULL is "unknown" or "none".

-- +goose Up
CREATE TABLE places (
    id          TEXT PRIMARY KEY,
    parent_id   TEXT REFERENCES places (id),
    name        TEXT NOT NULL,
    path        TEXT NOT NULL,
    path_folded TEXT NOT NULL UNIQUE
);

CREATE TABLE keys (
    id          TEXT PRIMARY KEY,
    serial      TEXT,
    tag         TEXT,
    tag_folded  TEXT UNIQUE,
    status      TEXT NOT NULL,
    place_id    TEXT REFERENCES places (id),
    holder      TEXT,
    usb_vendor  BIGINT NOT NULL,
    usb_product BIGINT NOT NULL,
    product     TEXT,
    firmware    TEXT,
    form_factor BIGINT NOT NULL,
    aaguid      TEXT,
    fido_status TEXT NOT NULL,
    piv_status  TEXT NOT NULL,
    anchor      TEXT,
    enrolled_at TEXT NOT NULL,
    enrolled_by TEXT NOT NULL,
    UNIQUE (serial, usb_vendor)
);
CREATE INDEX keys_enrolled ON keys (enrolled_at, id);
CREATE INDEX keys_place ON keys (place_id);

CREATE TABLE credentials (
    credential_id TEXT PRIMARY KEY,
    key_id        TEXT NOT NULL REFERENCES keys (id),
    rp_id         TEXT NOT NULL,
    public_key    TEXT NOT NULL,
    silent        TEXT NOT NULL,
    aaguid        TEXT,
    at            TEXT NOT NULL
);
CREATE INDEX credentials_key ON credentials (key_id);

CREATE TABLE events (
    seq       BIGINT PRIMARY KEY,
    at        TEXT NOT NULL,
    actor     TEXT NOT NULL,
    kind      TEXT NOT NULL,
    subject   TEXT NOT NULL,
    payload   TEXT NOT NULL,
    prev_hash TEXT NOT NULL,
    hash      TEXT NOT NULL
);
CREATE INDEX events_subject ON events (subject, seq);

CREATE TABLE attestations (
    event      BIGINT PRIMARY KEY REFERENCES events (seq),
    key_id     TEXT NOT NULL REFERENCES keys (id),
    at         TEXT NOT NULL,
    evidence   TEXT NOT NULL,
    sha256     TEXT NOT NULL,
    statements TEXT NOT NULL
);
CREATE INDEX attestations_key ON attestations (key_id);

CREATE TABLE anchors (
    sha256 TEXT PRIMARY KEY,
    name   TEXT NOT NULL,
    pem    TEXT NOT NULL,
    at     TEXT NOT NULL,
    actor  TEXT NOT NULL
);

CREATE TABLE accounts (
    id   TEXT PRIMARY KEY,
    name TEXT,
    tier TEXT
);

CREATE TABLE bindings (
    account_id         TEXT NOT NULL REFERENCES accounts (id),
    key_id             TEXT NOT NULL REFERENCES keys (id),
    device_name        TEXT NOT NULL,
    device_name_folded TEXT NOT NULL,
    how                TEXT NOT NULL,
    at                 TEXT NOT NULL,
    actor              TEXT NOT NULL,
    PRIMARY KEY (account_id, key_id),
    UNIQUE (account_id, device_name_folded)
);
CREATE INDEX bindings_key ON bindings (key_id);
