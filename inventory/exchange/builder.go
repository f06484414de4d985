package exchange

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"hwmfa/inventory"
)

// kind says what a cell was in its file.
type kind int

const (
	kindText        kind = iota // text, whatever it looks like
	kindCSV                     // text that a spreadsheet would take for a formula if it looks like one
	kindNumber                  // a number of JSON, as it was spelled
	kindSheetNumber             // a number of a spreadsheet, which kept it in binary
	kindFormula                 // computed by the spreadsheet
	kindFault                   // an error of the spreadsheet, such as #N/A
	kindNested                  // an array or object of JSON
)

type cell struct {
	column int // position in the file, from 0
	text   string
	kind   kind
}

// fileColumn is what a column of the file is for.
type fileColumn struct {
	label  string // for people: its header and letter
	target int    // in the schema; negative for none
}

// Columns of the file that go nowhere.
const (
	ignored = -1
	unnamed = -2
)

// builder makes a Table of what a format's reader finds, and collects what is
// wrong.
type builder struct {
	table    Table
	opts     Options
	word     string // what the format calls a row
	lettered bool   // whether columns have letters
	date1904 bool   // how a workbook counts days
	rows     int    // handed over so far
	columns  []fileColumn
	byName   map[string]int // JSON: a member's name → its column
	seen     []map[string]string
	problems Problems
}

func newBuilder(f Format, word string, s Schema, opts Options) (*builder, error) {
	if err := opts.check(&s); err != nil {
		return nil, err
	}
	b := &builder{opts: opts, word: word, lettered: f != JSON, byName: map[string]int{}}
	b.table = Table{Format: f, schema: s, now: opts.Now}
	b.seen = make([]map[string]string, len(s.Columns))
	for i, c := range s.Columns {
		if c.Unique {
			b.seen[i] = map[string]string{}
		}
	}
	return b, nil
}

func (b *builder) where(row int) string { return b.word + " " + strconv.Itoa(row) }

func (b *builder) problem(row int, column, format string, args ...any) {
	b.problems.add(Problem{Where: b.where(row), Row: row, Column: column, Fault: fmt.Sprintf(format, args...)})
}

// header takes the row of names that CSV and XLSX begin with.
func (b *builder) header(row int, names []string) error {
	for _, name := range names {
		if err := b.addColumn(row, name); err != nil {
			return err
		}
	}
	for _, c := range b.table.schema.Columns {
		if c.Required && !b.claimed(b.table.schema.index(c.Name)) {
			b.problem(row, "", "there is no column %s; if the file calls it something else, map it", c.Name)
		}
	}
	return b.checkMapped(row)
}

// checkMapped finds a mapping to a header that the file does not have.
func (b *builder) checkMapped(row int) error {
	for _, name := range b.table.schema.names() {
		header, mapped := b.opts.Columns[name]
		if mapped && !b.claimed(b.table.schema.index(name)) {
			b.problem(row, "", "there is no column %q to be taken for %s", header, name)
		}
	}
	return nil
}

func (b *builder) claimed(target int) bool {
	for _, c := range b.columns {
		if c.target == target {
			return true
		}
	}
	return false
}

