package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"hwmfa/iamcheck/awsapi"
	"hwmfa/internal/policy"
	"hwmfa/inventory"
	"hwmfa/inventory/exchange"
)

type accountImportOptions struct {
	importOptions
	org, retier bool
	profile     string
}

// newAccountImportCommand is the import of accounts from a file, which can take
// them from AWS instead.
func newAccountImportCommand(a *app) *cobra.Command {
	var opts accountImportOptions
	cmd := &cobra.Command{
		Use:   "import [FILE]",
		Short: "Read accounts from a CSV, JSON or XLSX file, or from AWS Organizations",
		Long: importHelp(exchange.Accounts(), `

--org takes the accounts that AWS Organizations lists instead of a file: their
names and, by the tier_rules of the policy file, their tiers. A tier that an
account has stays, and a rule that says otherwise is told; --retier puts the
rule's in its place. Accounts that are closed, or that AWS does not list, are
told and stay as they are.`) + exitStatusHelp(exitFound, exitCredentials),
		Example: `  hwmfa account import list.csv
  hwmfa account import list.xlsx --column account_id='Name in the file' --apply
  hwmfa account import --org --policy policy.yaml
  hwmfa account import --org --policy policy.yaml --apply`,
		Args: func(cmd *cobra.Command, args []string) error {
			if opts.org {
				return exactly()(cmd, args)
			}
			return exactly("FILE")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if opts.org {
				return runAccountImportOrg(cmd.Context(), a, opts)
			}
			if opts.retier || opts.profile != "" || cmd.Flags().Changed("policy") {
				return usageError{errors.New("--retier, --profile and --policy are for --org")}
			}
			opts.file.path = args[0]
			return runImport(cmd.Context(), a, exchange.Accounts(), opts.importOptions)
		},
	}
	opts.addFlags(cmd)
	f := cmd.Flags()
	f.BoolVar(&opts.org, "org", false, "take the accounts of the caller's organization")
	f.BoolVar(&opts.retier, "retier", false, "with --org, put the tier that a rule gives in the place of another")
	f.StringVar(&opts.profile, "profile", "", "with --org, AWS profile `NAME`")
	f.StringVar(&a.flags.policy, "policy", "", "with --org, `FILE` of tiers and their rules (policy.yaml)")
	return cmd
}

func runAccountImportOrg(ctx context.Context, a *app, opts accountImportOptions) error {
	if err := opts.check(); err != nil {
		return err
	}
	if o := opts.file; o.columns != nil || o.ignoreUnknown || o.sheet != "" {
		return usageError{errors.New("--column, --ignore-unknown-columns and --sheet are for a file")}
	}
	limits, err := policy.Load(a.settings.Policy)
	if err != nil {
		return usageError{err}
	}
	listed, err := a.listAccounts(ctx, opts.profile, limits)
	if err != nil {
		return fmt.Errorf("import accounts: %w", err)
	}
	opts.file.path = "organizations:ListAccounts"
	return a.importPlan(ctx, opts.importOptions, func(tx inventory.Tx) (exchange.Plan, error) {
		return exchange.PlanOrganization(tx, listed, opts.retier)
	})
}

// listAccounts asks AWS for every account of the organization and the policy for
// its tier. It is all of them or an error: what is not listed would else look
// gone.
func (a *app) listAccounts(ctx context.Context, profile string, limits policy.Policy) ([]exchange.OrgAccount, error) {
	progress := a.streams.Progress(a.now)
	defer progress.Done()
	progress.Step("asking AWS")
	what := awsapi.Options{Org: true, Log: a.log, Static: a.aws}
	what.Units, what.Tags = limits.TierRulesRead()
	if profile != "" {
		what.Profiles = []string{profile}
	}
	expected := 0
	what.Population = func(n int) { expected = n }
	var all []exchange.OrgAccount
	err := awsapi.ListAccounts(ctx, what, func(acc awsapi.Account) error {
		tier := limits.TierByRule(acc.OUs, acc.Tags)
		all = append(all, exchange.OrgAccount{
			ID: acc.ID, Name: acc.Name, State: acc.State, Tier: tier.Tier, Rule: tier.Rule, Undecided: tier.Undecided,
		})
		progress.Count(len(all), expected, "accounts")
		return nil
	})
	return all, err
}
