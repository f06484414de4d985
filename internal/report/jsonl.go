package report

import (
	"fmt"
	"io"
	"slices"
	"time"

	"hwmfa/iamcheck"
	"hwmfa/internal/term"
)

// The schemas of the lines of JSONL.
const (
	AccountSchema = "hwmfa.audit-account/v1"
	SummarySchema = "hwmfa.audit-summary/v1"
)

// lines writes one JSON document a line.
type lines struct{ out io.Writer }

func (l lines) write(v any) error {
	doc, err := term.MarshalJSONLine(v)
	if err != nil {
		return err
	}
	return l.writeDoc(doc)
}

func (l lines) writeDoc(doc []byte) error {
	if _, err := l.out.Write(append(doc, '\n')); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}

// jsonlWriter writes a line for each account and one for the sums.
type jsonlWriter struct {
	lines
	head Head
}

// JSONL writes hwmfa.audit-account/v1 for each account, and as its last line hwmfa.audit-summary/v1. A stream without that
// line was cut short.
func JSONL(w io.Writer) Writer { return &jsonlWriter{lines: lines{w}} }

func (j *jsonlWriter) Begin(h Head) error {
	j.head = h
	return nil
}

func (j *jsonlWriter) Finding(f iamcheck.Finding) error {
	return encoded(f, j.doc)
}

func (j *jsonlWriter) doc(line []byte) error {
	return j.writeDoc(slices.Concat([]byte(`{"schema":"`+AccountSchema+`",`), line[len("{"):]))
}

func (j *jsonlWriter) End(t iamcheck.Totals) error {
	return j.write(struct {
		Schema      string             `json:"schema"`
		GeneratedAt time.Time          `json:"generated_at"`
		Benchmark   iamcheck.Benchmark `json:"benchmark"`
		Evidence    *Evidence          `json:"evidence,omitempty"`
		Scope       iamcheck.Scope     `json:"scope"`
		Summary     iamcheck.Totals    `json:"summary"`
	}{SummarySchema, j.head.GeneratedAt.UTC(), j.head.Benchmark, j.head.Evidence, j.head.Scope, t})
}
