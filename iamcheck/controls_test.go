package iamcheck

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// The numbers are written out again, so that no slip of a finger renumbers a version.
func TestBenchmarks(t *testing.T) {
	want := []struct {
		version, hardware, root string
		exempts                 bool
	}{
		{"1.2", "1.14", "1.13", false},
		{"1.3", "1.6", "1.5", false},
		{"1.4", "1.6", "1.5", false},
		{"1.5", "1.6", "1.5", false},
		{"2.0", "1.6", "1.5", false},
		{"3.0", "1.6", "1.5", false},
		{"4.0", "1.6", "1.5", false},
		{"4.0.1", "1.6", "1.5", false},
		{"5.0", "1.5", "1.4", true},
		{"6.0", "2.5", "2.4", true},
		{"7.0", "2.6", "2.5", true},
	}
	all := Benchmarks()
	if len(all) != len(want) {
		t.Fatalf("%d versions, want %d", len(all), len(want))
	}
	for _, w := range want {
		b, err := BenchmarkOf(w.version)
		if err != nil || b.Version != w.version || b.Hardware.ID != w.hardware || b.RootMFA.ID != w.root || b.ExemptsRemoved != w.exempts {
			t.Errorf("%s: got %+v, %v", w.version, b, err)
		}
		for _, c := range []BenchmarkControl{b.Hardware, b.RootMFA} {
			if c.Title == "" || c.Assessment == "" || c.Certainty == "" {
				t.Errorf("%s %s: something is not said: %+v", w.version, c.ID, c)
			}
		}
		if b.Control(HardwareMFA).Level != 2 || b.Control(RootMFA).Level != 1 || b.Control(RootMFA) != b.RootMFA {
			t.Errorf("%s: levels are mixed up: %+v", w.version, b)
		}
	}
	if newest, err := BenchmarkOf(""); err != nil || newest.Version != "7.0" {
		t.Errorf("none asked for: %+v, %v", newest, err)
	}
	for _, version := range []string{"10.0", "x", "4", "4.0.1 ", "v5.0", "5.0\x1b[2J"} {
		_, err := BenchmarkOf(version)
		if !errors.Is(err, ErrBenchmark) || !strings.Contains(err.Error(), "1.2, 1.3, 1.4, 1.5, 2.0, 3.0, 4.0, 4.0.1, 5.0, 6.0, 7.0") {
			t.Errorf("%q: %v", version, err)
		}
	}
}

func TestTheTableDecidesAboutRemovedCredentials(t *testing.T) {
	on := true
	f := Facts{
		AccountID: here, Partition: "aws", Membership: Member, CentralRemoval: &on,
		Summary:     &Summary{people(0), people(0), people(0), people(0)},
		Root:        RootList{Reading: Complete},
		Credentials: Credentials{LoginProfile: Absent, AccessKeys: Absent, SigningCertificates: Absent},
	}
	for _, b := range Benchmarks() {
		want := Fail
		if b.ExemptsRemoved {
			want = NotApplicable
		}
		got := Evaluate(f, nil, Options{Benchmark: b.Version})
		if got.Level2.Status != want || got.Level1.Status != want {
			t.Errorf("%s: got %s and %s, want %s", b.Version, got.Level2.Status, got.Level1.Status, want)
		}
		if slices.Contains(got.Level2.Reasons, CompensatingControl) == b.ExemptsRemoved {
			t.Errorf("%s: got %v", b.Version, got.Level2.Reasons)
		}
	}
	if got := Evaluate(f, nil, Options{}); got.Level2.Status != NotApplicable {
		t.Errorf("none asked for: got %s", got.Level2.Status)
	}
}

func TestMappings(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range Mappings() {
		if m.Framework == "" || m.Requirement == "" || m.RelatedAs == "" || len(m.Controls) == 0 || m.Source == "" {
			t.Errorf("something is not said: %+v", m)
		}
		if seen[m.RelatedAs] {
			t.Errorf("%s twice", m.RelatedAs)
		}
		seen[m.RelatedAs] = true
		if (m.Certainty == Published) != strings.HasPrefix(m.Source, "AWS ") {
			t.Errorf("%s: %s by %q", m.RelatedAs, m.Certainty, m.Source)
		}
	}
	related := func(c Control) (all []string) {
		for _, m := range MappingsOf(c) {
			all = append(all, m.RelatedAs)
		}
		return all
	}
	if has := related(HardwareMFA); !slices.Contains(has, "AWS Security Hub IAM.6") || slices.Contains(has, "AWS Security Hub IAM.9") || !slices.Contains(has, "NIST.800-53.r5 IA-2(8)") {
		t.Errorf("hardware: %v", has)
	}
	if has := related(RootMFA); !slices.Contains(has, "AWS Security Hub IAM.9") || slices.Contains(has, "CCE-78911-5") {
		t.Errorf("root MFA: %v", has)
	}
}
