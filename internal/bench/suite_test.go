package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMachine runs the tests of inGuest in one machine and reports each as if
// it had run here. HWMFA_BENCH_RUN picks some of them, like -run.
func TestMachine(t *testing.T) {
	image := prepared(t)
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	share := t.TempDir()
	if err := compile(t.Context(), root, share, inGuest); err != nil {
		t.Fatal(err)
	}
	pattern := os.Getenv("HWMFA_BENCH_RUN")
	run := script(root, inGuest, pattern)
	if err := os.WriteFile(filepath.Join(share, "tests", "run.sh"), []byte(run), 0o644); err != nil {
		t.Fatal(err)
	}
	limit := 32 * time.Minute
	if deadline, ok := t.Deadline(); ok {
		// Time to say what hung.
		limit = min(limit, time.Until(deadline)-30*time.Second)
	}
	result, err := Run(t.Context(), image, Spec{Share: share, Command: []string{"sh", Share + "/tests/run.sh"}, Timeout: limit})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the machine took %v", result.Took.Round(time.Second))
	passed := 0
	for _, p := range inGuest {
		t.Run(testName(p.path), func(t *testing.T) {
			n := report(t, share, p.path)
			if n == 0 && pattern == "" {
				t.Error("no test passed in the machine")
			}
			passed += n
		})
	}
	if passed == 0 {
		t.Error("no test passed in the machine")
	}
	if t.Failed() {
		if log, err := os.ReadFile(filepath.Join(share, "pcscd.log")); err == nil {
			t.Logf("pcscd said:\n%s", tail(log))
		}
	}
}

// report turns what one test program left on the share into sub-tests, and
// says how many passed.
func report(t *testing.T, share, pkg string) (passed int) {
	t.Helper()
	base := filepath.Join(share, "tests", testName(pkg))
	out, err := os.ReadFile(base + ".out")
	if err != nil {
		t.Fatalf("the tests never ran: %v", err)
	}
	status, err := os.ReadFile(base + ".status")
	if err != nil {
		t.Fatalf("the tests never ended: %v\n%s", err, tail(out))
	}
	tests, err := parseTests(t, out)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		got := tests[name]
		if got.action == "pass" {
			passed++
		}
		t.Run(name, func(t *testing.T) {
			t.Logf("in %v:\n%s", got.took, got.output.String())
			switch got.action {
			case "pass":
			case "skip":
				t.Skip("skipped in the machine")
			default:
				t.Fail()
			}
		})
	}
	if s := strings.TrimSpace(string(status)); s != "0" {
		t.Errorf("the test program ended with status %s:\n%s", s, tail(out))
	}
	return passed
}

// outcome is one top-level test with its sub-tests' output.
type outcome struct {
	action string // pass, fail, skip; "" when it never ended
	took   time.Duration
	output strings.Builder
}

// parseTests reads a test program's output with Go's own converter.
func parseTests(t *testing.T, out []byte) (map[string]*outcome, error) {
	cmd := exec.CommandContext(t.Context(), "go", "tool", "test2json", "-t")
	cmd.Stdin = bytes.NewReader(out)
	events, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	tests := map[string]*outcome{}
	for d := json.NewDecoder(bytes.NewReader(events)); ; {
		var e struct {
			Action, Test, Output string
			Elapsed              float64
		}
		if err := d.Decode(&e); errors.Is(err, io.EOF) {
			return tests, nil
		} else if err != nil {
			return nil, err
		}
		if e.Test == "" {
			continue
		}
		name, sub, _ := strings.Cut(e.Test, "/")
		if tests[name] == nil {
			tests[name] = &outcome{}
		}
		switch {
		case e.Action == "output":
			tests[name].output.WriteString(e.Output)
		case sub == "" && (e.Action == "pass" || e.Action == "fail" || e.Action == "skip"):
			tests[name].action = e.Action
			tests[name].took = time.Duration(e.Elapsed * float64(time.Second))
		}
	}
}

func TestParseTests(t *testing.T) {
	const out = "\x16=== RUN   TestA\n    a_test.go:1: said\n\x16=== RUN   TestA/b\n\x16=== NAME  TestA\n\x16--- FAIL: TestA (1.50s)\n    \x16--- PASS: TestA/b (0.00s)\n" +
		"\x16=== RUN   TestC\n\x16--- PASS: TestC (0.00s)\n\x16=== RUN   TestD\npanic: oh\n"
	got, err := parseTests(t, []byte(out))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 3 || got["TestA"].action != "fail" || got["TestC"].action != "pass" || got["TestD"].action == "pass" {
		t.Errorf("got %+v", got)
	}
	if !strings.Contains(got["TestA"].output.String(), "said") || got["TestA"].took != 1500*time.Millisecond {
		t.Errorf("TestA: %+v", got["TestA"])
	}
}
