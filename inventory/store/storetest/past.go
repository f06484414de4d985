package storetest

import (
	"fmt"
	"testing"

	"hwmfa/inventory"
)

func testPast(t *testing.T, d Database) {
	s := d.store(t)
	one, two := enroll(t, s, act(1), enrollment(1)), enroll(t, s, act(2), enrollment(2))
	bindTo := func(n int, accountID, name string, k inventory.Key) {
		update(t, s, bind(act(n), inventory.Binding{AccountID: accountID, KeyID: k.ID, DeviceName: name, How: inventory.HowNamed}))
	}
	unbind := func(n int, accountID string, k inventory.Key) {
		update(t, s, func(tx inventory.Tx) error {
			_, err := inventory.UnbindKey(tx, act(n), accountID, k.ID)
			return err
		})
	}
	doubt := func(n int, k inventory.Key) {
		update(t, s, func(tx inventory.Tx) error { return inventory.DoubtKey(tx, act(n), k.ID, "fido_reset") })
	}
	is := func(when, want string) {
		t.Helper()
		view(t, s, func(tx inventory.Tx) error {
			p, err := inventory.PastOf(tx)
			got := fmt.Sprintf("doubted %q %q", p.Doubted[one.ID], p.Doubted[two.ID])
			for _, k := range []inventory.Key{one, two} {
				for _, e := range p.Ended[k.ID] {
					got += fmt.Sprintf(", %s as %s until %s reset %v", e.AccountID, e.DeviceName, e.Until.Format("15:04"), e.Reset)
				}
			}
			if got != want {
				t.Errorf("%s: got %s, want %s", when, got, want)
			}
			return err
		})
	}
	bindTo(3, account, "one", one)
	bindTo(3, account, "two", two)
	update(t, s, prove(act(4), one.ID, answer(1)))
	is("nothing has ended", `doubted "" ""`)
	doubt(5, one)
	doubt(5, two) // which never proved anything
	is("a proof is in doubt", `doubted "fido_reset" ""`)
	update(t, s, prove(act(6), one.ID, answer(1)))
	is("a new proof ends the doubt", `doubted "" ""`)
	unbind(7, account, one)
	is("a binding is removed", `doubted "" "", 111122223333 as one until 11:07 reset false`)
	bindTo(8, account, "one-again", one)
	is("and made again", `doubted "" ""`)
	update(t, s, func(tx inventory.Tx) error {
		_, err := inventory.ResetKey(tx, act(9), one.ID, true)
		return err
	})
	is("a reset ends bindings", `doubted "" "", 111122223333 as one-again until 11:09 reset true`)
	bindTo(10, "444455556666", "there", one)
	unbind(11, "444455556666", one)
	is("each account stands for itself", `doubted "" "", 111122223333 as one-again until 11:09 reset true, 444455556666 as there until 11:11 reset false`)
}
