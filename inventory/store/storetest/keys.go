package storetest

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"hwmfa/hw"
	"hwmfa/inventory"
)

func testEnrollRoundTrip(t *testing.T, d Database) {
	s := d.store(t)
	e := enrollment(1)
	e.Serial, e.Product = " 0020000001", "YubiKey\x1b[31m 5C"
	got := enroll(t, s, act(1), e)
	at := time.Date(2026, 3, 1, 11, 1, 0, 123456000, time.UTC)
	want := inventory.Key{
		ID: got.ID, Serial: "20000001", Tag: "YK-001", Type: inventory.TypeKey, Place: "Zürich/Safe 1",
		Custody:   inventory.Custody{Status: inventory.StatusEnrolled, PlaceID: got.PlaceID, Since: at},
		USBVendor: 0x1050, USBProduct: 0x0407, Product: "YubiKey\ufffd[31m 5C",
		Firmware: e.Firmware, FormFactor: e.FormFactor, AAGUID: e.AAGUID,
		Attestation: inventory.Summary{FIDO: hw.StatusVerified, PIV: hw.StatusVerified, Anchor: "CN=Yubico Attestation Root 1"},
		AddedAt:     at, AddedBy: "anna", EnrolledAt: at, EnrolledBy: "anna",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("enrolled\n%+v, want\n%+v", got, want)
	}
	again := d.store(t) // what was written is there for the next who opens it
	view(t, again, func(tx inventory.Tx) error {
		detail, err := inventory.KeyDetail(tx, got.ID)
		if err != nil {
			return err
		}
		if !reflect.DeepEqual(detail.Key, want) {
			t.Errorf("read back\n%+v, want\n%+v", detail.Key, want)
		}
		if len(detail.Attestations) != 1 || len(detail.Credentials) != 1 || len(detail.Events) != 1 {
			t.Fatalf("detail %+v: want one attestation, credential and event", detail)
		}
		a := detail.Attestations[0]
		if !reflect.DeepEqual(a.Evidence, e.Evidence) || !reflect.DeepEqual(a.FIDO, e.FIDO) || !reflect.DeepEqual(a.PIV, e.PIV) {
			t.Errorf("attestation read back\n%+v, want\n%+v", a, e)
		}
		if a.Event != detail.Events[0].Seq || !strings.Contains(detail.Events[0].Payload, a.SHA256.String()) {
			t.Errorf("event %d does not carry the hash of the evidence", detail.Events[0].Seq)
		}
		c := inventory.Credential{
			KeyID: got.ID, RPID: "hwmfa.invalid", ID: e.Credential.ID, PublicKey: e.Credential.PublicKey,
			Silent: inventory.SilentYes, AAGUID: e.AAGUID, At: want.EnrolledAt,
		}
		if !reflect.DeepEqual(detail.Credentials[0], c) {
			t.Errorf("credential %+v, want %+v", detail.Credentials[0], c)
		}
		return nil
	})
}

func testSparseRoundTrip(t *testing.T, d Database) {
	s := d.store(t)
	got := enroll(t, s, act(1), sparse(1))
	other := enroll(t, s, act(1), sparse(2)) // nothing unknown is a duplicate of another unknown
	if got.ID == other.ID {
		t.Errorf("two keys have the ID %s", got.ID)
	}
	view(t, s, func(tx inventory.Tx) error {
		k, err := inventory.FindKey(tx, got.ID)
		if !reflect.DeepEqual(k, got) {
			t.Errorf("read back %+v, want %+v", k, got)
		}
		if k.Serial != "" || k.Tag != "" || k.Place != "" || k.Attestation.Status() != hw.StatusAbsent {
			t.Errorf("what was not known is known: %+v", k)
		}
		return err
	})
}

