package store

import (
	"database/sql"
	"fmt"
	"strings"

	"hwmfa/inventory"
)

// Between the fields of a row, and between rows. No text that this program
// writes holds either.
const (
	fieldEnd = "\x1f"
	rowEnd   = "\x1e"
)

// joined gives columns as one text: of a long list, reading a column costs more
// than all else that is done with it. NULL is an empty field.
func joined(columns ...string) string {
	return "concat(" + strings.Join(columns, ", '"+fieldEnd+"', ") + ")"
}

// joinedRow is a row that was read as one text.
type joinedRow string

// Scan reads each field by the type of its column. A separator within a field
// makes the number of fields another.
func (r joinedRow) Scan(dest ...any) error {
	rest, more := string(r), true
	for _, d := range dest {
		if !more {
			return errFields
		}
		var field string
		field, rest, more = strings.Cut(rest, fieldEnd)
		var src any // NULL
		if field != "" {
			src = field
		}
		if err := d.(sql.Scanner).Scan(src); err != nil {
			return err
		}
	}
	if more {
		return errFields
	}
	return nil
}

var errFields = fmt.Errorf("%w: a field holds a separator", inventory.ErrDamaged)
