package term

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// JSON writes v to standard output as one object, indented by two spaces, with
// a newline at the end.
func (s *Streams) JSON(v any) error { return writeJSON(s.Out, v) }

// ErrJSON writes v to standard error in the same form: a failure under --json.
func (s *Streams) ErrJSON(v any) error { return writeJSON(s.Err, v) }

// JSONLine writes v to standard output as one object on one line, for a stream of
// them.
func (s *Streams) JSONLine(v any) error {
	doc, err := MarshalJSONLine(v)
	if err != nil {
		return err
	}
	if _, err := s.Out.Write(append(doc, '\n')); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}

// MarshalJSONLine is v as JSONLine writes it, without the newline.
func MarshalJSONLine(v any) ([]byte, error) {
	return marshalJSON(v, func(*json.Encoder) {})
}

func writeJSON(w io.Writer, v any) error {
	doc, err := MarshalJSON(v, "")
	if err != nil {
		return err
	}
	if _, err := w.Write(append(doc, '\n')); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}

// MarshalJSON is v as JSON writes it, without a newline at the end: each line
// but the first begins with prefix.
func MarshalJSON(v any, prefix string) ([]byte, error) {
	return marshalJSON(v, func(enc *json.Encoder) { enc.SetIndent(prefix, "  ") })
}

func marshalJSON(v any, form func(*json.Encoder)) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	form(enc)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode JSON: %w", err)
	}
	return escapeJSON(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}

// escapeJSON writes as \uXXXX what encoding/json leaves alone and a terminal
// would obey: DEL, C1 controls and bidirectional marks. They can stand only
// inside strings, where the two spellings mean the same.
func escapeJSON(doc []byte) []byte {
	var out []byte
	done := 0 // what of doc is in out
	for i := 0; i < len(doc); {
		if c := doc[i]; c == '\n' || 0x20 <= c && c < 0x7f {
			i++
			continue
		}
		r, size := utf8.DecodeRune(doc[i:])
		if !strconv.IsPrint(r) {
			out = append(out, doc[done:i]...)
			done = i + size
			if r > 0xffff {
				// Beyond the first plane JSON wants a surrogate pair (RFC 8259 §7).
				v := r - 0x10000
				out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+(v>>10), 0xdc00+(v&0x3ff))
			} else {
				out = fmt.Appendf(out, `\u%04x`, r)
			}
		}
		i += size
	}
	if done == 0 {
		return doc
	}
	return append(out, doc[done:]...)
}
