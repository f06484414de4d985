package bench

import (
	"testing"
	"time"
)

func TestTime(t *testing.T) {
	got, err := Time(t.Context(), 3, []string{"sleep", "0.05"}, []string{"true"})
	if err != nil || len(got) != 2 || len(got[0].Runs) != 3 || got[0].Command != "sleep 0.05" {
		t.Fatalf("got %+v, %v", got, err)
	}
	if m := got[0].Median(); m < 50*time.Millisecond {
		t.Errorf("sleeping 50 ms took %v", m)
	}
	if _, err := Time(t.Context(), 1, []string{"false"}); err == nil {
		t.Error("a command that fails was timed")
	}
}

func TestMedian(t *testing.T) {
	for _, tt := range []struct {
		runs []time.Duration
		want time.Duration
	}{{nil, 0}, {[]time.Duration{3}, 3}, {[]time.Duration{9, 1, 5}, 5}, {[]time.Duration{4, 1}, 4}} {
		if got := (Timing{Runs: tt.runs}).Median(); got != tt.want {
			t.Errorf("the median of %v is %v, want %v", tt.runs, got, tt.want)
		}
	}
}
