package storetest

import (
	"encoding/pem"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"hwmfa/inventory"
)

const account = "111122223333"

func bind(a inventory.Act, b inventory.Binding) func(tx inventory.Tx) error {
	return func(tx inventory.Tx) error {
		_, err := inventory.BindKey(tx, a, b)
		return err
	}
}

func testBind(t *testing.T, d Database) {
	s := d.store(t)
	one, two := enroll(t, s, act(1), enrollment(1)), enroll(t, s, act(2), enrollment(2))
	lost, retired := enroll(t, s, act(3), enrollment(3)), enroll(t, s, act(4), enrollment(4))
	update(t, s, func(tx inventory.Tx) error {
		_, err1 := inventory.MoveKey(tx, act(5), inventory.Move{Verb: inventory.VerbLose, KeyID: lost.ID, Reason: "left in a taxi"}, nil)
		_, err2 := inventory.MoveKey(tx, act(5), inventory.Move{Verb: inventory.VerbRetire, KeyID: retired.ID, Reason: "worn out"}, nil)
		return errors.Join(err1, err2)
	})
	good := inventory.Binding{AccountID: account, KeyID: one.ID, DeviceName: "YK-001", How: inventory.HowNamed}
	update(t, s, bind(act(6), good))
	tests := []struct {
		name string
		want error
		edit func(b *inventory.Binding)
	}{
		{"an account of eleven digits", inventory.ErrInvalid, func(b *inventory.Binding) { b.AccountID = "11112222333" }},
		{"an account with a letter", inventory.ErrInvalid, func(b *inventory.Binding) { b.AccountID = "11112222333x" }},
		{"an account in other digits", inventory.ErrInvalid, func(b *inventory.Binding) { b.AccountID = "١١١١٢٢" }},
		{"no device name", inventory.ErrInvalid, func(b *inventory.Binding) { b.DeviceName = "" }},
		{"a device name with a slash", inventory.ErrInvalid, func(b *inventory.Binding) { b.DeviceName = "a/b" }},
		{"a device name with a space", inventory.ErrInvalid, func(b *inventory.Binding) { b.DeviceName = "a b" }},
		{"a device name that is too long", inventory.ErrInvalid, func(b *inventory.Binding) { b.DeviceName = strings.Repeat("a", 129) }},
		{"a made-up how", inventory.ErrInvalid, func(b *inventory.Binding) { b.How = "guessed" }},
		{"a key that is not there", inventory.ErrNotFound, func(b *inventory.Binding) { b.KeyID = "K-00000000" }},
		{"a lost key", inventory.ErrStatus, func(b *inventory.Binding) { b.KeyID = lost.ID }},
		{"a retired key", inventory.ErrStatus, func(b *inventory.Binding) { b.KeyID = retired.ID }},
		{"a key that is bound there already", inventory.ErrExists, func(b *inventory.Binding) { b.KeyID = one.ID }},
		{"a device name in use there, in lower case", inventory.ErrExists, func(b *inventory.Binding) { b.DeviceName = "yk-001" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := inventory.Binding{AccountID: account, KeyID: two.ID, DeviceName: "YK-002", How: inventory.HowNamed}
			tt.edit(&b)
			err := refused(t, s, tt.want, bind(act(7), b))
			if exists := (*inventory.ExistsError)(nil); tt.want == inventory.ErrExists &&
				(!errors.As(err, &exists) || !strings.Contains(err.Error(), one.ID)) {
				t.Errorf("error %q does not name the key %s", err, one.ID)
			}
		})
	}
	// The same key and the same name are free in another account.
	update(t, s, bind(act(8), inventory.Binding{AccountID: "000000000001", KeyID: one.ID, DeviceName: "YK-001", How: inventory.HowWitnessed}))
	view(t, s, func(tx inventory.Tx) error {
		got, err := inventory.Bindings(tx)
		good.At, good.By = one.EnrolledAt.Add(5*60e9), "anna"
		if len(got) != 2 || got[0].AccountID != "000000000001" || !reflect.DeepEqual(got[1], good) {
			t.Errorf("bindings %+v, want one of 000000000001 and %+v", got, good)
		}
		return err
	})
	unbind := func(accountID, keyID string) func(tx inventory.Tx) error {
		return func(tx inventory.Tx) error {
			_, err := inventory.UnbindKey(tx, act(9), accountID, keyID)
			return err
		}
	}
	refused(t, s, inventory.ErrNotFound, unbind(account, two.ID))
	// A token goes by its serial, and to one account only.
	var token inventory.Key
	update(t, s, func(tx inventory.Tx) (err error) {
		token, err = inventory.DeclareKey(tx, act(9), inventory.Declaration{Serial: "gakt00012345", Type: inventory.TypeToken, Place: "Berlin"})
		return err
	})
	first := inventory.Binding{AccountID: account, KeyID: token.ID, How: inventory.HowNamed}
	update(t, s, bind(act(9), first))
	second := first
	second.AccountID = "000000000001"
	refused(t, s, inventory.ErrLimit, bind(act(9), second))
	view(t, s, func(tx inventory.Tx) error {
		got, err := tx.ListBindings("", token.ID)
		if len(got) != 1 || got[0].DeviceName != "GAKT00012345" {
			t.Errorf("a token's bindings: %+v", got)
		}
		return err
	})
	update(t, s, unbind(account, token.ID))
	update(t, s, bind(act(9), second))
	update(t, s, unbind(second.AccountID, token.ID))
	refused(t, s, inventory.ErrInvalid, unbind("1", one.ID))
	refused(t, s, inventory.ErrInvalid, unbind(account, ""))
	update(t, s, unbind(account, one.ID))
	update(t, s, bind(act(10), inventory.Binding{AccountID: account, KeyID: two.ID, DeviceName: "YK-001", How: inventory.HowNamed}))
}