func testEnrollRefusals(t *testing.T, d Database) {
	s := d.store(t)
	enroll(t, s, act(0), enrollment(0))
	tests := []struct {
		name string
		want error
		edit func(e *inventory.Enrollment)
	}{
		{"a serial with a control character", inventory.ErrInvalid, func(e *inventory.Enrollment) { e.Serial = "12\x0034" }},
		{"a serial of zeros", inventory.ErrInvalid, func(e *inventory.Enrollment) { e.Serial = "0000" }},
		{"a serial that is too long", inventory.ErrInvalid, func(e *inventory.Enrollment) { e.Serial = strings.Repeat("9", 65) }},
		{"a tag with a line break", inventory.ErrInvalid, func(e *inventory.Enrollment) { e.Tag = "YK\n1" }},
		{"a tag that reads like a key's ID", inventory.ErrInvalid, func(e *inventory.Enrollment) { e.Tag = "k-7q2m4xrd" }},
		{"a place of four levels", inventory.ErrInvalid, func(e *inventory.Enrollment) { e.Place = "a/b/c/d" }},
		{"a place with an empty level", inventory.ErrInvalid, func(e *inventory.Enrollment) { e.Place = "New site//c" }},
		{"a place written right to left", inventory.ErrInvalid, func(e *inventory.Enrollment) { e.Place = "a\u202eb" }},
		{"neither serial nor credential", inventory.ErrInvalid, func(e *inventory.Enrollment) {
			e.Serial, e.Credential, e.FIDO, e.PIV = "", nil, hw.FIDOStatement{}, nil
		}},
		{"an empty credential ID", inventory.ErrInvalid, func(e *inventory.Enrollment) { e.Credential.ID = nil }},
		{"a credential ID that is too long", inventory.ErrInvalid, func(e *inventory.Enrollment) { e.Credential.ID = make([]byte, 1024) }},
		{"a made-up word for silent", inventory.ErrInvalid, func(e *inventory.Enrollment) { e.Credential.Silent = "maybe" }},
		{"another credential than the attested", inventory.ErrInvalid, func(e *inventory.Enrollment) { e.FIDO.CredentialID = []byte{1} }},
		{"another public key than the attested", inventory.ErrInvalid, func(e *inventory.Enrollment) { e.FIDO.PublicKey = []byte{1} }},
		{"verified without evidence", inventory.ErrInvalid, func(e *inventory.Enrollment) { e.Evidence.FIDO = nil }},
		{"PIV verified without evidence", inventory.ErrInvalid, func(e *inventory.Enrollment) { e.Evidence.PIV = nil }},
		{"a made-up status", inventory.ErrInvalid, func(e *inventory.Enrollment) { e.FIDO.Status = "fine" }},
		{"another serial than the attested", hw.ErrSerialsDisagree, func(e *inventory.Enrollment) { e.PIV[0].Serial = "5" }},
		{"a client data hash of 31 bytes", inventory.ErrInvalid, func(e *inventory.Enrollment) { e.Evidence.FIDO.ClientDataHash = make([]byte, 31) }},
		{"an attestation object of a megabyte", inventory.ErrInvalid, func(e *inventory.Enrollment) { e.Evidence.FIDO.AttestationObject = make([]byte, 1<<20) }},
		{"more slots than a card has", inventory.ErrInvalid, func(e *inventory.Enrollment) { e.Evidence.PIV.Slots = make([]hw.PIVSlot, 100) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := enrollment(1)
			e.Place = "New site/New safe"
			tt.edit(&e)
			refused(t, s, tt.want, func(tx inventory.Tx) error {
				_, err := inventory.EnrollKey(tx, act(1), e)
				return err
			})
		})
	}
	for name, a := range map[string]inventory.Act{
		"nobody":                     {At: noon},
		"an actor of two lines":      {Actor: "a\nb", At: noon},
		"no time":                    {Actor: "anna"},
		"a time five digits of year": {Actor: "anna", At: time.Date(10000, 1, 2, 0, 0, 0, 0, time.UTC)},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, s, inventory.ErrInvalid, func(tx inventory.Tx) error {
				_, err := inventory.EnrollKey(tx, a, enrollment(1))
				return err
			})
		})
	}
}

