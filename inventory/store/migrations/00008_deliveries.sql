-- What suppliers announced. Keys with a serial are rows of keys, by order_no.

-- +goose Up
CREATE TABLE orders (
    number          TEXT PRIMARY KEY,
    supplier        TEXT,
    manifest_sha256 TEXT NOT NULL,
    at              TEXT NOT NULL,
    actor           TEXT NOT NULL
);

CREATE TABLE order_lines (
    order_no TEXT NOT NULL REFERENCES orders (number),
    line     BIGINT NOT NULL,
    product  TEXT NOT NULL,
    quantity BIGINT NOT NULL,
    received BIGINT NOT NULL,
    PRIMARY KEY (order_no, line)
);
