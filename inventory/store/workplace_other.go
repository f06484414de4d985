//go:build !unix

package store

import "os"

// lockFolder locks nothing: what a process left behind stays.
func lockFolder(*os.File) error { return errNoLock }
