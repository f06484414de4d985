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
