package store

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"hwmfa/inventory"
	"hwmfa/inventory/store/pgtest"
	"hwmfa/inventory/store/storetest"
)

// name is the database of a URL of pgtest's.
func name(database string) string {
	_, after, _ := strings.Cut(database, "@/")
	return strings.SplitN(after, "?", 2)[0]
}

// TestRefusedDatabases: what is not an inventory is refused by both ways of
// opening, and nothing is written to it.
func TestRefusedDatabases(t *testing.T) {
	server := postgres.Get(t)
	inventoryMade := func(then string) string {
		return "CREATE SCHEMA hwmfa AUTHORIZATION anna; COMMENT ON SCHEMA hwmfa IS 'hwmfa inventory'; " + then
	}
	tests := []struct {
		name, sql string
		open      error // nil: it is made
		read      error
	}{
		{"an empty database", "", nil, ErrNoInventory},
		{"another program's tables", "CREATE TABLE users (id int)", ErrForeign, ErrForeign},
		{"another program's tables and an empty schema for us", "CREATE TABLE users (id int); CREATE SCHEMA hwmfa AUTHORIZATION anna", nil, ErrNoInventory},
		{"another program's schema of our name", "CREATE SCHEMA hwmfa AUTHORIZATION anna; CREATE TABLE hwmfa.keys (id int)", ErrForeign, ErrForeign},
		{"an empty schema of somebody else", "CREATE SCHEMA hwmfa", ErrNotOwner, ErrNoInventory},
		{"a schema that was begun", inventoryMade(""), nil, ErrOlder},
		{"a newer schema", inventoryMade(fmt.Sprintf("CREATE TABLE hwmfa.goose_db_version (version_id bigint); INSERT INTO hwmfa.goose_db_version VALUES (%d); GRANT SELECT ON hwmfa.goose_db_version TO anna", schemaVersion+1)), ErrNewer, ErrNewer},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			database := server.Database(t)
			server.SQL(t, name(database), tt.sql)
			const dump = "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname !~ '^pg_' ORDER BY 1, 2"
			before := server.SQL(t, name(database), dump)
			if _, err := OpenReadOnly(t.Context(), database); !errors.Is(err, tt.read) || strings.Count(err.Error(), name(database)) != 1 {
				t.Errorf("OpenReadOnly: %v, want %v", err, tt.read)
			}
			if after := server.SQL(t, name(database), dump); after != before {
				t.Errorf("OpenReadOnly made %s", after)
			}
			s, err := Open(t.Context(), database)
			if err == nil {
				s.Close()
			}
			if !errors.Is(err, tt.open) {
				t.Errorf("Open: %v, want %v", err, tt.open)
			}
			if after := server.SQL(t, name(database), dump); tt.open != nil && after != before {
				t.Errorf("Open made %s", after)
			}
		})
	}
	t.Run("a database in another encoding", func(t *testing.T) {
		server.SQL(t, "postgres", "CREATE DATABASE latin OWNER anna ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
		t.Cleanup(func() { server.SQL(t, "postgres", "DROP DATABASE latin WITH (FORCE)") })
		if _, err := Open(t.Context(), server.URL("latin", pgtest.Owner)); !errors.Is(err, ErrForeign) || !strings.Contains(err.Error(), "LATIN1") {
			t.Errorf("got %v, want %v and its encoding", err, ErrForeign)
		}
	})
}

