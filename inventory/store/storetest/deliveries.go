package storetest

import (
	"errors"
	"strings"
	"testing"

	"hwmfa/inventory"
)

// manifest announces three keys by serial and two without.
func manifest() inventory.Manifest {
	return inventory.Manifest{
		Order: "PO-1", Supplier: "Keys & Sons", SHA256: inventory.Hash{1},
		Lines: []inventory.ManifestLine{
			{Serial: "0020000001", Product: "YubiKey 5C NFC - Tray of 50"},
			{Serial: "20000002", Product: "YubiKey 5C NFC - Tray of 50"},
			{Serial: "20000003", Product: "5060408461440"},
			{Product: "Security Key NFC"}, {Product: "security key nfc"},
		},
	}
}

func testDelivery(t *testing.T, d Database) {
	s := d.store(t)
	list := func(m inventory.Manifest) func(tx inventory.Tx) error {
		return func(tx inventory.Tx) error {
			_, err := inventory.ListDelivery(tx, act(1), m)
			return err
		}
	}
	place(t, s, "Berlin/safe 1")
	other := enroll(t, s, act(0), enrollment(9))
	for name, tt := range map[string]struct {
		want error
		edit func(m *inventory.Manifest)
	}{
		"no lines":                       {inventory.ErrInvalid, func(m *inventory.Manifest) { m.Lines = nil }},
		"a line with nothing in it":      {inventory.ErrInvalid, func(m *inventory.Manifest) { m.Lines[4].Product = "" }},
		"a negative quantity":            {inventory.ErrInvalid, func(m *inventory.Manifest) { m.Lines[3].Quantity = -1 }},
		"a serial twice, zeros in front": {inventory.ErrExists, func(m *inventory.Manifest) { m.Lines[1].Serial = "00020000001" }},
		"a serial that is enrolled":      {inventory.ErrExists, func(m *inventory.Manifest) { m.Lines[1].Serial = other.Serial }},
		"a product of control characters": {inventory.ErrInvalid, func(m *inventory.Manifest) {
			m.Lines[0].Product = "Yubi\x1b[31mKey"
		}},
	} {
		t.Run(name, func(t *testing.T) {
			m := manifest()
			tt.edit(&m)
			refused(t, s, tt.want, list(m))
		})
	}
	update(t, s, list(manifest()))
	refused(t, s, inventory.ErrExists, list(manifest()))

	receive := func(n int, counts map[string]int64, arrivals ...inventory.Arrival) (got []inventory.Received) {
		t.Helper()
		update(t, s, func(tx inventory.Tx) (err error) {
			got, err = inventory.ReceiveDelivery(tx, act(n), "PO-1", "Berlin/safe 1", arrivals, counts)
			return err
		})
		return got
	}
	got := receive(2, map[string]int64{"SECURITY key nfc": 1},
		inventory.Arrival{Code: "20000001", Product: "YubiKey 5C NFC"},
		inventory.Arrival{Code: "020000001"},
		inventory.Arrival{Code: "20000002", Product: "YubiKey 5 Nano"},
		inventory.Arrival{Code: "20000003", Product: "YubiKey 5 Nano"},
		inventory.Arrival{Code: other.Serial},
		inventory.Arrival{Code: "77"},
	)
	want := []inventory.Outcome{
		inventory.OutcomeReceived, inventory.OutcomeDuplicate, inventory.OutcomeSubstituted, inventory.OutcomeReceived,
		inventory.OutcomeOver, inventory.OutcomeOver,
	}
	for i, r := range got {
		if r.Outcome != want[i] {
			t.Errorf("arrival %d (%s) is %s, want %s", i, r.Code, r.Outcome, want[i])
		}
	}
	delivery := func() (got inventory.Delivery) {
		t.Helper()
		view(t, s, func(tx inventory.Tx) (err error) {
			got, err = inventory.DeliveryOf(tx, "PO-1")
			return err
		})
		return got
	}
	if d := delivery(); len(d.Keys) != 3 || len(d.Short) != 1 || len(d.Over) != 4 || d.Complete() || d.Order.Lines[0] != (inventory.OrderLine{Product: "Security Key NFC", Quantity: 2, Received: 1}) {
		t.Errorf("half of it: %+v", d)
	}
	// What will not come any more is taken off the list; it can still turn up.
	undone(t, s, func(tx inventory.Tx) error {
		keys, err := tx.KeysBySerial("20000002")
		if err != nil {
			return err
		}
		_, err = inventory.MoveKey(tx, act(3), inventory.Move{Verb: inventory.VerbRetire, KeyID: keys[0].ID, Reason: "cancelled"}, nil)
		if err != nil {
			return err
		}
		d, err := inventory.DeliveryOf(tx, "po-1")
		if received, announced := d.Count(); len(d.Short) != 0 || len(d.Cut) != 1 || len(d.Keys) != 2 || received != 3 || announced != 4 {
			t.Errorf("taken off: %d of %d, short %v, cut %v", received, announced, d.Short, d.Cut)
		}
		if err != nil {
			return err
		}
		got, err := inventory.ReceiveDelivery(tx, act(3), "po-1", "", []inventory.Arrival{{Code: "20000002"}}, nil)
		if err != nil || got[0].Outcome != inventory.OutcomeOver {
			t.Errorf("turned up after all: %+v, %v", got, err)
		}
		return nil
	})
	// So is what has no serial: no more than have not come, and the journal says so.
	undone(t, s, func(tx inventory.Tx) error {
		for n, want := range map[int64]error{0: inventory.ErrInvalid, 2: inventory.ErrInvalid, 1: nil} {
			o, err := inventory.CutOrder(tx, act(3), "po-1", map[string]int64{"security key NFC": n}, "cancelled")
			if !errors.Is(err, want) || err == nil && o.Lines[0] != (inventory.OrderLine{Product: "Security Key NFC", Quantity: 1, Received: 1}) {
				t.Errorf("%d taken off: %+v, %v; want %v", n, o.Lines, err, want)
			}
		}
		return inventory.VerifyState(tx)
	})
	receive(3, map[string]int64{"Security Key NFC": 1}, inventory.Arrival{Code: "20000002"})
	if d := delivery(); len(d.Short) != 0 || len(d.Over) != 3 || d.Complete() {
		t.Errorf("the right one came later: short %v, over %v", d.Short, d.Over)
	}
	if received, announced := delivery().Count(); received != 5 || announced != 5 {
		t.Errorf("received %d of %d", received, announced)
	}
	// A list that was sent later says where the odd one came from.
	update(t, s, func(tx inventory.Tx) error {
		m := inventory.Manifest{Order: "PO-3", Lines: []inventory.ManifestLine{{Serial: "77"}}}
		_, err1 := inventory.ListDelivery(tx, act(3), m)
		_, err2 := inventory.ReceiveDelivery(tx, act(3), "PO-3", "", []inventory.Arrival{{Code: "77"}, {Code: "77"}}, nil)
		return errors.Join(err1, err2)
	})
	if d := delivery(); len(d.Over) != 2 || d.Complete() {
		t.Errorf("one of those over came with another order: over %v", d.Over)
	}
	// A token has nothing to be enrolled with: received, it can be used.
	update(t, s, func(tx inventory.Tx) error {
		m := inventory.Manifest{Order: "PO-4", Lines: []inventory.ManifestLine{{Serial: "TOK-4", Type: inventory.TypeToken, BatteryEnd: noon}}}
		_, err1 := inventory.ListDelivery(tx, act(3), m)
		_, err2 := inventory.ReceiveDelivery(tx, act(3), "PO-4", "Berlin/safe 1", []inventory.Arrival{{Code: "tok-4"}}, nil)
		return errors.Join(err1, err2)
	})
	if k := keyOf(t, s, "TOK-4"); k.Status != inventory.StatusInSafe || k.BatteryEnd.IsZero() || k.Place == "" {
		t.Errorf("a token that came: %+v", k)
	}
	view(t, s, func(tx inventory.Tx) error {
		d, err := inventory.DeliveryOf(tx, "PO-3")
		if len(d.Over) != 1 || d.Over[0].Outcome != inventory.OutcomeDuplicate || !d.Complete() {
			t.Errorf("one label was scanned twice: %+v", d)
		}
		return err
	})
	if k := keyOf(t, s, "20000001"); k.Status != inventory.StatusReceived || k.Place != "Berlin/safe 1" {
		t.Errorf("received: %+v", k)
	}
	for name, try := range map[string]func(tx inventory.Tx) error{
		"an unknown order": func(tx inventory.Tx) error {
			_, err := inventory.ReceiveDelivery(tx, act(4), "PO-2", "", nil, nil)
			return err
		},
		"an unknown place": func(tx inventory.Tx) error {
			_, err := inventory.ReceiveDelivery(tx, act(4), "PO-1", "Rome", nil, nil)
			return err
		},
		"an unknown product": func(tx inventory.Tx) error {
			_, err := inventory.ReceiveDelivery(tx, act(4), "PO-1", "", nil, map[string]int64{"Titan": 1})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) { refused(t, s, inventory.ErrNotFound, try) })
	}
}

