package storetest

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"hwmfa/inventory"
)

func grant(a inventory.Act, placeID, personID string) func(inventory.Tx) error {
	return func(tx inventory.Tx) error {
		_, err := inventory.GrantAccess(tx, a, placeID, personID)
		return err
	}
}

func testAccess(t *testing.T, d Database) {
	s := d.store(t)
	ada, ben := person(t, s, inventory.Person{Name: "Ada"}), person(t, s, inventory.Person{Name: "Ben"})
	safe := place(t, s, "Berlin/safe 1")
	update(t, s, grant(act(1), safe.ID, ada.ID))
	before := snapshot(t, s)
	update(t, s, grant(act(2), safe.ID, ada.ID))
	if snapshot(t, s) != before {
		t.Error("granting again is an event")
	}
	refused(t, s, inventory.ErrNotFound, grant(act(3), safe.ID, "U-00000000"))
	refused(t, s, inventory.ErrNotFound, grant(act(3), "P-00000000", ben.ID))
	refused(t, s, inventory.ErrNotFound, grant(act(3), "", ""))
	revoke := func(n int, personID string) func(inventory.Tx) error {
		return func(tx inventory.Tx) error {
			_, err := inventory.RevokeAccess(tx, act(n), safe.ID, personID)
			return err
		}
	}
	refused(t, s, inventory.ErrNotFound, revoke(4, ben.ID))
	refused(t, s, inventory.ErrNotFound, revoke(4, ""))
	view(t, s, func(tx inventory.Tx) error {
		list, err := inventory.AccessList(tx)
		if len(list) != 1 || list[0].Place != "Berlin/safe 1" || list[0].Person != "Ada" || list[0].By != "anna" || !list[0].At.Equal(act(1).At.Truncate(time.Microsecond)) {
			t.Errorf("access: %+v", list)
		}
		return err
	})
	update(t, s, revoke(5, ada.ID))
	refused(t, s, inventory.ErrNotFound, revoke(6, ada.ID))
	update(t, s, grant(act(7), safe.ID, ada.ID))
	update(t, s, leave(act(8), ben.ID))
	refused(t, s, inventory.ErrStatus, grant(act(9), safe.ID, ben.ID))
	snapshot(t, s)
}

func leave(a inventory.Act, personID string) func(inventory.Tx) error {
	return func(tx inventory.Tx) error {
		_, err := inventory.MarkLeft(tx, a, personID)
		return err
	}
}

func saveArtifact(a inventory.Act, in inventory.Artifact, out *inventory.Artifact) func(inventory.Tx) error {
	return func(tx inventory.Tx) error {
		saved, err := inventory.SaveArtifact(tx, a, in)
		if out != nil {
			*out = saved
		}
		return err
	}
}

