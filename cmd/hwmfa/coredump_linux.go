package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// disableCoreDumps keeps a PIN that was in memory out of a file. The resource
// limit stops the kernel from writing one; a handler that the kernel pipes to
// (core(5)) disregards the limit and is stopped by the dumpable flag. Neither
// call needs a privilege, and there is nothing to do about one that fails.
func disableCoreDumps() {
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
}

// coreDumps says whether this process could still leave one.
func coreDumps() (bool, error) {
	dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	if err != nil {
		return false, fmt.Errorf("prctl: %w", err)
	}
	return dumpable != 0, nil
}
