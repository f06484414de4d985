//go:build unix && !linux

package main

import "golang.org/x/sys/unix"

// disableCoreDumps keeps a PIN that was in memory out of a file.
func disableCoreDumps() {
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
}
