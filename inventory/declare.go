package inventory

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"hwmfa/hw"
)

// KindKeyDeclared is the kind of the event by which a key comes into the
// inventory that nobody has plugged in yet.
const KindKeyDeclared = "key.declared"

// Declaration is what a list or a label says of a key that was not plugged in.
type Declaration struct {
	Serial  string
	Tag     string // "" none
	Type    Type   // "" a security key
	Product string // what the list calls it; for a token its maker and model
	Order   string // the purchase order it comes with; "" none
	// Expected: it is announced and not here yet. Otherwise it is here.
	Expected   bool
	Place      string    // path, made on first use; "" nowhere yet
	BatteryEnd time.Time // of a token; zero: not known
}

// DeclareKey records a key that is known by its serial or tag alone: expected,
// where it is only announced, received, where it came with an order, and
// declared otherwise. A serial or tag that is taken gives an ExistsError. An
// enrollment makes the key an attested one later; a token stays as it is.
func DeclareKey(tx Tx, act Act, d Declaration) (Key, error) {
	k, err := declareKey(tx, act, d)
	if err != nil {
		return Key{}, fmt.Errorf("declare: %w", err)
	}
	return k, nil
}

func declareKey(tx Tx, act Act, d Declaration) (Key, error) {
	act, err := act.check()
	if err != nil {
		return Key{}, err
	}
	if d, err = d.check(); err != nil {
		return Key{}, err
	}
	if err := d.refuseDuplicates(tx); err != nil {
		return Key{}, err
	}
	if d.Order, err = orderNumber(tx, d.Order); err != nil {
		return Key{}, err
	}
	k := Key{
		Serial: d.Serial, Tag: d.Tag, Type: d.Type, Product: d.Product, Order: d.Order, BatteryEnd: d.BatteryEnd,
		Custody:     Custody{Status: StatusExpected, Since: act.At},
		Attestation: Summary{FIDO: hw.StatusAbsent, PIV: hw.StatusAbsent},
		AddedAt:     act.At, AddedBy: act.Actor,
	}
	if !d.Expected {
		// A token has nothing more to show: here, it is as good as put away.
		k.Status = k.put(StatusInSafe)
	}
	if d.Place != "" {
		p, err := EnsurePlace(tx, act, d.Place)
		if err != nil {
			return Key{}, err
		}
		if p, err = room(tx, p.ID, k); err != nil {
			return Key{}, err
		}
		if err := alone(tx, p.ID); err != nil {
			return Key{}, err
		}
		k.PlaceID, k.Place = p.ID, p.Path
	}
	if k.ID, err = newID(tx, "K", func(id string) (bool, error) {
		_, err := tx.KeyByID(id)
		return found(err)
	}, []byte(FormatTime(act.At)), []byte(k.Serial), []byte(k.Tag)); err != nil {
		return Key{}, err
	}
	if err := tx.InsertKey(k); err != nil {
		return Key{}, err
	}
	_, err = record(tx, act, KindKeyDeclared, k.ID, declaredPayload(k))
	return k, err
}

func (d Declaration) check() (Declaration, error) {
	var err error
	if d.Serial, err = NormalizeSerial(d.Serial); err != nil {
		return d, err
	}
	if d.Serial != "" {
		if err := plausibleSerial(d.Serial); err != nil {
			return d, err
		}
	}
	if d.Tag, err = NormalizeTag(d.Tag); err != nil {
		return d, err
	}
	if d.Serial == "" && d.Tag == "" {
		return d, invalid("key", "has neither serial nor tag: nothing tells it from another")
	}
	d.Type = cmp.Or(d.Type, TypeKey)
	if !d.Type.Known() {
		return d, invalid("type", "is neither %s nor %s", TypeKey, TypeToken)
	}
	if d.Type == TypeToken && d.Serial == "" {
		return d, invalid("serial", "of a token is missing")
	}
	if d.Product, err = line("product", d.Product, maxName); err != nil {
		return d, err
	}
	if d.Order, err = line("order", d.Order, maxName); err != nil {
		return d, err
	}
	if !d.BatteryEnd.IsZero() {
		if d.Type != TypeToken {
			return d, invalid("battery end", "is for tokens only")
		}
		if y := d.BatteryEnd.UTC().Year(); y < 2000 || y > 9999 {
			return d, invalid("battery end", "is out of range")
		}
		d.BatteryEnd = d.BatteryEnd.UTC().Truncate(24 * time.Hour)
	}
	return d, nil
}

