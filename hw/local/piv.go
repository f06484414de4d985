//go:build cgo && !nopcsc

package local

import (
	"fmt"

	"github.com/go-piv/piv-go/v2/piv"
)

// readers is piv-go's list. Its errors carry no code; that the service is not
// running shows before, in establish.
func (pcscLite) readers() ([]string, error) {
	handles.Lock()
	defer handles.Unlock()
	names, err := piv.Cards()
	if err != nil {
		return nil, fmt.Errorf("piv-go: %w", err)
	}
	return names, nil
}