func keyOf(t *testing.T, s inventory.Store, ref string) (k inventory.Key) {
	t.Helper()
	view(t, s, func(tx inventory.Tx) (err error) {
		k, err = inventory.FindKey(tx, ref)
		return err
	})
	return k
}

func testCheckDelivery(t *testing.T, d Database) {
	s := d.store(t)
	update(t, s, func(tx inventory.Tx) error {
		_, err1 := inventory.ListDelivery(tx, act(1), manifest())
		_, err2 := inventory.ReceiveDelivery(tx, act(2), "PO-1", "", nil, map[string]int64{"Security Key NFC": 1})
		return errors.Join(err1, err2)
	})
	of := func(e inventory.Enrollment, product, order string) inventory.Enrollment {
		e.Product, e.Order = product, order
		return e
	}
	bare := func(n int, product, order string) inventory.Enrollment { return of(sparse(n), product, order) }
	view(t, s, func(tx inventory.Tx) error {
		for i, tt := range []struct {
			e    inventory.Enrollment
			want error
		}{
			{enrollment(1), nil},
			{of(enrollment(1), "YubiKey 5C NFC", "PO-1"), nil},
			{of(enrollment(1), "YubiKey 5C NFC", "PO-2"), inventory.ErrNoDelivery},
			{of(enrollment(1), "YubiKey 5 Nano", ""), inventory.ErrNoDelivery},
			{of(enrollment(3), "YubiKey 5 Nano", ""), nil}, // the list has an article number
			{enrollment(4), inventory.ErrNoDelivery},
			{bare(1, "Security Key NFC", ""), inventory.ErrNoDelivery},
			{bare(1, "Security Key NFC", "PO-2"), inventory.ErrNotFound},
			{bare(1, "Titan", "PO-1"), inventory.ErrNoDelivery},
			{bare(1, "Security Key NFC", "PO-1"), nil},
		} {
			if err := inventory.CheckDelivery(tx, tt.e); !errors.Is(err, tt.want) {
				t.Errorf("case %d: %v, want %v", i, err, tt.want)
			}
		}
		return nil
	})
	if k := enroll(t, s, act(3), bare(1, "Security Key NFC", "PO-1")); k.Order != "PO-1" {
		t.Errorf("enrolled of order %q", k.Order)
	}
	view(t, s, func(tx inventory.Tx) error {
		err := inventory.CheckDelivery(tx, bare(2, "Security Key NFC", "PO-1"))
		if !errors.Is(err, inventory.ErrNoDelivery) {
			t.Errorf("a second of one: %v", err)
		}
		return nil
	})
	snapshot(t, s) // holds the rows against the journal
}

