package inventory

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"hwmfa/hw"
)

// keyState is what the events come to for one key. It can be compared by ==.
type keyState struct {
	Serial, Tag, Product, Order, BatteryEnd string
	Type                                    Type
	Custody                                 Custody
	Shown                                   shownKey
	Proved                                  Summary
	AddedAt, AddedBy                        string
	EnrolledAt, EnrolledBy                  string
}

// shownKey is what a plugged key shows, as its row holds it; zero: not yet.
type shownKey struct {
	USBVendor, USBProduct uint16
	FormFactor            byte
	Firmware, AAGUID      string
}

// key takes in an event about a key.
func (p projection) key(e Event) error {
	k, known := p.keys[e.Subject]
	if !known {
		k = &keyState{Type: TypeKey, AddedAt: FormatTime(e.Time), AddedBy: e.Actor, Proved: Summarize(hw.FIDOStatement{}, nil)}
	}
	payload := []byte(e.Payload)
	switch e.Kind {
	case KindKeyDeclared:
		var d declaredJSON
		if err := json.Unmarshal(payload, &d); err != nil {
			return err
		}
		k.Serial, k.Tag, k.Type, k.Product, k.Order = text(d.Serial), text(d.Tag), d.Type, text(d.Product), text(d.Order)
		k.BatteryEnd = text(d.BatteryEnd)
		k.Custody = Custody{Status: d.Status, PlaceID: text(d.Place), Since: e.Time}
	case KindKeyEnrolled:
		if err := p.enrolled(k, e); err != nil {
			return err
		}
	case KindKeyPIVIdentity:
		if err := k.gotPIVIdentity(payload); err != nil {
			return err
		}
	case KindKeyTagged:
		var t taggedJSON
		if err := json.Unmarshal(payload, &t); err != nil {
			return err
		}
		k.Tag = text(t.Tag)
	default:
		if !isMove(e.Kind) {
			return nil
		}
		var c custodyJSON
		err := json.Unmarshal(payload, &c)
		if err == nil {
			k.Custody, err = c.custody(e.Time)
		}
		if err != nil {
			return err
		}
	}
	if k.Custody.Status == "" {
		return errors.New("the key came from nowhere")
	}
	p.keys[e.Subject] = k
	if !known || e.Kind == KindKeyEnrolled {
		p.moves[e.Subject] = &lastMove{} // what comes later is another move
	}
	return nil
}

func (p projection) enrolled(k *keyState, e Event) error {
	var is enrolledJSON
	if err := json.Unmarshal([]byte(e.Payload), &is); err != nil {
		return err
	}
	fido, piv, err := decodeStatements(is.Statements)
	if err != nil {
		return err
	}
	if c := is.Credential; c != nil {
		p.rows[credentialRow(e.Subject, e.Time)] = fmt.Sprint(*c)
	}
	k.Proved, k.Shown = Summarize(fido, piv), is.shown()
	if is.Order != nil {
		k.Order = *is.Order
	}
	k.Serial, k.Tag, k.Product = text(is.Serial), text(is.Tag), text(is.Product)
	k.Custody = Custody{Status: is.Status, PlaceID: text(is.Place), HolderID: text(is.Holder), Since: e.Time}
	k.EnrolledAt, k.EnrolledBy = FormatTime(e.Time), e.Actor
	return nil
}

// shown is what of the payload only the key's row holds.
func (k enrolledJSON) shown() shownKey {
	return shownKey{
		USBVendor: k.USBVendor, USBProduct: k.USBProduct, FormFactor: k.FormFactor, Firmware: text(k.Firmware), AAGUID: text(k.AAGUID),
	}
}

// lastMove is the last move of a key since its custody was taken in, as it was
// recorded: only the last says where the key is, and there may be hundreds. Its
// bytes are its own: an event shares those of the many that it was read with.
type lastMove struct{ at, payload []byte }

// finish takes in the last move.
func (k *keyState) finish(m *lastMove) error {
	if len(m.payload) == 0 {
		return nil
	}
	at, err := ParseTime(string(m.at))
	if err != nil {
		return err
	}
	var c custodyJSON
	if err := json.Unmarshal(m.payload, &c); err != nil {
		return err
	}
	k.Custody, err = c.custody(at)
	return err
}

// custodyOf is where a key is, as the events so far have it.
func (p projection) custodyOf(id string) (Custody, error) {
	k, known := p.keys[id]
	if !known {
		return Custody{}, nil
	}
	now := *k
	err := now.finish(p.moves[id])
	return now.Custody, err
}

// compareKeys names the keys whose rows are not what the events come to. Their
// last moves are read while the rows come. What it has seen the projection
// keeps no longer.
func (p projection) compareKeys(tx Tx) (bad []error, err error) {
	rows := make(chan Key, 256)
	var wg sync.WaitGroup
	wg.Go(func() {
		for row := range rows {
			bad = append(bad, p.compareKey(row)...)
		}
	})
	err = tx.EachKey(KeyFilter{}, func(k Key) error { rows <- k; return nil })
	close(rows)
	wg.Wait()
	if err != nil {
		return nil, err
	}
	for _, id := range slices.Sorted(maps.Keys(p.keys)) {
		if err := p.keys[id].finish(p.moves[id]); err != nil {
			bad = append(bad, damagedMove(id, err))
		}
		bad = append(bad, goneRow(keyRow(id)))
	}
	return bad, nil
}

// compareKey names what is wrong with a key's row.
func (p projection) compareKey(row Key) (bad []error) {
	want, known := p.keys[row.ID]
	if !known {
		return []error{strangeRow(keyRow(row.ID))}
	}
	if err := want.finish(p.moves[row.ID]); err != nil {
		bad = append(bad, damagedMove(row.ID, err))
	}
	if *want != stateOf(row) {
		bad = append(bad, changedRow(keyRow(row.ID)))
	}
	delete(p.keys, row.ID)
	delete(p.moves, row.ID)
	return bad
}

func damagedMove(id string, err error) error {
	return fmt.Errorf("the last move of %s: %w: %w", id, ErrDamaged, err)
}

// stateOf is a key's row in the form of a projection.
func stateOf(k Key) keyState {
	s := keyState{
		Serial: k.Serial, Tag: k.Tag, Product: k.Product, Order: k.Order, BatteryEnd: text(nullTime(k.BatteryEnd)),
		Type: k.Type, Custody: k.Custody, Proved: k.Attestation,
		AddedAt: FormatTime(k.AddedAt), AddedBy: k.AddedBy, EnrolledAt: text(nullTime(k.EnrolledAt)), EnrolledBy: k.EnrolledBy,
	}
	if k.Attested() {
		s.Shown = enrolledPayload(k, nil, Hash{}, nil).shown()
	}
	return s
}
