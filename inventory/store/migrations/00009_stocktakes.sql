-- Stocktakes are events and nothing else; this finds when they began and ended.

-- +goose Up
CREATE INDEX events_stocktakes ON events (kind, seq) WHERE kind = 'stocktake.started' OR kind = 'stocktake.closed';
