// Package exchange carries tables between the inventory and files: CSV, JSON
// and XLSX, in and out. Whatever a file holds is foreign: it is read within
// bounds, column by column against a schema, and refused as a whole, with
// every fault named by row and column, where it does not fit.
//
// No secret comes in this way. A file that has a column of seeds, passwords or
// PINs, or a cell that is one, is refused unread (ErrSecret), and no message
// quotes what it held.
//
// The package opens no file and knows no SQL; what it writes into the
// inventory goes through the inventory's own rules.
package exchange

import (
	"errors"
	"fmt"
	"strings"
)

// Format is a form of file.
type Format string

// The forms of file.
const (
	CSV  Format = "csv"
	JSON Format = "json"
	XLSX Format = "xlsx"
)

// Formats lists the forms of file.
func Formats() []Format { return []Format{CSV, JSON, XLSX} }

// Bounds on a file that is read. The largest inventory that the program is
// measured with, 100,000 keys, is 41 MiB as JSON; as many rows as are taken fit.
const (
	maxFile     = 128 << 20 // bytes, as it comes: an XLSX is packed
	maxRecord   = 64 << 10  // bytes of one CSV record, line breaks in quotes included
	maxCell     = 4 << 10   // bytes of one cell
	maxColumns  = 256
	maxRows     = 250_000
	maxProblems = 100 // named; the rest is counted
)

var (
	// ErrFile: the file as a whole cannot be read as a table.
	ErrFile = errors.New("not a table that can be read")
	// ErrSecret: the file holds what must not be imported.
	ErrSecret = errors.New("the file holds secrets and was not read")
)

func badFile(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrFile, fmt.Sprintf(format, args...))
}

// Problem is one fault of a file.
type Problem struct {
	Where string // "line 7" of a CSV, "row 7" of a sheet, "record 7" of JSON
	Row   int    // that number
	// Column is its header as the file has it, with the letter by which
	// spreadsheets call it: `"Serial No." (C)`; "" where the row as a whole is
	// at fault.
	Column string
	Fault  string // never quotes a cell
}

func (p Problem) String() string {
	if p.Column == "" {
		return p.Where + ": " + p.Fault
	}
	return p.Where + ", column " + p.Column + ": " + p.Fault
}

// Problems is the error of a file whose rows or columns do not fit: every
// fault, in the order of the file, up to a bound.
type Problems struct {
	List []Problem
	More int // how many further ones were only counted
}

func (p *Problems) Error() string {
	lines := make([]string, 0, len(p.List)+1)
	for _, one := range p.List {
		lines = append(lines, one.String())
	}
	if p.More > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", p.More))
	}
	return strings.Join(lines, "\n")
}

func (p *Problems) add(one Problem) {
	if len(p.List) < maxProblems {
		p.List = append(p.List, one)
	} else {
		p.More++
	}
}

// err is p where it holds a problem.
func (p *Problems) err() error {
	if len(p.List) == 0 {
		return nil
	}
	return p
}
