package main

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// evidenceLimit is how long deciding again on the evidence of 10,000 accounts
// may take.
const evidenceLimit = 5 * time.Second

// BenchmarkAuditFromEvidence collects 10,000 accounts with three calls each,
// and decides again on what was kept: every hash checked, every answer parsed,
// every account judged, the report written.
func BenchmarkAuditFromEvidence(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "evidence")
	collecting := auditFleetWith(b, auditFleet{Accounts: 10_000}, "--evidence", dir)
	program := os.Getenv("HWMFA_BENCH_PROGRAM")
	if program == "" {
		self, err := os.Executable()
		if err != nil {
			b.Fatal(err)
		}
		program = filepath.Join(b.TempDir(), "hwmfa")
		if err := os.Symlink(self, program); err != nil {
			b.Fatal(err)
		}
	}
	var took, processor time.Duration
	for b.Loop() {
		cmd := exec.Command(program, "audit", "--from-evidence", dir, "--json")
		cmd.Env = append(os.Environ(), "HWMFA_INVENTORY=sqlite:///nowhere/inventory.db")
		cmd.Stdout, cmd.Stderr = io.Discard, os.Stderr
		began := time.Now()
		err := cmd.Run()
		took = time.Since(began)
		processor = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		var ended *exec.ExitError
		if !errors.As(err, &ended) || ended.ExitCode() != exitFound {
			b.Fatalf("it ended with %v, want exit %d", err, exitFound)
		}
		if took > evidenceLimit {
			b.Errorf("it took %v, the limit is %v", took, evidenceLimit)
		}
	}
	b.ReportMetric(took.Seconds(), "s/decision")
	b.ReportMetric(processor.Seconds(), "cpu-s/decision")
	b.ReportMetric(collecting.took.Seconds(), "s/collection")
}
