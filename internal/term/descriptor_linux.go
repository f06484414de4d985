package term

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// CheckDescriptor says whether a file descriptor is open and one to read a
// secret from. It is for the beginning of a program: later its number may be
// that of a file which the program has opened itself.
func CheckDescriptor(fd int) error {
	if fd < 0 || fd == 1 || fd == 2 {
		return fmt.Errorf("file descriptor %d is not one to read from", fd)
	}
	// What was handed over has come through exec; what the Go runtime has opened
	// for itself by now would not.
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	if err != nil || flags&unix.FD_CLOEXEC != 0 {
		return fmt.Errorf("file descriptor %d is not open", fd)
	}
	return nil
}
