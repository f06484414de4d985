// Package report turns the findings of an audit into what people and programs read. Findings come one at a time and leave
// one at a time, so that a run of any size takes the memory of one of them.
package report

import (
	"time"

	"hwmfa/iamcheck"
)

// Schema names the JSON of a report.
const Schema = "hwmfa.audit/v1"

// Head is what a report says of itself before the first finding.
type Head struct {
	// GeneratedAt is when AWS was asked.
	GeneratedAt time.Time
}

// Writer writes one report: its head, then the findings in the order of their accounts, then the sums. What it wrote before
// an error is not a report.
type Writer interface {
	Begin(Head) error
	Finding(iamcheck.Finding) error
	End(iamcheck.Totals) error
}
