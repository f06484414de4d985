package local

import (
	"context"
	"errors"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// TestWake tells by a FIFO whether it is held: writing to one that nobody
// has open for reading is refused.
func TestWake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPretend(t)
		p.plug(oneKey)
		held := func(node string) bool {
			f, err := os.OpenFile(p.path(node), os.O_WRONLY|syscall.O_NONBLOCK, 0)
			if err == nil {
				return f.Close() == nil
			}
			if !errors.Is(err, syscall.ENXIO) {
				t.Fatal(err)
			}
			return false
		}
		await := func(want bool) {
			t.Helper()
			for end := time.Now().Add(10 * time.Second); held("/dev/hidraw1") != want; time.Sleep(5 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("waiting for the node to be held: %v", want)
				}
			}
		}
		m := &Machine{system: p.system, fido: &fakeFIDO{}}
		ctx, cancel := context.WithCancel(t.Context())
		if _, err := m.fidoSightings(ctx); err != nil {
			t.Fatal(err)
		}
		await(true)
		if held("/dev/hidraw0") {
			t.Error("the keyboard's node is held too")
		}
		cancel()
		await(false)
		wake := func(nodes ...string) {
			order := m.wake(t.Context(), nodes)
			for _, node := range nodes {
				order <- node
			}
			close(order)
		}
		wake("/dev/hidraw9", "/dev/hidraw1")
		await(true)
		await(false) // of itself, and a node that is not there changes nothing
		wake("/dev/hidraw1")
		wake("/dev/hidraw1") // changes nothing
		taken, err := m.openNode(t.Context(), "/dev/hidraw1")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(awakeFor + 100*time.Millisecond)
		if !held("/dev/hidraw1") {
			t.Error("a node that was taken was closed")
		}
		if err := taken.Close(); err != nil {
			t.Error(err)
		}
		await(false) // nobody else holds it
	})
}
