package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"hwmfa/iamcheck/awstest"
)

// An audit that is killed, again and again, and then gone on with: no account
// that was finished is asked again, and the report is that of a run that nobody
// disturbed.
func TestAnAuditThatIsKilledIsGoneOnWith(t *testing.T) {
	for _, c := range []struct {
		name, kept string // where accounts are kept
		args       []string
	}{
		{"with a folder for the evidence", "evidence/accounts.part", []string{"--evidence", "evidence"}},
		{"without one", "state/hwmfa/audits/*/accounts.part", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			org := auditFleet{Accounts: 120, Weather: awstest.Weather{Latency: 10 * time.Millisecond}}.organization()
			server, err := awstest.New(org)
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := server.Close(); err != nil {
					t.Error(err)
				}
			}()
			k := killing{t: t, server: server, dir: t.TempDir(), kept: c.kept}
			whole := k.program("audit", "--org", "--role-name", "audit", "--workers", "3", "--json")
			want, err := whole.Output()
			wantFound(t, err)
			if left, err := filepath.Glob(filepath.Join(k.dir, "state", "hwmfa", "audits", "*")); err != nil || len(left) > 0 {
				t.Errorf("a run that is complete leaves %v behind: %v", left, err)
			}
			args := append([]string{"audit", "--org", "--role-name", "audit", "--workers", "3", "--json"}, c.args...)
			for kills := range 4 {
				if kills == 1 {
					args = append(args, "--resume")
				}
				k.kill(args)
			}
			other := k.program(append(args, "--external-id", "8c1f")...)
			other.Stderr = nil
			refused, err := other.Output()
			var ended *exec.ExitError
			if !errors.As(err, &ended) || ended.ExitCode() != exitUsage || len(refused) > 0 ||
				!strings.Contains(string(ended.Stderr), `external_id was null and is \"8c1f\"`) {
				t.Errorf("with other options: got %v %+v", err, ended)
			}
			last := k.program(args...)
			var said bytes.Buffer
			last.Stderr = &said
			got, err := last.Output()
			wantFound(t, err)
			if !regexp.MustCompile(`going on with the audit that began at \S+Z: \d+ accounts are not asked again`).Match(said.Bytes()) {
				t.Errorf("it does not say since when: %s", said.String())
			}
			for id, n := range k.asked {
				if again := server.CallsInto(id, "iam:GetAccountSummary"); again != n {
					t.Errorf("account %s was finished after %d calls and is asked %d times", id, n, again-n)
				}
			}
			if a, b := withoutTimes(t, got), withoutTimes(t, want); !reflect.DeepEqual(a, b) {
				t.Errorf("the report is %.2000s, without interruption %.2000s", a, b)
			}
			if len(k.asked) < 4 {
				t.Errorf("only %d accounts were finished before the last run", len(k.asked))
			}
			if left, err := filepath.Glob(filepath.Join(k.dir, "state", "hwmfa", "audits", "*")); err != nil || len(left) > 0 {
				t.Errorf("a run that is complete leaves %v behind: %v", left, err)
			}
		})
	}
}

// killing is a run that is not left alone.
type killing struct {
	t      *testing.T
	server *awstest.Server
	dir    string
	kept   string
	// asked is how often each account that is finished had been asked.
	asked map[string]int
}

// program is the program, in the folder of the test.
func (k *killing) program(args ...string) *exec.Cmd {
	k.t.Helper()
	self, err := os.Executable()
	if err != nil {
		k.t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(k.dir, "hwmfa"), args...)
	if err := os.Symlink(self, cmd.Path); err != nil && !errors.Is(err, os.ErrExist) {
		k.t.Fatal(err)
	}
	cmd.Dir, cmd.Stderr = k.dir, os.Stderr
	cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+filepath.Join(k.dir, "state"), "HWMFA_INVENTORY=sqlite://"+filepath.Join(k.dir, "none.db"))
	for name, value := range k.server.Env(k.server.Auditor()) {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	return cmd
}

// finished are the accounts that are kept: each stands whole behind a line that
// says how long it is.
func (k *killing) finished() []string {
	k.t.Helper()
	files, err := filepath.Glob(filepath.Join(k.dir, k.kept))
	if err != nil {
		k.t.Fatal(err)
	}
	var ids []string
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			k.t.Fatal(err)
		}
		for {
			line, rest, whole := bytes.Cut(data, []byte("\n"))
			var head struct {
				Account string
				Bytes   int
			}
			if !whole || json.Unmarshal(line, &head) != nil || len(rest) < head.Bytes {
				break
			}
			ids, data = append(ids, head.Account), rest[head.Bytes:]
		}
	}
	return ids
}

// kill runs the program until some more accounts are finished, and a moment
// longer.
func (k *killing) kill(args []string) {
	k.t.Helper()
	before := len(k.finished())
	cmd := k.program(args...)
	if err := cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); len(k.finished()) < before+3; time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			k.t.Fatal("no account is finished")
		}
	}
	time.Sleep(rand.N(60 * time.Millisecond))
	if err := errors.Join(cmd.Process.Kill(), notKilled(cmd.Wait())); err != nil {
		k.t.Fatal(err)
	}
	if k.asked == nil {
		k.asked = map[string]int{}
	}
	for _, id := range k.finished() {
		if _, known := k.asked[id]; !known {
			k.asked[id] = k.server.CallsInto(id, "iam:GetAccountSummary")
		}
	}
}

// notKilled is an error that is not a signal's.
func notKilled(err error) error {
	var ended *exec.ExitError
	if errors.As(err, &ended) && ended.ExitCode() == -1 {
		return nil
	}
	return err
}

func wantFound(t *testing.T, err error) {
	t.Helper()
	var ended *exec.ExitError
	if !errors.As(err, &ended) || ended.ExitCode() != exitFound {
		t.Fatalf("the audit ended with %v, want exit %d", err, exitFound)
	}
}

// withoutTimes is a report without what differs from run to run.
func withoutTimes(t *testing.T, doc []byte) string {
	t.Helper()
	var report map[string]any
	if err := json.Unmarshal(doc, &report); err != nil {
		t.Fatalf("%v in %.200s", err, doc)
	}
	delete(report, "generated_at")
	delete(report, "evidence")
	if scope, ok := report["scope"].(map[string]any); ok {
		delete(scope, "listed_by") // whichever list was complete first
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", " ")
	if err := e.Encode(report); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
