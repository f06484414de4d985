package history

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"hwmfa/iamcheck"
	"hwmfa/inventory"
)

// verdict reads "ID level2 level1 assurance", and after them "optional",
// "reason:…", "warning:…", "device:…", "none" (no device) in any order.
func verdict(t *testing.T, text string) inventory.AuditVerdict {
	t.Helper()
	words := strings.Fields(text)
	v := inventory.AuditVerdict{AccountID: words[0], Level2: words[1], Level1: words[2]}
	if words[3] != "-" {
		v.Assurance = words[3]
	}
	for _, w := range words[4:] {
		kind, value, _ := strings.Cut(w, ":")
		switch kind {
		case "optional":
			v.NotRequired = true
		case "reason":
			v.Reasons = append(v.Reasons, value)
		case "warning":
			v.Warnings = append(v.Warnings, value)
		case "device":
			v.Devices = append(v.Devices, value)
		case "none":
			v.Devices = []string{}
		default:
			t.Fatalf("no such word: %q", w)
		}
	}
	return v
}

func list(t *testing.T, complete bool, verdicts ...string) Verdicts {
	t.Helper()
	var all []inventory.AuditVerdict
	for _, text := range verdicts {
		all = append(all, verdict(t, text))
	}
	return Verdicts{Complete: complete, List: func(yield func(inventory.AuditVerdict, error) bool) {
		for _, v := range all {
			if !yield(v, nil) {
				return
			}
		}
	}}
}

func compared(before, after Verdicts) (all []string, both int, err error) {
	both, err = Compare(before, after, func(d Difference) error {
		line := d.AccountID()
		for _, c := range d.Changes {
			line += " " + string(c)
		}
		if d.New {
			line += " NEW"
		}
		if d.Worse {
			line += " WORSE"
		}
		all = append(all, line)
		return nil
	})
	return all, both, err
}

func TestDifference(t *testing.T) {
	for _, tt := range []struct{ name, before, after, want string }{
		{"nothing", "1 pass pass named", "1 pass pass named", ""},
		{"a failure", "1 pass pass named", "1 fail pass -", "1 new_failure NEW WORSE"},
		{"an unknown", "1 pass pass named", "1 unknown pass -", "1 newly_unknown NEW WORSE"},
		{"a failure that cannot be seen any more", "1 fail pass -", "1 unknown pass -", "1 newly_unknown NEW WORSE"},
		{"an unknown that turns out a failure", "1 unknown unknown -", "1 fail unknown -", "1 new_failure NEW WORSE"},
		{"a failure that stays", "1 fail fail - reason:no_mfa", "1 fail fail - reason:no_mfa", ""},
		{"a failure for another reason", "1 fail pass - reason:a", "1 fail pass - reason:b", "1 reasons_changed"},
		{"a failure that is mended", "1 fail pass -", "1 pass pass certified", "1 mended"},
		{"an unknown that is seen again", "1 unknown unknown -", "1 pass pass certified", "1 mended level1_mended"},
		{"credentials that are removed", "1 pass pass named", "1 not_applicable not_applicable -", "1 status_changed level1_changed"},
		{"level 1 that fails under a failure", "1 fail pass - reason:a", "1 fail fail - reason:a", "1 level1_new_failure NEW WORSE"},
		{"level 1 that is unknown", "1 fail pass -", "1 fail unknown -", "1 level1_newly_unknown NEW WORSE"},
		{"a failure that is not demanded", "1 pass pass named optional", "1 fail pass - optional", "1 new_failure"},
		{"level 1 of an account without level 2", "1 fail pass - optional", "1 fail fail - optional", "1 level1_new_failure NEW WORSE"},
		{"a demand that is new", "1 fail pass - optional", "1 fail pass -", "1 now_required NEW WORSE"},
		{"a demand that is met", "1 pass pass named optional", "1 pass pass named", "1 now_required"},
		{"a demand that ends", "1 fail pass -", "1 fail pass - optional", "1 no_longer_required"},
		{"less sure", "1 pass pass certified", "1 pass pass unproven", "1 assurance_weaker WORSE"},
		{"less sure where nothing is demanded", "1 pass pass certified optional", "1 pass pass unproven optional", "1 assurance_weaker"},
		{"surer", "1 pass pass inferred", "1 pass pass proven", "1 assurance_stronger"},
		{"a warning", "1 pass pass named", "1 pass pass named warning:single_device", "1 warnings_changed"},
		{"a warning that ended", "1 pass pass named warning:single_device device:a", "1 pass pass named device:a", "1 warnings_changed"},
		{"a warning that cannot be seen any more has not ended", "1 pass pass named warning:single_device device:a", "1 pass pass inferred", "1 assurance_weaker WORSE"},
		{"nor has one of what was not readable now", "1 unknown pass - warning:root_access_keys_present", "1 unknown pass - warning:summary_unreadable", "1 warnings_changed"},
		{"another device", "1 pass pass named device:a device:b", "1 pass pass named device:b device:c", "1 device_added device_removed"},
		{"the last device", "1 pass pass named device:a", "1 pass pass named none", "1 device_removed"},
		{"devices that cannot be seen are not gone", "1 pass pass named device:a", "1 pass pass named", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, both, err := compared(list(t, true, tt.before), list(t, true, tt.after))
			if err != nil || both != 1 || strings.Join(got, "\n") != tt.want {
				t.Errorf("got %q, %d, %v, want %q", got, both, err, tt.want)
			}
		})
	}
}

