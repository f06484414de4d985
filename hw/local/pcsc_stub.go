//go:build !cgo || nopcsc

package local

import (
	"fmt"

	"hwmfa/hw"
)

func newCardLibrary() cardLibrary { return noPCSC{} }

func pcscVersion() (version string, built bool) { return "", false }

// noPCSC stands in for PC/SC in a program built without it. Nothing else is
// reached without establish.
type noPCSC struct{ cardLibrary }

func (noPCSC) establish() (cardContext, error) { return 0, errNoPCSC() }
func (noPCSC) readers() ([]string, error)      { return nil, errNoPCSC() }

func errNoPCSC() error {
	return fmt.Errorf("card readers: this program was built without PC/SC (tag nopcsc, or cgo off): %w", hw.ErrNotBuilt)
}
