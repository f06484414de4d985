package main

import (
	"testing"

	"hwmfa/iamcheck"
	"hwmfa/internal/policy"
)

// The two packages know nothing of each other, so their defaults are written
// twice.
func TestDefaultThresholdsAreThePolicys(t *testing.T) {
	if got, want := thresholds(policy.Default()), iamcheck.DefaultThresholds(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