func testDuplicates(t *testing.T, d Database) {
	s := d.store(t)
	first := enroll(t, s, act(1), enrollment(1))
	tests := []struct {
		name string
		what string // "" is accepted
		edit func(e *inventory.Enrollment)
	}{
		{"the same serial", "serial", func(e *inventory.Enrollment) { e.Serial = "20000001" }},
		{"the same serial with leading zeros", "serial", func(e *inventory.Enrollment) { e.Serial = "0020000001" }},
		{"the same serial of an unknown maker", "serial", func(e *inventory.Enrollment) { e.Serial, e.USBVendor = "20000001", 0 }},
		{"the same serial of another maker", "", func(e *inventory.Enrollment) { e.Serial, e.USBVendor = "20000001", 0x20a0 }},
		{"the same tag", "tag", func(e *inventory.Enrollment) { e.Tag = "YK-001" }},
		{"the same tag in lower case", "tag", func(e *inventory.Enrollment) { e.Tag = "yk-001" }},
		{"the same credential", "identity credential", func(e *inventory.Enrollment) {
			e.Credential.ID = []byte("credential 1")
			e.FIDO.CredentialID = e.Credential.ID
		}},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := enrollment(10 + i)
			e.PIV = nil
			tt.edit(&e)
			try := func(tx inventory.Tx) error {
				_, err := inventory.EnrollKey(tx, act(2), e)
				return err
			}
			if tt.what == "" {
				update(t, s, try)
				return
			}
			err := refused(t, s, inventory.ErrExists, try)
			var exists *inventory.ExistsError
			if !errors.As(err, &exists) || exists.What != tt.what || !strings.Contains(err.Error(), first.ID) {
				t.Errorf("error %q does not name the %s and key %s", err, tt.what, first.ID)
			}
		})
	}
	t.Run("the serial of a key of unknown maker, from any maker", func(t *testing.T) {
		e := enrollment(30)
		e.USBVendor = 0
		enroll(t, s, act(3), e)
		again := enrollment(31)
		again.Serial, again.PIV = e.Serial, nil
		refused(t, s, inventory.ErrExists, func(tx inventory.Tx) error {
			_, err := inventory.EnrollKey(tx, act(4), again)
			return err
		})
	})
	t.Run("the store itself keeps a tag unique", func(t *testing.T) {
		refused(t, s, inventory.ErrExists, func(tx inventory.Tx) error {
			k := first
			k.ID, k.Serial = "K-00000000", ""
			return tx.InsertKey(k)
		})
	})
	t.Run("the store itself keeps an ID unique", func(t *testing.T) {
		refused(t, s, inventory.ErrExists, func(tx inventory.Tx) error {
			return tx.InsertKey(inventory.Key{ID: first.ID, Custody: first.Custody, AddedAt: noon})
		})
	})
}

func testFind(t *testing.T, d Database) {
	s := d.store(t)
	one := enroll(t, s, act(1), enrollment(1))
	e := enrollment(2)
	e.Tag = "20000001" // the serial of the first
	two := enroll(t, s, act(2), e)
	e = enrollment(3)
	e.Serial, e.Tag, e.USBVendor, e.PIV = "sn-7b", "", 0x20a0, nil
	three := enroll(t, s, act(3), e)
	tests := []struct {
		ref  string
		want string // ID, or "" for an error
		err  error
	}{
		{one.ID, one.ID, nil},
		{strings.ToLower(one.ID), one.ID, nil},
		{" " + one.ID + " ", one.ID, nil},
		{"YK-001", one.ID, nil},
		{"yk-001", one.ID, nil},
		{"20000002", two.ID, nil},
		{"0020000002", two.ID, nil},
		{"SN-7B", three.ID, nil},
		{"20000001", "", inventory.ErrAmbiguous},
		{"20000009", "", inventory.ErrNotFound},
		{"K-00000000", "", inventory.ErrNotFound},
		{"' OR 1=1 --", "", inventory.ErrNotFound},
		{"%", "", inventory.ErrNotFound},
		{"0", "", inventory.ErrNotFound},
		{"", "", inventory.ErrInvalid},
		{"a\x00b", "", inventory.ErrInvalid},
	}
	view(t, s, func(tx inventory.Tx) error {
		for _, tt := range tests {
			k, err := inventory.FindKey(tx, tt.ref)
			if k.ID != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("find %q: %q, %v; want %q, %v", tt.ref, k.ID, err, tt.want, tt.err)
			}
		}
		_, err := inventory.FindKey(tx, "20000001")
		if !strings.Contains(err.Error(), one.ID) || !strings.Contains(err.Error(), two.ID) {
			t.Errorf("error %q does not name both candidates", err)
		}
		return nil
	})
}