func testArtifacts(t *testing.T, d Database) {
	s := d.store(t)
	ada, ben := person(t, s, inventory.Person{Name: "Ada"}), person(t, s, inventory.Person{Name: "Ben"})
	safe, other := place(t, s, "Berlin/safe 1"), place(t, s, "Rome/safe 1")
	k := enroll(t, s, act(1), enrollment(1))
	update(t, s, leave(act(1), ben.ID))

	vault := inventory.Artifact{
		Kind: inventory.ArtifactVaultCopy, Label: " vault Berlin ", PlaceID: safe.ID, Seal: "S-1",
		Accounts: []string{"222222222222", "111111111111", "222222222222"}, Openers: []string{ada.ID},
	}
	var got inventory.Artifact
	update(t, s, saveArtifact(act(2), vault, &got))
	want := vault
	want.ID, want.Label, want.Place, want.Accounts = got.ID, "vault Berlin", "Berlin/safe 1", []string{"111111111111", "222222222222"}
	if !strings.HasPrefix(got.ID, "A-") || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	var envelope, replica inventory.Artifact
	update(t, s, saveArtifact(act(3), inventory.Artifact{Kind: inventory.ArtifactPINEnvelope, Label: "PIN", KeyID: k.ID, PlaceID: other.ID}, &envelope))
	update(t, s, saveArtifact(act(3), inventory.Artifact{Kind: inventory.ArtifactVaultCopy, Label: "vault Berlin", ReplicaOf: got.ID}, &replica))

	before := snapshot(t, s)
	update(t, s, saveArtifact(act(4), got, nil))
	if snapshot(t, s) != before {
		t.Error("saving what is there already is an event")
	}
	for name, tt := range map[string]struct {
		a    inventory.Artifact
		want error
	}{
		"a kind that is none":           {inventory.Artifact{Kind: "usb_stick", Label: "x"}, inventory.ErrInvalid},
		"no label":                      {inventory.Artifact{Kind: inventory.ArtifactVaultCopy}, inventory.ErrInvalid},
		"a label with an escape":        {inventory.Artifact{Kind: inventory.ArtifactVaultCopy, Label: "x\x1b[2J"}, inventory.ErrInvalid},
		"a label that is a seed":        {inventory.Artifact{Kind: inventory.ArtifactSeedMedium, Label: "OTPAUTH://totp/x?secret=JBSW"}, inventory.ErrInvalid},
		"a label that is a bare seed":   {inventory.Artifact{Kind: inventory.ArtifactSeedMedium, Label: "seed JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"}, inventory.ErrInvalid},
		"a label that is a key":         {inventory.Artifact{Kind: inventory.ArtifactPrintedSheet, Label: "-----BEGIN PRIVATE KEY-----"}, inventory.ErrInvalid},
		"a seal that is a seed":         {inventory.Artifact{Kind: inventory.ArtifactPrintedSheet, Label: "x", Seal: "otpauth://x"}, inventory.ErrInvalid},
		"an account that is none":       {inventory.Artifact{Kind: inventory.ArtifactVaultCopy, Label: "x", Accounts: []string{"12"}}, inventory.ErrInvalid},
		"a PIN envelope without a key":  {inventory.Artifact{Kind: inventory.ArtifactPINEnvelope, Label: "x"}, inventory.ErrInvalid},
		"a vault copy with a key":       {inventory.Artifact{Kind: inventory.ArtifactVaultCopy, Label: "x", KeyID: k.ID}, inventory.ErrInvalid},
		"a key that is not there":       {inventory.Artifact{Kind: inventory.ArtifactPINEnvelope, Label: "x", KeyID: "K-00000000"}, inventory.ErrNotFound},
		"a place that is not there":     {inventory.Artifact{Kind: inventory.ArtifactVaultCopy, Label: "x", PlaceID: "P-00000000"}, inventory.ErrNotFound},
		"a person who is not there":     {inventory.Artifact{Kind: inventory.ArtifactVaultCopy, Label: "x", Openers: []string{"U-00000000"}}, inventory.ErrNotFound},
		"a person who has left":         {inventory.Artifact{Kind: inventory.ArtifactVaultCopy, Label: "x", Openers: []string{ben.ID}}, inventory.ErrStatus},
		"a copy of nothing":             {inventory.Artifact{Kind: inventory.ArtifactVaultCopy, Label: "x", ReplicaOf: "A-00000000"}, inventory.ErrNotFound},
		"a copy of another kind":        {inventory.Artifact{Kind: inventory.ArtifactPrintedSheet, Label: "x", ReplicaOf: got.ID}, inventory.ErrInvalid},
		"a copy of a copy":              {inventory.Artifact{Kind: inventory.ArtifactVaultCopy, Label: "x", ReplicaOf: replica.ID}, inventory.ErrInvalid},
		"an artifact that is not there": {inventory.Artifact{ID: "A-00000000", Kind: inventory.ArtifactVaultCopy, Label: "x"}, inventory.ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) { refused(t, s, tt.want, saveArtifact(act(4), tt.a, nil)) })
	}

	view(t, s, func(tx inventory.Tx) error {
		for ref, want := range map[string]string{strings.ToLower(got.ID): got.ID, "pin": envelope.ID} {
			if a, err := inventory.FindArtifact(tx, ref); err != nil || a.ID != want {
				t.Errorf("%q finds %v, %v", ref, a, err)
			}
		}
		if _, err := inventory.FindArtifact(tx, "Vault Berlin"); !errors.Is(err, inventory.ErrAmbiguous) {
			t.Errorf("two of one label: %v", err)
		}
		_, err := inventory.FindArtifact(tx, "nothing")
		if !errors.Is(err, inventory.ErrNotFound) {
			t.Errorf("nothing: %v", err)
		}
		return nil
	})

	retire := func(n int, id, reason string) func(inventory.Tx) error {
		return func(tx inventory.Tx) error {
			_, err := inventory.RetireArtifact(tx, act(n), id, reason)
			return err
		}
	}
	moved, changed := got, got
	moved.PlaceID, moved.Seal = other.ID, "S-2"
	update(t, s, saveArtifact(act(5), moved, &changed))
	changed.Openers = nil
	update(t, s, saveArtifact(act(6), changed, &changed))
	refused(t, s, inventory.ErrInvalid, retire(7, got.ID, " "))
	refused(t, s, inventory.ErrStatus, retire(7, got.ID, "its copy is in use"))
	update(t, s, retire(7, replica.ID, "burnt"))
	update(t, s, retire(8, got.ID, "burnt"))
	refused(t, s, inventory.ErrStatus, retire(9, got.ID, "again"))
	refused(t, s, inventory.ErrStatus, saveArtifact(act(9), moved, nil))
	refused(t, s, inventory.ErrNotFound, retire(9, "A-00000000", "x"))
	var kinds []string
	view(t, s, func(tx inventory.Tx) error {
		events, err := tx.EventsAbout(got.ID)
		for _, e := range events {
			kinds = append(kinds, e.Kind)
		}
		return err
	})
	if got, want := strings.Join(kinds, " "), "artifact.added artifact.moved artifact.changed artifact.retired"; got != want {
		t.Errorf("events %s, want %s", got, want)
	}
	snapshot(t, s)
}

