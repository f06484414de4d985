//go:build cgo

package guest

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"hwmfa/hw/ctap"
	"hwmfa/hw/softkey"
	"hwmfa/internal/bench"
)

// TestSpeed times hwmfa detect beside other programs, an interrupt, and hwmfa
// detect with many keys plugged in, and writes the figures to the file that
// HWMFA_BENCH_SPEED names. It judges nothing: make bench does.
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
	ended, free := interrupts(t, k, 7)
	names, timings = append(names, "interrupt-ended", "interrupt-key"), append(timings, ended, free)
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

// interrupts stops an enrollment so many times while the key waits for a touch,
// and once more before that, unmeasured. It times how long the program takes to
// end, and how long the key does until it answers again.
func interrupts(t *testing.T, k *plugged, runs int) (ended, free bench.Timing) {
	t.Helper()
	newInventory(t, k.ca)
	k.SetTouch(softkey.Never())
	defer k.SetTouch(softkey.Now())
	stream := k.HID()
	defer stream.Close()
	d, err := ctap.Open(t.Context(), stream)
	if err != nil {
		t.Fatal(err)
	}
	ended.Command, free.Command = "hwmfa enroll, interrupted: the program ends", "hwmfa enroll, interrupted: the key answers again"
	for i := range runs + 1 {
		p := begin(t, nil, "hwmfa", "enroll", "--place", "Berlin")
		p.untilTouch(t, k)
		start := time.Now()
		if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		answered := make(chan error, 1)
		var took time.Duration
		go func() {
			for k.TouchWanted() {
				time.Sleep(time.Millisecond)
			}
			_, err := d.Info(t.Context())
			took = time.Since(start)
			answered <- err
		}()
		wantExit(t, p.end(), 130, "")
		whole := time.Since(start)
		if err := <-answered; err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			ended.Runs, free.Runs = append(ended.Runs, whole), append(free.Runs, took)
		}
	}
	return ended, free
}
