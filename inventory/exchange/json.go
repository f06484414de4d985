package exchange

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"hwmfa/inventory"
)

// maxDepth bounds arrays and objects within each other; a table needs three.
const maxDepth = 16

// jsonReader walks a document token by token, because a name that is there
// twice is seen only so.
type jsonReader struct {
	d *json.Decoder
	b *builder
}

// readJSON reads a bare array of objects, or an object with the schema's name
// and that array.
func readJSON(in io.Reader, s Schema, opts Options) (Table, error) {
	data, err := io.ReadAll(in)
	if err != nil {
		return Table{}, readError(err, 0)
	}
	data = bytes.TrimPrefix(data, byteOrderMark)
	if !utf8.Valid(data) {
		return Table{}, badFile("it is not valid UTF-8")
	}
	b, err := newBuilder(JSON, "record", s, opts)
	if err != nil {
		return Table{}, err
	}
	j := jsonReader{d: json.NewDecoder(bytes.NewReader(data)), b: b}
	j.d.UseNumber()
	if err := j.document(s); err != nil {
		return Table{}, err
	}
	if _, err := j.d.Token(); !errors.Is(err, io.EOF) {
		return Table{}, badFile("there is something after the end")
	}
	if err := b.checkMapped(0); err != nil {
		return Table{}, err
	}
	return b.done()
}

func (j *jsonReader) token() (json.Token, error) {
	t, err := j.d.Token()
	if err != nil {
		return nil, badFile("byte %d: it is not valid JSON", j.d.InputOffset())
	}
	return t, nil
}

func (j *jsonReader) document(s Schema) error {
	first, err := j.token()
	if err != nil {
		return err
	}
	if first == json.Delim('[') {
		return j.rows()
	}
	rows := false
	err = j.members(func(name string) error {
		value, err := j.token()
		switch {
		case err != nil:
			return err
		case name == "schema" && value != s.Name:
			return badFile("its schema is not %s", s.Name)
		case name == "schema":
			return nil
		case name == s.List && value == json.Delim('['):
			rows = true
			return j.rows()
		}
		return badFile("its members may be schema and the array %s only", s.List)
	})
	if err == nil && !rows {
		err = badFile("it has no array %s", s.List)
	}
	return err
}

// members calls read at every member of an object whose brace has been read.
func (j *jsonReader) members(read func(name string) error) error {
	seen := map[string]bool{}
	for {
		t, err := j.token()
		if err != nil || t == json.Delim('}') {
			return err
		}
		name, _ := t.(string) // a valid document has nothing else here
		if isSecretHeader(name) {
			return fmt.Errorf("%w: the member %s is one of secrets; take it out of the file, and out of wherever the file came from", ErrSecret, cmp.Or(quoteHeader(name), "whose name is not shown"))
		}
		if seen[name] {
			return badFile("byte %d: a name is there twice in one object", j.d.InputOffset())
		}
		seen[name] = true
		if err := read(name); err != nil {
			return err
		}
	}
}

func (j *jsonReader) rows() error {
	for row := 1; ; row++ {
		t, err := j.token()
		switch {
		case err != nil || t == json.Delim(']'):
			return err
		case t != json.Delim('{'):
			return badFile("record %d is not an object", row)
		}
		var cells []cell
		err = j.members(func(name string) error {
			column, err := j.column(row, name)
			if err != nil {
				return err
			}
			c, err := j.cell(row, 1)
			c.column = column
			cells = append(cells, c)
			return err
		})
		if err == nil {
			err = j.b.row(row, cells)
		}
		if err != nil {
			return err
		}
	}
}

// column is the position of a name, which is given to it where it is first
// seen.
func (j *jsonReader) column(row int, name string) (int, error) {
	if i, ok := j.b.byName[name]; ok {
		return i, nil
	}
	j.b.byName[name] = len(j.b.columns)
	return len(j.b.columns), j.b.addColumn(row, name)
}

// cell reads one value. One within an array or object is looked at for secrets
// and otherwise left.
func (j *jsonReader) cell(row, depth int) (cell, error) {
	if depth > maxDepth {
		return cell{}, badFile("record %d: more than %d arrays and objects within each other", row, maxDepth)
	}
	t, err := j.token()
	if err != nil {
		return cell{}, err
	}
	inner := func() error {
		c, err := j.cell(row, depth+1)
		if what := inventory.SecretIn(c.text); err == nil && what != "" {
			err = fmt.Errorf("%w: record %d holds %s", ErrSecret, row, what)
		}
		return err
	}
	switch v := t.(type) {
	case string:
		return cell{text: v}, nil
	case json.Number:
		return cell{text: v.String(), kind: kindNumber}, nil
	case bool:
		return cell{text: fmt.Sprint(v)}, nil
	case json.Delim:
		if v == '{' {
			return cell{kind: kindNested}, j.members(func(string) error { return inner() })
		}
		for j.d.More() {
			if err := inner(); err != nil {
				return cell{}, err
			}
		}
		_, err := j.token()
		return cell{kind: kindNested}, err
	}
	return cell{}, nil // null
}
