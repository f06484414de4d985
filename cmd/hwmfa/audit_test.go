package main

import (
	"testing"

	"hwmfa/iamcheck"
	"hwmfa/internal/policy"
)

func TestNeedsAttention(t *testing.T) {
	finding := func(level2, level1 iamcheck.Status, notRequired bool) iamcheck.Finding {
		return iamcheck.Finding{
			Level2: iamcheck.Level2{Status: level2, NotRequired: notRequired},
			Level1: iamcheck.Level1{Status: level1},
		}
	}
	tests := []struct {
		name string
		f    iamcheck.Finding
		want bool
	}{
		{"a pass is none", finding(iamcheck.Pass, iamcheck.Pass, false), false},
		{"a fail is one", finding(iamcheck.Fail, iamcheck.Pass, false), true},
		{"what could not be seen is one", finding(iamcheck.Unknown, iamcheck.Pass, false), true},
		{"where it does not apply there is none", finding(iamcheck.NotApplicable, iamcheck.NotApplicable, false), false},
		{"a tier without level 2 forgives a virtual device", finding(iamcheck.Fail, iamcheck.Pass, true), false},
		{"a tier without level 2 does not forgive no MFA at all", finding(iamcheck.Fail, iamcheck.Fail, true), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := needsAttention(tt.f); got != tt.want {
				t.Errorf("got %t, want %t", got, tt.want)
			}
		})
	}
}

// The two packages know nothing of each other, so their defaults are written
// twice.
func TestDefaultThresholdsAreThePolicys(t *testing.T) {
	if got, want := thresholds(policy.Default()), iamcheck.DefaultThresholds(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
