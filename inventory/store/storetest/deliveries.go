package storetest

import (
	"errors"
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
	receive(3, map[string]int64{"Security Key NFC": 1}, inventory.Arrival{Code: "20000002"})
	if d := delivery(); len(d.Short) != 0 || len(d.Over) != 3 || d.Complete() {
		t.Errorf("the right one came later: short %v, over %v", d.Short, d.Over)
	}
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
	bare := func(n int, product, order string) inventory.Enrollment {
		e := sparse(n)
		e.Product, e.Order = product, order
		return e
	}
	view(t, s, func(tx inventory.Tx) error {
		for i, tt := range []struct {
			e    inventory.Enrollment
			want error
		}{
			{enrollment(1), nil},
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
