package inventory

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// canonicalJSON writes v with the names of every object sorted, no spaces, and
// of all characters only those escaped that JSON and Go's encoder insist on
// (control characters, quotes, backslash, U+2028 and U+2029).
func canonicalJSON(v any) ([]byte, error) {
	plain, err := encodeJSON(v)
	if err != nil {
		return nil, err
	}
	var tree any
	d := json.NewDecoder(bytes.NewReader(plain))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil {
		return nil, err
	}
	return encodeJSON(tree)
}

func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	if err := encodeLine(&b, v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// encodeLine writes v as a line.
func encodeLine(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// decodeExact reads into v what canonicalJSON wrote of such a value, and
// nothing else: unknown, repeated or re-ordered names, names in another letter
// case and data after the end all fail, because writing v again would not give
// the same bytes.
func decodeExact(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("data after the end")
	}
	again, err := canonicalJSON(v)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, data) {
		return fmt.Errorf("not in the form it is written in")
	}
	return nil
}

// null is the pointer by which JSON shows an unknown text as null.
func null(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// nullTime is the form of a time in JSON; the zero time is null.
func nullTime(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := FormatTime(t)
	return &s
}

// timeOf reads back what nullTime wrote.
func timeOf(s *string) (time.Time, error) {
	if s == nil {
		return time.Time{}, nil
	}
	return ParseTime(*s)
}
