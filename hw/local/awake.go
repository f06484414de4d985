package local

import (
	"context"
	"os"
	"syscall"
	"time"
)

// awakeFor is how long nodes stay open once they are: enough for libfido2 to
// look at them and for a caller to open what was listed.
const awakeFor = 500 * time.Millisecond

// keepAwake opens nodes on a goroutine of its own and closes them again a
// while later, earlier when ctx ends. The kernel rests 50 ms at every first
// opening of a USB HID device, and lets no other be opened meanwhile
// (usbhid_open, under hidraw's lock); while a device is open, opening it again
// costs nothing. So the rest is had once, beside the work of the other parts,
// and not by libfido2's listing and by the caller after that. Nothing is read
// or written. A node that cannot be opened is for others to complain of.
func (m *Machine) keepAwake(ctx context.Context, nodes []string) {
	go func() {
		for _, node := range nodes {
			f, err := os.OpenFile(m.system.path(node), os.O_RDWR|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
			if err == nil {
				defer f.Close()
			}
		}
		select {
		case <-time.After(awakeFor):
		case <-ctx.Done():
		}
	}()
}