func testSitting(t *testing.T, d Database) {
	s := d.store(t)
	known := enroll(t, s, act(0), enrollment(9))
	place(t, s, "Berlin/drawer")
	var done []inventory.Declared
	update(t, s, func(tx inventory.Tx) (err error) {
		drawer, err := inventory.FindPlace(tx, "Berlin/drawer")
		if err == nil {
			_, err = inventory.ChangePlace(tx, act(1), drawer.ID, 3, false)
		}
		if err != nil {
			return err
		}
		var all []inventory.Declaration
		for _, text := range []string{"0020000001,YK-001", "20000001", known.Serial, "2000000x!", "20000002;yk-001", ",YK-2", "20000003", "20000004"} {
			serial, tag := inventory.ParseLabel(text)
			all = append(all, inventory.Declaration{Serial: serial, Tag: tag, Place: "Berlin/drawer"})
		}
		done, err = inventory.DeclareKeys(tx, act(1), all)
		return err
	})
	want := []error{nil, inventory.ErrExists, inventory.ErrExists, inventory.ErrInvalid, inventory.ErrExists, nil, nil, inventory.ErrFull}
	for i, got := range done {
		if !errors.Is(got.Err, want[i]) || (got.Err == nil) != (got.Key.ID != "") {
			t.Errorf("line %d: %+v, want %v", i+1, got, want[i])
		}
	}
	// Its serial, or its tag where it has none to read, says which key it is.
	e := enrollment(1)
	e.Tag = ""
	if k := enroll(t, s, act(2), e); k.ID != done[0].Key.ID || k.Tag != "YK-001" || k.Status != inventory.StatusEnrolled {
		t.Errorf("enrolled by its serial: %+v", k)
	}
	bare := sparse(2)
	bare.Tag = "yk-2"
	if k := enroll(t, s, act(2), bare); k.ID != done[5].Key.ID || k.Tag != "yk-2" || k.Place == "" {
		t.Errorf("enrolled by its tag: %+v", k)
	}
	again := sparse(3)
	again.Tag = "YK-2"
	refused(t, s, inventory.ErrExists, func(tx inventory.Tx) error {
		_, err := inventory.EnrollKey(tx, act(3), again)
		return err
	})
	for name, dec := range map[string]inventory.Declaration{
		"a key with a battery":     {BatteryEnd: noon},
		"a type that is none":      {Type: "card"},
		"a place that is none":     {Place: "/"},
		"a product of two lines":   {Product: "a\nb"},
		"an order that never ends": {Order: strings.Repeat("1", 129)},
	} {
		if err := inventory.CheckDeclaration(dec); !errors.Is(err, inventory.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := inventory.CheckDeclaration(inventory.Declaration{Type: inventory.TypeToken, BatteryEnd: noon, Place: "Berlin"}); err != nil {
		t.Error(err)
	}
	snapshot(t, s)
}
