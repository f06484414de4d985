package store

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"hwmfa/inventory"
)

// TestAppendOnly: through SQL, too, the journal only grows.
func TestAppendOnly(t *testing.T) {
	path, _ := filled(t)
	db := raw(t, path)
	for _, s := range []string{
		"UPDATE events SET actor = 'eve' WHERE seq = 3",
		"DELETE FROM events WHERE seq = 3",
		"DELETE FROM events",
		"INSERT OR REPLACE INTO events SELECT seq, at, 'eve', kind, subject, payload, prev_hash, hash FROM events WHERE seq = 3",
		"INSERT INTO events SELECT seq + 1000, at, actor, kind, subject, payload, prev_hash, hash FROM events WHERE seq = 3",
	} {
		if _, err := db.Exec(s); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v, want a refusal", s, err)
		}
	}
}

// TestTampering: who removes the guards and changes the journal is found out,
// and the first event that is wrong is named.
func TestTampering(t *testing.T) {
	const shift = "UPDATE events SET seq = seq + 10000 WHERE seq "
	const copied = "INSERT INTO events SELECT 50, at, actor, kind, subject, payload, prev_hash, hash FROM events WHERE seq = "
	tests := []struct {
		name  string
		sql   []string
		seq   int64
		fault inventory.Fault
	}{
		{"an actor is edited", []string{"UPDATE events SET actor = 'eve' WHERE seq = 50"}, 50, inventory.FaultAltered},
		{"a payload is edited", []string{"UPDATE events SET payload = replace(payload, 'Safe', 'Save') WHERE seq = 50"}, 50, inventory.FaultAltered},
		{"a time is edited", []string{"UPDATE events SET at = '2001-01-01T00:00:00.000000Z' WHERE seq = 50"}, 50, inventory.FaultAltered},
		{"a time is no time", []string{"UPDATE events SET at = 'noon' WHERE seq = 50"}, 50, inventory.FaultAltered},
		{"a time is spelled otherwise", []string{"UPDATE events SET at = replace(at, '.000000Z', 'Z') WHERE seq = 50"}, 50, inventory.FaultAltered},
		{"a field becomes bytes", []string{"UPDATE events SET at = x'00' WHERE seq = 50"}, 50, inventory.FaultAltered},
		{"a kind is moved into the subject", []string{"UPDATE events SET kind = 'place.', subject = 'made' || subject WHERE seq = 50"}, 50, inventory.FaultAltered},
		{"a hash is edited", []string{"UPDATE events SET hash = prev_hash WHERE seq = 50"}, 50, inventory.FaultAltered},
		{"a hash is in upper case", []string{"UPDATE events SET hash = upper(hash) WHERE seq = 50"}, 50, inventory.FaultAltered},
		{"a link is edited", []string{"UPDATE events SET prev_hash = hash WHERE seq = 50"}, 50, inventory.FaultAltered},
		{"an event is deleted", []string{"DELETE FROM events WHERE seq = 50"}, 50, inventory.FaultMissing},
		{"the first event is deleted", []string{"DELETE FROM events WHERE seq = 1"}, 1, inventory.FaultMissing},
		{"an event is deleted and the gap closed", []string{"DELETE FROM events WHERE seq = 50", "UPDATE events SET seq = seq - 1 WHERE seq > 50"}, 50, inventory.FaultAltered},
		{"two events are swapped", []string{
			"UPDATE events SET seq = -1 WHERE seq = 50", "UPDATE events SET seq = 50 WHERE seq = 51", "UPDATE events SET seq = 51 WHERE seq = -1",
		}, 50, inventory.FaultAltered},
		{"a copy is inserted", []string{shift + ">= 50", "UPDATE events SET seq = seq - 9999 WHERE seq > 10000", copied + "20"}, 50, inventory.FaultAltered},
		{"an event gets no number", []string{"UPDATE events SET seq = 'x' WHERE seq = 201"}, 201, inventory.FaultAltered},
		{"an event is moved before the first", []string{"UPDATE events SET seq = 0 WHERE seq = 50"}, 0, inventory.FaultUnlinked},
		{"an event is added before the first", []string{
			"INSERT INTO events SELECT -9223372036854775808, at, actor, kind, subject, payload, prev_hash, hash FROM events WHERE seq = 50",
		}, math.MinInt64, inventory.FaultUnlinked},
	}
	unguard := []string{"DROP TRIGGER events_no_update", "DROP TRIGGER events_no_delete", "DROP TRIGGER events_in_order"}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path, _ := filled(t)
			rawExec(t, path, append(unguard, tt.sql...)...)
			expectBroken(t, path, tt.seq, tt.fault)
		})
	}
	t.Run("an event with a right hash of its own is inserted", func(t *testing.T) {
		path, _ := filled(t)
		forge(t, path, 50)
		expectBroken(t, path, 51, inventory.FaultUnlinked)
	})
}