func testBindLimit(t *testing.T, d Database) {
	s := d.store(t)
	for i := range inventory.MaxRootDevices + 1 {
		k := enroll(t, s, act(i), enrollment(i))
		b := inventory.Binding{AccountID: account, KeyID: k.ID, DeviceName: fmt.Sprintf("key-%d", i), How: inventory.HowNamed}
		if i < inventory.MaxRootDevices {
			update(t, s, bind(act(i), b))
		} else {
			refused(t, s, inventory.ErrLimit, bind(act(i), b))
		}
	}
}

func testAccounts(t *testing.T, d Database) {
	s := d.store(t)
	save := func(a inventory.Account) func(tx inventory.Tx) error {
		return func(tx inventory.Tx) error { return inventory.SaveAccount(tx, act(1), a) }
	}
	refused(t, s, inventory.ErrInvalid, save(inventory.Account{ID: "12"}))
	refused(t, s, inventory.ErrInvalid, save(inventory.Account{ID: account, Name: "a\x1b[2Jb"}))
	refused(t, s, inventory.ErrInvalid, save(inventory.Account{ID: account, Tier: "Level Two"}))
	update(t, s, save(inventory.Account{ID: account, Name: "Prod"}))
	changed := inventory.Account{ID: account, Name: "Production", Tier: "level2"}
	update(t, s, save(changed))
	before := snapshot(t, s)
	update(t, s, save(changed))
	if after := snapshot(t, s); after != before {
		t.Errorf("saving what is already there changed something\nbefore %s\nafter  %s", before, after)
	}
	view(t, s, func(tx inventory.Tx) error {
		all, err := inventory.Accounts(tx)
		if len(all) != 1 || all[0] != changed {
			t.Errorf("accounts %+v, want %+v alone", all, changed)
		}
		return err
	})
}

// pemOf is a PEM file of certificates with this DER; the inventory does not
// parse them.
func pemOf(ders ...string) []byte {
	var file []byte
	for _, der := range ders {
		file = append(file, "# a comment\n"...)
		file = append(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Headers: map[string]string{"k": "v"}, Bytes: []byte(der)})...)
	}
	return file
}

func testAnchors(t *testing.T, d Database) {
	s := d.store(t)
	add := func(name string, file []byte) func(tx inventory.Tx) error {
		return func(tx inventory.Tx) error {
			_, err := inventory.AddAnchor(tx, act(1), name, file)
			return err
		}
	}
	refused(t, s, inventory.ErrInvalid, add("", pemOf("a")))
	refused(t, s, inventory.ErrInvalid, add("lab", nil))
	refused(t, s, inventory.ErrInvalid, add("lab", []byte("hello")))
	refused(t, s, inventory.ErrInvalid, add("lab", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("a")})))
	refused(t, s, inventory.ErrInvalid, add("lab", append(pemOf("a"), "-----BEGIN CERTIFICATE-----\nAAAA"...)))
	refused(t, s, inventory.ErrInvalid, add("lab", make([]byte, 2<<20)))
	refused(t, s, inventory.ErrExists, add("lab", pemOf("a", "a")))
	update(t, s, add("lab", pemOf("a", "b")))
	update(t, s, add("demo", pemOf("c")))
	refused(t, s, inventory.ErrExists, add("again", pemOf("d", "b")))

	var all []inventory.Anchor
	view(t, s, func(tx inventory.Tx) (err error) {
		all, err = inventory.Anchors(tx)
		return err
	})
	if len(all) != 3 || all[0].Name != "lab" || all[1].Name != "lab" || all[2].Name != "demo" {
		t.Fatalf("anchors %+v, want lab, lab, demo as they were added", all)
	}
	if block, rest := pem.Decode([]byte(all[2].PEM)); block == nil || string(block.Bytes) != "c" || len(block.Headers) != 0 || len(rest) != 0 {
		t.Errorf("anchor kept as %q, want one block of c without headers", all[2].PEM)
	}
	remove := func(ref string, want int) func(tx inventory.Tx) error {
		return func(tx inventory.Tx) error {
			found, err := inventory.FindAnchors(tx, ref)
			if err == nil && len(found) != want {
				err = fmt.Errorf("%s is %d anchors, want %d", ref, len(found), want)
			}
			for _, a := range found {
				err = errors.Join(err, inventory.RemoveAnchor(tx, act(2), a))
			}
			return err
		}
	}
	refused(t, s, inventory.ErrNotFound, remove("nobody", 0))
	refused(t, s, inventory.ErrNotFound, remove(all[1].SHA256.String()[:7], 0))
	refused(t, s, inventory.ErrNotFound, func(tx inventory.Tx) error { return inventory.RemoveAnchor(tx, act(2), inventory.Anchor{}) })
	update(t, s, remove(strings.ToUpper(all[1].SHA256.String()[:12]), 1))
	update(t, s, add("lab", pemOf("b")))
	update(t, s, remove("lab", 2))
	update(t, s, add("lab", pemOf("a"))) // trust taken back can be given again
}
