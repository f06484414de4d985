//go:build cgo

package guest

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-piv/piv-go/v2/piv"

	"hwmfa/hw/softkey"
	"hwmfa/internal/bench"
)

// program is one that runs beside the test.
type program struct {
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
}

// begin starts a program in a session of its own, as try does.
func begin(t *testing.T, stdin io.Reader, name string, args ...string) *program {
	t.Helper()
	p := &program{cmd: exec.CommandContext(t.Context(), name, args...)}
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = stdin, &p.stdout, &p.stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() && p.cmd.ProcessState == nil {
			_ = p.cmd.Wait() // the context of the test has ended it
			t.Logf("%s said: %s%s", strings.Join(args, " "), &p.stdout, &p.stderr)
		}
	})
	return p
}

// end waits for the program.
func (p *program) end() error {
	if err := p.cmd.Wait(); err != nil {
		return &failure{strings.Join(p.cmd.Args, " "), strings.TrimSpace(p.stderr.String()), err}
	}
	return nil
}

// holds says whether the program has a hidraw node open.
func (p *program) holds() bool {
	links, err := filepath.Glob("/proc/" + strconv.Itoa(p.cmd.Process.Pid) + "/fd/*")
	if err != nil {
		return false
	}
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && strings.HasPrefix(to, "/dev/hidraw") {
			return true
		}
	}
	return false
}

// readsInput says whether the program waits in a read of its standard input.
func (p *program) readsInput() bool {
	const read0 = "0 0x0 " // the number of the call and its first argument (x86-64)
	calls, err := filepath.Glob("/proc/" + strconv.Itoa(p.cmd.Process.Pid) + "/task/*/syscall")
	if err != nil {
		return false
	}
	for _, call := range calls {
		if text, err := os.ReadFile(call); err == nil && strings.HasPrefix(string(text), read0) {
			return true
		}
	}
	return false
}

// gone says whether the program has ended, before end has been called.
func (p *program) gone() bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(p.cmd.Process.Pid) + "/stat")
	_, after, _ := strings.Cut(string(stat), ") ") // behind its name
	return err != nil || strings.HasPrefix(after, "Z")
}

// untilTouch waits until the program has the key wait for a touch, and says what
// the program said where it ended without.
func (p *program) untilTouch(t *testing.T, k *plugged) {
	t.Helper()
	wanted := false
	until(t, "the key waits for a touch", func() bool {
		gone := p.gone()
		wanted = k.TouchWanted()
		return wanted || gone
	})
	if !wanted {
		t.Fatalf("it ended without having asked for a touch: %v", p.end())
	}
}

// patience is long: on a host that is busy a program was seen to take 15 seconds
// from its start to its first touch, five of them to its first line.
const patience = 2 * time.Minute

// until waits for something to come true.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: never", what)
		}
	}
}

// nothingRecorded checks that the inventory holds no key.
func nothingRecorded(t *testing.T) {
	t.Helper()
	if out := run(t, "", "hwmfa", "key", "list", "--json"); !strings.Contains(out, `"keys": []`) {
		t.Errorf("something was recorded: %s", out)
	}
}

func TestDetect_withoutPermission(t *testing.T) {
	k := plug(t, softkey.Config{Serial: serial})
	if err := os.Chmod(k.Hidraw(), 0o600); err != nil {
		t.Fatal(err)
	}
	const nobody = 65534
	cmd := exec.CommandContext(t.Context(), "hwmfa", "detect")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if exitStatus(err) != 5 {
		t.Errorf("got status %d (%v), want 5:\n%s", exitStatus(err), err, stderr.String())
	}
	contains(t, stderr.String(), k.Hidraw()+": no permission", "hwmfa udev install")
	contains(t, stdout.String(), "YubiKey", k.Hidraw())
}

