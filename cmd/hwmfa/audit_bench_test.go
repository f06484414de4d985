package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hwmfa/iamcheck"
	"hwmfa/iamcheck/awstest"
)

// What an audit of 10,000 accounts at 40 ms a call and 100 workers may take.
const (
	auditLatency = 40 * time.Millisecond
	auditWorkers = 100
	auditRatio   = 1.15     // of the time that the calls alone take
	auditMemory  = 64 << 20 // bytes resident, the whole process
	auditGrowth  = 1.3      // of the memory at 1,000 accounts
)

// auditFleet is what the serving process is told.
type auditFleet struct {
	Accounts int
	Weather  awstest.Weather
}

// verdictOf is what an account of the fleet has to be judged, by its number.
func verdictOf(i int) iamcheck.Status {
	switch {
	case i%10 == 3, i%10 == 7:
		return iamcheck.Fail
	}
	return iamcheck.Pass
}

// organization is a fleet in 100 units, ten below each of ten. The accounts have
// one key, a virtual device or nothing.
func (f auditFleet) organization() awstest.Organization {
	org := awstest.Organization{
		Management: "111111111111",
		Features:   []string{awstest.RootCredentialsManagement, awstest.RootSessions},
		Weather:    f.Weather,
		Accounts:   []awstest.Account{{ID: "111111111111", Name: "management", Root: awstest.Root{Password: true, Devices: []awstest.Device{awstest.Key("m")}}}},
	}
	for i := range 100 {
		u := awstest.Unit{ID: fmt.Sprintf("ou-exam-%08d", i), Name: fmt.Sprintf("unit %d", i)}
		if i >= 10 {
			u.Parent = fmt.Sprintf("ou-exam-%08d", i%10)
		}
		org.Units = append(org.Units, u)
	}
	key, phone := []awstest.Device{awstest.Key("yk", "FIDO", "L2")}, []awstest.Device{awstest.Virtual("phone")}
	for i := 1; i < f.Accounts; i++ {
		a := awstest.Account{
			ID: fmt.Sprintf("3%011d", i), Name: fmt.Sprintf("account %d", i), Unit: org.Units[i%100].ID, Role: "audit",
			Root: awstest.Root{Password: true, Devices: key},
		}
		switch i % 10 {
		case 3:
			a.Root.Devices = phone
		case 7:
			a.Root.Devices = nil
		}
		org.Accounts = append(org.Accounts, a)
	}
	return org
}

