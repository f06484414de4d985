//go:build unix

package store

import (
	"errors"
	"os"
	"syscall"
)

// lockFolder locks an open folder for as long as it is open (flock(2)): errInUse
// where somebody else has it, errNoLock where its file system locks none.
func lockFolder(f *os.File) error {
	switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
	case err == nil:
		return nil
	case errors.Is(err, syscall.EWOULDBLOCK):
		return errInUse
	default:
		return errors.Join(errNoLock, err)
	}
}
