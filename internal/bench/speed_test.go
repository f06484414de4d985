package bench

import (
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"testing"
	"time"
)

// BenchmarkDetect has the machine measure hwmfa detect beside the programs
// that together say the same, one key plugged in: it may take as long as
// fido2-token -I and yubico-piv-tool -a status together, and a tenth of ykman
// list --serials. With 20 keys it may take three times as long and a second
// more. An interrupt in the middle of an enrollment may take 200 ms, for the
// program and for the key. The figures stay in .cache/bench/speed.json.
func BenchmarkDetect(b *testing.B) {
	image := prepared(b)
	root, err := Root()
	if err != nil {
		b.Fatal(err)
	}
	share := b.TempDir()
	if err := compile(b.Context(), root, share, []guestPackage{guest}); err != nil {
		b.Fatal(err)
	}
	result, err := Run(b.Context(), image, Spec{
		Share: share, Dir: path.Join(root, "internal/bench/guest"), Env: []string{"HWMFA_BENCH_SPEED=" + Share + "/speed.json"},
		Command: []string{testName(guest.path), "-test.v", "-test.run", "^TestSpeed$"}, Timeout: 8 * time.Minute,
	})
	if err != nil {
		b.Fatal(err)
	}
	if result.Status != 0 {
		b.Fatalf("measuring ended with status %d:\n%s", result.Status, result.Output)
	}
	text, err := os.ReadFile(filepath.Join(share, "speed.json"))
	if err != nil {
		b.Fatalf("nothing was measured: %v\n%s", err, result.Output)
	}
	if err := os.WriteFile(filepath.Join(root, ".cache", "bench", "speed.json"), text, 0o644); err != nil {
		b.Fatal(err)
	}
	var t map[string]Timing
	if err := json.Unmarshal(text, &t); err != nil {
		b.Fatal(err)
	}
	for _, name := range []string{"detect", "fido2-token", "yubico-piv-tool", "ykman", "detect-many", "interrupt-ended", "interrupt-key"} {
		if t[name].Median() == 0 {
			b.Fatalf("%s was not measured: %s", name, text)
		}
		b.ReportMetric(float64(t[name].Median().Milliseconds()), name+"-ms")
	}
	b.ReportMetric(0, "ns/op") // the boot, which is of no interest
	detect, others, ykman := t["detect"].Median(), t["fido2-token"].Median()+t["yubico-piv-tool"].Median(), t["ykman"].Median()
	b.Logf("hwmfa detect %v; fido2-token -I + yubico-piv-tool -a status %v; ykman list --serials %v", detect, others, ykman)
	many, limit := t["detect-many"].Median(), 3*detect+time.Second
	b.Logf("with 20 keys, 16 of them cards: hwmfa detect %v; three times the time of one and a second are %v", many, limit)
	if detect > others {
		b.Errorf("detect takes %v, longer than %v", detect, others)
	}
	if detect > ykman/10 {
		b.Errorf("detect takes %v, more than a tenth of %v", detect, ykman)
	}
	if many > limit {
		b.Errorf("detect takes %v with 20 keys, more than %v", many, limit)
	}
	ended, free := t["interrupt-ended"].Median(), t["interrupt-key"].Median()
	b.Logf("interrupted, hwmfa enroll ends after %v, and the key answers again after %v", ended, free)
	if slower := max(ended, free); slower > 200*time.Millisecond {
		b.Errorf("an interrupt takes %v, more than 200 ms", slower)
	}
}
