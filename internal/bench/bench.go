// Package bench starts a virtual machine in which software security keys sit
// on the USB bus of a stock Debian kernel, so that the programs which people
// use with real keys (udevd, pcscd, libfido2, ykman, our own binary) can be
// tested against them on a machine with no USB at all. The machine is emulated
// in software, needs no root, opens no port and sees the host's file system
// read-only. It is for tests: nothing in the product imports it.
//
// The tests of this package start it where HWMFA_BENCH=1 asks for them, as
// make test does: they then fail, and name what to install, where it cannot
// start. HWMFA_BENCH_RUN is the -run pattern for the tests inside.
package bench

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Marker is the file by which a program knows that it runs inside the machine.
const Marker = "/run/hwmfa-bench"

// Share is where the guest sees Spec.Share, the one folder it may write to.
const Share = "/bench"

var (
	// ErrNoReport: the machine ended, and the guest never said how its command
	// ended. It is a failure whatever the console shows.
	ErrNoReport = errors.New("the guest never reported")
	// ErrTimeout: the machine was stopped because its time was up.
	ErrTimeout = errors.New("the guest took too long")
)

// MissingError names the programs that the machine needs and the host lacks.
type MissingError struct{ Programs, Packages []string }

func (e *MissingError) Error() string {
	return fmt.Sprintf("the virtual machine needs %s: apt-get install %s",
		strings.Join(e.Programs, ", "), strings.Join(e.Packages, " "))
}

// Inside says whether this program runs in the machine.
func Inside() bool {
	_, err := os.Stat(Marker)
	return err == nil
}

// Root is the folder of go.mod, looked for from the working directory upwards.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the repository: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("finding the repository: no go.mod here or above")
		}
		dir = up
	}
}
