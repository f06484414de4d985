// Package report turns the findings of an audit into what people and programs read. Findings come one at a time and leave
// one at a time, so that a run of any size takes the memory of one of them.
package report

import (
	"io"
	"time"

	"hwmfa/iamcheck"
)

// Schema names the JSON of a report.
const Schema = "hwmfa.audit/v1"

// Head is what a report says of itself before the first finding.
type Head struct {
	// GeneratedAt is when AWS was asked.
	GeneratedAt time.Time
	// Benchmark is the version by which was judged.
	Benchmark iamcheck.Benchmark
	// Scope says which accounts the report is about and which it leaves out.
	Scope iamcheck.Scope
	// Evidence is what the report rests on; nil where none was kept.
	Evidence *Evidence
	// Program is the version of the program.
	Program string
	// Importer is who is to import ASFF.
	Importer Importer
}

// Evidence is the packet of evidence that a report rests on.
type Evidence struct {
	// Head is the SHA-256 of the packet's manifest.
	Head string `json:"head"`
	// StartedAt and FinishedAt are when it was collected.
	StartedAt  time.Time `json:"started_at"`
	FinishedAt time.Time `json:"finished_at"`
	// Again: it was decided on once more, without asking AWS.
	Again bool `json:"again"`
	// Signature and Timestamp vouch for the head; null where there is none.
	Signature *Vouched `json:"signature"`
	Timestamp *Vouched `json:"timestamp"`
}

// Vouched is a signature or a time stamp that holds.
type Vouched struct {
	// By is whose it is, as the certificate says; Known is whether that is believed.
	By    string `json:"by"`
	Known bool   `json:"known"`
	// Key is the SHA-256 of the public key that signed; null for a time stamp.
	Key *string   `json:"key"`
	At  time.Time `json:"at"`
}

// Importer is the account and region whose Security Hub a report in ASFF is for: Security Hub takes findings only from the
// account they name. Without an account each finding is for the account that it is about.
type Importer struct {
	Partition, Account, Region string
}

// Writer writes one report: its head, then the findings in the order of their accounts, then the sums. What it wrote before
// an error is not a report.
type Writer interface {
	Begin(Head) error
	Finding(iamcheck.Finding) error
	End(iamcheck.Totals) error
}

// docWriter is a Writer that takes a finding as JSON on one line, as the spool keeps it: taking one apart and putting it together
// again is most of what a report costs.
type docWriter interface {
	Writer
	doc([]byte) error
}

// Format names what programs read.
type Format string

// The formats.
const (
	FormatJSON  Format = "json"
	FormatJSONL Format = "jsonl"
	FormatCSV   Format = "csv"
	FormatASFF  Format = "asff"
	FormatOCSF  Format = "ocsf"
)

// Formats are all formats.
func Formats() []Format { return []Format{FormatJSON, FormatJSONL, FormatCSV, FormatASFF, FormatOCSF} }

// New makes the writer of a format; nil for a word that is none.
func New(f Format, w io.Writer) Writer {
	switch f {
	case FormatJSON:
		return JSON(w)
	case FormatJSONL:
		return JSONL(w)
	case FormatCSV:
		return CSV(w)
	case FormatASFF:
		return ASFF(w)
	case FormatOCSF:
		return OCSF(w)
	}
	return nil
}
