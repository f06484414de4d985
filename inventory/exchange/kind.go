package exchange

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"hwmfa/inventory"
)

// Kind is a kind of entry that is carried in and out.
type Kind struct {
	Name   string // "keys"
	About  string // what one row is, for a help page
	Schema Schema
	// rows lists the entries as the schema's columns, in a stable order.
	rows func(inventory.Tx) ([][]string, error)
	// step says what one row comes to.
	step func(*register, Record) Step
	// identity is what two rows of a file must not both be; "" for a row that is
	// nothing yet.
	identity func(*register, Record) string
}

// Kinds lists what can be exported and imported, in an order in which one can
// be imported after the other.
func Kinds() []Kind {
	return []Kind{Places(), People(), Keys(), Accounts(), Bindings(), Custody(), Artifacts()}
}

// schema makes the schema of a kind.
func schema(list string, columns ...Column) Schema {
	return Schema{Name: "hwmfa.export-" + list + "/v1", List: list, Columns: columns}
}

// Columns lists the names of a kind's columns.
func (k Kind) Columns() []string { return k.Schema.names() }

// Export writes every entry of the kind.
func (k Kind) Export(tx inventory.Tx, w io.Writer, f Format) error {
	rows, err := k.rows(tx)
	if err != nil {
		return fmt.Errorf("export %s: %w", k.Name, err)
	}
	return Write(w, f, k.Schema, rows)
}

// Plan compares a table that was read by the kind's schema with the inventory
// and says what importing it comes to. It changes nothing.
func (k Kind) Plan(tx inventory.Tx, t Table) (Plan, error) {
	r, err := newRegister(tx)
	if err != nil {
		return Plan{}, fmt.Errorf("import %s: %w", k.Name, err)
	}
	r.now = t.now
	p := Plan{Kind: k.Name, Steps: make([]Step, 0, len(t.Records))}
	first := map[string]string{}
	for _, row := range t.Records {
		s := k.step(r, row)
		s.Row, s.Where = row.Row, row.Where
		if id := k.identity(r, row); id != "" && s.Action != ActionConflict {
			if where, twice := first[id]; twice {
				s.conflict("is the same as in %s", where)
			} else {
				first[id] = row.Where
			}
		}
		s.settle()
		p.Steps = append(p.Steps, s)
	}
	return p, nil
}

// register is what rows are compared with, read once.
type register struct {
	keys      map[string]inventory.Key // by ID
	bySerial  map[string][]inventory.Key
	byTag     map[string]inventory.Key // folded
	places    map[string]inventory.Place
	persons   map[string][]inventory.Person // by everything they are called by, folded
	accounts  map[string]inventory.Account
	bindings  map[[2]string]inventory.Binding // by account and key
	personIDs map[string]inventory.Person
	artifacts map[string]inventory.Artifact   // by ID
	byLabel   map[string][]inventory.Artifact // folded; those in use
	now       time.Time                       // when the file was read; zero: not known
}

func newRegister(tx inventory.Tx) (*register, error) {
	r := &register{
		keys: map[string]inventory.Key{}, bySerial: map[string][]inventory.Key{}, byTag: map[string]inventory.Key{},
		places: map[string]inventory.Place{}, persons: map[string][]inventory.Person{}, personIDs: map[string]inventory.Person{},
		accounts: map[string]inventory.Account{}, bindings: map[[2]string]inventory.Binding{},
		artifacts: map[string]inventory.Artifact{}, byLabel: map[string][]inventory.Artifact{},
	}
	all, err := inventory.Keys(tx, inventory.KeyFilter{})
	if err != nil {
		return nil, err
	}
	for _, k := range all {
		r.keys[k.ID] = k
		if k.Serial != "" {
			r.bySerial[k.Serial] = append(r.bySerial[k.Serial], k)
		}
		if k.Tag != "" {
			r.byTag[inventory.Fold(k.Tag)] = k
		}
	}
	places, err := inventory.Places(tx)
	if err != nil {
		return nil, err
	}
	for _, p := range places {
		r.places[inventory.Fold(p.Path)] = p
	}
	people, err := inventory.People(tx)
	if err != nil {
		return nil, err
	}
	for _, p := range people {
		r.personIDs[p.ID] = p
		called := map[string]bool{inventory.Fold(p.Email): true, inventory.Fold(p.Login): true, inventory.Fold(p.Name): true}
		delete(called, "")
		for name := range called {
			r.persons[name] = append(r.persons[name], p)
		}
	}
	accounts, err := inventory.Accounts(tx)
	if err != nil {
		return nil, err
	}
	for _, a := range accounts {
		r.accounts[a.ID] = a
	}
	bindings, err := inventory.Bindings(tx)
	for _, b := range bindings {
		r.bindings[[2]string{b.AccountID, b.KeyID}] = b
	}
	if err != nil {
		return nil, err
	}
	artifacts, err := inventory.Artifacts(tx)
	for _, a := range artifacts {
		r.artifacts[a.ID] = a
		if a.RetiredAt.IsZero() {
			r.byLabel[inventory.Fold(a.Label)] = append(r.byLabel[inventory.Fold(a.Label)], a)
		}
	}
	return r, err
}

// person finds who is called so, by e-mail address, login or name.
func (r *register) person(called string) (p inventory.Person, fault string) {
	switch hits := r.persons[inventory.Fold(called)]; len(hits) {
	case 0:
		return p, "there is no such person; import people first"
	case 1:
		return hits[0], ""
	default:
		return p, "several people are called so; give the e-mail address"
	}
}

// newPlace says that a place comes with the row, where it is not there yet.
func (r *register) newPlace(s *Step, path string) {
	if _, known := r.places[inventory.Fold(path)]; path != "" && !known {
		s.Notes = append(s.Notes, "makes the place "+path)
	}
}

// Spellings of cells.

func parseBool(s string) (string, error) {
	switch strings.ToLower(s) {
	case "true", "yes", "1":
		return "true", nil
	case "false", "no", "0":
		return "false", nil
	}
	return "", fmt.Errorf("is neither true nor false")
}

func parseCount(s string) (string, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return "", fmt.Errorf("is not a whole number")
	}
	return strconv.FormatUint(n, 10), nil
}

// parseAccount reads an account ID as AWS shows it, in groups too.
func parseAccount(s string) (string, error) {
	if len(s) == 14 && s[4] == '-' && s[9] == '-' {
		s = s[:4] + s[5:9] + s[10:]
	}
	if err := inventory.CheckAccountID(s); err != nil {
		return "", fmt.Errorf("is not twelve digits; spreadsheets drop zeros in front of numbers")
	}
	return s, nil
}

// parseWord takes one of the words that the inventory knows.
func parseWord[T ~string](what string, known func(T) bool) func(string) (string, error) {
	return func(s string) (string, error) {
		s = strings.ToLower(s)
		if !known(T(s)) {
			return "", fmt.Errorf("is no %s that is known", what)
		}
		return s, nil
	}
}

// exportTime is how a time is written; "" for none.
func exportTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// exportDay is how a day is written; "" for none.
func exportDay(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}