func testExceptions(t *testing.T, d Database) {
	s := d.store(t)
	ada := person(t, s, inventory.Person{Name: "Ada", Login: "ada"})
	anna := person(t, s, inventory.Person{Name: "Anna", Login: "anna"}) // who acts
	cleo, ben := person(t, s, inventory.Person{Name: "Cleo"}), person(t, s, inventory.Person{Name: "Ben"})
	update(t, s, leave(act(1), ben.ID))
	const account = "111111111111"
	e := inventory.Exception{
		AccountID: account, OwnerID: anna.ID, ApproverID: ada.ID, Reason: "no keys yet", Control: "weekly review", Expires: noon.AddDate(0, 1, 0),
	}
	add := func(n int, edit func(*inventory.Exception)) func(inventory.Tx) error {
		return func(tx inventory.Tx) error {
			in := e
			if edit != nil {
				edit(&in)
			}
			_, err := inventory.AddException(tx, act(n), in, 366)
			return err
		}
	}
	for name, tt := range map[string]struct {
		edit func(*inventory.Exception)
		want error
	}{
		"its owner approves it":          {func(e *inventory.Exception) { e.ApproverID = anna.ID }, inventory.ErrSamePerson},
		"who records it approves it":     {func(e *inventory.Exception) { e.OwnerID, e.ApproverID = ada.ID, anna.ID }, inventory.ErrSamePerson},
		"nobody owns it":                 {func(e *inventory.Exception) { e.OwnerID = "" }, inventory.ErrNotFound},
		"nobody approves it":             {func(e *inventory.Exception) { e.ApproverID = "U-00000000" }, inventory.ErrNotFound},
		"its owner has left":             {func(e *inventory.Exception) { e.OwnerID = ben.ID }, inventory.ErrStatus},
		"its approver has left":          {func(e *inventory.Exception) { e.ApproverID = ben.ID }, inventory.ErrStatus},
		"no reason":                      {func(e *inventory.Exception) { e.Reason = "" }, inventory.ErrInvalid},
		"a reason of two lines":          {func(e *inventory.Exception) { e.Reason = "a\nb" }, inventory.ErrInvalid},
		"nothing is done instead":        {func(e *inventory.Exception) { e.Control = " " }, inventory.ErrInvalid},
		"an account that is none":        {func(e *inventory.Exception) { e.AccountID = "12" }, inventory.ErrInvalid},
		"it has expired already":         {func(e *inventory.Exception) { e.Expires = noon.Add(-time.Hour) }, inventory.ErrInvalid},
		"it never expires":               {func(e *inventory.Exception) { e.Expires = time.Time{} }, inventory.ErrInvalid},
		"it expires in more than a year": {func(e *inventory.Exception) { e.Expires = noon.AddDate(0, 0, 367) }, inventory.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) { refused(t, s, tt.want, add(2, tt.edit)) })
	}
	refused(t, s, inventory.ErrSamePerson, func(tx inventory.Tx) error {
		_, err := inventory.AddException(tx, inventory.Act{Actor: "ada as root", At: noon}, e, 366)
		return err
	})
	end := func(n int) func(inventory.Tx) error {
		return func(tx inventory.Tx) error {
			_, err := inventory.EndException(tx, act(n), account)
			return err
		}
	}
	refused(t, s, inventory.ErrNotFound, end(2))
	update(t, s, add(3, nil))
	refused(t, s, inventory.ErrExists, add(4, nil))
	var list []inventory.Exception
	view(t, s, func(tx inventory.Tx) (err error) {
		list, err = inventory.Exceptions(tx)
		return err
	})
	if len(list) != 1 || list[0].Owner != "Anna" || list[0].Approver != "Ada" || list[0].By != "anna" || !list[0].Expires.Equal(e.Expires.Truncate(time.Second)) {
		t.Errorf("exceptions: %+v", list)
	}
	// One that has expired makes room for the next.
	later := 60 * 24 * 40
	update(t, s, add(later, func(e *inventory.Exception) { e.OwnerID, e.Expires = cleo.ID, noon.AddDate(0, 3, 0) }))
	snapshot(t, s)
	update(t, s, end(later+1))
	refused(t, s, inventory.ErrNotFound, end(later+2))
	snapshot(t, s)
}

