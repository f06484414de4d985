package storetest

import (
	"errors"
	"iter"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hwmfa/inventory"
)

// auditRun is a run of the n-th minute over an organization.
func auditRun(n int) inventory.AuditRun {
	listed := 3
	return inventory.AuditRun{
		Started: act(n).At.Add(-time.Minute), Finished: act(n).At, CallerAccount: "100000000000", CallerARN: "arn:aws:sts::100000000000:assumed-role/audit/ada",
		Scope: inventory.AuditScope{Organization: "o-1"}, Listed: &listed, Benchmark: "6.0.0",
	}
}

// auditVerdicts are verdicts of which two are of one kind.
func auditVerdicts(t *testing.T) (*inventory.AuditVerdicts, []inventory.AuditVerdict) {
	t.Helper()
	all := []inventory.AuditVerdict{
		{
			AccountID: "100000000000", Name: "management", Level2: "pass", Level1: "pass", Assurance: "certified",
			Reasons: []string{"root_device_list"}, Warnings: []string{"single_device"}, Devices: []string{"u2f/root/a"},
		},
		{AccountID: "200000000000", Level2: "unknown", Level1: "unknown", NotRequired: true, Reasons: []string{"not_assessable"}, Warnings: []string{}},
		{
			AccountID: "300000000000", Name: "Zürich", Level2: "pass", Level1: "pass", Assurance: "certified",
			Reasons: []string{"root_device_list"}, Warnings: []string{"single_device"}, Devices: []string{},
		},
	}
	v := &inventory.AuditVerdicts{}
	for _, one := range all {
		if err := v.Add(one); err != nil {
			t.Fatal(err)
		}
	}
	return v, all
}

// recordAudit records a run that must be taken.
func recordAudit(t *testing.T, s inventory.Store, n int, r inventory.AuditRun) inventory.AuditRun {
	t.Helper()
	v, _ := auditVerdicts(t)
	update(t, s, func(tx inventory.Tx) (err error) {
		r, err = inventory.RecordAudit(tx, act(n), r, v)
		return err
	})
	return r
}

// collected reads a list to its end or its first error.
func collected(of iter.Seq2[inventory.AuditVerdict, error]) (all []inventory.AuditVerdict, err error) {
	for v, err := range of {
		if err != nil {
			return all, err
		}
		all = append(all, v)
	}
	return all, nil
}

func testAudits(t *testing.T, d Database) {
	s := d.store(t)
	head, excluded := "1:abc", 1
	full := auditRun(1)
	full.Excluded, full.Require, full.PacketHead, full.Incomplete = &excluded, "certified", &head, "stopped\nhalfway"
	full.Scope.Filters = []string{"--ou ou-1", "--exclude 1"}
	first := recordAudit(t, s, 1, full)
	second := recordAudit(t, s, 2, auditRun(2))
	_, want := auditVerdicts(t)
	view(t, s, func(tx inventory.Tx) error {
		all, err1 := inventory.AuditRuns(tx)
		if !reflect.DeepEqual(all, []inventory.AuditRun{first, second}) {
			t.Errorf("got  %+v\nwant %+v, %+v", all, first, second)
		}
		if first.Incomplete != "stopped halfway" || first.Complete() || !second.Complete() || first.ID == second.ID {
			t.Errorf("got %+v, %+v", first, second)
		}
		if counts := (inventory.AuditCounts{Pass: 2, Unknown: 1}); first.Level2 != counts || first.Level1 != counts || first.Audited != 3 {
			t.Errorf("counted %+v, %+v, %d", first.Level2, first.Level1, first.Audited)
		}
		found, err2 := inventory.FindAudit(tx, strings.ToLower(first.ID))
		if !reflect.DeepEqual(found, first) {
			t.Errorf("found %+v", found)
		}
		if _, err := inventory.FindAudit(tx, "AR-1"); !errors.Is(err, inventory.ErrNotFound) {
			t.Errorf("got %v", err)
		}
		of, err3 := inventory.ReadAudit(tx, first)
		got, err4 := collected(of)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("read  %+v\nwrote %+v", got, want)
		}
		_, err := inventory.ReadAudit(tx, inventory.AuditRun{ID: second.ID, Event: first.Event})
		if !errors.Is(err, inventory.ErrDamaged) {
			t.Errorf("the event of another run: %v", err)
		}
		return errors.Join(err1, err2, err3, err4)
	})
	_ = snapshot(t, s) // the rows are what the journal says
}

