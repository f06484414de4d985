package main

import (
	"context"
	"errors"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"hwmfa/hw"
	"hwmfa/hw/attest"
	"hwmfa/hw/local"
	"hwmfa/iamcheck/awsapi"
	"hwmfa/internal/ceremony"
	"hwmfa/internal/doctor"
	"hwmfa/internal/policy"
	"hwmfa/inventory"
	"hwmfa/inventory/store"
)

// testOnlyRoot stands for / in what doctor looks at. Only TestMain assigns it.
var testOnlyRoot string

// machine is what hwmfa doctor looks at.
func (a *app) machine(opts doctorOptions) (doctor.Machine, error) {
	rules, err := udevMachine(testOnlyRoot)
	if err != nil {
		return doctor.Machine{}, err
	}
	m := doctor.Machine{
		Rules: rules, GnuPG: a.gnuPG(), Now: a.now(), Built: builtAt(),
		Synchronized: clockSynchronized, CoreDumps: coreDumps,
		Sightings: func(ctx context.Context) ([]hw.Sighting, error) {
			bench, err := a.openBench(ctx)
			if err != nil {
				return nil, err
			}
			return bench.Sightings(ctx)
		},
	}
	for _, l := range local.Libraries() {
		m.Libraries = append(m.Libraries, doctor.Library{Name: l.Name, Built: l.Built, Version: l.Version})
	}
	if a.settings.Inventory != "" {
		m.Inventory = a.examine
	}
	if opts.aws {
		m.AWS = func(ctx context.Context) (doctor.AWS, error) { return a.probe(ctx, opts.roleName) }
	}
	return m, nil
}

// gnuPG is where GnuPG keeps its settings (gpg(1), GNUPGHOME).
func (a *app) gnuPG() string {
	if dir := a.getenv("GNUPGHOME"); dir != "" {
		return dir
	}
	if home := a.getenv("HOME"); home != "" {
		return filepath.Join(home, ".gnupg")
	}
	return ""
}

// builtAt is when the commit was made that the program was built from; zero
// where it was built outside of one.
func builtAt() time.Time {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return time.Time{}
	}
	for _, s := range info.Settings {
		if s.Key != "vcs.time" {
			continue
		}
		if at, err := time.Parse(time.RFC3339, s.Value); err == nil {
			return at
		}
	}
	return time.Time{}
}

// examine reads the inventory, its journal and its metadata.
func (a *app) examine(ctx context.Context) (doctor.Inventory, error) {
	var found doctor.Inventory
	err := a.view(ctx, func(tx inventory.Tx) error {
		v, err := inventory.Verify(tx)
		if err != nil {
			return err
		}
		found.Events = v.Head.Seq
		for _, broken := range v.Faults() {
			if broken != nil {
				found.Broken, _, _ = strings.Cut(broken.Error(), "\n")
				break
			}
		}
		last, err := tx.LastEvent()
		if err != nil && !errors.Is(err, inventory.ErrNotFound) {
			return err
		}
		found.LastEvent = last.Time
		return a.examineMetadata(tx, &found)
	})
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return found, ctx.Err()
	case errors.Is(err, store.ErrNoInventory):
		found.None = true
	default:
		found.Problem, found.Mend = strings.ReplaceAll(err.Error(), "\n", "; "), firstOf(endingOf(err).hint, "name another with --inventory")
	}
	return found, nil
}

func (a *app) examineMetadata(tx inventory.Tx, found *doctor.Inventory) error {
	signer, err := attest.FIDOAlliance()
	if err != nil {
		return err
	}
	m, kept, err := ceremony.Metadata(tx, signer, a.now())
	switch {
	case err != nil:
		found.MetadataFault = err.Error()
	case m != nil:
		found.Metadata = &doctor.Metadata{Number: m.Number, NextUpdate: m.NextUpdate, AddedAt: kept.At, Expired: m.Age(a.now())}
	}
	return nil
}

// probe asks AWS. Credentials that are no good are what was found, and no
// failure to look.
func (a *app) probe(ctx context.Context, roleName string) (doctor.AWS, error) {
	limits, err := policy.Load(a.settings.Policy)
	if err != nil {
		return doctor.AWS{}, err
	}
	what := awsapi.Options{RoleName: roleName, Log: a.log, Static: a.aws}
	what.Units, what.Tags = limits.TierRulesRead()
	got, err := awsapi.Probe(ctx, what)
	if err != nil && !errors.Is(err, awsapi.ErrCredentials) {
		return doctor.AWS{}, err
	}
	return doctor.AWS{AccountID: got.AccountID, Organization: got.Organization, Calls: got.Calls, Err: err}, nil
}
