package term

import (
	"os"

	"golang.org/x/sys/unix"
)

// hushTTY turns the echo of the controlling terminal off. A terminal that cannot
// be had stays as it is: there is nothing on it to protect.
func hushTTY() *Hush {
	none := &Hush{func() {}, func() {}}
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return none
	}
	fd := int(tty.Fd())
	before, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		tty.Close()
		return none
	}
	quiet := *before
	quiet.Lflag &^= unix.ECHO
	_ = unix.IoctlSetTermios(fd, unix.TCSETS, &quiet)
	return &Hush{
		flush: func() { _ = unix.IoctlSetInt(fd, unix.TCFLSH, unix.TCIFLUSH) },
		restore: func() {
			_ = unix.IoctlSetTermios(fd, unix.TCSETS, before)
			tty.Close()
		},
	}
}
