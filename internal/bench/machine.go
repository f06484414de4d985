package bench

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// guestScript goes on where initScript ends.
//
//go:embed guest.sh
var guestScript string

// kernelArguments: a console on the serial line, an exit instead of a reboot
// after a panic, and no waiting for entropy. The time-stamp counter is the
// host's and may be trusted: any other clock is a device that qemu emulates
// under its one lock, and Go asks for the time at every turn.
const kernelArguments = "console=ttyS0 panic=-1 quiet tsc=reliable mitigations=off random.trust_cpu=on"

// Spec is one job for a machine.
type Spec struct {
	// Share is a folder of the host that the guest sees as /bench and may write
	// to. Programs in its bin folder come first in the guest's PATH.
	Share string
	// Dir is where the command starts, as the host and the guest both see it.
	Dir string
	// Command and its arguments, run as root.
	Command []string
	// Env is added to the guest's environment, NAME=value.
	Env []string
	// Timeout ends the machine from outside; zero means ten minutes.
	Timeout time.Duration
	// Console gets the serial console as it comes: the kernel's complaints and
	// the command's output. Nil for none.
	Console io.Writer
}

// Result is how the command ended.
type Result struct {
	Status int    // the command's exit status
	Output []byte // its output and errors, as written
	Took   time.Duration
}

// Run boots the image, runs the command in it and returns how it ended. An
// exit status other than zero is no error here; ErrNoReport and ErrTimeout
// are, and carry the end of the console.
func Run(ctx context.Context, image *Image, spec Spec) (*Result, error) {
	if err := spec.write(); err != nil {
		return nil, fmt.Errorf("writing the guest's job: %w", err)
	}
	limit := spec.Timeout
	if limit == 0 {
		limit = 10 * time.Minute
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, ErrTimeout)
	defer cancel()
	start := time.Now()
	console, err := boot(ctx, image, spec)
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("running the virtual machine: %w; its console ended with:\n%s", err, tail(console))
	}
	text, err := os.ReadFile(filepath.Join(spec.Share, "status"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w; its console ended with:\n%s", ErrNoReport, tail(console))
	}
	if err != nil {
		return nil, fmt.Errorf("reading the guest's report: %w", err)
	}
	status, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("%w: its status file holds %q", ErrNoReport, text)
	}
	output, err := os.ReadFile(filepath.Join(spec.Share, "output"))
	if err != nil {
		return nil, fmt.Errorf("reading the guest's output: %w", err)
	}
	return &Result{Status: status, Output: output, Took: time.Since(start)}, nil
}

// write puts the job into the share and takes away the report of an earlier one.
func (s Spec) write() error {
	if s.Share == "" || len(s.Command) == 0 {
		return errors.New("no share or no command")
	}
	for _, old := range []string{"status", "output"} {
		if err := os.Remove(filepath.Join(s.Share, old)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	var job strings.Builder
	for _, e := range s.Env {
		name, value, _ := strings.Cut(e, "=")
		fmt.Fprintf(&job, "export %s=%s\n", name, quote(value))
	}
	if s.Dir != "" {
		fmt.Fprintf(&job, "cd %s || exit 125\n", quote(s.Dir))
	}
	job.WriteString("exec")
	for _, arg := range s.Command {
		job.WriteString(" " + quote(arg))
	}
	job.WriteString("\n")
	if err := os.WriteFile(filepath.Join(s.Share, "job.sh"), []byte(job.String()), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.Share, "guest.sh"), []byte(guestScript), 0o644)
}

// quote makes one word of a POSIX shell command.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// boot runs qemu until the guest powers off or ctx ends, and returns the console.
func boot(ctx context.Context, image *Image, spec Spec) ([]byte, error) {
	qemu, err := lookup("qemu-system-x86_64")
	if err != nil {
		return nil, &MissingError{Programs: []string{"qemu-system-x86_64"}, Packages: []string{"qemu-system-x86"}}
	}
	// /dev/kvm may open and still not work, so emulation always.
	cmd := exec.CommandContext(ctx, qemu, "-M", "q35,usb=off", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "2048",
		"-nographic", "-no-reboot", "-nodefaults", "-serial", "stdio", "-monitor", "none",
		"-kernel", image.Kernel, "-initrd", image.Initrd, "-append", kernelArguments,
		"-fsdev", "local,id=f0,path=/,security_model=none,readonly=on,multidevs=remap", "-device", "virtio-9p-pci,fsdev=f0,mount_tag=hostroot",
		// A comma in a path is doubled for qemu's option parser.
		"-fsdev", "local,id=f1,security_model=none,path="+strings.ReplaceAll(spec.Share, ",", ",,"), "-device", "virtio-9p-pci,fsdev=f1,mount_tag=share")
	var console bytes.Buffer
	cmd.Stdout = &console
	if spec.Console != nil {
		cmd.Stdout = io.MultiWriter(&console, spec.Console)
	}
	cmd.Stderr = cmd.Stdout
	cmd.WaitDelay = 5 * time.Second
	// qemu must not outlive a killed test. The signal follows the death of the
	// thread that started it, so this thread stays with us until it has ended.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	err = cmd.Run()
	return console.Bytes(), err
}

// tail is the end of a console, short enough for an error.
func tail(console []byte) []byte {
	const most = 2000
	console = bytes.TrimSpace(console)
	if len(console) > most {
		console = console[len(console)-most:]
	}
	return console
}
