package exchange

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Schema is the table of one kind of entry.
type Schema struct {
	Name    string // of the JSON document: "hwmfa.export-keys/v1"
	List    string // the member of that document that holds the rows: "keys"
	Columns []Column
}

// Column is one column of a schema.
type Column struct {
	Name string // as exports write it, folded
	// Aliases are other headers by which files call it, folded.
	Aliases  []string
	Required bool // every row has to fill it
	// Unique says that no two rows may have the same value, whatever its letter
	// case.
	Unique bool
	// Time says that cells are times; they are kept in RFC 3339, UTC. They must
	// not lie in the future, unless Future says so.
	Time, Future bool
	// Out says that the column is written, and read without being taken.
	Out bool
	// Bare says that JSON holds the value as a number, true or false.
	Bare bool
	// Parse gives the one spelling of a cell, or says what is wrong with it;
	// nil takes any single line of text.
	Parse func(string) (string, error)
}

// Options are what a person says about a file.
type Options struct {
	// Columns names the header of a schema's column: "serial" → "Serial No.".
	Columns map[string]string
	// IgnoreUnknown leaves columns out that the schema does not know, which are
	// refused otherwise.
	IgnoreUnknown bool
	// Sheet names the sheet of a workbook that has several.
	Sheet string
	// Now is what the future begins after.
	Now time.Time
}

// Table is what was read of a file.
type Table struct {
	Format  Format
	Records []Record
	schema  Schema
	now     time.Time // Options.Now
}

// Record is one row that fits the schema.
type Record struct {
	Row    int    // where it stands in the file
	Where  string // the same in words, "line 7"
	schema *Schema
	values []string // by the schema's columns
}

// Text is the value in a column of the schema, in its one spelling; "" where
// the file says nothing.
func (r Record) Text(column string) string {
	i := r.schema.index(column)
	if i < 0 {
		return ""
	}
	return r.values[i]
}

// Time is the value in a column of times; zero where the file says nothing.
func (r Record) Time(column string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, r.Text(column))
	if err != nil {
		return time.Time{} // only "" is kept beside what parseTime wrote
	}
	return t
}

func (s *Schema) index(name string) int {
	return slices.IndexFunc(s.Columns, func(c Column) bool { return c.Name == name })
}

// byHeader finds the column that a folded header names, -1 for none. A name
// goes before another column's alias.
func (s *Schema) byHeader(folded string) int {
	if i := s.index(folded); i >= 0 {
		return i
	}
	return slices.IndexFunc(s.Columns, func(c Column) bool { return slices.Contains(c.Aliases, folded) })
}

// foldHeader is the form in which headers are compared: lower case, every run
// of what is neither letter nor digit one underscore. "Serial No." is serial_no.
func foldHeader(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}), "_")
}

// nearest is the schema's column whose name or alias is fewest changes away
// from a folded header, "" where none is near.
func (s *Schema) nearest(folded string) string {
	best, name := 1+max(2, len(folded)/3), ""
	for _, c := range s.Columns {
		for _, known := range append([]string{c.Name}, c.Aliases...) {
			if d := distance(folded, known); d < best {
				best, name = d, c.Name
			}
		}
	}
	return name
}

// distance is how many letters have to be put in, left out or replaced to make
// b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// letter is what spreadsheets call a column, counted from 0: A … Z, AA ….
func letter(column int) string {
	name := ""
	for n := column + 1; n > 0; n = (n - 1) / 26 {
		name = string(rune('A'+(n-1)%26)) + name
	}
	return name
}

// check finds a mapping that the schema does not know.
func (o Options) check(s *Schema) error {
	for name := range o.Columns {
		if s.index(name) < 0 {
			return badFile("there is no column %s to be mapped; there are %s", name, strings.Join(s.names(), ", "))
		}
	}
	return nil
}

func (s *Schema) names() []string {
	names := make([]string, len(s.Columns))
	for i, c := range s.Columns {
		names[i] = c.Name
	}
	return names
}

// unknownColumn words what is wrong with a header that the schema does not
// know.
func (s *Schema) unknownColumn(folded string) string {
	if near := s.nearest(folded); near != "" {
		return fmt.Sprintf("is not known; the nearest that is known is %s", near)
	}
	return "is not known; known are " + strings.Join(s.names(), ", ")
}
