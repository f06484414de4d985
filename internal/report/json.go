package report

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"hwmfa/iamcheck"
	"hwmfa/internal/term"
)

// jsonWriter writes one object: schema, generated_at, benchmark, scope, accounts, summary.
type jsonWriter struct {
	out  io.Writer
	some bool
}

// JSON writes hwmfa.audit/v1, indented by two spaces.
func JSON(w io.Writer) Writer { return &jsonWriter{out: w} }

func (j *jsonWriter) Begin(h Head) error {
	at, err := json.Marshal(h.GeneratedAt.UTC().Format(time.RFC3339Nano))
	if err != nil {
		return fmt.Errorf("encode JSON: %w", err)
	}
	if err := j.write(`{
  "schema": "` + Schema + `",
  "generated_at": ` + string(at)); err != nil {
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

func (j *jsonWriter) Finding(f iamcheck.Finding) error {
	between := "\n    "
	if j.some {
		between = ",\n    "
	}
	j.some = true
	return j.value(between, "    ", f, "")
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
	return j.write(before + string(doc) + after)
}

func (j *jsonWriter) write(text string) error {
	if _, err := io.WriteString(j.out, text); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}
