//go:build unix && !linux

package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// disableCoreDumps keeps a PIN that was in memory out of a file.
func disableCoreDumps() {
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
}

// coreDumps says whether this process could still leave one.
func coreDumps() (bool, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &limit); err != nil {
		return false, fmt.Errorf("getrlimit: %w", err)
	}
	return limit.Cur != 0, nil
}