// withoutCardService does something while pcscd is stopped.
func withoutCardService(t *testing.T, do func()) {
	t.Helper()
	if err := bench.StopCardService(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	do()
	if err := bench.StartCardService(); err != nil {
		t.Fatal(err)
	}
	until(t, "the card service starts", func() bool { return readers() == 1 })
}

func TestDetect_withoutTheCardService(t *testing.T) {
	plug(t, softkey.Config{Serial: serial})
	var out string
	var err error
	withoutCardService(t, func() { out, err = try(t, "", "hwmfa", "detect") })
	if err != nil {
		t.Errorf("detect: %v", err)
	}
	contains(t, out, "serial 12345678", "the smart-card service is not reachable")
	contains(t, run(t, "", "hwmfa", "detect"), "PIV 5.4.3")
}

func TestDetect_cardHeldByAnotherProgram(t *testing.T) {
	plug(t, softkey.Config{Serial: serial})
	names, err := piv.Cards()
	if err != nil || len(names) != 1 {
		t.Fatalf("readers %q, %v", names, err)
	}
	held, err := piv.Open(names[0]) // exclusively
	if err != nil {
		t.Fatal(err)
	}
	out, err := try(t, "", "hwmfa", "detect")
	if err := held.Close(); err != nil {
		t.Error(err)
	}
	if err != nil {
		t.Errorf("detect: %v", err)
	}
	contains(t, out, "serial 12345678", names[0], "sharing violation")
	contains(t, run(t, "", "hwmfa", "detect"), "PIV 5.4.3")
}

func TestEnroll_anotherKeyOnTheSameNode(t *testing.T) {
	const pin = "246813"
	first := plug(t, softkey.Config{Serial: serial, PIN: pin})
	newInventory(t, first.ca)
	node := first.Hidraw()
	stdin, typed, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	defer typed.Close()
	p := begin(t, stdin, "hwmfa", "enroll", "--place", "Berlin", "--pin-fd", "0")
	until(t, "enroll waits for the PIN", p.readsInput)
	until(t, "it lets go of the key meanwhile", func() bool { return !p.holds() })
	pull(t, first.Attachment)
	second := plug(t, softkey.Config{Serial: serial + 1, PIN: pin})
	if second.Hidraw() != node {
		t.Errorf("the second key has node %s, want the first one's %s again", second.Hidraw(), node)
	}
	if _, err := typed.WriteString(pin + "\n"); err != nil {
		t.Fatal(err)
	}
	if err := typed.Close(); err != nil {
		t.Fatal(err)
	}
	wantExit(t, p.end(), 6, "another key is in its place")
	nothingRecorded(t)
	if left := retries(t, second.Hidraw()); left != "8" {
		t.Errorf("the second key has %s tries left: the PIN reached it", left)
	}
}

func TestEnroll_interrupted(t *testing.T) {
	k := plug(t, softkey.Config{Serial: serial, Touch: softkey.Never()})
	newInventory(t, k.ca)
	p := begin(t, nil, "hwmfa", "enroll", "--place", "Berlin")
	p.untilTouch(t, k)
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	wantExit(t, p.end(), 130, "")
	nothingRecorded(t)
	if k.TouchWanted() {
		t.Error("the key still waits for a touch")
	}
	k.SetTouch(softkey.Now())
	contains(t, run(t, "", "fido2-token", "-I", k.Hidraw()), "FIDO_2_0")
	run(t, "", "hwmfa", "enroll", "--place", "Berlin")
}

func TestEnroll_withPIN(t *testing.T) {
	const pin = "246813"
	k := plug(t, softkey.Config{Serial: serial, PIN: pin, Quirks: softkey.Quirks{AlwaysUV: true}})
	newInventory(t, k.ca)
	_, err := try(t, "", "hwmfa", "enroll", "--place", "Berlin")
	wantExit(t, err, 2, "no terminal to ask on")
	nothingRecorded(t)
	var done struct{ FIDO struct{ Status string } }
	decode(t, run(t, pin+"\n", "hwmfa", "enroll", "--place", "Berlin", "--pin-fd", "0", "--json"), &done)
	if done.FIDO.Status != "verified" {
		t.Errorf("attestation is %q, want it verified", done.FIDO.Status)
	}
	if left := retries(t, k.Hidraw()); left != "8" {
		t.Errorf("%s tries left after the right PIN, want 8", left)
	}
}