// forge replaces one event by another whose hash is right.
func forge(t *testing.T, path string, seq int64) {
	t.Helper()
	s, err := Open(t.Context(), URL(path))
	if err != nil {
		t.Fatal(err)
	}
	var e inventory.Event
	err = s.View(t.Context(), func(tx inventory.Tx) error {
		err := tx.EachEvent(seq, func(found inventory.Event) error {
			e = found
			return errFound
		})
		if errors.Is(err, errFound) {
			return nil
		}
		return err
	})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	e.Actor = "eve"
	db := raw(t, path)
	if _, err := db.Exec("DROP TRIGGER events_no_update"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("UPDATE events SET actor = ?, hash = ? WHERE seq = ?", e.Actor, e.Digest().String(), seq); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

var errFound = errors.New("found")

func expectBroken(t *testing.T, path string, seq int64, fault inventory.Fault) {
	t.Helper()
	s, err := OpenReadOnly(t.Context(), URL(path))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	err = s.View(t.Context(), func(tx inventory.Tx) error {
		_, err := inventory.VerifyJournal(tx)
		return err
	})
	var broken *inventory.JournalError
	if !errors.Is(err, inventory.ErrJournal) || !errors.As(err, &broken) || broken.Seq != seq || broken.Fault != fault {
		t.Errorf("verify: %v, want event %d %s", err, seq, fault)
	}
}

// TestDamagedRows: a row that this program would not have written is an error,
// not a key.
func TestDamagedRows(t *testing.T) {
	for _, edit := range []string{
		"UPDATE keys SET status = 'asleep'",
		"UPDATE keys SET firmware = '5.07.4'",
		"UPDATE keys SET aaguid = 'zz'",
		"UPDATE keys SET enrolled_at = '2026-01-01'",
		"UPDATE keys SET serial = 12345",
		"UPDATE credentials SET public_key = 'ABCD'",
		"DROP TRIGGER attestations_no_update; UPDATE attestations SET sha256 = 'no'",
		"DROP TRIGGER attestations_no_update; UPDATE attestations SET evidence = replace(evidence, 'null', ' null')",
		"DROP TRIGGER attestations_no_update; UPDATE attestations SET statements = replace(statements, 'false', 'true')",
	} {
		t.Run(edit, func(t *testing.T) {
			s, path := opened(t)
			var id string
			err := s.Update(t.Context(), func(tx inventory.Tx) error {
				k, err := inventory.EnrollKey(tx, inventory.Act{Actor: "anna", At: time.Unix(1.8e9, 0)}, inventory.Enrollment{
					Serial: "12345", Credential: &inventory.NewCredential{RPID: "hwmfa.invalid", ID: []byte{1}, PublicKey: []byte{2}},
				})
				id = k.ID
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			rawExec(t, path, edit)
			err = s.View(t.Context(), func(tx inventory.Tx) error {
				_, err := inventory.KeyDetail(tx, id)
				return errors.Join(err, inventory.VerifyRecords(tx))
			})
			if edit == "UPDATE keys SET serial = 12345" {
				// The column's type makes text of it again.
				if err != nil {
					t.Errorf("got %v", err)
				}
				return
			}
			if !errors.Is(err, inventory.ErrDamaged) {
				t.Errorf("got %v, want %v", err, inventory.ErrDamaged)
			}
		})
	}
}

// TestTamperedState: who changes what the inventory shows, past the journal, is
// found out.
func TestTamperedState(t *testing.T) {
	for edit, want := range map[string]string{
		"SELECT 1":                                                 "",
		"UPDATE keys SET serial = '999'":                           "key K-",
		"UPDATE keys SET status = 'enrolled'":                      "key K-",
		"UPDATE keys SET fido_status = 'verified'":                 "key K-",
		"UPDATE keys SET enrolled_by = 'eve'":                      "key K-",
		"UPDATE credentials SET public_key = '07'":                 "identity credential",
		"UPDATE credentials SET silent = 'no'":                     "identity credential",
		"DELETE FROM credentials":                                  "is gone",
		"UPDATE bindings SET how = 'witnessed'":                    "the binding of K-",
		"UPDATE bindings SET device_name = 'other'":                "the binding of K-",
		"DELETE FROM bindings":                                     "is gone",
		"INSERT INTO accounts VALUES ('999999999999', NULL, NULL)": "account 999999999999 is not of the journal",
		"UPDATE accounts SET tier = 'low'":                         "account 123456789012",
		"DELETE FROM anchors":                                      "is gone",
		"UPDATE anchors SET pem = replace(pem, 'YQ==', 'Yg==')":    "anchor ",
		"INSERT INTO anchors SELECT replace(sha256, substr(sha256, 1, 1), 'f'), name, pem, at, actor FROM anchors": "is not of the journal",
		"UPDATE places SET name = 'Elsewhere'": "place P-",
	} {
		t.Run(edit, func(t *testing.T) {
			s, path := opened(t)
			act := inventory.Act{Actor: "anna", At: time.Unix(1.8e9, 0)}
			err := s.Update(t.Context(), func(tx inventory.Tx) error {
				k, err := inventory.EnrollKey(tx, act, inventory.Enrollment{
					Serial: "12345", Place: "Berlin",
					Credential: &inventory.NewCredential{RPID: "hwmfa.invalid", ID: []byte{1}, PublicKey: []byte{2}, Silent: inventory.SilentYes},
				})
				if err != nil {
					return err
				}
				_, err = inventory.BindKey(tx, act, inventory.Binding{AccountID: "123456789012", KeyID: k.ID, DeviceName: "yk", How: inventory.HowNamed})
				_, err2 := inventory.MoveKey(tx, act, inventory.Move{Verb: inventory.VerbLose, KeyID: k.ID, Reason: "gone"}, nil)
				_, err3 := inventory.AddAnchor(tx, act, "lab", []byte("-----BEGIN CERTIFICATE-----\nYQ==\n-----END CERTIFICATE-----\n"))
				return errors.Join(err, err2, err3)
			})
			if err != nil {
				t.Fatal(err)
			}
			rawExec(t, path, edit)
			err = s.View(t.Context(), inventory.VerifyState)
			if want == "" && err != nil || want != "" && (!errors.Is(err, inventory.ErrDamaged) || !strings.Contains(err.Error(), want)) {
				t.Errorf("got %v, want %q", err, want)
			}
		})
	}
}
