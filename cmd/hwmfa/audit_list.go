package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"hwmfa/internal/term"
	"hwmfa/inventory"
)

func newAuditListCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the runs of the audit that were recorded",
		Long: `List the runs of the audit that were recorded in the inventory, the oldest first:
when and by whom, what they looked at, and what it came to. A run that is not all
of its scope says so. See docs/audit-history.md.` + exitStatusHelp(),
		Example: "  hwmfa audit list\n  hwmfa audit list --json",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runAuditList(cmd.Context(), a, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON (hwmfa.audit-runs/v1)")
	return cmd
}

func runAuditList(ctx context.Context, a *app, asJSON bool) error {
	var runs []inventory.AuditRun
	err := a.view(ctx, func(tx inventory.Tx) (err error) {
		runs, err = inventory.AuditRuns(tx)
		return err
	})
	if err != nil {
		return err
	}
	if asJSON {
		list := make([]auditRunJSON, 0, len(runs))
		for _, r := range runs {
			list = append(list, auditRunToJSON(r))
		}
		return a.streams.JSON(struct {
			Schema string         `json:"schema"`
			Runs   []auditRunJSON `json:"runs"`
		}{"hwmfa.audit-runs/v1", list})
	}
	if len(runs) == 0 {
		a.streams.Notice("no runs")
		return nil
	}
	t := term.NewTable("run", "finished", "by", "scope", "audited", "level 2", "packet").Limit(3, 40).Give(3, 16).Give(2, 8).Give(5, 16)
	for _, r := range runs {
		head := ""
		if r.PacketHead != nil {
			head = *r.PacketHead
		}
		t.Row(term.Plain(r.ID, timeText(r.Finished), r.By, scopeText(r.Scope), coverageText(r), countsText(r.Level2), head)...)
	}
	return a.streams.Table(t)
}

// coverageText says how much of its scope a run looked at.
func coverageText(r inventory.AuditRun) string {
	text := strconv.Itoa(r.Audited)
	if r.Listed != nil {
		text += fmt.Sprintf(" of %d", *r.Listed)
	}
	if !r.Complete() {
		text += ", incomplete"
	}
	return text
}

func countsText(c inventory.AuditCounts) string {
	return fmt.Sprintf("%d pass, %d fail, %d unknown, %d n/a", c.Pass, c.Fail, c.Unknown, c.NotApplicable)
}