func testList(t *testing.T, d Database) {
	s := d.store(t)
	places := []string{"Zürich/Safe 1", "ZÜRICH/safe 1/slot 3", "Zürich/Safe 10", "Zürich", ""}
	var ids []string
	for i, p := range places {
		e := enrollment(i)
		e.Place = p
		ids = append(ids, enroll(t, s, act(i), e).ID)
	}
	update(t, s, func(tx inventory.Tx) error {
		_, err := inventory.MoveKey(tx, act(9), inventory.Move{Verb: inventory.VerbLose, KeyID: ids[2], Reason: "gone"}, nil)
		return err
	})
	tests := []struct {
		name   string
		filter inventory.KeyFilter
		want   []int
	}{
		{"all, by time of enrollment", inventory.KeyFilter{}, []int{0, 1, 2, 3, 4}},
		{"a site", inventory.KeyFilter{Place: "zürich"}, []int{0, 1, 2, 3}},
		{"a safe, not the one whose name begins the same", inventory.KeyFilter{Place: "Zürich/Safe 1"}, []int{0, 1}},
		{"a place nobody made", inventory.KeyFilter{Place: "Genf"}, nil},
		{"lost", inventory.KeyFilter{Statuses: []inventory.Status{inventory.StatusLost}}, []int{2}},
		{"lost or enrolled at a safe", inventory.KeyFilter{
			Statuses: []inventory.Status{inventory.StatusLost, inventory.StatusEnrolled}, Place: "Zürich/Safe 10",
		}, []int{2}},
	}
	view(t, s, func(tx inventory.Tx) error {
		for _, tt := range tests {
			keys, err := inventory.Keys(tx, tt.filter)
			if err != nil {
				return err
			}
			var got, want []string
			for _, k := range keys {
				got = append(got, k.ID)
			}
			for _, i := range tt.want {
				want = append(want, ids[i])
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s: got %v, want %v", tt.name, got, want)
			}
		}
		if _, err := inventory.Keys(tx, inventory.KeyFilter{Statuses: []inventory.Status{"asleep"}}); !errors.Is(err, inventory.ErrInvalid) {
			t.Errorf("a made-up status was taken: %v", err)
		}
		return nil
	})
}

func testPlaces(t *testing.T, d Database) {
	s := d.store(t)
	enroll(t, s, act(1), enrollment(1))
	e := enrollment(2)
	e.Place = " zürich / SAFE 1 / slot 2 "
	k := enroll(t, s, act(2), e)
	if k.Place != "Zürich/Safe 1/slot 2" {
		// Above the slot, the place keeps the spelling it was made with.
		t.Errorf("place %q", k.Place)
	}
	view(t, s, func(tx inventory.Tx) error {
		places, err := inventory.Places(tx)
		if len(places) != 3 {
			t.Fatalf("places %+v, want three", places)
		}
		for i, want := range []string{"Zürich", "Zürich/Safe 1", "Zürich/Safe 1/slot 2"} {
			if places[i].Path != want {
				t.Errorf("place %q, want %q", places[i].Path, want)
			}
			if i > 0 && places[i].ParentID != places[i-1].ID || i == 0 && places[i].ParentID != "" {
				t.Errorf("place %q has the parent %q", want, places[i].ParentID)
			}
		}
		return err
	})
}
