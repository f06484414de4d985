package store

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"hwmfa/inventory"
)

const (
	keyList = `k.id, k.serial, k.tag, k.type, k.status, k.place_id, p.path, k.holder_id, u.name, k.seal, k.shipment,
		k.due, k.since, k.reason, k.ticket, k.order_no, k.battery_end, k.usb_vendor, k.usb_product,
		k.product, k.firmware, k.form_factor, k.aaguid, k.fido_status, k.piv_status, k.anchor, k.added_at, k.added_by, k.enrolled_at, k.enrolled_by`
	keyTables  = " FROM keys k LEFT JOIN places p ON p.id = k.place_id LEFT JOIN people u ON u.id = k.holder_id "
	selectKeys = "SELECT " + keyList + keyTables
)

func scanKey(r row) (inventory.Key, error) {
	var k inventory.Key
	err := r.Scan(textColumn{&k.ID}, textColumn{&k.Serial}, textColumn{&k.Tag}, word(&k.Type), word(&k.Status), textColumn{&k.PlaceID}, textColumn{&k.Place},
		textColumn{&k.HolderID}, textColumn{&k.Holder}, textColumn{&k.Seal}, textColumn{&k.Shipment},
		maybeTime{&k.Due}, timeColumn{&k.Since}, textColumn{&k.Reason}, textColumn{&k.Ticket}, textColumn{&k.Order}, maybeTime{&k.BatteryEnd}, small(&k.USBVendor), small(&k.USBProduct),
		textColumn{&k.Product}, versionColumn{&k.Firmware}, small(&k.FormFactor),
		aaguidColumn{&k.AAGUID}, word(&k.Attestation.FIDO), word(&k.Attestation.PIV), textColumn{&k.Attestation.Anchor},
		timeColumn{&k.AddedAt}, textColumn{&k.AddedBy}, maybeTime{&k.EnrolledAt}, textColumn{&k.EnrolledBy})
	if err == nil && (!k.Status.Known() || !k.Type.Known()) {
		err = fmt.Errorf("%w: key %s has status %q and type %q", inventory.ErrDamaged, k.ID, k.Status, k.Type)
	}
	return k, err
}

func scanJoinedKey(r row) (inventory.Key, error) {
	var text string
	if err := r.Scan(&text); err != nil {
		return inventory.Key{}, err
	}
	return scanKey(joinedRow(text))
}

// keyColumns are the columns of keys after its ID, in the order of keyValues.
var keyColumns = []string{
	"serial", "tag", "tag_folded", "type", "status", "place_id", "holder_id", "seal", "shipment", "due", "since", "reason", "ticket", "order_no", "battery_end",
	"usb_vendor", "usb_product", "product", "firmware", "form_factor", "aaguid", "fido_status", "piv_status", "anchor",
	"added_at", "added_by", "enrolled_at", "enrolled_by",
}

func keyValues(k inventory.Key) []any {
	return []any{
		null(k.Serial), null(k.Tag), null(inventory.Fold(k.Tag)), string(k.Type), string(k.Status), null(k.PlaceID), null(k.HolderID),
		null(k.Seal), null(k.Shipment), nullTime(k.Due), inventory.FormatTime(k.Since), null(k.Reason), null(k.Ticket), null(k.Order), nullTime(k.BatteryEnd),
		int64(k.USBVendor), int64(k.USBProduct), null(k.Product), null(inventory.FormatVersion(k.Firmware)), int64(k.FormFactor),
		null(inventory.FormatAAGUID(k.AAGUID)), string(k.Attestation.FIDO), string(k.Attestation.PIV), null(k.Attestation.Anchor),
		inventory.FormatTime(k.AddedAt), k.AddedBy, nullTime(k.EnrolledAt), null(k.EnrolledBy),
	}
}

var (
	insertKey = "INSERT INTO keys (id, " + strings.Join(keyColumns, ", ") + ") VALUES (?" + strings.Repeat(", ?", len(keyColumns)) + ")"
	updateKey = "UPDATE keys SET " + strings.Join(keyColumns, " = ?, ") + " = ? WHERE id = ?"
)

func (t *tx) InsertKey(k inventory.Key) error {
	return t.exec(insertKey, append([]any{k.ID}, keyValues(k)...)...)
}

func (t *tx) UpdateKey(k inventory.Key) error {
	return t.exec(updateKey, append(keyValues(k), k.ID)...)
}

func (t *tx) KeyByID(id string) (inventory.Key, error) {
	return one(t, scanKey, selectKeys+"WHERE k.id = ?", id)
}

func (t *tx) KeyByTag(tag string) (inventory.Key, error) {
	return one(t, scanKey, selectKeys+"WHERE k.tag_folded = ?", inventory.Fold(tag))
}

func (t *tx) KeysBySerial(serial string) ([]inventory.Key, error) {
	return list(t, scanKey, selectKeys+"WHERE k.serial = ? ORDER BY k.added_at, k.id", serial)
}

