package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hwmfa/iamcheck"
	"hwmfa/iamcheck/awsapi"
	"hwmfa/internal/ceremony"
	"hwmfa/internal/notify"
	"hwmfa/internal/packet"
	"hwmfa/internal/policy"
	"hwmfa/internal/report"
	"hwmfa/internal/term"
)

type auditOptions struct {
	scope   scopeOptions
	packet  packetOptions
	sign    signOptions
	history historyOptions
	form    formOptions
	require string
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
--org the caller's own account is audited, or with several profiles the account
of each. Of an organization --account, --ou, --tag and --tier take the accounts
that match all of them, --exclude leaves some out; the report names what is left
out.

Each run is recorded in the inventory, where there is one; hwmfa audit list, diff
and cadence show what was recorded. --fail-on new ends with status 3 for what is
worse than in the last run of the same scope.

--evidence keeps what the verdicts rest on in a folder that can be checked and
decided on again. An audit of an organization that was interrupted goes on with
--resume: no account that was finished is asked again. --supplied takes what
others asked AWS for; alone, nothing is asked.` + exitStatusHelp(exitFound, exitNoKey, exitNoAccess, exitRefused, exitCredentials),
		Example: `  hwmfa audit
  hwmfa audit --org --role-name SecurityAudit
  hwmfa audit --org --ou ou-ab12-11111111 --exclude 111122223333
  hwmfa audit --profile main --profile lab
  hwmfa audit --org --require certified --json > audit.json
  hwmfa audit --org --benchmark 3.0 --format csv > audit.csv
  hwmfa audit --org --fail-on new
  hwmfa audit --org --role-name SecurityAudit --evidence ./2026-q1
  hwmfa audit --org --evidence ./2026-q2 --sign-piv 9c --notify-file ./notify
  hwmfa audit --from-evidence ./2026-q1 --require certified
  hwmfa audit --org --supplied ./captured`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runAudit(cmd.Context(), a, opts)
		},
	}
	f := cmd.Flags()
	opts.scope.flags(f)
	opts.history.flags(cmd)
	f.StringVar(&opts.require, "require", "", "fail a pass whose assurance is weaker than `LEVEL`")
	completeWords(cmd, "require", assurances())
	f.StringVar(&a.flags.policy, "policy", "", "`FILE` of thresholds (policy.yaml)")
	opts.packet.flags(f)
	opts.sign.flags(f)
	opts.form.flags(cmd)
	a.addNotifyFlags(f)
	cmd.AddCommand(newAuditListCommand(a), newAuditDiffCommand(a), newAuditCadenceCommand(a), newAuditSignCommand(a))
	return cmd
}

// audit is one run: what AWS answers about each account is judged as soon as it
// is complete, kept, and reported when all are there.
type audit struct {
	app     *app
	opts    auditOptions
	what    awsapi.Options
	form    form
	limits  policy.Policy
	require iamcheck.Assurance
	known   known
	// now is the time to judge by.
	now      func() time.Time
	evidence evidence
	// supplied are answers that others asked for; nil: none. onlySupplied: AWS
	// is not asked.
	supplied     *suppliedAnswers
	onlySupplied bool

	spool    *report.Spool
	tally    *iamcheck.Tally
	recovery *iamcheck.RecoverySum
	scope    iamcheck.Scope
	// importer is who is to import the findings into Security Hub.
	importer report.Importer
	// attention: a finding ends the command with exit 3.
	attention bool
	// notify are the services that get a message about the run.
	notify []notify.Target
	// astray says which accounts and units the command line names that are not in
	// the organization; nil: all are. The run is all of its scope nevertheless.
	astray error
	// What the history keeps of the run beside the findings.
	started    time.Time
	caller     caller
	packetHead *string // nil: no packet was made
}

func runAudit(ctx context.Context, a *app, opts auditOptions) (err error) {
	run, err := a.newAudit(ctx, opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, run.spool.Close()) }()
	missing := run.gather(ctx)
	if missing == nil {
		missing = run.sealEvidence(ctx)
	}
	defer func() { err = errors.Join(err, run.closeEvidence(missing)) }()
	if missing != nil && run.spool.Len() == 0 {
		return missing
	}
	unvouched := run.vouch(ctx)
	err = run.print()
	run.tell(ctx, missing)
	// What nobody can have read stays new for the next run.
	found, untold := run.remember(ctx, errors.Join(err, missing))
	if err := errors.Join(err, missing, run.astray, untold, unvouched); err != nil {
		return err
	}
	if found {
		return errFound
	}
	return nil
}

// newAudit reads what the run is judged by, before AWS is asked anything.
func (a *app) newAudit(ctx context.Context, opts auditOptions) (_ *audit, err error) {
	run := &audit{app: a, opts: opts, now: a.now, onlySupplied: opts.packet.alone(opts.scope), tally: iamcheck.NewTally(), recovery: iamcheck.NewRecoverySum()}
	defer func() {
		if err != nil {
			err = errors.Join(err, run.closeEvidence(err))
		}
	}()
	err = errors.Join(opts.packet.check(opts.scope), opts.sign.check(opts.packet.evidence != ""))
	if err != nil {
		return nil, usageError{err}
	}
	if opts.packet.from != "" {
		if err := run.openEvidence(); err != nil {
			return nil, err
		}
		if err := run.checkVouched(ctx); err != nil {
			return nil, fmt.Errorf("audit: %w", err)
		}
		opts = run.opts
	}
	if run.what, err = opts.scope.collect(); err != nil && opts.packet.from != "" {
		return nil, fmt.Errorf("audit: %w: its options: %w", packet.ErrDamaged, err)
	} else if err != nil {
		return nil, usageError{err}
	}
	run.what.Log, run.what.Static = a.log, a.aws
	if err = opts.history.check(opts.packet.from != ""); err != nil {
		return nil, usageError{err}
	}
	if run.form, err = opts.form.parse(); err != nil {
		return nil, usageError{err}
	}
	if run.require, err = parseAssurance(opts.require); err != nil {
		return nil, usageError{err}
	}
	if run.notify, err = a.notifyTargets(); err != nil {
		return nil, usageError{err}
	}
	if opts.packet.from == "" {
		if run.limits, err = policy.Load(a.settings.Policy); err != nil {
			return nil, usageError{err}
		}
		if run.known, err = a.known(ctx, run.limits, opts.packet.evidence != ""); err != nil {
			return nil, err
		}
	}
	run.what.Filter.TierOf = run.tierOf
	run.what.Units, run.what.Tags = run.limits.TierRulesRead()
	if err := errors.Join(run.openSupplied(), run.keepEvidence()); err != nil {
		return nil, err
	}
	run.spool, err = report.NewSpool(run.recovery.Shared)
	return run, err
}

// gather asks AWS and judges each account.
func (r *audit) gather(ctx context.Context) error {
	progress := r.app.streams.Progress(r.app.now)
	defer progress.Done()
	progress.Step("asking AWS")
	expected := 0
	r.what.Caller = r.calledBy
	r.what.Population = func(n int) { expected = n }
	r.started = r.app.now()
	if w := r.evidence.writer; w != nil && r.opts.packet.resume {
		// What was found out then is no news of now.
		r.started = w.StartedAt()
		r.app.streams.Notice("going on with the audit that began at %s: %s not asked again",
			timeText(r.started), term.Count(w.Accounts(), "account is", "accounts are"))
	}
	err := r.collect(ctx, func(f iamcheck.Facts) error {
		if err := r.add(f); err != nil {
			return err
		}
		progress.Count(r.spool.Len(), expected, "accounts")
		return nil
	})
	r.recovery.End(r.scope.Whole())
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

// tierOf is the tier that an account has in the inventory, or by a rule.
func (r *audit) tierOf(f iamcheck.Facts) string {
	terms, _ := ceremony.TermsOf(r.known.Terms, r.limits, f)
	return terms.Tier
}

// add judges one account.
func (r *audit) add(facts iamcheck.Facts) error {
	facts, err := r.with(facts)
	if err != nil {
		return err
	}
	terms, tier := ceremony.TermsOf(r.known.Terms, r.limits, facts)
	f := iamcheck.Evaluate(facts, r.known.of[facts.AccountID], iamcheck.Options{
		Require: r.require, Benchmark: r.form.benchmark.Version, Now: r.now(), NotRequired: terms.NotRequired, Tier: tier, Exception: terms.Exception,
		Keys: r.known.keys, Email: iamcheck.EmailRules(r.limits.RootEmail),
	})
	r.attention = r.attention || f.NeedsAttention()
	r.tally.Add(f)
	r.recovery.Add(f, facts.Email)
	return r.spool.Add(f)
}

// totals are the sums of the run.
func (r *audit) totals() iamcheck.Totals {
	totals := r.tally.Totals(r.known.Bound, r.known.Census, thresholds(r.limits))
	totals.Flags = append(totals.Flags, r.known.Flags...)
	totals.Recovery = r.recovery.Totals()
	return totals
}

func thresholds(p policy.Policy) iamcheck.Thresholds {
	return iamcheck.Thresholds{Backup: p.KeysPerAccount, Concentration: p.AccountsPerKey, Burden: p.KeysPerCustodian, Avoidable: p.AvoidableAccounts}
}

func parseAssurance(s string) (iamcheck.Assurance, error) {
	level := iamcheck.Assurance(s)
	if s == "" || slices.Contains(iamcheck.Assurances(), level) {
		return level, nil
	}
	return "", fmt.Errorf("--require %q: want one of %s", s, strings.Join(assurances(), ", "))
}

// assurances are the words that --require takes, the best first.
func assurances() []string {
	var words []string
	for _, known := range iamcheck.Assurances() {
		words = append(words, string(known))
	}
	return words
}
