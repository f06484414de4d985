package exchange

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
)

// Write writes a table of the schema: every row has a text for every column,
// "" where nothing is known. The same rows give the same bytes.
func Write(w io.Writer, f Format, s Schema, rows [][]string) error {
	for _, row := range rows {
		if len(row) != len(s.Columns) {
			return fmt.Errorf("write %s: a row has %d cells for %d columns", s.List, len(row), len(s.Columns))
		}
	}
	var err error
	switch f {
	case CSV:
		err = writeCSV(w, s, rows)
	case JSON:
		err = writeJSON(w, s, rows)
	case XLSX:
		err = writeXLSX(w, s, rows)
	default:
		err = fmt.Errorf("%q is no format", f)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", s.List, err)
	}
	return nil
}

func writeCSV(w io.Writer, s Schema, rows [][]string) error {
	c := csv.NewWriter(w)
	if err := c.Write(s.names()); err != nil {
		return err
	}
	for _, row := range rows {
		guarded := make([]string, len(row))
		for i, text := range row {
			guarded[i] = Guard(text)
		}
		if err := c.Write(guarded); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// writeJSON writes one object a line, its members in the order of the columns.
func writeJSON(w io.Writer, s Schema, rows [][]string) error {
	quote := func(v string) string {
		b, _ := json.Marshal(v) // of a text: it cannot fail
		return string(b)
	}
	if _, err := fmt.Fprintf(w, "{\n  \"schema\": %s,\n  %s: [", quote(s.Name), quote(s.List)); err != nil {
		return err
	}
	for i, row := range rows {
		line := "\n    {"
		if i > 0 {
			line = ",\n    {"
		}
		for j, text := range row {
			if j > 0 {
				line += ", "
			}
			value := quote(text)
			switch {
			case text == "":
				value = "null"
			case s.Columns[j].Bare:
				value = text
			}
			line += quote(s.Columns[j].Name) + ": " + value
		}
		if _, err := io.WriteString(w, line+"}"); err != nil {
			return err
		}
	}
	end := "\n  ]\n}\n"
	if len(rows) == 0 {
		end = "]\n}\n"
	}
	_, err := io.WriteString(w, end)
	return err
}
