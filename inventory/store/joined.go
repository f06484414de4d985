package store

import (
	"database/sql"
	"fmt"
	"strings"

	"hwmfa/inventory"
)

// fieldEnd is between the fields of a row. No text that this program writes
// holds it.
const fieldEnd = "\x1f"

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
	if strings.Count(string(r), fieldEnd) != len(dest)-1 {
		return errFields
	}
	rest := string(r)
	for _, d := range dest {
		var field string
		field, rest, _ = strings.Cut(rest, fieldEnd)
		var src any // NULL
		if field != "" {
			src = field
		}
		if err := d.(sql.Scanner).Scan(src); err != nil {
			return err
		}
	}
	return nil
}

var errFields = fmt.Errorf("%w: a field holds a separator", inventory.ErrDamaged)
