// Package storetest is the conformance suite for inventory stores: what every
// database that keeps an inventory has to pass. It goes through
// inventory.Store alone.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"hwmfa/hw"
	"hwmfa/inventory"
)

// Opener opens the inventory at a URL and makes it on first use.
type Opener func(ctx context.Context, url string) (inventory.Store, error)

// Database is one empty database of the kind under test.
type Database struct {
	URL  string
	Open Opener
	// As is the URL for another login; nil where the database knows nobody.
	As func(t *testing.T, login string) string
}

// as opens the database for another login.
func (d Database) as(t *testing.T, login string) inventory.Store {
	t.Helper()
	if d.As != nil {
		d.URL = d.As(t, login)
	}
	return d.store(t)
}

// store opens the database and closes it with the test.
func (d Database) store(t *testing.T) inventory.Store {
	t.Helper()
	s, err := d.Open(t.Context(), d.URL)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// Run puts a kind of database through the whole suite; fresh gives each test
// an empty one.
func Run(t *testing.T, fresh func(t *testing.T) Database) {
	tests := []struct {
		name string
		test func(t *testing.T, d Database)
	}{
		{"a new inventory is empty", testEmpty},
		{"an enrolled key is read back as it was written", testEnrollRoundTrip},
		{"a sparse key is read back as it was written", testSparseRoundTrip},
		{"every enrollment that breaks a rule leaves no trace", testEnrollRefusals},
		{"a serial, tag or credential is enrolled once", testDuplicates},
		{"a key is found by ID, serial and tag", testFind},
		{"keys are listed by status and by place", testList},
		{"a place is made once, on first use", testPlaces},
		{"a key moves only as its life allows", testLife},
		{"a key is checked out by one person at a time", testCheckOut},
		{"a place that takes two people takes two", testTwoPeople},
		{"a full place takes no more", testCapacity},
		{"a full safe takes no more in its slots", testCapacityAbove},
		{"what one asks for another confirms", testRequests},
		{"a witness confirms with a key of their own", testKeyWitness},
		{"one alone finds no way round a place that takes two", testAlone},
		{"a second person who never was one is found out", testForgedWitness},
		{"what one person wrote past the rules is found out", testForgedAlone},
		{"an event that is backdated is told", testBackdated},
		{"one person with two logins is one", testLoginsOfOne},
		{"a seal names one bag, once for ever", testBags},
		{"a parcel is on its way until its keys are there", testShipments},
		{"a declared key is enrolled as itself", testDeclare},
		{"a sitting of scans goes on past a refused one", testSitting},
		{"a delivery is held against its list", testDelivery},
		{"a key that no list announced is told", testCheckDelivery},
		{"people are saved, found and leave", testPeople},
		{"who may open a place is granted and taken back", testAccess},
		{"artifacts are saved, moved and retired", testArtifacts},
		{"exceptions take two people and end", testExceptions},
		{"who leaves may open nothing any more", testLeave},
		{"a place is added once, where it belongs", testAddPlace},
		{"a proof is recorded and replaces the one before", testProof},
		{"a key is bound to an account once, under one name", testBind},
		{"a ninth key is refused", testBindLimit},
		{"what became of bindings and proofs is told by the journal", testPast},
		{"anchors are added once and taken back", testAnchors},
		{"metadata is replaced by newer metadata only", testMetadata},
		{"accounts are saved and changed", testAccounts},
		{"a stocktake comes to what was counted and what moved", testStocktake},
		{"a stocktake is started, counted and closed in order", testStocktakeRefusals},
		{"accepting a difference changes the inventory to what was found", testStocktakeAccept},
		{"a sample can be drawn again", testStocktakeSample},
		{"people count one place at once", testCounters},
		{"a run of the audit is read back as it was written", testAudits},
		{"every run of the audit that breaks a rule leaves no trace", testAuditRefusals},
		{"the run before is one of the same scope and rules", testPreviousAudit},
		{"audits that end at once are all recorded", testAuditsAtOnce},
		{"an error rolls everything back", testRollback},
		{"a panic rolls everything back", testPanic},
		{"a view sees one state and cannot write", testView},
		{"a cancelled context ends a transaction", testCancel},
		{"the journal holds every change and verifies", testJournal},
		{"the evidence is held against the journal", testRecords},
		{"goroutines write one after the other", testGoroutines},
		{"processes write one after the other", testProcesses},
		{"one of many processes enrolls a serial", testRace},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, fresh(t)) })
	}
}

// noon is when the tests happen, in another zone than UTC and with
// nanoseconds that no store keeps.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.FixedZone("CET", 3600))

// act is the act of the n-th minute.
func act(n int) inventory.Act {
	return inventory.Act{Actor: "anna", At: noon.Add(time.Duration(n) * time.Minute)}
}

