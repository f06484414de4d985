-- Where keys are, who has them and since when; people; rules of places.

-- +goose Up
CREATE TABLE people (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    email        TEXT,
    email_folded TEXT UNIQUE,
    login        TEXT UNIQUE,
    site         TEXT,
    left_at      TEXT
);

ALTER TABLE places ADD COLUMN capacity BIGINT NOT NULL DEFAULT 0;
ALTER TABLE places ADD COLUMN two_people BIGINT NOT NULL DEFAULT 0;

DROP INDEX keys_enrolled;
ALTER TABLE keys RENAME COLUMN enrolled_at TO added_at;
ALTER TABLE keys RENAME COLUMN enrolled_by TO added_by;
ALTER TABLE keys ADD COLUMN enrolled_at TEXT;
ALTER TABLE keys ADD COLUMN enrolled_by TEXT;
UPDATE keys SET enrolled_at = added_at, enrolled_by = added_by;
-- The first event about a key is its enrollment, which may not be its last.
UPDATE keys SET added_at = (SELECT at FROM events e WHERE e.subject = keys.id ORDER BY seq LIMIT 1),
    added_by = (SELECT actor FROM events e WHERE e.subject = keys.id ORDER BY seq LIMIT 1)
    WHERE EXISTS (SELECT 1 FROM events e WHERE e.subject = keys.id);
ALTER TABLE keys ADD COLUMN type TEXT NOT NULL DEFAULT 'security_key';
-- Nothing wrote holders yet.
ALTER TABLE keys DROP COLUMN holder;
ALTER TABLE keys ADD COLUMN holder_id TEXT REFERENCES people (id);
ALTER TABLE keys ADD COLUMN seal TEXT;
ALTER TABLE keys ADD COLUMN shipment TEXT;
ALTER TABLE keys ADD COLUMN due TEXT;
ALTER TABLE keys ADD COLUMN since TEXT;
UPDATE keys SET since = enrolled_at;
ALTER TABLE keys ADD COLUMN order_no TEXT;
ALTER TABLE keys ADD COLUMN battery_end TEXT;
CREATE INDEX keys_added ON keys (added_at, id);
CREATE INDEX keys_holder ON keys (holder_id);
CREATE INDEX keys_seal ON keys (seal);
CREATE INDEX keys_shipment ON keys (shipment);
CREATE INDEX keys_order ON keys (order_no);
CREATE INDEX keys_status ON keys (status);
