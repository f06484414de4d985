package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"hwmfa/inventory"
)

// auditRunJSON is a run without its verdicts.
type auditRunJSON struct {
	ID         string                `json:"id"`
	Event      int64                 `json:"event"`
	RecordedAt time.Time             `json:"recorded_at"`
	RecordedBy string                `json:"recorded_by"`
	StartedAt  time.Time             `json:"started_at"`
	FinishedAt time.Time             `json:"finished_at"`
	Caller     auditCallerJSON       `json:"caller"`
	Scope      auditScopeJSON        `json:"scope"`
	Complete   bool                  `json:"complete"`
	Incomplete *string               `json:"incomplete"`
	Benchmark  *string               `json:"benchmark"`
	Require    *string               `json:"require"`
	Level2     inventory.AuditCounts `json:"level2"`
	Level1     inventory.AuditCounts `json:"level1"`
	PacketHead *string               `json:"packet_head"`
}

type auditCallerJSON struct {
	AccountID *string `json:"account_id"`
	ARN       *string `json:"arn"`
}

type auditScopeJSON struct {
	AccountID    *string  `json:"account_id"`
	Organization *string  `json:"organization"`
	Filters      []string `json:"filters"`
	Listed       *int     `json:"listed"`
	Audited      int      `json:"audited"`
	Excluded     *int     `json:"excluded"`
}

func auditRunToJSON(r inventory.AuditRun) auditRunJSON {
	return auditRunJSON{
		ID: r.ID, Event: r.Event, RecordedAt: r.At, RecordedBy: r.By, StartedAt: r.Started, FinishedAt: r.Finished,
		Caller: auditCallerJSON{null(r.CallerAccount), null(r.CallerARN)},
		Scope: auditScopeJSON{
			null(r.Scope.Account), null(r.Scope.Organization), append([]string{}, r.Scope.Filters...), r.Listed, r.Audited, r.Excluded,
		},
		Complete: r.Complete(), Incomplete: null(r.Incomplete), Benchmark: null(r.Benchmark), Require: null(r.Require),
		Level2: r.Level2, Level1: r.Level1, PacketHead: r.PacketHead,
	}
}

// scopeText says in words what a run looked at.
func scopeText(s inventory.AuditScope) string {
	what := "accounts"
	switch {
	case s.Organization != "":
		what = "organization " + s.Organization
	case s.Account != "":
		what = "account " + s.Account
	}
	if len(s.Filters) > 0 {
		what += ", " + strings.Join(s.Filters, " ")
	}
	return what
}

// runText is a run in words: "AR-7Q2M4XRD of 2026-03-01T11:00:00Z".
func runText(r inventory.AuditRun) string { return r.ID + " of " + timeText(r.Finished) }

// errNoRuns: there is nothing to compare, or to count.
var errNoRuns = errors.New("no run of the audit is recorded")

// runLike is the run whose scope is meant: the one that is named or, with "", the
// newest.
func runLike(tx inventory.Tx, id string) (inventory.AuditRun, error) {
	if id != "" {
		return inventory.FindAudit(tx, id)
	}
	all, err := inventory.AuditRuns(tx)
	if err != nil {
		return inventory.AuditRun{}, err
	}
	if len(all) == 0 {
		return inventory.AuditRun{}, errNoRuns
	}
	return all[len(all)-1], nil
}

// daysText is a length of time in days, or in hours where it is short.
func daysText(d time.Duration) string {
	if d < 48*time.Hour {
		return fmt.Sprintf("%.1f hours", d.Hours())
	}
	return fmt.Sprintf("%.1f days", d.Hours()/24)
}

// moment reads a time that lies behind, as a person gives it: RFC 3339, a day
// (its beginning, here), or how long ago ("8h", "3d", "2w").
func moment(text string, now time.Time) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	if day, err := time.ParseInLocation(time.DateOnly, text, now.Location()); err == nil {
		return day, nil
	}
	if d, ok := ahead(text); ok {
		return now.Add(-d), nil
	}
	return time.Time{}, fmt.Errorf("%q is no time: give 2026-12-24T18:00:00Z, 2026-12-24, or how long ago: 90m, 8h, 3d, 2w", text)
}