// What nobody could look at has not come to an end.
func TestWarningsEnded(t *testing.T) {
	for _, tt := range []struct{ name, before, after, want string }{
		{"everything was readable", "1 pass pass named warning:single_device device:a", "1 pass pass named device:a device:b", "single_device"},
		{"the summary was not", "1 pass pass named warning:root_access_keys_present warning:single_device", "1 pass pass named warning:summary_unreadable", ""},
		{"it was not before either", "1 pass pass named warning:summary_unreadable warning:single_device", "1 pass pass named warning:summary_unreadable", "single_device"},
		{"another list is readable again", "1 pass pass named warning:virtual_list_unreadable warning:single_device", "1 pass pass named warning:summary_unreadable", "virtual_list_unreadable"},
		{"no list was asked for, as of an account that is suspended", "1 pass pass named warning:single_device device:a", "1 unknown unknown - reason:not_assessable", ""},
		{"root has nothing any more", "1 pass pass named warning:single_device device:a", "1 not_applicable not_applicable - none", "single_device"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var ended []string
			_, err := Compare(list(t, true, tt.before), list(t, true, tt.after), func(d Difference) error {
				ended = d.WarningsEnded
				return nil
			})
			if got := strings.Join(ended, " "); err != nil || got != tt.want {
				t.Errorf("ended: %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

func TestCompareAccounts(t *testing.T) {
	const a, b, c, d = "1 pass pass named", "2 fail pass -", "3 pass pass named", "4 unknown unknown -"
	for _, tt := range []struct {
		name          string
		before, after Verdicts
		want          []string
		both          int
	}{
		{"nothing on either side", list(t, true), list(t, true), nil, 0},
		{"all are new", list(t, true), list(t, true, a, b), []string{"1 appeared", "2 appeared NEW WORSE"}, 0},
		{"all are gone", list(t, true, a, b), list(t, true), []string{"1 gone", "2 gone"}, 0},
		{"some are on one side", list(t, true, a, c), list(t, true, b, c, d), []string{"1 gone", "2 appeared NEW WORSE", "4 appeared NEW WORSE"}, 1},
		{"at the end", list(t, true, a, b, c, d), list(t, true, a, c), []string{"2 gone", "4 gone"}, 2},
		{"a run that broke off loses nobody", list(t, true, a, b, c), list(t, false, b), nil, 1},
		{"after a run that broke off nobody appears", list(t, false, b), list(t, true, a, b, d), nil, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, both, err := compared(tt.before, tt.after)
			if err != nil || both != tt.both || !slices.Equal(got, tt.want) {
				t.Errorf("got %q, %d, %v, want %q, %d", got, both, err, tt.want, tt.both)
			}
		})
	}
}

// TestCompareStopsAtAnError: a list that is damaged half-way is not a list that
// ends there.
func TestCompareStopsAtAnError(t *testing.T) {
	broken := errors.New("broken")
	bad := func(good ...string) Verdicts {
		of := list(t, true, good...)
		return Verdicts{Complete: true, List: func(yield func(inventory.AuditVerdict, error) bool) {
			for v, err := range of.List {
				if !yield(v, err) {
					return
				}
			}
			yield(inventory.AuditVerdict{}, broken)
		}}
	}
	whole := list(t, true, "1 pass pass named", "2 pass pass named", "3 pass pass named")
	for name, err := range map[string]error{
		"before": func() error { _, _, err := compared(bad("1 pass pass named"), whole); return err }(),
		"after":  func() error { _, _, err := compared(whole, bad("1 pass pass named")); return err }(),
		"alone":  func() error { _, _, err := compared(bad(), list(t, true)); return err }(),
		"of the caller": func() error {
			_, err := Compare(list(t, true), whole, func(Difference) error { return broken })
			return err
		}(),
	} {
		if !errors.Is(err, broken) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestVerdictOf(t *testing.T) {
	const account = "210000000001"
	name, level := "payments", iamcheck.Certified
	f := iamcheck.Finding{
		AccountID: account, Name: &name,
		Level2: iamcheck.Level2{
			Status: iamcheck.Pass, Assurance: &level, NotRequired: true, Reasons: []iamcheck.Reason{"r"}, Warnings: []iamcheck.Warning{"w"},
		},
		Level1: iamcheck.Level1{Status: iamcheck.Unknown},
		RootDevices: []iamcheck.RootDevice{
			{Serial: "arn:aws:iam::" + account + ":u2f/root/yk"}, {Serial: "GAHT1"}, {Serial: "arn:aws:iam::" + account + ":"},
			{Serial: "arn:aws:iam::999999999999:u2f/root/yk"},
		},
	}
	want := inventory.AuditVerdict{
		AccountID: account, Name: name, Level2: "pass", Level1: "unknown", Assurance: "certified", NotRequired: true,
		Reasons: []string{"r"}, Warnings: []string{"w"},
		Devices: []string{"u2f/root/yk", "GAHT1", "arn:aws:iam::" + account + ":", "arn:aws:iam::999999999999:u2f/root/yk"},
	}
	if got := VerdictOf(f); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got := VerdictOf(iamcheck.Finding{RootDevices: []iamcheck.RootDevice{}}); got.Devices == nil {
		t.Error("no device and not known are one")
	}
	if got := VerdictOf(iamcheck.Finding{}); got.Devices != nil {
		t.Error("not known and no device are one")
	}
}

func TestGaps(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 1, 1+n, 0, 0, 0, 0, time.UTC) }
	run := func(n int, incomplete string) inventory.AuditRun {
		return inventory.AuditRun{ID: fmt.Sprint("AR-", n), Finished: day(n), Incomplete: incomplete}
	}
	for _, tt := range []struct {
		name string
		runs []inventory.AuditRun
		want string
	}{
		{"no run at all", nil, "10..20 "},
		{"an incomplete run closes no gap", []inventory.AuditRun{run(15, "stopped")}, "10..20 "},
		{"runs in the period", []inventory.AuditRun{run(12, ""), run(15, "")}, "10..12 -AR-12 12..15 AR-12-AR-15 15..20 AR-15-"},
		{"the run before begins the first gap", []inventory.AuditRun{run(1, ""), run(2, ""), run(12, "")}, "2..12 AR-2-AR-12 12..20 AR-12-"},
		{"the run after ends the last gap", []inventory.AuditRun{run(12, ""), run(25, ""), run(26, "")}, "10..12 -AR-12 12..25 AR-12-AR-25"},
		{"a gap around the whole period", []inventory.AuditRun{run(1, ""), run(30, "")}, "1..30 AR-1-AR-30"},
		{"a run at both ends", []inventory.AuditRun{run(10, ""), run(20, "")}, "10..10 -AR-10 10..20 AR-10-AR-20"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, g := range gaps(tt.runs, day(10), day(20)) {
				ends := g.After + "-" + g.Before
				if g.After+g.Before == "" {
					ends = ""
				}
				got = append(got, fmt.Sprintf("%d..%d %s", g.From.YearDay()-1, g.To.YearDay()-1, ends))
			}
			if all := strings.Join(got, " "); all != tt.want {
				t.Errorf("got %q, want %q", all, tt.want)
			}
		})
	}
	c := Cadence{Gaps: gaps([]inventory.AuditRun{run(12, ""), run(15, "")}, day(10), day(20))}
	if g := c.Longest(); g.Length() != 5*24*time.Hour || g.After != "AR-15" {
		t.Errorf("the longest is %+v", g)
	}
	if long := c.Longer(3 * 24 * time.Hour); len(long) != 1 || long[0] != c.Longest() {
		t.Errorf("longer are %+v", long)
	}
}

// TestEveryChangeIsListed holds the list against what comparing can say.
func TestEveryChangeIsListed(t *testing.T) {
	if all := Changes(); len(slices.Compact(slices.Sorted(slices.Values(all)))) != 18 || len(all) != 18 {
		t.Errorf("got %q", all)
	}
}
