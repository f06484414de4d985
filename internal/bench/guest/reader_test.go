//go:build cgo

package guest

import (
	"testing"
	"time"

	"github.com/go-piv/piv-go/v2/piv"

	"hwmfa/hw"
	"hwmfa/hw/softkey"
	"hwmfa/internal/bench"
)

// newKey makes a key of a CA of its own.
func newKey(t *testing.T, cfg softkey.Config) (*softkey.CA, *softkey.Key) {
	t.Helper()
	ca, err := softkey.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	return ca, another(t, ca, cfg)
}

// another makes a key of the same CA.
func another(t *testing.T, ca *softkey.CA, cfg softkey.Config) *softkey.Key {
	t.Helper()
	key, err := softkey.New(ca, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// readers is how many card readers pcscd knows. Without any, some versions
// say so with an error.
func readers() int {
	names, err := piv.Cards()
	if err != nil {
		return 0
	}
	return len(names)
}

// waitReaders waits until pcscd knows so many readers.
func waitReaders(t *testing.T, want int) {
	t.Helper()
	restart := time.Now().Add(patience / 4)
	for deadline := time.Now().Add(patience); readers() != want; time.Sleep(20 * time.Millisecond) {
		switch now := time.Now(); {
		case now.After(deadline):
			t.Fatalf("pcscd knows %d readers, want %d", readers(), want)
		case now.After(restart):
			t.Logf("pcscd knows %d readers, want %d: it is started anew", readers(), want)
			if err := bench.RestartCardService(); err != nil {
				t.Fatal(err)
			}
			restart = deadline
		}
	}
}

func version(major, minor, patch uint8) hw.Version {
	return hw.Version{Major: major, Minor: minor, Patch: patch}
}

// TestCardServiceStartedAnew: a pcscd that was killed is followed by one that
// sees what is plugged in.
func TestCardServiceStartedAnew(t *testing.T) {
	plug(t, softkey.Config{Serial: serial})
	if err := bench.RestartCardService(); err != nil {
		t.Fatal(err)
	}
	until(t, "the card is seen again", func() bool { return readers() == 1 })
	contains(t, run(t, "", "hwmfa", "detect"), "PIV 5.4.3")
}
