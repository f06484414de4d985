//go:build cgo

package guest

import (
	"bytes"
	"context"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"hwmfa/hw"
	"hwmfa/hw/softkey"
	"hwmfa/internal/bench"
	"hwmfa/internal/bench/usbip"
)

// plugged is a software key in the machine's USB bus.
type plugged struct {
	*softkey.Key
	*usbip.Attachment
	ca *softkey.CA
}

// plug makes a key and plugs it in, until the test ends.
func plug(t *testing.T, cfg softkey.Config) *plugged {
	t.Helper()
	inside(t)
	ca, key := newKey(t, cfg)
	return &plugged{key, attach(t, key, usbip.Options{}), ca}
}

// inside skips the test outside the virtual machine.
func inside(t *testing.T) {
	t.Helper()
	if !bench.Inside() {
		t.Skip("runs in the virtual machine, which the tests of internal/bench start")
	}
}

// configured is a software key, or one that stands for it.
type configured interface {
	usbip.Key
	Config() softkey.Config
}

// attach plugs the key in and waits until udevd has dealt with it and, for a
// key with a card, until pcscd has.
func attach(t *testing.T, key configured, o usbip.Options) *usbip.Attachment {
	t.Helper()
	o.Release = release(key.Config().Version)
	others, cards := readers(), 1
	if key.Config().Quirks.NoCard {
		cards = 0
	}
	start := time.Now()
	a, err := usbip.Attach(t.Context(), key, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Detach(context.Background()); err != nil {
			t.Errorf("pulling the key out: %v", err)
		}
		waitReaders(t, others)
	})
	run(t, "", "udevadm", "settle", "--timeout=60")
	waitReaders(t, others+cards)
	t.Logf("plugged in at %s within %v", a.BusID(), time.Since(start).Round(time.Millisecond))
	return a
}

// release is the firmware as a YubiKey puts it in its device descriptor.
func release(v hw.Version) uint16 {
	return uint16(v.Major)<<8 | uint16(v.Minor&15)<<4 | uint16(v.Patch&15)
}

// run runs a program without a terminal, so that it reads answers from the
// given input, and returns what it wrote to standard output. The test ends
// when it fails.
func run(t *testing.T, input, name string, args ...string) string {
	t.Helper()
	out, err := try(t, input, name, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// failure is a program that ended badly.
type failure struct {
	command, stderr string
	err             error
}

func (f *failure) Error() string { return f.command + ": " + f.err.Error() + ": " + f.stderr }
func (f *failure) Unwrap() error { return f.err }

// try is run for programs that may fail.
func try(t *testing.T, input, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &stdout, &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	start := time.Now()
	err := cmd.Run()
	t.Logf("%s %s: %v", name, strings.Join(args, " "), time.Since(start).Round(time.Millisecond))
	if err != nil {
		return stdout.String(), &failure{name + " " + strings.Join(args, " "), strings.TrimSpace(stderr.String()), err}
	}
	return stdout.String(), nil
}
