package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"hwmfa/iamcheck"
	"hwmfa/internal/term"
)

// jsonWriter writes one object: schema, generated_at, benchmark, scope, accounts, summary.
type jsonWriter struct {
	out  io.Writer
	some bool
	// indented is the last finding as it was written.
	indented bytes.Buffer
}

// JSON writes hwmfa.audit/v1, indented by two spaces.
func JSON(w io.Writer) Writer { return &jsonWriter{out: w} }

func (j *jsonWriter) Begin(h Head) error {
	at, err := json.Marshal(h.GeneratedAt.UTC().Format(time.RFC3339Nano))
	if err != nil {
		return fmt.Errorf("encode JSON: %w", err)
	}
	if err := j.write([]byte(`{
  "schema": "` + Schema + `",
  "generated_at": ` + string(at))); err != nil {
		return err
	}
	if err := j.value(",\n  \"benchmark\": ", "  ", h.Benchmark, ""); err != nil {
		return err
	}
	if h.Evidence != nil {
		if err := j.value(",\n  \"evidence\": ", "  ", h.Evidence, ""); err != nil {
			return err
		}
	}
	return j.value(",\n  \"scope\": ", "  ", h.Scope, ",\n  \"accounts\": [")
}

func (j *jsonWriter) Finding(f iamcheck.Finding) error { return encoded(f, j.doc) }

// encoded hands over a finding as JSON on one line.
func encoded(f iamcheck.Finding, doc func([]byte) error) error {
	line, err := term.MarshalJSONLine(f)
	if err != nil {
		return err
	}
	return doc(line)
}

func (j *jsonWriter) doc(line []byte) error {
	between := "\n    "
	if j.some {
		between = ",\n    "
	}
	j.some = true
	j.indented.Reset()
	j.indented.WriteString(between)
	if err := json.Indent(&j.indented, line, "    ", "  "); err != nil {
		return fmt.Errorf("encode JSON: %w", err)
	}
	return j.write(j.indented.Bytes())
}

func (j *jsonWriter) End(t iamcheck.Totals) error {
	end := "],"
	if j.some {
		end = "\n  ],"
	}
	return j.value(end+"\n  \"summary\": ", "  ", t, "\n}\n")
}

// value writes v indented below prefix, between what stands before and after it.
func (j *jsonWriter) value(before, prefix string, v any, after string) error {
	doc, err := term.MarshalJSON(v, prefix)
	if err != nil {
		return err
	}
	return j.write(slices.Concat([]byte(before), doc, []byte(after)))
}

func (j *jsonWriter) write(text []byte) error {
	if _, err := j.out.Write(text); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}