func testLeave(t *testing.T, d Database) {
	s := d.store(t)
	ada := person(t, s, inventory.Person{Name: "Ada"})
	ben := person(t, s, inventory.Person{Name: "Ben"})
	safe := place(t, s, "Berlin/safe 1")
	k := enroll(t, s, act(1), enrollment(1))
	enroll(t, s, act(1), enrollment(2))
	const account = "111111111111"
	var vault inventory.Artifact
	update(t, s, func(tx inventory.Tx) error {
		_, err := inventory.BindKey(tx, act(2), inventory.Binding{AccountID: account, KeyID: k.ID, DeviceName: "root", How: inventory.HowNamed})
		return err
	})
	update(t, s, move(act(2), inventory.Move{Verb: inventory.VerbCheckOut, KeyID: k.ID, PersonID: ada.ID, Reason: "r"}))
	update(t, s, grant(act(3), safe.ID, ada.ID))
	update(t, s, grant(act(3), safe.ID, ben.ID))
	update(t, s, saveArtifact(act(4), inventory.Artifact{
		Kind: inventory.ArtifactVaultCopy, Label: "vault", Openers: []string{ada.ID, ben.ID}, Accounts: []string{account},
	}, &vault))
	update(t, s, func(tx inventory.Tx) error {
		_, err := inventory.AddException(tx, act(5), inventory.Exception{
			AccountID: account, OwnerID: ada.ID, ApproverID: ben.ID, Reason: "r", Control: "c", Expires: noon.AddDate(0, 1, 0),
		}, 366)
		return err
	})
	refused(t, s, inventory.ErrNotFound, func(tx inventory.Tx) error {
		_, _, err := inventory.PersonLeaves(tx, act(6), "U-00000000")
		return err
	})
	refused(t, s, inventory.ErrInvalid, func(tx inventory.Tx) error {
		_, _, err := inventory.PersonLeaves(tx, act(6), "")
		return err
	})
	counts := func(h inventory.Holdings) [5]int {
		return [5]int{len(h.Keys), len(h.Bindings), len(h.Access), len(h.Artifacts), len(h.Exceptions)}
	}
	update(t, s, func(tx inventory.Tx) error {
		p, h, err := inventory.PersonLeaves(tx, act(6), ada.ID)
		if p.LeftAt.IsZero() || counts(h) != [5]int{1, 1, 1, 1, 1} || h.Keys[0].ID != k.ID {
			t.Errorf("%+v leaves with %+v", p, h)
		}
		return err
	})
	view(t, s, func(tx inventory.Tx) error {
		h, err1 := inventory.HoldingsOf(tx, ada.ID)
		of, err2 := inventory.HoldingsOf(tx, ben.ID)
		if counts(h) != [5]int{1, 1, 0, 0, 1} || counts(of) != [5]int{0, 0, 1, 1, 0} {
			t.Errorf("after it: %+v; the other: %+v", h, of)
		}
		return errors.Join(err1, err2)
	})
	refused(t, s, inventory.ErrStatus, func(tx inventory.Tx) error {
		_, _, err := inventory.PersonLeaves(tx, act(7), ada.ID)
		return err
	})
	refused(t, s, inventory.ErrStatus, grant(act(7), safe.ID, ada.ID))
	refused(t, s, inventory.ErrStatus, func(tx inventory.Tx) error {
		_, err := inventory.LetOpen(tx, act(7), vault.ID, ada.ID, true)
		return err
	})
	snapshot(t, s)
}

func testAddPlace(t *testing.T, d Database) {
	s := d.store(t)
	add := func(path string, parents bool) func(inventory.Tx) error {
		return func(tx inventory.Tx) error {
			_, err := inventory.AddPlace(tx, act(1), path, parents)
			return err
		}
	}
	refused(t, s, inventory.ErrNotFound, add("Berlin/safe 1", false))
	refused(t, s, inventory.ErrInvalid, add("", false))
	refused(t, s, inventory.ErrInvalid, add("Ber\x1blin", false))
	refused(t, s, inventory.ErrInvalid, add("a/b/c/d", true))
	update(t, s, add("Berlin", false))
	update(t, s, add("berlin/safe 1", false))
	refused(t, s, inventory.ErrExists, add("BERLIN", false))
	refused(t, s, inventory.ErrExists, add("Berlin/Safe 1", true))
	update(t, s, add("Rome/safe 1/slot 1", true))
	snapshot(t, s)
}