func (t *tx) ListKeys(f inventory.KeyFilter) (all []inventory.Key, err error) {
	err = t.EachKey(f, func(k inventory.Key) error { all = append(all, k); return nil })
	return all, err
}

func (t *tx) EachKey(f inventory.KeyFilter, fn func(inventory.Key) error) error {
	where, args := keysWhere(f)
	where += " ORDER BY k.added_at, k.id"
	done := 0
	err := each(t, scanJoinedKey, func(k inventory.Key) error { done++; return fn(k) }, "SELECT "+joined(strings.Split(keyList, ",")...)+keyTables+where, args...)
	if !errors.Is(err, errFields) {
		return err
	}
	return each(t, scanKey, func(k inventory.Key) error {
		if done > 0 {
			done--
			return nil
		}
		return fn(k)
	}, selectKeys+where, args...)
}

func (t *tx) CountKeys(f inventory.KeyFilter) (int, error) {
	where, args := keysWhere(f)
	count := func(r row) (n int, err error) { return n, r.Scan(&n) }
	return one(t, count, "SELECT COUNT(*) FROM keys k LEFT JOIN places p ON p.id = k.place_id "+where, args...)
}

// keysWhere is the condition of a filter, with its values.
func keysWhere(f inventory.KeyFilter) (string, []any) {
	where, args := []string{"1 = 1"}, []any{}
	if len(f.Statuses) > 0 {
		status := "k.status"
		if f.Place != "" {
			status += " || ''" // of two indexes SQLite would take this one, and most keys have one status
		}
		where = append(where, status+" IN (?"+strings.Repeat(", ?", len(f.Statuses)-1)+")")
		for _, s := range f.Statuses {
			args = append(args, string(s))
		}
	}
	if f.Place != "" {
		at := inventory.Fold(f.Place)
		below := at + "/"
		where = append(where, "k.place_id IN (SELECT id FROM places WHERE path_folded = ? OR substr(path_folded, 1, ?) = ?)")
		args = append(args, at, utf8.RuneCountInString(below), below)
	}
	for _, is := range []struct{ column, value string }{
		{"k.holder_id", f.HolderID}, {"k.seal", f.Seal}, {"k.shipment", f.Shipment}, {"k.order_no", f.Order},
	} {
		if is.value != "" {
			where, args = append(where, is.column+" = ?"), append(args, is.value)
		}
	}
	if f.InBag {
		where = append(where, "k.seal IS NOT NULL")
	}
	if !f.DueBefore.IsZero() {
		where, args = append(where, "k.due < ?"), append(args, inventory.FormatTime(f.DueBefore))
	}
	if f.Not != "" {
		where, args = append(where, "k.id <> ?"), append(args, f.Not)
	}
	return "WHERE " + strings.Join(where, " AND "), args
}

const selectCredentials = "SELECT key_id, rp_id, credential_id, public_key, silent, aaguid, at FROM credentials "

func scanCredential(r row) (inventory.Credential, error) {
	var c inventory.Credential
	err := r.Scan(&c.KeyID, &c.RPID, hexColumn{&c.ID}, hexColumn{&c.PublicKey}, &c.Silent, aaguidColumn{&c.AAGUID}, timeColumn{&c.At})
	return c, err
}

func (t *tx) InsertCredential(c inventory.Credential) error {
	return t.exec(`INSERT INTO credentials (credential_id, key_id, rp_id, public_key, silent, aaguid, at)
		VALUES (?, ?, ?, ?, ?, ?, ?)`, hex.EncodeToString(c.ID), c.KeyID, c.RPID, hex.EncodeToString(c.PublicKey),
		string(c.Silent), null(inventory.FormatAAGUID(c.AAGUID)), inventory.FormatTime(c.At))
}

func (t *tx) CredentialByID(id []byte) (inventory.Credential, error) {
	return one(t, scanCredential, selectCredentials+"WHERE credential_id = ?", hex.EncodeToString(id))
}

func (t *tx) ListCredentials(keyID string) ([]inventory.Credential, error) {
	return list(t, scanCredential, selectCredentials+"WHERE ? IN ('', key_id) ORDER BY at, credential_id", keyID)
}

func scanRecord(r row) (inventory.Record, error) {
	var a inventory.Record
	err := r.Scan(&a.KeyID, &a.Event, timeColumn{&a.At}, &a.Evidence, hashColumn{&a.SHA256}, &a.Statements)
	return a, err
}

func (t *tx) InsertRecord(r inventory.Record) error {
	return t.exec("INSERT INTO attestations (event, key_id, at, evidence, sha256, statements) VALUES (?, ?, ?, ?, ?, ?)",
		r.Event, r.KeyID, inventory.FormatTime(r.At), r.Evidence, r.SHA256.String(), r.Statements)
}

func (t *tx) ListRecords(keyID string) ([]inventory.Record, error) {
	const q = "SELECT key_id, event, at, evidence, sha256, statements FROM attestations "
	if keyID == "" {
		return list(t, scanRecord, q+"ORDER BY event")
	}
	return list(t, scanRecord, q+"WHERE key_id = ? ORDER BY event", keyID)
}
