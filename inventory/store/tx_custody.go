package store

import "hwmfa/inventory"

const selectBags = "SELECT number, state, sealed_at, sealed_by, ended_at, ended_by, reason FROM bags "

func scanBag(r row) (inventory.Bag, error) {
	var b inventory.Bag
	err := r.Scan(&b.Number, &b.State, timeColumn{&b.SealedAt}, &b.SealedBy, maybeTime{&b.EndedAt}, textColumn{&b.EndedBy}, textColumn{&b.Reason})
	return b, err
}

func (t *tx) PutBag(b inventory.Bag) error {
	return t.exec(`INSERT INTO bags (number, state, sealed_at, sealed_by, ended_at, ended_by, reason) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (number) DO UPDATE SET state = excluded.state, sealed_at = excluded.sealed_at, sealed_by = excluded.sealed_by,
		ended_at = excluded.ended_at, ended_by = excluded.ended_by, reason = excluded.reason`,
		b.Number, string(b.State), inventory.FormatTime(b.SealedAt), b.SealedBy, nullTime(b.EndedAt), null(b.EndedBy), null(b.Reason))
}

func (t *tx) BagByNumber(number string) (inventory.Bag, error) {
	return one(t, scanBag, selectBags+"WHERE number = ?", number)
}

func (t *tx) ListBags() ([]inventory.Bag, error) {
	return list(t, scanBag, selectBags+"ORDER BY sealed_at, number")
}

const selectShipments = "SELECT id, place_id, carrier, tracking, due, at, sent_by FROM shipments "

func scanShipment(r row) (inventory.Shipment, error) {
	var s inventory.Shipment
	err := r.Scan(&s.ID, &s.PlaceID, &s.Carrier, &s.Tracking, timeColumn{&s.Due}, timeColumn{&s.At}, &s.By)
	return s, err
}

func (t *tx) InsertShipment(s inventory.Shipment) error {
	return t.exec("INSERT INTO shipments (id, place_id, carrier, tracking, due, at, sent_by) VALUES (?, ?, ?, ?, ?, ?, ?)",
		s.ID, s.PlaceID, s.Carrier, s.Tracking, inventory.FormatTime(s.Due), inventory.FormatTime(s.At), s.By)
}

func (t *tx) ShipmentByID(id string) (inventory.Shipment, error) {
	return one(t, scanShipment, selectShipments+"WHERE id = ?", id)
}

func (t *tx) ListShipments() ([]inventory.Shipment, error) {
	return list(t, scanShipment, selectShipments+"ORDER BY at, id")
}

const selectRequests = "SELECT id, event, at, asked_by, moves FROM requests "

func scanRequest(r row) (inventory.Request, error) {
	var q inventory.Request
	err := r.Scan(&q.ID, &q.Event, timeColumn{&q.At}, &q.By, &q.Moves)
	return q, err
}

func (t *tx) InsertRequest(q inventory.Request) error {
	return t.exec("INSERT INTO requests (id, event, at, asked_by, moves) VALUES (?, ?, ?, ?, ?)",
		q.ID, q.Event, inventory.FormatTime(q.At), q.By, q.Moves)
}

func (t *tx) DeleteRequest(id string) error { return t.exec("DELETE FROM requests WHERE id = ?", id) }

func (t *tx) RequestByID(id string) (inventory.Request, error) {
	return one(t, scanRequest, selectRequests+"WHERE id = ?", id)
}

func (t *tx) ListRequests() ([]inventory.Request, error) {
	return list(t, scanRequest, selectRequests+"ORDER BY event")
}