// enrollment is a complete, verified enrollment of the n-th key.
func enrollment(n int) inventory.Enrollment {
	id := []byte(fmt.Sprintf("credential %d", n))
	public := []byte(fmt.Sprintf("public key %d", n))
	return inventory.Enrollment{
		Serial: fmt.Sprint(20000000 + n), Tag: fmt.Sprintf("YK-%03d", n), Place: "Zürich/Safe 1",
		USBVendor: 0x1050, USBProduct: 0x0407, Product: "YubiKey 5C NFC",
		Firmware: hw.Version{Major: 5, Minor: 7, Patch: 4}, FormFactor: hw.FormKeychainC,
		AAGUID:     hw.AAGUID{0x19, 0x08, 15: 0xff},
		Credential: &inventory.NewCredential{RPID: "hwmfa.invalid", ID: id, PublicKey: public, Silent: inventory.SilentYes},
		Evidence: hw.Evidence{
			FIDO: &hw.FIDOEvidence{RPID: "hwmfa.invalid", ClientDataHash: make([]byte, 32), AttestationObject: []byte{0xa3, byte(n), 0, 0xff}},
			PIV:  &hw.PIVEvidence{F9: []byte{0x30, 0x82}, Slots: []hw.PIVSlot{{Slot: 0x9a, Certificate: []byte{0x30}}, {Slot: 0x95}}},
		},
		FIDO: hw.FIDOStatement{
			Status: hw.StatusVerified, Anchor: "CN=Yubico Attestation Root 1", Format: "packed", AAGUID: hw.AAGUID{0x19, 0x08, 15: 0xff},
			Firmware: hw.Version{Major: 5, Minor: 7, Patch: 4}, CredentialID: id, PublicKey: public, UserPresent: true,
			Model: "YubiKey 5C NFC", Certification: "FIDO_CERTIFIED_L2", FIPSLevel: "FIPS140_CERTIFIED_L2",
		},
		PIV: []hw.PIVStatement{{
			Status: hw.StatusVerified, Anchor: "CN=Yubico PIV Root CA", Slot: 0x9a, Serial: fmt.Sprint(20000000 + n),
			Firmware: hw.Version{Major: 5, Minor: 7, Patch: 4}, FormFactor: hw.FormKeychainC, PINPolicy: "once", Touch: "cached",
		}},
	}
}

// sparse is an enrollment of a key that shows a credential and nothing else.
func sparse(n int) inventory.Enrollment {
	return inventory.Enrollment{Credential: &inventory.NewCredential{
		RPID: "hwmfa.invalid", ID: []byte(fmt.Sprintf("sparse %d", n)), PublicKey: []byte{1},
	}}
}

// update runs fn in a transaction that must succeed.
func update(t *testing.T, s inventory.Store, fn func(tx inventory.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), fn); err != nil {
		t.Fatalf("update: %v", err)
	}
}

// view runs fn in a reading transaction that must succeed.
func view(t *testing.T, s inventory.Store, fn func(tx inventory.Tx) error) {
	t.Helper()
	if err := s.View(t.Context(), fn); err != nil {
		t.Fatalf("view: %v", err)
	}
}

// enroll enrolls a key that must be accepted.
func enroll(t *testing.T, s inventory.Store, a inventory.Act, e inventory.Enrollment) inventory.Key {
	t.Helper()
	var k inventory.Key
	update(t, s, func(tx inventory.Tx) (err error) {
		k, err = inventory.EnrollKey(tx, a, e)
		return err
	})
	return k
}

// refused runs fn in a transaction that must fail with want and change nothing.
func refused(t *testing.T, s inventory.Store, want error, fn func(tx inventory.Tx) error) error {
	t.Helper()
	before := snapshot(t, s)
	err := s.Update(t.Context(), fn)
	if !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
	if after := snapshot(t, s); after != before {
		t.Errorf("a refused change left a trace\nbefore %s\nafter  %s", before, after)
	}
	return err
}

// snapshot is everything that lists show, as one text.
func snapshot(t *testing.T, s inventory.Store) string {
	t.Helper()
	var all string
	view(t, s, func(tx inventory.Tx) error {
		head, err1 := inventory.JournalHead(tx)
		keys, err2 := inventory.Keys(tx, inventory.KeyFilter{})
		places, err3 := inventory.Places(tx)
		accounts, err4 := inventory.Accounts(tx)
		bindings, err5 := inventory.Bindings(tx)
		anchors, err6 := inventory.Anchors(tx)
		credentials, err7 := inventory.Credentials(tx)
		proofs, err8 := inventory.Proofs(tx)
		// Whatever was done, the rows are what the journal says.
		err9 := inventory.VerifyState(tx)
		people, err10 := inventory.People(tx)
		access, err11 := inventory.AccessList(tx)
		artifacts, err12 := inventory.Artifacts(tx)
		exceptions, err13 := inventory.Exceptions(tx)
		bags, err14 := inventory.Bags(tx)
		parcels, err15 := inventory.Parcels(tx, true)
		requests, err16 := inventory.Requests(tx)
		audits, err17 := inventory.AuditRuns(tx)
		all = ""
		for _, r := range audits {
			head, err := r.Head()
			all += fmt.Sprintln(r.ID, r.Event, r.At, r.By, head, err)
		}
		all += fmt.Sprint(bags, parcels, requests, head, keys, places, accounts, bindings, anchors, credentials, proofs, people, access, artifacts, exceptions)
		return errors.Join(err1, err2, err3, err4, err5, err6, err7, err8, err9, err10, err11, err12, err13, err14, err15, err16, err17)
	})
	return all
}

func testEmpty(t *testing.T, d Database) {
	s := d.store(t)
	view(t, s, func(tx inventory.Tx) error {
		head, err := inventory.VerifyJournal(tx)
		if err != nil || head != (inventory.Head{}) {
			t.Errorf("head of an empty journal: %v, %v", head, err)
		}
		if _, err := inventory.FindKey(tx, "123"); !errors.Is(err, inventory.ErrNotFound) {
			t.Errorf("find in an empty inventory: %v", err)
		}
		keys, err := inventory.Keys(tx, inventory.KeyFilter{})
		if len(keys) != 0 {
			t.Errorf("a new inventory has %d keys", len(keys))
		}
		return err
	})
}
