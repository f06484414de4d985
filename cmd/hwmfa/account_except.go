package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"hwmfa/internal/policy"
	"hwmfa/inventory"
)

type accountExceptOptions struct {
	account, owner, approver string
	reason, control, expires string
	end, json                bool
}

func newAccountExceptCommand(a *app) *cobra.Command {
	var opts accountExceptOptions
	cmd := &cobra.Command{
		Use:   "except ACCOUNT",
		Short: "Record that an account may live without Level 2 for a time, or end that",
		Long: `Record the decision to live without Level 2 on an account for a time: who answers
for it, who approved it, why, what is done instead, and until when. The approver
is neither the owner nor, where logins are known, who records it. The audit shows
the exception beside its verdict, which it never hides; once it has expired,
hwmfa custody check finds it. How long one may last is exception_days of the
policy file.` + exitStatusHelp(),
		Example: `  hwmfa account except 123456789012 --owner ada --approver ben --reason "keys are on order" --control "weekly review of root sign-ins" --expires 2026-12-31
  hwmfa account except 123456789012 --end`,
		Args: exactly("ACCOUNT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.account = args[0]
			return runAccountExcept(cmd.Context(), a, opts)
		},
	}
	f := cmd.Flags()
	f.StringVar(&opts.owner, "owner", "", "`PERSON` who answers for it")
	f.StringVar(&opts.approver, "approver", "", "`PERSON` who approved it")
	f.StringVar(&opts.reason, "reason", "", "`REASON`, a line")
	f.StringVar(&opts.control, "control", "", "`WHAT` is done instead, a line")
	f.StringVar(&opts.expires, "expires", "", "last `DAY`, as in 2026-12-31, or how long from now, as in 12w")
	f.BoolVar(&opts.end, "end", false, "end the exception there is")
	f.StringVar(&a.flags.policy, "policy", "", "`FILE` of thresholds (policy.yaml)")
	f.BoolVar(&opts.json, "json", false, "print JSON (hwmfa.exception/v1)")
	return cmd
}

func runAccountExcept(ctx context.Context, a *app, opts accountExceptOptions) error {
	limits, err := policy.Load(a.settings.Policy)
	if err != nil {
		return usageError{err}
	}
	expires, err := opts.check(a.now())
	if err != nil {
		return usageError{err}
	}
	var e inventory.Exception
	err = a.updateExisting(ctx, func(tx inventory.Tx, act inventory.Act) (err error) {
		if opts.end {
			e, err = inventory.EndException(tx, act, opts.account)
			return err
		}
		owner, err := inventory.FindPerson(tx, opts.owner)
		if err != nil {
			return err
		}
		approver, err := inventory.FindPerson(tx, opts.approver)
		if err != nil {
			return err
		}
		e, err = inventory.AddException(tx, act, inventory.Exception{
			AccountID: opts.account, OwnerID: owner.ID, ApproverID: approver.ID, Reason: opts.reason, Control: opts.control, Expires: expires,
		}, limits.ExceptionDays)
		return err
	})
	switch {
	case err != nil:
		return err
	case opts.json:
		return a.streams.JSON(struct {
			Schema    string        `json:"schema"`
			AccountID string        `json:"account_id"`
			Ended     bool          `json:"ended"`
			Exception exceptionJSON `json:"exception"`
		}{"hwmfa.exception/v1", e.AccountID, opts.end, a.exceptionToJSON(e)})
	case opts.end:
		return a.streams.Printf("the exception of account %s is ended\n", e.AccountID)
	}
	return a.streams.Printf("account %s is excepted until %s; %s answers for it\n", e.AccountID, e.Expires.Format(time.DateOnly), e.Owner)
}

// check holds the flags together and says when the exception expires.
func (o accountExceptOptions) check(now time.Time) (time.Time, error) {
	flags := []struct{ name, value string }{
		{"owner", o.owner}, {"approver", o.approver}, {"reason", o.reason}, {"control", o.control}, {"expires", o.expires},
	}
	for _, flag := range flags {
		switch {
		case o.end && flag.value != "":
			return time.Time{}, errors.New("--end takes nothing else")
		case !o.end && flag.value == "":
			return time.Time{}, fmt.Errorf("--%s is missing", flag.name)
		}
	}
	if o.end {
		return time.Time{}, nil
	}
	expires, err := until(o.expires, now)
	if err != nil {
		return time.Time{}, fmt.Errorf("--expires %w", err)
	}
	return expires, nil
}

// exceptionJSON is an account's exception.
type exceptionJSON struct {
	Owner    namedJSON `json:"owner"`
	Approver namedJSON `json:"approver"`
	Reason   string    `json:"reason"`
	Control  string    `json:"compensating_control"`
	Expires  time.Time `json:"expires"`
	Expired  bool      `json:"expired"`
	AddedAt  time.Time `json:"added_at"`
	AddedBy  string    `json:"added_by"`
}

func (a *app) exceptionToJSON(e inventory.Exception) exceptionJSON {
	return exceptionJSON{
		Owner: namedJSON{e.OwnerID, e.Owner}, Approver: namedJSON{e.ApproverID, e.Approver}, Reason: e.Reason, Control: e.Control,
		Expires: e.Expires.UTC(), Expired: e.Expired(a.now()), AddedAt: e.At.UTC(), AddedBy: e.By,
	}
}

// exceptionText says in words until when an exception holds; "" for none.
func (a *app) exceptionText(e inventory.Exception) string {
	switch {
	case e.AccountID == "":
		return ""
	case e.Expired(a.now()):
		return "expired " + e.Expires.Format(time.DateOnly)
	}
	return "until " + e.Expires.Format(time.DateOnly)
}