// TestOrder: lists come in the order of code points whatever the database's
// own order is.
func TestOrder(t *testing.T) {
	server := postgres.Get(t)
	server.SQL(t, "postgres", "CREATE DATABASE sorted OWNER anna LOCALE_PROVIDER icu ICU_LOCALE 'de-DE' LOCALE 'C.UTF-8' TEMPLATE template0")
	t.Cleanup(func() { server.SQL(t, "postgres", "DROP DATABASE sorted WITH (FORCE)") })
	s, err := Open(t.Context(), server.URL("sorted", pgtest.Owner))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, path := range []string{"zebra", "äpfel", "a-b", "ab", "a b"} {
		if err := s.Update(t.Context(), makePlace(path)); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	err = s.View(t.Context(), func(tx inventory.Tx) error {
		places, err := tx.ListPlaces()
		for _, p := range places {
			got = append(got, p.Path)
		}
		return err
	})
	if want := []string{"a b", "a-b", "ab", "zebra", "äpfel"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, want %q; %v", got, want, err)
	}
}

// team makes the roles, a login of each and an inventory, and returns its
// owner's URL.
func team(t *testing.T, server *pgtest.Server) string {
	t.Helper()
	database := server.Database(t)
	t.Cleanup(func() {
		server.SQL(t, name(database), "DROP OWNED BY hwmfa_custodian, hwmfa_manager, hwmfa_auditor; DROP ROLE hwmfa_custodian, hwmfa_manager, hwmfa_auditor")
	})
	storetest.Events(t, Open, database) // makes it
	server.SQL(t, name(database), Roles)
	server.SQL(t, name(database), Roles) // it can be repeated
	for login, role := range map[string]string{"cora": "hwmfa_custodian", "mara": "hwmfa_manager", "otto": "hwmfa_auditor"} {
		server.Login(t, login, role)
	}
	return database
}

// TestRoles: what each role may do, by the grants themselves.
func TestRoles(t *testing.T) {
	server := postgres.Get(t)
	database := team(t, server)
	granted := func() map[string]bool {
		lines := server.SQL(t, name(database), `SELECT format('%s %s %s', role, relname, what) FROM pg_class,
			unnest(ARRAY['hwmfa_custodian', 'hwmfa_manager', 'hwmfa_auditor', 'public']) role,
			unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER', 'REFERENCES']) what
			WHERE relnamespace = 'hwmfa'::regnamespace AND relkind = 'r' AND has_table_privilege(role, oid, what)`)
		all := map[string]bool{}
		for line := range strings.Lines(lines) {
			all[strings.TrimSpace(line)] = true
		}
		return all
	}
	all := granted()
	may := func(role, table, what string) bool { return all[role+" "+table+" "+what] }
	info, err := Look(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	appended := []string{"events", "attestations", "audit_runs"}
	kept := []string{"keys", "places", "people", "accounts", "credentials", "metadata"}
	managed := []string{"accounts", "anchors", "attestations", "bindings", "credentials", "exceptions", "metadata", "people", "place_access"}
	for _, tab := range info.Tables {
		for _, role := range []string{"hwmfa_custodian", "hwmfa_manager", "hwmfa_auditor"} {
			insert := role == "hwmfa_manager" || role == "hwmfa_custodian" && !slices.Contains(managed, tab.Table)
			change := insert && !slices.Contains(appended, tab.Table) && (role == "hwmfa_manager" || tab.Table != "places")
			remove := change && !slices.Contains(kept, tab.Table)
			for what, want := range map[string]bool{
				"SELECT": true, "INSERT": insert, "UPDATE": change, "DELETE": remove, "TRUNCATE": false, "TRIGGER": false, "REFERENCES": false,
			} {
				if got := may(role, tab.Table, what); got != want {
					t.Errorf("%s may %s %s: %v, want %v", role, what, tab.Table, got, want)
				}
			}
		}
		if may("public", tab.Table, "SELECT") {
			t.Errorf("everybody may read %s", tab.Table)
		}
	}
	t.Run("a table that a later version adds is granted", func(t *testing.T) {
		server.SQL(t, name(database), "SET ROLE anna; CREATE TABLE hwmfa.later (id TEXT PRIMARY KEY); COMMENT ON SCHEMA hwmfa IS 'hwmfa inventory 1'")
		if _, err := Open(t.Context(), pgtest.As(t, database, "mara")); !errors.Is(err, ErrNotOwner) {
			t.Errorf("somebody else brings it up to date: %v, want %v", err, ErrNotOwner)
		}
		storetest.Events(t, Open, database)
		all = granted()
		if !may("hwmfa_custodian", "later", "INSERT") || !may("hwmfa_auditor", "later", "SELECT") || may("hwmfa_auditor", "later", "INSERT") {
			t.Error("it is not")
		}
		server.SQL(t, name(database), "DROP TABLE hwmfa.later")
	})
}

// TestLogins: what the roles can do with logins of their own, through this
// program and around it.
func TestLogins(t *testing.T) {
	server := postgres.Get(t)
	database := team(t, server)
	owner, err := Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer owner.Close()
	as := func(login string) inventory.Store {
		s, err := Open(t.Context(), pgtest.As(t, database, login))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		if s.Login() != login {
			t.Errorf("%s is called %q", login, s.Login())
		}
		return s
	}
	cora, mara, otto := as("cora"), as("mara"), as("otto")
	by := func(login string) inventory.Act { return inventory.Act{Actor: login, At: time.Unix(1.8e9, 0)} }
	var place inventory.Place
	put := func(login, path string) func(tx inventory.Tx) error {
		return func(tx inventory.Tx) (err error) {
			place, err = inventory.EnsurePlace(tx, by(login), path)
			return err
		}
	}
	account := func(login string) func(tx inventory.Tx) error {
		return func(tx inventory.Tx) error {
			return inventory.SaveAccount(tx, by(login), inventory.Account{ID: "123456789012"})
		}
	}
	credential := []byte("a credential of this key")
	enroll := func(login string) func(tx inventory.Tx) error {
		return func(tx inventory.Tx) error {
			_, err := inventory.EnrollKey(tx, by(login), inventory.Enrollment{
				Serial: "12345678", Place: "Site", Credential: &inventory.NewCredential{RPID: "hwmfa.invalid", ID: credential, PublicKey: []byte{1}},
			})
			return err
		}
	}
	move := func(login string) func(tx inventory.Tx) error {
		return func(tx inventory.Tx) error {
			keys, err := inventory.Keys(tx, inventory.KeyFilter{})
			if err != nil {
				return err
			}
			_, err = inventory.MoveKey(tx, by(login), inventory.Move{Verb: inventory.VerbMove, KeyID: keys[0].ID, PlaceID: place.ID}, nil)
			return err
		}
	}
	for _, tt := range []struct {
		name string
		s    inventory.Store
		do   func(tx inventory.Tx) error
		want error
	}{
		{"the auditor makes a place", otto, put("otto", "Site"), ErrDenied},
		{"the custodian makes a place", cora, put("cora", "Site"), nil},
		{"the custodian makes a place in the name of another", cora, put("anna", "Else"), ErrDenied},
		{"the owner makes a place in the name of another", owner, put("cora", "Else"), ErrDenied},
		{"the custodian saves an account", cora, account("cora"), ErrDenied},
		{"the manager saves an account", mara, account("mara"), nil},
		{"the custodian enrolls a key", cora, enroll("cora"), ErrDenied},
		{"the manager enrolls a key", mara, enroll("mara"), nil},
		{"the custodian makes another place", cora, put("cora", "Site/Safe"), nil},
		{"the custodian moves the key", cora, move("cora"), nil},
		{"the auditor moves the key", otto, move("otto"), ErrDenied},
	} {
		before := everything(t, database)
		err := tt.s.Update(t.Context(), tt.do)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
		if after := everything(t, database); (after == before) != (tt.want != nil) {
			t.Errorf("%s: changed is %v", tt.name, after != before)
		}
	}
	if err := otto.View(t.Context(), func(tx inventory.Tx) error {
		_, err := inventory.VerifyJournal(tx)
		return errors.Join(err, inventory.VerifyState(tx))
	}); err != nil {
		t.Errorf("the auditor verifies the journal: %v", err)
	}

	before := everything(t, database)
	const denied, appendOnly, schema = "permission denied", "append-only", "must be owner"
	// An event is in the right place of the chain, and written by the wrong one
	// or hashed wrongly.
	forged := func(actor, hash string) string {
		return "INSERT INTO hwmfa.events SELECT seq + 1, at, '" + actor + "', kind, subject, payload, hash, " + hash + " FROM hwmfa.events ORDER BY seq DESC LIMIT 1"
	}
	right := func(actor string) string {
		var e inventory.Event
		err := owner.View(t.Context(), func(tx inventory.Tx) (err error) {
			e, err = tx.LastEvent()
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		e.Seq, e.Actor, e.PrevHash = e.Seq+1, actor, e.Hash
		return forged(actor, "'"+e.Digest().String()+"'")
	}
	// An event is in the right place of the chain, under the right login and hash,
	// and not of the form of one.
	misshapen := func(at, kind, subject, payload string) string {
		var e inventory.RawEvent
		err := owner.View(t.Context(), func(tx inventory.Tx) error {
			return tx.EachRaw(func(events []inventory.RawEvent) error {
				for _, last := range events {
					e = last
				}
				return nil
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		prev, err := hex.DecodeString(e.Hash)
		if err != nil {
			t.Fatal(err)
		}
		hashed := binary.BigEndian.AppendUint64([]byte("hwmfa.journal/v1\x00"), uint64(e.Seq+1))
		for _, field := range []string{at, "cora", kind, subject, payload} {
			hashed = append(binary.BigEndian.AppendUint64(hashed, uint64(len(field))), field...)
		}
		return fmt.Sprintf("INSERT INTO hwmfa.events VALUES (%d, '%s', 'cora', '%s', '%s', '%s', '%s', '%x')",
			e.Seq+1, at, kind, subject, payload, e.Hash, sha256.Sum256(append(hashed, prev...)))
	}
	const then, form = "2026-03-01T11:00:00.000000Z", "not of the form"
	for _, tt := range []struct{ name, login, sql, want string }{
		{"the custodian ends the journal with what is at no time", "cora", misshapen("noon", "key.lost", "K-1", "{}"), form},
		{"the custodian ends the journal on a day that was not", "cora", misshapen("2026-02-30T11:00:00.000000Z", "key.lost", "K-1", "{}"), "out of range"},
		{"the custodian ends the journal in the 25th hour", "cora", misshapen("2026-03-01T24:00:00.000000Z", "key.lost", "K-1", "{}"), form},
		{"the custodian writes past the end of a field", "cora", misshapen(then, "key.lost", "K-1\x1f", "{}"), form},
		{"the custodian writes a kind of two lines", "cora", misshapen(then, "key\nlost", "K-1", "{}"), form},
		{"the custodian writes what is no JSON", "cora", misshapen(then, "key.lost", "K-1", "{"), "invalid input syntax for type json"},
		{"the custodian writes what is no object", "cora", misshapen(then, "key.lost", "K-1", "[]"), form},
		{"the auditor adds an event", "otto", right("otto"), denied},
		{"the custodian changes an event", "cora", "UPDATE hwmfa.events SET actor = 'eve'", denied},
		{"the manager changes an event", "mara", "UPDATE hwmfa.events SET actor = 'eve'", denied},
		{"the manager removes an event", "mara", "DELETE FROM hwmfa.events WHERE seq = 1", denied},
		{"the manager empties the journal", "mara", "TRUNCATE hwmfa.events CASCADE", denied},
		{"the manager changes evidence", "mara", "UPDATE hwmfa.attestations SET evidence = ''", denied},
		{"the owner changes an event", "anna", "UPDATE hwmfa.events SET actor = 'eve'", appendOnly},
		{"the owner removes an event", "anna", "DELETE FROM hwmfa.events WHERE seq = 1", appendOnly},
		{"the owner empties the journal", "anna", "TRUNCATE hwmfa.events CASCADE", appendOnly},
		{"the owner changes evidence", "anna", "UPDATE hwmfa.attestations SET evidence = ''", appendOnly},
		{"the manager removes a trigger", "mara", "DROP TRIGGER events_in_order ON hwmfa.events", schema},
		{"the manager disables a trigger", "mara", "ALTER TABLE hwmfa.events DISABLE TRIGGER ALL", schema},
		{"the manager changes the schema", "mara", "ALTER TABLE hwmfa.keys ADD COLUMN x text", schema},
		{"the manager gives rights", "mara", "SELECT hwmfa.grant_roles()", denied},
		{"the custodian adds a trusted root", "cora", "INSERT INTO hwmfa.anchors VALUES ('0', '0', '0', '0', '0')", denied},
		{"the custodian binds a key", "cora", "DELETE FROM hwmfa.bindings", denied},
		{"the manager adds an event with a wrong hash", "mara", forged("mara", "hash"), "does not give its hash"},
		{"the manager adds an event out of order", "mara", strings.Replace(right("mara"), "seq + 1", "seq + 2", 1), appendOnly},
		{"the manager adds an event of somebody else", "mara", right("anna"), "not the login"},
		{"the manager says to be copying", "mara", "SET hwmfa.copying = 'yes'; " + right("anna"), "not the login"},
		{"the manager puts another journal in front", "mara",
			"CREATE TEMPORARY TABLE events (LIKE hwmfa.events); SET search_path = pg_temp, hwmfa; " + strings.Replace(forged("mara", "hash"), "seq + 1", "seq - seq + 1", 1), appendOnly},
		{"the auditor keeps others from writing", "otto", "BEGIN; LOCK TABLE hwmfa.write_turn IN EXCLUSIVE MODE", denied},
	} {
		if _, err := server.Run(name(database), tt.login, tt.sql); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	if after := everything(t, database); after != before {
		t.Errorf("something was changed\nbefore %s\nafter  %s", before, after)
	}
	t.Run("the manager's own event is taken", func(t *testing.T) {
		if _, err := server.Run(name(database), "mara", right("mara")); err != nil {
			t.Error(err)
		}
	})
	t.Run("only the owner may copy a whole journal", func(t *testing.T) {
		path, _ := filled(t)
		_, err := Migrate(t.Context(), URL(path), pgtest.As(t, database, "mara"))
		if !errors.Is(err, ErrNotEmpty) {
			t.Errorf("into one that is not empty: %v, want %v", err, ErrNotEmpty)
		}
	})
}

// TestTamperedServer: who can disable the guards is found out as in a file.
func TestTamperedServer(t *testing.T) {
	server := postgres.Get(t)
	for sql, want := range map[string]inventory.JournalError{
		"UPDATE events SET actor = 'eve' WHERE seq = 3":                       {Seq: 3, Fault: inventory.FaultAltered},
		"DELETE FROM events WHERE seq = 3":                                    {Seq: 3, Fault: inventory.FaultMissing},
		"UPDATE events SET at = 'noon' WHERE seq = 3":                         {Seq: 3, Fault: inventory.FaultAltered},
		"UPDATE events SET seq = seq + 1 - 2 * (seq - 3) WHERE seq IN (3, 4)": {Seq: 3, Fault: inventory.FaultAltered},
	} {
		database := server.Database(t)
		s, err := Open(t.Context(), database)
		if err != nil {
			t.Fatal(err)
		}
		for n := range 5 {
			if err := s.Update(t.Context(), makePlace(fmt.Sprintf("Site %d", n))); err != nil {
				t.Fatal(err)
			}
		}
		server.SQL(t, name(database), "SET search_path = hwmfa; ALTER TABLE events DISABLE TRIGGER USER; ALTER TABLE events DROP CONSTRAINT events_pkey CASCADE; "+sql+"; ALTER TABLE events ENABLE TRIGGER USER")
		err = s.View(t.Context(), func(tx inventory.Tx) error {
			_, err := inventory.VerifyJournal(tx)
			return err
		})
		var broken *inventory.JournalError
		if !errors.As(err, &broken) || broken.Seq != want.Seq || broken.Fault != want.Fault {
			t.Errorf("%s: %v, want event %d %s", sql, err, want.Seq, want.Fault)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
