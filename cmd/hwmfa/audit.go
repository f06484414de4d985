package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hwmfa/hw/attest"
	"hwmfa/iamcheck"
	"hwmfa/iamcheck/awsapi"
	"hwmfa/internal/ceremony"
	"hwmfa/internal/policy"
	"hwmfa/inventory"
	"hwmfa/inventory/store"
)

type auditOptions struct {
	org        bool
	roleName   string
	externalID string
	require    string
	json       bool
}

func newAuditCommand(a *app) *cobra.Command {
	var opts auditOptions
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Prove whether AWS root users are protected by hardware MFA",
		Long: `Ask AWS whether root users are protected by hardware MFA, and by MFA of any
kind, account by account. Only reading calls are made. The keys bound in the
inventory, where there is one, tell how sure it is that a device is hardware:

  proven          a witnessed key that has answered a challenge since
  certified       AWS reports FIDO level 2 or higher, or FIPS
  hardware_token  the serial of a TOTP token
  named           the device's name matches a binding that a person typed
  unproven        a FIDO device; it may be a synced passkey
  inferred        root's own list was not readable

Credentials, profile, region and endpoint are those of the AWS SDK. Without
--org the caller's own account is audited.` + exitStatusHelp(exitFound, exitCredentials),
		Example: `  hwmfa audit
  hwmfa audit --org --role-name SecurityAudit
  hwmfa audit --org --require certified --json > audit.json`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runAudit(cmd.Context(), a, opts)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&opts.org, "org", false, "audit every account of the organization")
	f.StringVar(&opts.roleName, "role-name", "", "`ROLE` to assume in member accounts, with its path where it has one")
	f.StringVar(&opts.externalID, "external-id", "", "external `ID` to assume the role with")
	f.StringVar(&opts.require, "require", "", "fail a pass whose assurance is weaker than `LEVEL`")
	f.StringVar(&a.flags.policy, "policy", "", "`FILE` of thresholds (policy.yaml)")
	f.BoolVar(&opts.json, "json", false, "print JSON (hwmfa.audit/v1)")
	return cmd
}

func runAudit(ctx context.Context, a *app, opts auditOptions) error {
	require, err := parseAssurance(opts.require)
	if err != nil {
		return usageError{err}
	}
	limits, err := policy.Load(a.settings.Policy)
	if err != nil {
		return usageError{err}
	}
	known, err := a.known(ctx, limits)
	if err != nil {
		return err
	}
	findings, missing := a.collect(ctx, opts, func(f iamcheck.Facts) iamcheck.Finding {
		terms := known.terms[f.AccountID]
		return iamcheck.Evaluate(f, known.bound, iamcheck.Options{
			Require: require, Now: a.now(), NotRequired: terms.NotRequired, Exception: terms.Exception,
		})
	})
	if missing != nil && len(findings) == 0 {
		return missing
	}
	report := iamcheck.NewReport(a.now(), findings, known.bound, known.census, thresholds(limits))
	report.Summary.Flags = append(report.Summary.Flags, known.flags...)
	if opts.json {
		err = a.streams.JSON(report)
	} else {
		err = printAudit(a.streams, report)
	}
	if missing != nil || err != nil {
		return errors.Join(err, missing)
	}
	if slices.ContainsFunc(report.Accounts, needsAttention) {
		return errFound
	}
	return nil
}

// needsAttention says whether an account ends the command with exit 3.
func needsAttention(f iamcheck.Finding) bool {
	bad := func(s iamcheck.Status) bool { return s == iamcheck.Fail || s == iamcheck.Unknown }
	if f.Level2.NotRequired {
		return bad(f.Level1.Status)
	}
	return bad(f.Level2.Status)
}

// collect asks AWS and judges each account as soon as its facts are complete.
func (a *app) collect(ctx context.Context, opts auditOptions, judge func(iamcheck.Facts) iamcheck.Finding) ([]iamcheck.Finding, error) {
	progress := a.streams.Progress(a.now)
	defer progress.Done()
	progress.Step("asking AWS")
	var findings []iamcheck.Finding
	what := awsapi.Options{Org: opts.org, RoleName: opts.roleName, ExternalID: opts.externalID, Log: a.log, Static: a.aws}
	err := awsapi.Collect(ctx, what, func(f iamcheck.Facts) error {
		findings = append(findings, judge(f))
		progress.Step("%d accounts audited, last %s", len(findings), f.AccountID)
		return nil
	})
	if err != nil {
		return findings, fmt.Errorf("audit: %w", err)
	}
	return findings, nil
}

// known is what the inventory says to an audit.
type known struct {
	bound  []iamcheck.BoundKey
	census iamcheck.Census
	terms  map[string]ceremony.Terms
	flags  []iamcheck.Flag
}

// known reads what the inventory says; where there is none, nothing. An audit
// may run where nobody has a home.
func (a *app) known(ctx context.Context, p policy.Policy) (k known, err error) {
	if a.settings.Inventory == "" {
		return known{}, nil
	}
	signer, err := attest.FIDOAlliance()
	if err != nil {
		return known{}, err
	}
	err = a.view(ctx, func(tx inventory.Tx) (err error) {
		verifier, err := ceremony.VerifierOf(tx, signer, a.now())
		if err != nil {
			return err
		}
		if k.bound, k.census, err = ceremony.Bound(tx, verifier); err != nil {
			return err
		}
		if k.terms, err = ceremony.AccountTerms(tx, p); err != nil {
			return err
		}
		k.flags, err = ceremony.CustodyFlags(tx, p, a.now())
		return err
	})
	if errors.Is(err, store.ErrNoInventory) {
		a.log.Debug("audit without an inventory", "reason", err)
		return known{}, nil
	}
	return k, err
}

func thresholds(p policy.Policy) iamcheck.Thresholds {
	return iamcheck.Thresholds{Backup: p.KeysPerAccount, Concentration: p.AccountsPerKey, Burden: p.KeysPerCustodian}
}

func parseAssurance(s string) (iamcheck.Assurance, error) {
	level := iamcheck.Assurance(s)
	if s == "" || slices.Contains(iamcheck.Assurances(), level) {
		return level, nil
	}
	var names []string
	for _, known := range iamcheck.Assurances() {
		names = append(names, string(known))
	}
	return "", fmt.Errorf("--require %q: want one of %s", s, strings.Join(names, ", "))
}