func testAuditRefusals(t *testing.T, d Database) {
	s := d.store(t)
	v, _ := auditVerdicts(t)
	packet := ""
	negative := -1
	for name, spoil := range map[string]func(*inventory.AuditRun){
		"a run at no time":              func(r *inventory.AuditRun) { r.Started = time.Time{} },
		"a run that ends before":        func(r *inventory.AuditRun) { r.Finished = r.Started.Add(-time.Second) },
		"a caller that is no account":   func(r *inventory.AuditRun) { r.CallerAccount = "1" },
		"a scope that is no account":    func(r *inventory.AuditRun) { r.Scope.Account = "1" },
		"a negative number of accounts": func(r *inventory.AuditRun) { r.Listed = &negative },
		"a packet without a head":       func(r *inventory.AuditRun) { r.PacketHead = &packet },
	} {
		t.Run(name, func(t *testing.T) {
			r := auditRun(1)
			spoil(&r)
			refused(t, s, inventory.ErrInvalid, func(tx inventory.Tx) error {
				_, err := inventory.RecordAudit(tx, act(1), r, v)
				return err
			})
		})
	}
}

func testPreviousAudit(t *testing.T, d Database) {
	s := d.store(t)
	var all []inventory.AuditRun
	for n, change := range []func(*inventory.AuditRun){
		func(*inventory.AuditRun) {},
		func(r *inventory.AuditRun) { r.Incomplete = "stopped" },
		func(r *inventory.AuditRun) { r.Require = "certified" },
		func(r *inventory.AuditRun) { r.Benchmark = "4.0.1" },
		func(r *inventory.AuditRun) { r.Scope.Organization = "o-2" },
		func(r *inventory.AuditRun) { r.Scope.Filters = []string{"b", "a"} },
		func(r *inventory.AuditRun) { r.Scope.Filters = []string{"a", "b"} },
		func(*inventory.AuditRun) {},
	} {
		r := auditRun(n)
		change(&r)
		all = append(all, recordAudit(t, s, n, r))
	}
	view(t, s, func(tx inventory.Tx) error {
		for n, want := range map[int]int{0: -1, 1: 0, 2: -1, 3: -1, 4: -1, 5: -1, 6: 5, 7: 0} {
			got, err := inventory.PreviousAudit(tx, all[n])
			switch {
			case want < 0 && !errors.Is(err, inventory.ErrNotFound):
				t.Errorf("before run %d: %s, %v", n, got.ID, err)
			case want >= 0 && (err != nil || got.ID != all[want].ID):
				t.Errorf("before run %d: %s, %v, want run %d", n, got.ID, err, want)
			}
		}
		// One that is not recorded yet comes after all of them.
		got, err := inventory.PreviousAudit(tx, auditRun(9))
		if got.ID != all[7].ID {
			t.Errorf("the last is %s", got.ID)
		}
		return err
	})
}

// testAuditsAtOnce: audits that end at the same moment are recorded one after
// the other, each with its verdicts.
func testAuditsAtOnce(t *testing.T, d Database) {
	const audits = 8
	stores := make([]inventory.Store, audits)
	for i := range stores {
		stores[i] = d.store(t)
	}
	var wg sync.WaitGroup
	errs := make([]error, audits)
	for i, s := range stores {
		v, _ := auditVerdicts(t)
		wg.Go(func() {
			errs[i] = s.Update(t.Context(), func(tx inventory.Tx) error {
				_, err := inventory.RecordAudit(tx, act(i), auditRun(i), v)
				return err
			})
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	view(t, stores[0], func(tx inventory.Tx) error {
		runs, err := inventory.AuditRuns(tx)
		var at []time.Time
		for _, r := range runs {
			at = append(at, r.At)
			of, err := inventory.ReadAudit(tx, r)
			if err != nil {
				return err
			}
			if all, err := collected(of); err != nil || len(all) != 3 {
				t.Errorf("%s has %d verdicts, %v", r.ID, len(all), err)
			}
		}
		slices.SortFunc(at, time.Time.Compare)
		if len(slices.Compact(at)) != audits {
			t.Errorf("%d runs of %v", len(runs), at)
		}
		return errors.Join(err, inventory.VerifyState(tx))
	})
}
