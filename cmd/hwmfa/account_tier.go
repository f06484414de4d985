package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hwmfa/internal/policy"
	"hwmfa/inventory"
)

type accountTierOptions struct {
	account, tier string
	none, json    bool
}

func newAccountTierCommand(a *app) *cobra.Command {
	var opts accountTierOptions
	cmd := &cobra.Command{
		Use:   "tier ACCOUNT TIER",
		Short: "Say which tier an account is of",
		Long: `Say which tier an account is of: a word of the policy file, whose tiers say
whether Level 2 is demanded of it. Where the policy file has tiers, no other is
taken. An account without a tier has to pass Level 2.` + exitStatusHelp(),
		Example: "  hwmfa account tier 123456789012 sandbox\n  hwmfa account tier 123456789012 --none",
		Args: func(cmd *cobra.Command, args []string) error {
			if opts.none {
				return exactly("ACCOUNT")(cmd, args)
			}
			return exactly("ACCOUNT", "TIER")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.account = args[0]
			if !opts.none {
				opts.tier = args[1]
			}
			return runAccountTier(cmd.Context(), a, opts)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&opts.none, "none", false, "it is of no tier")
	f.StringVar(&a.flags.policy, "policy", "", "`FILE` of tiers (policy.yaml)")
	f.BoolVar(&opts.json, "json", false, "print JSON (hwmfa.account/v1)")
	return cmd
}

func runAccountTier(ctx context.Context, a *app, opts accountTierOptions) error {
	limits, err := policy.Load(a.settings.Policy)
	if err != nil {
		return usageError{err}
	}
	if _, known := limits.Tiers[opts.tier]; !opts.none && !known && len(limits.Tiers) > 0 {
		return usageError{fmt.Errorf("tier %q: the policy has %s", opts.tier, strings.Join(slices.Sorted(maps.Keys(limits.Tiers)), ", "))}
	}
	if opts.tier == "" && !opts.none {
		return usageError{errors.New("TIER is empty")}
	}
	var shown accountJSON
	err = a.update(ctx, func(tx inventory.Tx, act inventory.Act) error {
		acc, err := inventory.SetTier(tx, act, opts.account, opts.tier)
		if err != nil {
			return err
		}
		shown, err = a.readAccount(tx, acc)
		return err
	})
	switch {
	case err != nil:
		return err
	case opts.json:
		return a.streams.JSON(accountReport(shown))
	case opts.none:
		return a.streams.Printf("account %s is of no tier\n", opts.account)
	}
	return a.streams.Printf("account %s is of tier %s\n", opts.account, opts.tier)
}