// plausibleSerial refuses what nobody has seen of a key, and what a list or a
// command line holds by mistake: a head of a column, or "-".
func plausibleSerial(serial string) error {
	if !strings.ContainsAny(serial, "0123456789") {
		return invalid("serial", "holds no digit: it may be the head of a column")
	}
	return nil
}

// refuseDuplicates holds that one serial names one key: the maker of a key that
// was not plugged in is not known.
func (d Declaration) refuseDuplicates(tx Tx) error {
	if d.Serial != "" {
		same, err := tx.KeysBySerial(d.Serial)
		if err != nil {
			return err
		}
		if len(same) > 0 {
			return &ExistsError{What: "serial", Value: d.Serial, Owner: same[0].Label()}
		}
	}
	if d.Tag == "" {
		return nil
	}
	k, err := tx.KeyByTag(d.Tag)
	ok, err := found(err)
	if ok {
		err = &ExistsError{What: "tag", Value: d.Tag, Owner: k.Label()}
	}
	return err
}

// declaredJSON is the payload of key.declared.
type declaredJSON struct {
	Serial     *string `json:"serial"`
	Tag        *string `json:"tag"`
	Type       Type    `json:"type"`
	Status     Status  `json:"status"`
	Place      *string `json:"place"`
	Product    *string `json:"product"`
	Order      *string `json:"order"`
	BatteryEnd *string `json:"battery_end"`
}

func declaredPayload(k Key) declaredJSON {
	return declaredJSON{
		Serial: null(k.Serial), Tag: null(k.Tag), Type: k.Type, Status: k.Status, Place: null(k.PlaceID),
		Product: null(k.Product), Order: null(k.Order), BatteryEnd: nullTime(k.BatteryEnd),
	}
}

// KindKeyTagged is the kind of the event of another asset tag.
const KindKeyTagged = "key.tagged"

// TagKey gives a key another asset tag, "" for none. A tag that is taken gives
// an ExistsError; the tag it has already is no event.
func TagKey(tx Tx, act Act, keyID, tag string) (Key, error) {
	act, err := act.check()
	if err != nil {
		return Key{}, fmt.Errorf("tag: %w", err)
	}
	if tag, err = NormalizeTag(tag); err != nil {
		return Key{}, fmt.Errorf("tag: %w", err)
	}
	k, err := tx.KeyByID(keyID)
	if err != nil {
		return Key{}, fmt.Errorf("tag %s: %w", keyID, err)
	}
	if k.Tag == tag {
		return k, nil
	}
	if tag != "" && Fold(tag) != Fold(k.Tag) {
		if err := (Declaration{Tag: tag}).refuseDuplicates(tx); err != nil {
			return Key{}, fmt.Errorf("tag: %w", err)
		}
	}
	if tag == "" && k.Serial == "" && !k.Attested() {
		return Key{}, fmt.Errorf("tag: %w", invalid("key", "has no serial: without its tag nothing tells it from another"))
	}
	k.Tag = tag
	if err := tx.UpdateKey(k); err != nil {
		return Key{}, fmt.Errorf("tag %s: %w", keyID, err)
	}
	_, err = record(tx, act, KindKeyTagged, k.ID, taggedJSON{null(tag)})
	return k, err
}

type taggedJSON struct {
	Tag *string `json:"tag"`
}
