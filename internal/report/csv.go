package report

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"hwmfa/iamcheck"
	"hwmfa/internal/term"
	"hwmfa/inventory/exchange"
)

// csvColumns are the columns, in their order. A list is in one cell, its words separated by spaces.
var csvColumns = []string{
	"account_id", "name", "partition",
	"level2", "assurance", "literal", "level2_reasons", "warnings", "not_required",
	"level1", "level1_reasons",
	"tier", "exception_expires", "exception_expired", "exception_owner", "exception_approver", "exception_reason", "compensating_control",
	"root_devices", "details", "suggestions", "recovery", "failed_calls",
	"benchmark", "level2_control", "level1_control", "generated_at",
}

// csvWriter writes one row an account (RFC 4180).
type csvWriter struct {
	out  *csv.Writer
	head Head
}

// CSV writes a row for each account, below one of names. No cell can move a cursor or become a formula: what is not
// printable is written as \x1b or \u202e, and a text that begins like a formula gets an apostrophe in front.
func CSV(w io.Writer) Writer {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	return &csvWriter{out: out}
}

func (c *csvWriter) Begin(h Head) error {
	c.head = h
	return c.row(csvColumns)
}

func (c *csvWriter) Finding(f iamcheck.Finding) error {
	// An account has one exception, that expires or has expired.
	tier, exception := "", make([]string, 6)
	if e := cmp.Or(f.Level2.Exception, f.Level2.ExpiredException); e != nil {
		expires, expired := e.Expires.UTC().Format(time.RFC3339), ""
		if e != f.Level2.Exception {
			expires, expired = expired, expires
		}
		exception = []string{expires, expired, e.Owner, e.Approver, e.Reason, e.CompensatingControl}
	}
	if f.Level2.Tier != nil {
		tier = text(f.Level2.Tier.Name)
	}
	row := []string{
		f.AccountID, text(f.Name), text(f.Partition),
		string(f.Level2.Status), text(f.Level2.Assurance), string(f.Level2.Literal), words(f.Level2.Reasons), words(f.Level2.Warnings),
		strconv.FormatBool(f.Level2.NotRequired),
		string(f.Level1.Status), words(f.Level1.Reasons),
	}
	row = append(append(row, tier), exception...)
	return c.row(append(row,
		serials(f.RootDevices), details(f.Level2.Details), suggestions(f.RootDevices), recovered(f.Recovery), failedCalls(f.Calls),
		c.head.Benchmark.Version, c.head.Benchmark.Hardware.ID, c.head.Benchmark.RootMFA.ID, c.head.GeneratedAt.UTC().Format(time.RFC3339)))
}

func (c *csvWriter) End(iamcheck.Totals) error {
	c.out.Flush()
	if err := c.out.Error(); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	return nil
}

func (c *csvWriter) row(cells []string) error {
	safe := make([]string, len(cells))
	for i, cell := range cells {
		safe[i] = exchange.Guard(term.Escape(cell))
	}
	if err := c.out.Write(safe); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	return nil
}

// text is a word that may be unknown, "" where it is.
func text[T ~string](p *T) string {
	if p == nil {
		return ""
	}
	return string(*p)
}

// words is a list in one text.
func words[T ~string](list []T) string {
	texts := make([]string, len(list))
	for i, w := range list {
		texts[i] = string(w)
	}
	return strings.Join(texts, " ")
}

// serials are those of root's devices in one text.
func serials(devices []iamcheck.RootDevice) string {
	texts := make([]string, len(devices))
	for i, d := range devices {
		texts[i] = d.Serial
	}
	return words(texts)
}

// failedCalls are the calls whose answers are missing, with how each ended.
func failedCalls(calls []iamcheck.Call) string {
	var texts []string
	for _, c := range calls {
		if c.Failed() {
			texts = append(texts, c.Action+"="+string(c.Outcome))
		}
	}
	return words(texts)
}

// details say of which key and device the warnings speak, in sentences.
func details(list []iamcheck.Detail) string {
	texts := make([]string, len(list))
	for i, d := range list {
		texts[i] = d.Text
	}
	return strings.Join(texts, "; ")
}

// suggestions are the keys that devices may be, in sentences.
func suggestions(devices []iamcheck.RootDevice) string {
	var texts []string
	for _, d := range devices {
		for _, s := range d.Suggestions {
			texts = append(texts, s.Text)
		}
	}
	return strings.Join(texts, "; ")
}

// recovered are the findings on the recovery path, those that could not be looked for with a question mark.
func recovered(list []iamcheck.Recovery) string {
	var texts []string
	for _, r := range list {
		switch r.Status {
		case iamcheck.RecoveryFinding:
			texts = append(texts, string(r.Finding))
		case iamcheck.RecoveryUnknown:
			texts = append(texts, string(r.Finding)+"?")
		}
	}
	return words(texts)
}
