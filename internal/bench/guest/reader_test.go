//go:build cgo

package guest

import (
	"testing"
	"time"

	"github.com/go-piv/piv-go/v2/piv"

	"hwmfa/hw"
	"hwmfa/hw/softkey"
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
	for deadline := time.Now().Add(patience); readers() != want; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("pcscd knows %d readers, want %d", readers(), want)
		}
	}
}

func version(major, minor, patch uint8) hw.Version {
	return hw.Version{Major: major, Minor: minor, Patch: patch}
}
