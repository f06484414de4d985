//go:build cgo

package guest

import (
	"encoding/json"
	"os"
	"testing"

	"hwmfa/hw/softkey"
	"hwmfa/internal/bench"
)

// TestSpeed times hwmfa detect beside other programs, and with many keys
// plugged in, and writes the figures to the file that HWMFA_BENCH_SPEED names.
// It judges nothing: make bench does.
func TestSpeed(t *testing.T) {
	inside(t)
	out := os.Getenv("HWMFA_BENCH_SPEED")
	if out == "" {
		t.Skip("measures under make bench only")
	}
	k := plug(t, softkey.Config{Serial: serial})
	names := []string{"detect", "fido2-token", "yubico-piv-tool", "ykman"}
	timings, err := bench.Time(t.Context(), 7,
		[]string{"hwmfa", "detect", "--json"},
		[]string{"fido2-token", "-I", k.Hidraw()},
		[]string{"yubico-piv-tool", "-a", "status"},
		[]string{"ykman", "list", "--serials"})
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Detach(t.Context()); err != nil {
		t.Fatal(err)
	}
	waitReaders(t, 0)
	plugMany(t)
	many, err := bench.Time(t.Context(), 5, []string{"hwmfa", "detect", "--json"})
	if err != nil {
		t.Fatal(err)
	}
	names, timings = append(names, "detect-many"), append(timings, many...)
	named := map[string]bench.Timing{}
	for i, name := range names {
		named[name] = timings[i]
		t.Logf("%s: %v of %v", name, timings[i].Median(), timings[i].Runs)
	}
	text, err := json.MarshalIndent(named, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(out, append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}