// serveFleet is the serving process: it takes an auditFleet on standard input,
// prints the environment that leads to it, and ends when its input does.
func serveFleet() {
	var f auditFleet
	in := json.NewDecoder(os.Stdin)
	err := in.Decode(&f)
	if err == nil {
		var server *awstest.Server
		if server, err = awstest.New(f.organization()); err == nil {
			for name, value := range server.Env(server.Auditor()) {
				fmt.Printf("%s=%s\n", name, value)
			}
			fmt.Println()
			if err = in.Decode(&struct{}{}); errors.Is(err, io.EOF) {
				err = nil
			}
			_ = json.NewEncoder(os.Stdout).Encode(server.Calls())
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// auditRun is what one run of the program took.
type auditRun struct {
	took, processor time.Duration
	peak            int64 // bytes
	calls           int   // answered, refused ones included
}

// floor is how long the calls take if nothing else takes time.
func (r auditRun) floor() time.Duration { return time.Duration(r.calls) * auditLatency / auditWorkers }

// auditFleetWith has the program audit a fleet and holds every verdict against
// what it has to be.
func auditFleetWith(b *testing.B, f auditFleet, args ...string) auditRun {
	b.Helper()
	dir := b.TempDir()
	program, serving := os.Getenv("HWMFA_BENCH_PROGRAM"), filepath.Join(dir, "serve-fleet")
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	// The test binary is what it is called.
	if err := os.Symlink(self, serving); err != nil {
		b.Fatal(err)
	}
	if program == "" {
		program = filepath.Join(dir, "hwmfa")
		if err := os.Symlink(self, program); err != nil {
			b.Fatal(err)
		}
	}
	server := exec.Command(serving)
	server.Stderr = os.Stderr
	in, err := server.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := server.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := server.Start(); err != nil {
		b.Fatal(err)
	}
	if err := json.NewEncoder(in).Encode(f); err != nil {
		b.Fatal(err)
	}
	env := append(os.Environ(), "HWMFA_INVENTORY=sqlite://"+filepath.Join(dir, "none.db"))
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			b.Fatal(err)
		}
		if line = strings.TrimSpace(line); line == "" {
			break
		}
		env = append(env, line)
	}

	report, err := os.Create(filepath.Join(dir, "report.json"))
	if err != nil {
		b.Fatal(err)
	}
	defer report.Close()
	cmd := exec.Command(program, append([]string{"audit", "--org", "--json", "--workers", fmt.Sprint(auditWorkers)}, args...)...)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, report, os.Stderr
	began := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	peak := watchMemory(cmd.Process.Pid)
	err = cmd.Wait()
	run := auditRun{took: time.Since(began), peak: peak()}
	var ended *exec.ExitError
	if !errors.As(err, &ended) || ended.ExitCode() != exitFound {
		b.Fatalf("the audit ended with %v, want exit %d", err, exitFound)
	}
	run.processor = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if run.peak == 0 {
		b.Fatal("the system does not say what the process used")
	}

	if err := in.Close(); err != nil {
		b.Fatal(err)
	}
	calls := map[string]int{}
	if err := json.NewDecoder(lines).Decode(&calls); err != nil {
		b.Fatal(err)
	}
	if err := server.Wait(); err != nil {
		b.Fatal(err)
	}
	for action, n := range calls {
		// Listing goes on beside the workers.
		if !strings.HasPrefix(action, "organizations:") {
			run.calls += n
		}
	}
	b.Logf("%v with %d calls, %v of processor time, %d MiB; %v", run.took, run.calls, run.processor, run.peak>>20, calls)
	checkFleet(b, report, f)
	return run
}

// watchMemory looks at how much memory a process has had at most until what it
// returns is called. getrusage(2) would not do: it counts what this process
// has, too, which the other begins as.
func watchMemory(pid int) func() int64 {
	done, most := make(chan struct{}), make(chan int64)
	go func() {
		var peak int64
		for {
			status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)) // gone, at the end
			if _, rest, ok := strings.Cut(string(status), "VmHWM:"); ok {
				var kib int64
				if _, err := fmt.Sscan(rest, &kib); err == nil {
					peak = kib << 10
				}
			}
			select {
			case <-done:
				most <- peak
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return func() int64 { close(done); return <-most }
}

// checkFleet reads a report and looks at every verdict.
func checkFleet(b *testing.B, file *os.File, f auditFleet) {
	b.Helper()
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		b.Fatal(err)
	}
	var report struct {
		Scope    iamcheck.Scope `json:"scope"`
		Accounts []struct {
			ID     string `json:"account_id"`
			Level2 struct {
				Status iamcheck.Status `json:"status"`
			} `json:"level2"`
		} `json:"accounts"`
	}
	if err := json.NewDecoder(bufio.NewReader(file)).Decode(&report); err != nil {
		b.Fatal(err)
	}
	wrong := 0
	for i, a := range report.Accounts[1:] {
		if want := fmt.Sprintf("3%011d", i+1); a.ID != want || a.Level2.Status != verdictOf(i+1) {
			wrong++
			b.Logf("account %s is %s, want %s %s", a.ID, a.Level2.Status, want, verdictOf(i+1))
		}
	}
	if len(report.Accounts) != f.Accounts || report.Scope.Audited != f.Accounts || wrong > 0 {
		b.Errorf("%d of %d accounts, %d with a wrong verdict", len(report.Accounts), f.Accounts, wrong)
	}
}

// BenchmarkAudit audits 10,000 accounts of a loopback AWS in another process,
// with the program itself.
func BenchmarkAudit(b *testing.B) {
	clear := awstest.Weather{Latency: auditLatency}
	storm := awstest.Weather{Latency: auditLatency, Throttle: 0.20, Drop: 0.05, Seed: 1}
	for _, c := range []struct {
		name    string
		weather awstest.Weather
		args    []string
	}{
		{"root sessions", clear, nil},
		{"root sessions and the audit role", clear, []string{"--role-name", "audit"}},
		{"root sessions in a storm", storm, nil},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				small := auditFleetWith(b, auditFleet{1_000, c.weather}, c.args...)
				run := auditFleetWith(b, auditFleet{10_000, c.weather}, c.args...)
				ratio := float64(run.took) / float64(run.floor())
				growth := float64(run.peak) / float64(small.peak)
				b.ReportMetric(run.took.Seconds(), "s")
				b.ReportMetric(ratio, "of-the-floor")
				b.ReportMetric(run.processor.Seconds(), "processor-s")
				b.ReportMetric(float64(run.peak)/(1<<20), "MiB")
				b.ReportMetric(growth, "of-1000-accounts'-MiB")
				if run.peak > auditMemory || growth > auditGrowth {
					b.Errorf("%d MiB, %.2f times what 1,000 accounts take", run.peak>>20, growth)
				}
				if c.weather == clear && ratio > auditRatio {
					b.Errorf("%v is %.2f times the floor of %v", run.took, ratio, run.floor())
				}
			}
		})
	}
}
