package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"hwmfa/iamcheck"
	"hwmfa/internal/report"
)

// finding is one of every kind of value that JSON tells apart.
func finding(account string) iamcheck.Finding {
	name, level, kind, key := "pay\u202ements", iamcheck.Certified, iamcheck.FIDO, "k1"
	at, says := time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC), "AccessDenied: no"
	return iamcheck.Finding{
		AccountID: account, Name: &name,
		Level2: iamcheck.Level2{
			Status: iamcheck.Pass, Severity: iamcheck.Severity, Assurance: &level, Literal: iamcheck.Pass,
			Reasons: []iamcheck.Reason{}, Warnings: []iamcheck.Warning{iamcheck.SingleDevice},
			Exception: &iamcheck.Exception{Owner: "Ada", Approver: "Ben", Expires: at},
		},
		Level1: iamcheck.Level1{Status: iamcheck.Pass, Reasons: []iamcheck.Reason{}},
		RootDevices: []iamcheck.RootDevice{
			{Serial: "arn", Kind: &kind, EnabledAt: &at, Certifications: map[string]string{"FIDO": "L2"}, KeyID: &key},
			{Serial: "?", Certifications: map[string]string{}},
		},
		Calls: []iamcheck.Call{{Action: "iam:ListMFADevices", Outcome: iamcheck.Denied, Error: &says}},
	}
}

func TestASpoolGivesFindingsBackInOrder(t *testing.T) {
	s, err := report.NewSpool(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	want := []iamcheck.Finding{finding("100000000000"), {AccountID: "200000000000"}, finding("300000000000")}
	for _, i := range []int{2, 0, 1} {
		if err := s.Add(want[i]); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		var got []iamcheck.Finding
		err := s.Each(func(f iamcheck.Finding) error {
			got = append(got, f)
			return nil
		})
		if err != nil || !reflect.DeepEqual(got, want) || s.Len() != len(want) {
			t.Errorf("got %+v, %v", got, err)
		}
	}
}

// A finding is written as it is kept, and what the whole run tells of it is the first of its recovery.
func TestASpoolWritesWhatItHandsOver(t *testing.T) {
	shared := iamcheck.Recovery{Finding: iamcheck.RootEmailShared, Status: iamcheck.RecoveryFinding, Severity: "medium", Text: "2 \"have\" it <\u202e>"}
	s, err := report.NewSpool(func(account string) *iamcheck.Recovery {
		if account == "210000000003" {
			return nil
		}
		return &shared
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	findings := states()
	findings[0].Name = ptr(`"recovery":[`)
	findings[3].Recovery = []iamcheck.Recovery{}
	for _, f := range findings {
		if err := s.Add(f); err != nil {
			t.Fatal(err)
		}
	}
	findings[1].Recovery = slices.Insert(findings[1].Recovery, 0, shared)
	for _, format := range []report.Format{report.FormatJSON, report.FormatJSONL, report.FormatCSV} {
		var want, got bytes.Buffer
		direct, kept := report.New(format, &want), report.New(format, &got)
		for _, f := range findings {
			if err := direct.Finding(f); err != nil {
				t.Fatal(err)
			}
		}
		totals := iamcheck.NewTally().Totals(nil, iamcheck.Census{}, iamcheck.Thresholds{})
		if err := errors.Join(s.Write(kept), kept.End(totals), direct.End(totals)); err != nil {
			t.Fatal(err)
		}
		if got.String() != want.String() || !strings.Contains(got.String(), "root_email_shared_address") {
			t.Errorf("%s: got\n%s\nwant\n%s", format, got.String(), want.String())
		}
	}
}

func TestASpoolStopsWhereItIsTold(t *testing.T) {
	s, err := report.NewSpool(nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if err := s.Add(finding(fmt.Sprintf("%012d", i))); err != nil {
			t.Fatal(err)
		}
	}
	enough, n := errors.New("enough"), 0
	err = s.Each(func(iamcheck.Finding) error {
		if n++; n == 3 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || n != 3 {
		t.Errorf("got %v after %d", err, n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Each(func(iamcheck.Finding) error { return nil }); err == nil {
		t.Error("findings that are dropped are handed over")
	}
}

func TestJSONIsWhatTheWholeObjectWouldBe(t *testing.T) {
	scope := iamcheck.NewScope(iamcheck.Filter{Exclude: []string{"3"}})
	scope.Exclude(iamcheck.Term{Filter: iamcheck.FilterExclude, Value: "3"}, "3")
	at := time.Date(2026, 11, 22, 1, 2, 3, 0, time.FixedZone("CET", 3600))
	for _, findings := range [][]iamcheck.Finding{{}, {finding("1")}, {finding("1"), finding("2")}} {
		tally := iamcheck.NewTally()
		var out bytes.Buffer
		w := report.JSON(&out)
		if err := w.Begin(report.Head{GeneratedAt: at, Benchmark: iamcheck.NewestBenchmark(), Scope: scope}); err != nil {
			t.Fatal(err)
		}
		for _, f := range findings {
			tally.Add(f)
			if err := w.Finding(f); err != nil {
				t.Fatal(err)
			}
		}
		totals := tally.Totals(nil, iamcheck.Census{}, iamcheck.Thresholds{})
		if err := w.End(totals); err != nil {
			t.Fatal(err)
		}
		var want bytes.Buffer
		enc := json.NewEncoder(&want)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		if err := enc.Encode(struct {
			Schema      string             `json:"schema"`
			GeneratedAt time.Time          `json:"generated_at"`
			Benchmark   iamcheck.Benchmark `json:"benchmark"`
			Scope       iamcheck.Scope     `json:"scope"`
			Accounts    []iamcheck.Finding `json:"accounts"`
			Summary     iamcheck.Totals    `json:"summary"`
		}{report.Schema, at.UTC(), iamcheck.NewestBenchmark(), scope, findings, totals}); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); got != strings.ReplaceAll(want.String(), "\u202e", `\u202e`) {
			t.Errorf("got\n%s\nwant\n%s", got, want.String())
		}
	}
}
