//go:build !cgo || nofido

package local

import (
	"fmt"

	"hwmfa/hw"
)

func newFIDOLibrary() fidoLibrary { return noFIDO{} }

func fidoVersion() (version string, built bool) { return "", false }

// noFIDO stands in for libfido2 in a program built without it.
type noFIDO struct{}

func (noFIDO) err() error {
	return fmt.Errorf("attestation by libfido2: this program was built without libfido2 (tag nofido, or cgo off): %w", hw.ErrNotBuilt)
}

func (n noFIDO) locations() ([]fidoLocation, error) { return nil, n.err() }

func (n noFIDO) device(string) (fidoDevice, error) { return nil, n.err() }
