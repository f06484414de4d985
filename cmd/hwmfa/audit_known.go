package main

import (
	"context"
	"errors"

	"hwmfa/hw/attest"
	"hwmfa/iamcheck"
	"hwmfa/internal/ceremony"
	"hwmfa/internal/policy"
	"hwmfa/inventory"
	"hwmfa/inventory/store"
)

// known is what the inventory says to an audit.
type known struct {
	bound []iamcheck.BoundKey
	// of are the bindings of each account, keys all keys; nil without an inventory.
	of     map[string][]iamcheck.BoundKey
	keys   *iamcheck.Keys
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
		m, err := ceremony.Match(tx, verifier)
		if err != nil {
			return err
		}
		k.bound, k.census, k.keys = m.Bound, m.Census, iamcheck.NewKeys(m.Keys)
		k.of = byAccount(m.Bound)
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

// byAccount takes a list in the order of accounts apart: each account is judged
// by its own few.
func byAccount(bound []iamcheck.BoundKey) map[string][]iamcheck.BoundKey {
	of := map[string][]iamcheck.BoundKey{}
	for from := 0; from < len(bound); {
		to := from + 1
		for to < len(bound) && bound[to].AccountID == bound[from].AccountID {
			to++
		}
		of[bound[from].AccountID] = bound[from:to:to]
		from = to
	}
	return of
}
