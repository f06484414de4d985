package report_test

import (
	"fmt"
	"io"
	"runtime"
	"testing"

	"hwmfa/iamcheck"
	"hwmfa/internal/report"
)

// No writer may keep what it wrote: what lives after a thousand accounts is what lived after one.
func TestAThousandAccountsTakeTheMemoryOfOne(t *testing.T) {
	live := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	for _, format := range report.Formats() {
		w, tally := report.New(format, io.Discard), iamcheck.NewTally()
		if err := w.Begin(head()); err != nil {
			t.Fatal(err)
		}
		var before uint64
		for i := range 1000 {
			f := virtual()
			f.AccountID = fmt.Sprintf("%012d", i)
			if err := w.Finding(f); err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				before = live()
			}
		}
		after := live()
		if after > before+128<<10 {
			t.Errorf("%s: %d bytes live after one account and %d after a thousand", format, before, after)
		}
		if err := w.End(tally.Totals(nil, iamcheck.Census{}, iamcheck.Thresholds{})); err != nil {
			t.Fatal(err)
		}
	}
}
