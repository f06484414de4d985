package main

import (
	"context"
	"errors"

	"hwmfa/hw/attest"
	"hwmfa/iamcheck"
	"hwmfa/internal/ceremony"
	"hwmfa/internal/custody"
	"hwmfa/internal/policy"
	"hwmfa/inventory"
	"hwmfa/inventory/store"
)

// known is what the inventory says to an audit, ready to be looked things up in.
type known struct {
	inventoryState
	// of are the bindings of each account, keys all keys; nil without an inventory.
	of   map[string][]iamcheck.BoundKey
	keys *iamcheck.Keys
}

// inventoryState is what the inventory says to an audit, as a packet of
// evidence keeps it.
type inventoryState struct {
	// JournalHead is the journal's last event; null without an inventory.
	JournalHead *string                   `json:"journal_head"`
	Bound       []iamcheck.BoundKey       `json:"bound"`
	Keys        []iamcheck.KnownKey       `json:"keys"`
	Census      iamcheck.Census           `json:"census"`
	Terms       map[string]ceremony.Terms `json:"terms"` // by account
	// Flags are those that rest on where keys are and who has them, and Custody
	// what they rest on, for another policy; null where no evidence is kept.
	Flags   []iamcheck.Flag `json:"flags"`
	Custody *custody.Kept   `json:"custody"`
}

// known is the state with its indexes.
func (s inventoryState) known() known {
	k := known{inventoryState: s}
	if s.JournalHead != nil {
		k.of, k.keys = byAccount(s.Bound), iamcheck.NewKeys(s.Keys)
	}
	return k
}

// known reads what the inventory says; where there is none, nothing. An audit
// may run where nobody has a home. evidence: another policy may judge it again.
func (a *app) known(ctx context.Context, p policy.Policy, evidence bool) (known, error) {
	if a.settings.Inventory == "" {
		return known{}, nil
	}
	signer, err := attest.FIDOAlliance()
	if err != nil {
		return known{}, err
	}
	var s inventoryState
	err = a.view(ctx, func(tx inventory.Tx) (err error) {
		verifier, err := ceremony.VerifierOf(tx, signer, a.now())
		if err != nil {
			return err
		}
		m, err := ceremony.Match(tx, verifier)
		if err != nil {
			return err
		}
		s.Bound, s.Census, s.Keys = m.Bound, m.Census, m.Keys
		if s.Terms, err = ceremony.AccountTerms(tx, p); err != nil {
			return err
		}
		snapshot, err := custody.Read(tx)
		if err != nil {
			return err
		}
		s.Flags = ceremony.CustodyFlags(snapshot, p, a.now())
		if evidence {
			kept := snapshot.Keep()
			s.Custody = &kept
		}
		head, err := inventory.JournalHead(tx)
		text := head.String()
		s.JournalHead = &text
		return err
	})
	if errors.Is(err, store.ErrNoInventory) {
		a.log.Debug("audit without an inventory", "reason", err)
		return known{}, nil
	}
	return s.known(), err
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
