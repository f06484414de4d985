package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"hwmfa/internal/auditrole"
)

type policyAlarmFilterOptions struct {
	of, format, partition string
}

func newPolicyAlarmFilterCommand(a *app) *cobra.Command {
	var opts policyAlarmFilterOptions
	cmd := &cobra.Command{
		Use:   "alarm-filter",
		Short: "Print a filter for alarms on root that an audit does not raise",
		Long: `Print a filter over CloudTrail for alarms on root that the root sessions of an
audit do not raise.

  root-use       any use of root, but for the reads that an audit makes in a
                 session that CloudTrail marks as one of sts:AssumeRoot
  root-sessions  a root session for any other task than an audit's

As a pattern of a CloudWatch metric filter, or as one of an EventBridge rule.
docs/audit-role.md says what each lets pass, and why.` + exitStatusHelp(),
		Example: `  hwmfa policy alarm-filter
  aws logs put-metric-filter --filter-pattern "$(hwmfa policy alarm-filter)" …
  hwmfa policy alarm-filter --of root-sessions --format eventbridge > pattern.json`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runPolicyAlarmFilter(cmd.Context(), a, opts)
		},
	}
	f := cmd.Flags()
	f.StringVar(&opts.of, "of", string(auditrole.RootUse), "`WHAT` raises the alarm: root-use or root-sessions")
	f.StringVar(&opts.format, "format", "cloudwatch", "`FORM` of the filter: cloudwatch or eventbridge")
	f.StringVar(&opts.partition, "partition", "aws", "`PARTITION` of the ARNs")
	completeWords(cmd, "of", []string{string(auditrole.RootUse), string(auditrole.RootSessions)})
	completeWords(cmd, "format", []string{"cloudwatch", "eventbridge"})
	return cmd
}

func runPolicyAlarmFilter(_ context.Context, a *app, opts policyAlarmFilterOptions) error {
	alarm := auditrole.Alarm(opts.of)
	switch {
	case !slices.Contains(auditrole.Alarms(), alarm):
		return usageError{fmt.Errorf("--of %q: want root-use or root-sessions", opts.of)}
	case !auditrole.IsPartition(opts.partition):
		return usageError{fmt.Errorf("--partition %q: want aws or aws-us-gov", opts.partition)}
	case opts.format == "cloudwatch":
		return a.streams.Printf("%s\n", auditrole.MetricFilter(alarm, opts.partition))
	case opts.format == "eventbridge":
		return a.streams.JSON(auditrole.EventPattern(alarm, opts.partition))
	}
	return usageError{fmt.Errorf("--format %q: want cloudwatch or eventbridge", opts.format)}
}