// addColumn finds out what a column is for.
func (b *builder) addColumn(row int, name string) error {
	if len(b.columns) == maxColumns {
		return badFile("%s has more than %d columns", b.where(row), maxColumns)
	}
	name = strings.Join(strings.Fields(name), " ") // headers are broken over lines
	c := fileColumn{label: quoteHeader(name), target: ignored}
	switch {
	case b.lettered && c.label == "":
		c.label = letter(len(b.columns))
	case b.lettered:
		c.label += " (" + letter(len(b.columns)) + ")"
	case c.label == "":
		c.label = fmt.Sprintf("number %d", len(b.columns)+1)
	}
	if len(name) > maxCell || !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return badFile("%s: the name of column %s is too long or not printable", b.where(row), letter(len(b.columns)))
	}
	if isSecretHeader(name) || inventory.SecretIn(name) != "" {
		return fmt.Errorf("%w: column %s is one of secrets; take it out of the file, and out of wherever the file came from", ErrSecret, c.label)
	}
	folded := foldHeader(name)
	target := b.target(name, folded)
	switch {
	case name == "":
		c.target = unnamed
	case target < 0 && !b.opts.IgnoreUnknown:
		b.problem(row, c.label, "%s", b.table.schema.unknownColumn(folded))
	case target >= 0 && b.claimed(target):
		b.problem(row, c.label, "is a second column for %s", b.table.schema.Columns[target].Name)
	case target >= 0:
		c.target = target
	}
	b.columns = append(b.columns, c)
	return nil
}

// target is the schema's column for a header: a mapping goes before a name.
func (b *builder) target(name, folded string) int {
	for column, header := range b.opts.Columns {
		if foldHeader(header) == folded && strings.EqualFold(strings.Join(strings.Fields(header), " "), name) {
			return b.table.schema.index(column)
		}
	}
	i := b.table.schema.byHeader(folded)
	if i >= 0 {
		if _, mapped := b.opts.Columns[b.table.schema.Columns[i].Name]; mapped {
			return -1
		}
	}
	return i
}

// row takes one row. Only what ends the reading is an error.
func (b *builder) row(row int, cells []cell) error {
	if b.rows++; b.rows > maxRows { // empty ones too: they take time
		return badFile("more than %d rows", maxRows)
	}
	r := Record{Row: row, Where: b.where(row), schema: &b.table.schema, values: make([]string, len(b.table.schema.Columns))}
	empty, before := true, len(b.problems.List)+b.problems.More
	for _, c := range cells {
		if c.text == "" && c.kind != kindFormula && c.kind != kindNested {
			continue
		}
		empty = false
		if err := b.take(&r, c); err != nil {
			return err
		}
	}
	if empty {
		return nil
	}
	for i, c := range b.table.schema.Columns {
		if c.Required && r.values[i] == "" && before == len(b.problems.List)+b.problems.More && (b.claimed(i) || !b.lettered) {
			b.problem(row, b.labelOf(i), "is empty")
		}
	}
	b.table.Records = append(b.table.Records, r)
	return nil
}

func (b *builder) labelOf(target int) string {
	for _, c := range b.columns {
		if c.target == target {
			return c.label
		}
	}
	return b.table.schema.Columns[target].Name
}

// take puts a cell into its place in the record.
func (b *builder) take(r *Record, c cell) error {
	col := fileColumn{label: letter(c.column), target: unnamed} // beyond the header
	if c.column < len(b.columns) {
		col = b.columns[c.column]
	}
	if what := inventory.SecretIn(c.text); what != "" {
		return fmt.Errorf("%w: %s, column %s holds %s; take it out of the file, and out of wherever the file came from", ErrSecret, r.Where, col.label, what)
	}
	switch col.target {
	case unnamed:
		b.problem(r.Row, letter(c.column), "the column has no name in the header")
	case ignored:
	default:
		b.keep(r, col, c)
	}
	return nil
}

func (b *builder) keep(r *Record, col fileColumn, c cell) {
	def := b.table.schema.Columns[col.target]
	value, fault := b.value(def, c)
	if fault == "" && value != "" && def.Unique {
		first, twice := b.seen[col.target][strings.ToLower(value)]
		if twice {
			fault = "is the same as in " + first
		} else {
			b.seen[col.target][strings.ToLower(value)] = r.Where
		}
	}
	if fault != "" {
		b.problem(r.Row, col.label, "%s", fault)
		return
	}
	r.values[col.target] = value
}

// done is the table, or everything that is wrong with it.
func (b *builder) done() (Table, error) {
	if err := b.problems.err(); err != nil {
		return Table{}, err
	}
	return b.table, nil
}
